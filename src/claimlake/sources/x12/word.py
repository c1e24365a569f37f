"""Short values as words of eight bytes: gathered at once, and compared or read without a loop over bytes."""

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Bytes, Mask, Positions

Words = NDArray[np.uint64]
"""Eight bytes each; the first is the lowest."""

SIZE = 8
MARGIN = 64
"""Bytes that are nobody's before the first value and behind the last, so that a word never ends early."""

_LOW = np.array([(1 << 8 * size) - 1 for size in range(SIZE + 1)], dtype=np.uint64)
_ZEROS = 0x3030303030303030
_ZEROS_BEFORE = np.array([_ZEROS & ((1 << 8 * (SIZE - size)) - 1) for size in range(SIZE + 1)], np.uint64)


def words_at(data: Bytes, place: Positions) -> Words:
    """The eight bytes from each place on."""
    if len(data) < SIZE or int(place.max(initial=0)) > len(data) - SIZE:
        data = np.concatenate([data, np.zeros(SIZE, dtype=np.uint8)])
    every = np.ndarray((len(data) - SIZE + 1,), dtype="<u8", buffer=data.data, strides=(1,))
    return every[place].astype(np.uint64, copy=False)


def heads(data: Bytes, start: Positions, size: Positions) -> Words:
    """The first eight bytes of every value; zero bytes follow a shorter one."""
    return words_at(data, start) & _LOW.take(size, mode="clip")


def tails(data: Bytes, end: Positions, size: Positions) -> Words:
    """The last eight bytes of every value; zeros, as digits, stand before a shorter one."""
    missing = _ZEROS_BEFORE.take(size, mode="clip")
    own = ~_LOW.take(SIZE - size, mode="clip")
    return (words_at(data, end - SIZE) & own) | missing


def are_digits(words: Words) -> Mask:
    """Which words are eight digits."""
    digits = words ^ _ZEROS
    found: Mask = ((digits + 0x7676767676767676) | digits) & 0x8080808080808080 == 0
    return found


def numbers(words: Words) -> Positions:
    """The number that eight digits are: pairs of neighbours become one number, three times."""
    pairs = words ^ _ZEROS
    pairs = pairs * 10 + (pairs >> 8)
    left = (pairs & 0x000000FF000000FF) * 0x000F424000000064
    right = ((pairs >> 16) & 0x000000FF000000FF) * 0x0000271000000001
    return ((left + right) >> 32).astype(np.int64)


def is_one_of(data: Bytes, start: Positions, end: Positions, allowed: tuple[bytes, ...]) -> Mask:
    """Which values are exactly one of these, each of up to eight bytes."""
    size = end - start
    found = np.zeros(len(size), dtype=bool)
    if not size.any():
        return found
    words = heads(data, start, size)
    for code in allowed:
        found |= (words == int.from_bytes(code, "little")) & (size == len(code))
    return found
