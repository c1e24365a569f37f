"""Random decisions drawn from NumPy in blocks, so that one seed always tells one story."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")
BLOCK = 65_536


class Weighted(Generic[T]):
    """Options with weights, ready to be drawn from."""

    def __init__(self, options: Sequence[tuple[T, float]]) -> None:
        self.options = [option for option, _ in options]
        total = sum(weight for _, weight in options)
        self.bounds = [bound / total for bound in accumulate(weight for _, weight in options)]


class Dice:
    """A stream of uniform draws with the few shapes the network needs."""

    def __init__(self, seed: Sequence[int]) -> None:
        self._generator = np.random.default_rng(list(seed))
        self._block: list[float] = []

    def roll(self) -> float:
        """A uniform number in [0, 1)."""
        if not self._block:
            self._block = self._generator.random(BLOCK).tolist()
        return self._block.pop()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.roll() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.roll() * (high - low + 1))

    def one_of(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[int(self.roll() * len(options))]

    def draw(self, weighted: Weighted[T]) -> T:
        """One of the weighted options."""
        index = bisect_right(weighted.bounds, self.roll())
        return weighted.options[min(index, len(weighted.options) - 1)]
