"""What a database or its driver complained of, in plain words and without what it quoted."""

from dataclasses import dataclass

from claimlake.errors import SourceError


@dataclass(frozen=True)
class Fault:
    """One kind of complaint: how it is recognised, what it means and what to do."""

    states: tuple[str, ...]
    """SQLSTATEs, or their classes of two characters."""
    words: tuple[str, ...]
    """Parts of a message, in lower case, for when the driver gives no state."""
    what: str
    remedy: str
    is_transient: bool = False


REFUSED = (
    "password authentication failed",
    "no pg_hba.conf entry",
    "no password supplied",
    "login failed",
    "access denied for user",
)
SILENT = (
    "connection refused",
    "connection failed",
    "connection is bad",
    "connection reset",
    "connection to server",
    "closed the connection",
    "could not connect",
    "lost connection",
    "starting up",
    "terminating connection",
    "timed out",
    "timeout",
    "too many",
)
FAULTS = (
    Fault(
        states=("28",),
        words=REFUSED,
        what="the database refused the user or the password.",
        remedy="Correct the credentials its url refers to.",
    ),
    Fault(
        states=("3D000",),
        words=("does not exist", "cannot open database", "unknown database"),
        what="there is no such database on the server.",
        remedy="Correct the name at the end of its url.",
    ),
    Fault(
        states=("42501",),
        words=("permission denied",),
        what="the user may not read it.",
        remedy="Grant SELECT on it.",
    ),
    Fault(
        states=("42P01",),
        words=("no such table",),
        what="the table vanished.",
        remedy="Correct the mapping or restore the table.",
    ),
    Fault(
        states=("42703",),
        words=("no such column",),
        what="a column vanished.",
        remedy="Correct the mapping or restore the column.",
    ),
    Fault(
        states=(),
        words=("unable to open",),
        what="the database file cannot be opened.",
        remedy="Check that it is there and may be read.",
    ),
    Fault(
        states=(),
        words=("file is not a database", "malformed"),
        what="the file is no intact database.",
        remedy="Restore the file.",
    ),
    Fault(
        states=("55P03",),
        words=("is locked", "is busy"),
        what="the database is locked.",
        remedy="Wait for its writer.",
        is_transient=True,
    ),
    Fault(
        states=(),
        words=("could not translate host name", "name or service not known", "failed to resolve"),
        what="its host is not known.",
        remedy="Correct the host in its url.",
        is_transient=True,
    ),
    Fault(
        states=("08", "53", "57", "40"),
        words=SILENT,
        what="the database does not answer.",
        remedy="Check its address and that it runs.",
        is_transient=True,
    ),
    Fault(
        states=(),
        words=("utf-8", "utf8", "unicode"),
        what="it holds text that is not UTF-8.",
        remedy="Correct the text, or its encoding, in the database.",
    ),
)


def unreadable(error: BaseException, where: str) -> SourceError:
    """The error to report; it says whether trying again may help, and quotes nothing the driver quoted."""
    cause = getattr(error, "orig", None) or error
    state = str(getattr(cause, "sqlstate", None) or "").strip("\0")
    message = str(cause).lower()
    for fault in FAULTS:
        is_it = state.startswith(fault.states) if state else any(words in message for words in fault.words)
        if is_it:
            return SourceError(fault.what, where=where, remedy=fault.remedy, retryable=fault.is_transient)
    return SourceError(
        f"the database cannot be read ({type(cause).__name__}).",
        where=where,
        remedy="Check its address, its credentials and that it answers.",
        retryable=True,
    )
