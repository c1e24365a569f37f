"""The compiled kernel, when this installation has it: the scan and the tables of X12 in plain C."""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 6

_POINTER = ctypes.c_void_p
_LONG = ctypes.c_int64
_INT = ctypes.c_int32
_MEMORY = ctypes.pythonapi.PyMemoryView_FromMemory  # an array type of ctypes takes ten times as long
_MEMORY.restype, _MEMORY.argtypes = ctypes.py_object, (_POINTER, ctypes.c_ssize_t, ctypes.c_int)
_READ = 0x100
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "x12_open": (_POINTER, (_POINTER,)),
    "x12_start": (None, (_POINTER, _POINTER, _LONG)),
    "x12_scan": (_INT, (_POINTER, _POINTER, _LONG, _LONG, _POINTER, _INT)),
    "x12_scan_all": (_INT, (_POINTER, _LONG, _POINTER, _POINTER)),
    "x12_cut": (None, (_POINTER,)),
    "x12_close": (None, (_POINTER,)),
    "x12_count": (_LONG, (_POINTER, _INT)),
    "x12_cells": (_POINTER, (_POINTER, _INT)),
    "x12_lost": (_LONG, (_POINTER, _POINTER, _POINTER)),
    "x12_trace": (None, (_POINTER, _LONG, _LONG, _INT, _POINTER)),
    "x12_find_isa": (_LONG, (_POINTER, _LONG, _LONG)),
    "x12_fill": (_INT, (_POINTER, _POINTER, _INT, _POINTER, _LONG, _POINTER, _POINTER)),
    "x12_forget": (None, (_POINTER, _INT)),
    "x12_envelope": (_LONG, (_POINTER, _LONG, _LONG, _INT, _INT, _POINTER, _LONG, _POINTER)),
    "x12_segments": (_INT, (_POINTER, _POINTER)),
}

_LONG_RUNNING = {"x12_scan", "x12_scan_all", "x12_find_isa", "x12_fill", "x12_envelope", "x12_segments"}
"""Other threads run meanwhile; to let them costs more than the other functions take."""


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
    quick = ctypes.PyDLL(str(library_path()))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded if name in _LONG_RUNNING else quick, name)
        function.restype, function.argtypes = result, arguments
        setattr(loaded, name, function)
    return loaded


def available() -> bool:
    """Whether reading X12 uses the compiled kernel, rather than NumPy alone."""
    return library() is not None


def address(array: NDArray[Any]) -> int:
    """Where the array's values begin in memory; it must be contiguous."""
    return int(array.ctypes.data)


def view(pointer: int | None, count: int, kind: type[Any] | np.dtype[Any]) -> NDArray[Any]:
    """Values in memory that the kernel owns, without a copy; they cannot be written."""
    kind = np.dtype(kind)
    if not pointer or count == 0:
        return np.empty(0, dtype=kind)
    values: NDArray[Any] = np.frombuffer(_MEMORY(pointer, count * kind.itemsize, _READ), dtype=kind)
    return values


def words(values: list[str | None]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Texts as the kernel takes them: offsets and bytes; no text is an empty one."""
    encoded = [(value or "").encode() for value in values]
    offsets = np.cumsum([0, *(len(value) for value in encoded)], dtype=np.int64).astype(np.int32)
    return offsets, np.frombuffer(b"".join(encoded) or b"\0", dtype=np.uint8)
