"""From values to places on the drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Linear:
    """Maps values from `low`..`high` to places from `start`..`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        span = self.high - self.low
        if span == 0:
            return self.start
        return self.start + (value - self.low) / span * (self.end - self.start)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return round values (1, 2, 2.5 or 5 times a power of ten) that cover low..high, about `count` steps."""
    if high <= low:
        high = low + 1
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if raw <= factor * power * (1 + 1e-9))
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def extent(values: Sequence[float | None]) -> tuple[float, float]:
    """Return the smallest and largest known value; 0 and 1 when none is known."""
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else (0.0, 1.0)


def place(value: float) -> str:
    """Return a coordinate with at most one decimal, the way it is written into the SVG."""
    return f"{value:.1f}".removesuffix(".0")
