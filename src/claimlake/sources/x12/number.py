"""Numbers as X12 writes them, exactly: 12, -12.5, 12.50."""

import numpy as np

from claimlake.sources.x12.array import Bytes, Mask, Positions
from claimlake.sources.x12.word import SIZE, Words, are_digits, numbers, tails

MOST_DIGITS = 18
BEYOND = 2**61
"""More than any number of so many digits; sums stop here, where adding two of them is still exact."""
_USUAL = 12
"""Numbers up to this long are read as two words."""
_LONG = 64
"""Longer ones, which hold little but zeros, are read one by one."""
_MINUS, _PLUS, _POINT = b"-+."


def decimals(
    data: Bytes, start: Positions, end: Positions, places: int, most: int
) -> tuple[Positions, Mask, Mask]:
    """The numbers in units of 10^-places; where there is one; where the value is none, or beyond `most`."""
    size = end - start
    there = size > 0
    if not there.any():
        return np.zeros(len(size), dtype=np.int64), there, there.copy()
    number, is_read = _usual(data, start, end, places)
    bad = there & ~is_read
    if bad.any():
        rest = np.flatnonzero(bad & (size <= _LONG))
        number[rest], bad[rest] = _any(data, start[rest], end[rest], places)
        for row in np.flatnonzero(size > _LONG).tolist():
            value = _one(data[start[row] : end[row]].tobytes(), places)
            number[row], bad[row] = value or 0, value is None
    if not is_read.all():
        number[~there] = 0
    if int(number.max()) > most or int(number.min()) < -most:
        bad |= np.abs(number) > most
    is_valid = there & ~bad
    number[bad] = 0
    return number, is_valid, bad


def _usual(data: Bytes, start: Positions, end: Positions, places: int) -> tuple[Positions, Mask]:
    """Numbers of a sign at most, digits, and a point in front of one to `places` digits; which are that."""
    is_negative = data[start] == _MINUS
    has_sign = bool(is_negative.any())
    first = start + is_negative if has_sign else start
    size = end - first
    word, behind = _without_point(tails(data, end, size), places)
    is_read = are_digits(word) & (size > 0)
    number = numbers(word)
    if int(size.max()) > SIZE:
        long = np.flatnonzero(size > SIZE)
        before = tails(data, end[long] - SIZE, size[long] - SIZE)
        is_read[long] &= are_digits(before) & (size[long] <= _USUAL)
        # The point took the place of a digit.
        number[long] += numbers(before) * np.where(behind[long] > 0, 10 ** (SIZE - 1), 10**SIZE)
    if places:
        number *= _powers(places - behind)
    return np.where(is_negative, -number, number) if has_sign else number, is_read


def _without_point(word: Words, places: int) -> tuple[Words, Positions]:
    """The digits moved together where a point stood, and how many stood behind it."""
    behind = np.zeros(len(word), dtype=np.int64)
    for count in range(1, places + 1):
        low = SIZE - 1 - count
        is_point = ((word >> (8 * low)) & 0xFF == _POINT) & (behind == 0)
        if not is_point.any():
            continue
        left, right = (1 << 8 * low) - 1, (1 << 64) - (1 << 8 * (low + 1))
        joined: Words = np.bitwise_or((word & left) << 8, (word & right) | 0x30)
        if is_point.all():
            return joined, np.full(len(word), count, dtype=np.int64)
        word = np.where(is_point, joined, word)
        behind[is_point] = count
    return word, behind


def _powers(exponent: Positions) -> Positions:
    return _POWERS.take(exponent)


_POWERS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


def _any(data: Bytes, start: Positions, end: Positions, places: int) -> tuple[Positions, Mask]:
    """Any number, byte by byte, and which values are none."""
    there = end > start
    number = np.zeros(len(start), dtype=np.int64)
    after = np.full(len(start), -1, dtype=np.int64)
    seen = np.zeros(len(start), dtype=np.int64)
    first = data[start]
    is_negative = there & (first == _MINUS)
    bad = np.zeros(len(start), dtype=bool)
    position = start + (is_negative | (there & (first == _PLUS)))
    for _ in range(int((end - position).max(initial=0))):
        active = position < end
        byte = data[np.minimum(position, len(data) - 1)]
        digit = byte.astype(np.int64) - 0x30
        is_digit = active & (digit >= 0) & (digit <= 9)
        is_point = active & (byte == _POINT) & (after < 0)
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
    power = _powers(np.maximum(missing, 0))
    is_beyond = number > (10**MOST_DIGITS - 1) // power
    return np.where(is_beyond, 0, number * power), is_beyond


def _one(text: bytes, places: int) -> int | None:
    """A number in units of 10^-places; None when it is none, or has too many digits."""
    whole, _, fraction = text[text[:1] in (b"-", b"+") :].partition(b".")
    if not (whole + fraction).isdigit() or fraction[places:].strip(b"0"):
        return None
    digits = (whole + fraction[:places].ljust(places, b"0")).lstrip(b"0") or b"0"
    if len(digits) > MOST_DIGITS:
        return None
    return -int(digits) if text[:1] == b"-" else int(digits)


def summed(count: int, keys: Positions, values: Positions) -> Positions:
    """The sum for every key; one that 64 bits may not hold becomes `BEYOND`, or minus that."""
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, keys, values)
    if max(int(values.max(initial=0)), -int(values.min(initial=0))) * len(values) >= BEYOND:
        rough = np.zeros(count)
        np.add.at(rough, keys, values)
        sums = np.where(np.abs(rough) >= BEYOND, np.where(rough < 0, -BEYOND, BEYOND), sums)
    return sums
