"""A token bucket: how fast an API may be asked, on the side that asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Clock:
    """Time as it passes; a test gives its own, in which waiting takes no time."""

    now: Callable[[], float] = time.monotonic
    """Seconds from any fixed moment."""
    wall: Callable[[], float] = time.time
    """Seconds since 1970, as the clock on the wall has it."""
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Throttle:
    """Lets `per_second` requests through, after a pause up to `burst` at once."""

    per_second: float
    burst: int = 1
    clock: Clock = field(default_factory=Clock)
    _tokens: float = field(init=False)
    _counted_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens = float(self.burst)
        self._counted_at = self.clock.now()

    def wait(self) -> None:
        """Return when the next request may leave."""
        self._refill()
        if self._tokens < 1:
            self.clock.sleep((1 - self._tokens) / self.per_second)
            self._refill()
        # A sleep that ends a moment early must not lend the bucket a second request.
        self._tokens -= 1

    def _refill(self) -> None:
        now = self.clock.now()
        earned = (now - self._counted_at) * self.per_second
        self._tokens = min(float(self.burst), self._tokens + earned)
        self._counted_at = now
