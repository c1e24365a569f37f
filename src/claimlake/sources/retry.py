"""Trying again what may succeed the next time, a few times and ever later."""

import secrets
import time
from collections.abc import Callable
from typing import TypeVar

from claimlake.errors import SourceError

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0

Result = TypeVar("Result")


def retried(action: Callable[[], Result], *, attempts: int, tell: Callable[[str], None]) -> Result:
    """What the action gives at the first attempt that does not fail for a passing reason.

    The wait doubles from one second to half a minute; a random half of it keeps clients out of step.
    """
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except SourceError as error:
            if not error.retryable or attempt == attempts:
                raise
            longest = min(FIRST_SECONDS * 2 ** (attempt - 1), LONGEST_SECONDS)
            seconds = longest * (0.5 + secrets.randbelow(1000) / 2000)
            tell(f"{error.where}: {error.what} Attempt {attempt + 1} of {attempts} in {seconds:.1f} s.")
            time.sleep(seconds)
    raise AssertionError("attempts is at least 1")
