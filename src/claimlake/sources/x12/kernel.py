"""The compiled kernel, when this installation has it: exact, fast scans and conversions in plain C."""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claimlake.sources.x12.array import Positions

SOURCES = ("scan.c", "value.c")

_VERSION = 2

_POINTER = ctypes.c_void_p
_LONG = ctypes.c_int64
_INT = ctypes.c_int32
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "x12_open": (_POINTER, (_POINTER, _LONG, _POINTER, _POINTER, _INT)),
    "x12_scan": (_INT, (_POINTER, _LONG, _LONG, _INT, _INT, _INT, _LONG)),
    "x12_close": (None, (_POINTER,)),
    "x12_level": (_LONG, (_POINTER, _INT, _POINTER, _POINTER, _POINTER)),
    "x12_list": (_LONG, (_POINTER, _INT, _POINTER, _POINTER)),
    "x12_unpack": (None, (_POINTER, _LONG, _LONG, _POINTER, _POINTER)),
    "x12_envelope": (_LONG, (_POINTER, _LONG, _LONG, _INT, _INT, _POINTER, _LONG, _POINTER)),
    "x12_decimal": (None, (_POINTER, _POINTER, _POINTER, _LONG, _INT, _POINTER, _POINTER)),
    "x12_day": (None, (_POINTER, _POINTER, _POINTER, _LONG, _INT, _POINTER, _POINTER)),
    "x12_lengths": (_LONG, (_POINTER, _POINTER, _POINTER, _LONG, _POINTER)),
    "x12_gather": (_INT, (_POINTER, _POINTER, _POINTER, _LONG, _POINTER)),
}


def library_path() -> Path:
    """Where the compiled kernel of this installation stands."""
    return Path(__file__).parent / "native" / "x12_kernel.so"


@cache
def library() -> Any | None:
    """The loaded kernel; None when it was not compiled or CLAIMLAKE_X12_KERNEL is `off`."""
    if os.environ.get("CLAIMLAKE_X12_KERNEL", "") == "off" or not library_path().exists():
        return None
    try:
        loaded = ctypes.CDLL(str(library_path()))
    except OSError:
        return None  # built for another machine: the NumPy scan reads the same
    if not hasattr(loaded, "x12_version") or loaded.x12_version() != _VERSION:
        return None  # left over from another version of this package
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


def available() -> bool:
    """Whether reading X12 uses the compiled kernel, rather than NumPy alone."""
    return library() is not None


def address(array: NDArray[Any]) -> int:
    """Where the array's values begin in memory; it must be contiguous."""
    return int(array.ctypes.data)


def decimals(
    data: NDArray[np.uint8], start: Positions, end: Positions, places: int
) -> tuple[Positions, NDArray[np.uint8]] | None:
    """Numbers in units of 10^-places and their status (0 null, 1 good, 2 bad); None without the kernel."""
    loaded = library()
    if loaded is None:
        return None
    start, end = np.ascontiguousarray(start), np.ascontiguousarray(end)
    number, status = np.empty(len(start), dtype=np.int64), np.empty(len(start), dtype=np.uint8)
    loaded.x12_decimal(
        address(data), address(start), address(end), len(start), places, address(number), address(status)
    )
    return number, status


def days(
    data: NDArray[np.uint8], start: Positions, end: Positions, *, is_last: bool
) -> tuple[NDArray[np.int32], NDArray[np.uint8]] | None:
    """Days since 1970 and their status (0 null, 1 good, 2 bad); None without the kernel."""
    loaded = library()
    if loaded is None:
        return None
    start, end = np.ascontiguousarray(start), np.ascontiguousarray(end)
    number, status = np.empty(len(start), dtype=np.int32), np.empty(len(start), dtype=np.uint8)
    loaded.x12_day(
        address(data), address(start), address(end), len(start), is_last, address(number), address(status)
    )
    return number, status


def texts(
    data: NDArray[np.uint8], start: Positions, end: Positions
) -> tuple[NDArray[np.int32], NDArray[np.uint8]] | None:
    """Offsets and bytes of the values without trailing blanks; None without the kernel or beyond 2 GB."""
    loaded = library()
    if loaded is None:
        return None
    start, end = np.ascontiguousarray(start), np.array(end, dtype=np.int64)
    offsets = np.empty(len(start) + 1, dtype=np.int32)
    total = loaded.x12_lengths(address(data), address(start), address(end), len(start), address(offsets))
    if total < 0:
        return None
    text = np.empty(total, dtype=np.uint8)
    loaded.x12_gather(address(data), address(start), address(end), len(start), address(text))
    return offsets, text


def envelope_marks(
    data: NDArray[np.uint8], begin: int, end: int, element: int, terminator: int
) -> tuple[NDArray[np.int64], int] | None:
    """Number, start and end of every envelope segment, and the count of all; None without the kernel."""
    loaded = library()
    if loaded is None:
        return None
    state = np.array([begin, 0], dtype=np.int64)
    parts = []
    while state[0] < end:
        marks = np.empty((4096, 3), dtype=np.int64)
        found = loaded.x12_envelope(
            address(data), begin, end, element, terminator, address(marks), len(marks), address(state)
        )
        parts.append(marks[:found])
        if found < len(marks):
            break
    return (np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.int64)), int(state[1])
