"""Everything claimlake raises: what happened, where, and what to do about it.

ClaimlakeError
├── ConfigurationError   a setting, tenant, source, contract or KPI file says something impossible
├── WorkspaceError       the workspace folder is missing, taken or of another version
├── SourceError          a file, database or API could not be read at all
├── ModelError           a SQL model does not parse, bind, or stay portable
├── CheckError           a table broke a check whose severity is fail
├── QueryError           a metric, dimension or filter that was asked for does not exist
└── AccessError          the caller may not do or see this
"""


class ClaimlakeError(Exception):
    """An expected failure whose message has three parts; exit code 1 on the command line."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "", retryable: bool = False) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        self.retryable = retryable
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        action = f" {self.remedy}" if self.remedy else ""
        again = " Trying again may help." if self.retryable else ""
        return f"{place}{self.what}{action}{again}"


class ConfigurationError(ClaimlakeError):
    """A configuration file or setting is wrong; `where` names the file and the key."""


class WorkspaceError(ClaimlakeError):
    """A workspace folder cannot be used."""


class SourceError(ClaimlakeError):
    """A source could not be read; nothing of it was loaded."""


class ModelError(ClaimlakeError):
    """A SQL model is not valid; `where` is file:line."""


class CheckError(ClaimlakeError):
    """A built table broke a check that must hold; the previous version stays published."""


class QueryError(ClaimlakeError):
    """A question cannot be answered as asked; the remedy names what exists."""


class AccessError(ClaimlakeError):
    """The caller may not do or see this."""
