"""Decimal numbers of any writing, as whole numbers of their last place."""

import re

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from claimlake.sources.x12.array import Bytes, Mask, Positions

MOST_DIGITS = 18
_USUAL = 12
"""Numbers up to this long are read as rows of a matrix."""
_LONG = 40
"""Longer ones are read one by one, however long: no document has them."""
_WRITTEN = re.compile(rb"([+-]?)([0-9]*)(?:\.([0-9]*))?")


def numbers(data: Bytes, start: Positions, end: Positions, places: int) -> tuple[Positions, Mask, Mask]:
    """The number in units of 10^-places; where there is a value; and where it is not such a number."""
    there = end > start
    number, is_read = _usual(data, start, end, places)
    bad = there & ~is_read
    if bad.any():
        is_long = bad & (end - start > _LONG)
        rest = np.flatnonzero(bad & ~is_long)
        number[rest], bad[rest] = _digit_by_digit(data, start[rest], end[rest], places)
        for row in np.flatnonzero(is_long).tolist():
            found = _long_number(data[start[row] : end[row]].tobytes(), places)
            number[row], bad[row] = found or 0, found is None
    return number, there, bad


def _long_number(value: bytes, places: int) -> int | None:
    match = _WRITTEN.fullmatch(value)
    if match is None:
        return None
    sign, whole, behind = match[1], match[2], match[3] or b""
    digits = (whole + behind[:places].ljust(places, b"0")).lstrip(b"0")
    if not whole + behind or behind[places:].strip(b"0") or len(digits) > MOST_DIGITS:
        return None
    number = int(digits or b"0")
    return -number if sign == b"-" else number


def _usual(data: Bytes, start: Positions, end: Positions, places: int) -> tuple[Positions, Mask]:
    """Numbers such as 12, -12.5 and 12.50 in units of 10^-places, and which of the values are that."""
    size = end - start
    widest = min(int(size.max(initial=0)), _USUAL)
    number, is_read = np.zeros(len(size), dtype=np.int64), np.zeros(len(size), dtype=bool)
    short = np.flatnonzero((size > 0) & (size <= widest) & (end >= _USUAL))
    if not len(short):
        return number, is_read
    # Right-aligned: the last byte of every value is in the last column.
    matrix = sliding_window_view(data, widest)[end[short] - widest]
    digits = matrix - 0x30
    is_own = np.arange(widest) >= widest - size[short][:, None]
    is_digit = (digits <= 9) & is_own
    is_point = (matrix == 0x2E) & is_own
    is_negative = data[start[short]] == 0x2D
    has_point = is_point.any(axis=1)
    behind = np.where(has_point, widest - 1 - is_point.argmax(axis=1), 0)
    count = is_digit.sum(axis=1)
    is_usual = (count > 0) & (count + has_point + is_negative == size[short]) & (behind <= places)
    is_usual &= is_point.sum(axis=1) <= 1
    # The digits left of a point have a power of ten less: the point takes a place of its own.
    powers = 10 ** np.arange(widest - 1, -1, -1, dtype=np.int64)
    whole = np.where(is_digit, digits, 0).astype(np.int64) @ powers
    scale = 10 ** behind.astype(np.int64)
    fraction = whole % scale
    whole = np.where(has_point, (whole - fraction) // 10 + fraction, whole)
    value = whole * 10 ** (places - np.minimum(behind, places))
    number[short] = np.where(is_negative, -value, value)
    is_read[short] = is_usual
    return number, is_read


def _digit_by_digit(data: Bytes, start: Positions, end: Positions, places: int) -> tuple[Positions, Mask]:
    there = end > start
    number = np.zeros(len(start), dtype=np.int64)
    after = np.full(len(start), -1, dtype=np.int64)
    seen = np.zeros(len(start), dtype=np.int64)
    first = data[np.minimum(start, len(data) - 1)]
    is_negative = there & (first == 0x2D)
    bad = np.zeros(len(start), dtype=bool)
    position = start + (is_negative | (there & (first == 0x2B)))
    for _ in range(int((end - position).max(initial=0))):
        active = position < end
        byte = data[np.minimum(position, len(data) - 1)]
        digit = byte.astype(np.int64) - 0x30
        is_digit = active & (digit >= 0) & (digit <= 9)
        is_point = active & (byte == 0x2E) & (after < 0)
        bad |= active & ~is_digit & ~is_point
        is_extra = is_digit & (after >= places)
        bad |= is_extra & (digit != 0)
        use = is_digit & ~is_extra
        bad |= use & (number >= 10 ** (MOST_DIGITS - 1))
        number = np.where(use & ~bad, number * 10 + digit, number)
        seen += is_digit
        after = np.where(use & (after >= 0), after + 1, np.where(is_point, 0, after))
        position = position + 1
    bad |= there & (seen == 0)
    number, overflow = _scale(number, places - np.maximum(after, 0))
    bad |= overflow
    return np.where(is_negative, -number, number), bad


def _scale(number: Positions, missing: Positions) -> tuple[Positions, Mask]:
    power = np.power(10, np.maximum(missing, 0))
    is_beyond = number > (10**MOST_DIGITS - 1) // power
    return np.where(is_beyond, 0, number * power), is_beyond
