"""The elements of some segments: where each begins and ends, looked up once however many columns ask."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from claimlake.sources.x12.array import Positions
from claimlake.sources.x12.column import Values
from claimlake.sources.x12.segment import Segments
from claimlake.sources.x12.spec import Path
from claimlake.sources.x12.word import is_one_of

_BEYOND = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Elements:
    """Segments picked from many, or repeated groups of their elements, to be asked for values."""

    segments: Segments
    position: Positions
    """Which segments."""
    skipped: Positions | int = 0
    """For each, how many elements stand before the one that counts as its first."""
    _marks: dict[int, Positions] = field(default_factory=dict)
    _bounds: dict[tuple[int, int], tuple[Positions, Positions]] = field(default_factory=dict)
    _inner: dict[tuple[int, int], Positions] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.position)

    @cached_property
    def first(self) -> Positions:
        """For each, where the end of what precedes its element 1 stands among the marks."""
        return self.segments.first[self.position] + self.skipped

    @cached_property
    def count(self) -> Positions:
        """For each, how many elements there are."""
        return self.segments.count[self.position] - self.skipped

    @cached_property
    def fewest(self) -> int:
        """Elements that each has at least."""
        return int(self.count.min(initial=_BEYOND))

    @cached_property
    def most(self) -> int:
        """Elements that any has at most."""
        return int(self.count.max(initial=0))

    def value(self, path: Path) -> Values:
        """The cited value of each; an empty one where there is none."""
        whole = path.element, max(path.last_element, path.element)
        start, end = self._components(whole, path) if path.component else self._element(*whole)
        data = self.segments.data
        if path.test:
            number, wanted = path.test
            fits = is_one_of(data, *self._element(number, number), (wanted,))
            end = end if fits.all() else np.where(fits, end, start)
        return Values(data, start, end)

    def _mark(self, number: int) -> Positions:
        if number not in self._marks:
            self._marks[number] = self.segments.marks.take(self.first + number, mode="clip")
        return self._marks[number]

    def _element(self, number: int, last: int) -> tuple[Positions, Positions]:
        """The bounds of element `number` (or of `number` to `last`); empty where there is none."""
        if (number, last) not in self._bounds:
            self._bounds[number, last] = self._find(number, last)
        return self._bounds[number, last]

    def _find(self, number: int, last: int) -> tuple[Positions, Positions]:
        if number > self.most:
            nothing = np.zeros(len(self), dtype=np.int64)
            return nothing, nothing  # the same array: no value at all
        start = self._mark(number - 1) + 1
        if last == number or last <= self.fewest:
            end = self._mark(last)
        else:
            end = self.segments.marks.take(self.first + np.minimum(last, self.count), mode="clip")
        if number > self.fewest:
            end = np.where(number <= self.count, end, start)
        return start, end

    def _components(self, whole: tuple[int, int], path: Path) -> tuple[Positions, Positions]:
        """The bounds of some components of a composite; empty where there are none."""
        start, end = self._element(*whole)
        marks = self.segments.components
        first, last = path.component, path.last_component
        if not len(marks):
            return (start, end) if first == 1 else (start, start)
        if whole not in self._inner:
            self._inner[whole] = np.searchsorted(marks, start)
        inner = self._inner[whole]
        here = start
        if first > 1:
            mark = self._component(inner + (first - 2))
            here = np.where(mark < end, mark + 1, end)
        mark = self._component(inner + (last - 1))
        return here, np.where(mark < end, np.maximum(mark, here), end)

    def _component(self, index: Positions) -> Positions:
        return self._ended.take(index, mode="clip")

    @cached_property
    def _ended(self) -> Positions:
        """The component separators, and one behind every value."""
        return np.append(self.segments.components, _BEYOND)
