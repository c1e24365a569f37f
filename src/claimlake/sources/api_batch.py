"""What one round of questions to an API brought, and how often it may fail before it is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claimlake.errors import ClaimlakeError, ConfigurationError

TOLERATED = 3
"""Requests in a row that may fail; an API that fails oftener is not asked again in the same run."""


@dataclass(frozen=True)
class Batch:
    """Records that become one load, and the requests that need no asking for a while once it is closed."""

    records: tuple[Mapping[str, Any], ...] = ()
    answered: tuple[str, ...] = ()


@dataclass
class Failures:
    """Requests that failed after every attempt; the rest goes on until too many fail in a row."""

    problems: list[str] = field(default_factory=list)
    is_over: bool = False
    """Whether the API is not asked again in this run."""
    _in_a_row: int = 0

    def add(self, error: ClaimlakeError) -> None:
        """Note a failed request; one that configuration must mend ends the run's questions at once."""
        self._in_a_row += 1
        self.problems.append(str(error))
        self.is_over = self._in_a_row >= TOLERATED or isinstance(error, ConfigurationError)

    def passed(self) -> None:
        """Note a request that was answered."""
        self._in_a_row = 0
