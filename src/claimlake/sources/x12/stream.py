"""Rows on their way to a reader in another thread: a bounded queue that any Arrow consumer can pull from."""

import ctypes
from collections.abc import Callable, Sequence
from functools import lru_cache
from queue import Empty, Full, Queue
from threading import Event
from typing import Any

import nanoarrow as na  # type: ignore[import-untyped]
import numpy as np

from claimlake.sources.x12.column import schema_of
from claimlake.sources.x12.rows import Rows

_MOST_WAITING = 2
_PATIENCE_SECONDS = 0.2

_CAPSULE_POINTER = ctypes.pythonapi.PyCapsule_GetPointer
_CAPSULE_POINTER.restype, _CAPSULE_POINTER.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
_NEW_CAPSULE = ctypes.pythonapi.PyCapsule_New
_NEW_CAPSULE.restype, _NEW_CAPSULE.argtypes = (
    ctypes.py_object,
    (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
)

# Structures of the Arrow C data interface: (bytes, place of the release function in them).
_SCHEMA, _ARRAY = (72, 56), (80, 64)
_CANCELLED = 125
_WHY = ctypes.create_string_buffer(b"the rows are not wanted any more")


class _Stream(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_void_p)
        for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")
    ]


_GET = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Channel:
    """Batches of one table from the thread that reads to the thread that writes, a few at a time."""

    def __init__(self, schema: Any, numbers: Sequence[str] = ()) -> None:
        self.schema = schema
        self.numbers = numbers
        """The columns of numbers, money and dates."""
        self.is_cancelled = Event()
        self._waiting: Queue[Any] = Queue(_MOST_WAITING)
        self._kept: list[Any] = []
        """The structures and functions that a consumer's stream points to."""

    def put(self, batch: Any, is_alive: Callable[[], bool]) -> bool:
        """Hand over a batch, or None at the end; False when nobody takes it any more."""
        while is_alive():
            try:
                self._waiting.put(batch, timeout=_PATIENCE_SECONDS)
            except Full:
                continue
            return True
        return False

    def cancel(self) -> None:
        """Let the consumer fail: what it has is not the whole."""
        self.is_cancelled.set()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        functions = (
            _GET(self._get_schema),
            _GET(self._get_next),
            _LAST_ERROR(lambda _: ctypes.addressof(_WHY)),
            _RELEASE(_released),
        )
        stream = _Stream(*(ctypes.cast(function, ctypes.c_void_p) for function in functions))
        self._kept += [functions, stream]
        return _NEW_CAPSULE(ctypes.addressof(stream), b"arrow_array_stream", None)

    def _get_schema(self, _: int, out: int) -> int:
        _move(self.schema.__arrow_c_schema__(), b"arrow_schema", out, *_SCHEMA)
        return 0

    def _get_next(self, _: int, out: int) -> int:
        while True:
            if self.is_cancelled.is_set():
                return _CANCELLED
            try:
                batch = self._waiting.get(timeout=_PATIENCE_SECONDS)
            except Empty:
                continue
            break
        ctypes.memset(out, 0, _ARRAY[0])
        if batch is None:
            return 0
        try:
            _move(batch.__arrow_c_array__()[1], b"arrow_array", out, *_ARRAY)
        except Exception:  # noqa: BLE001 - a callback must not raise: its caller would take that for the end
            return _CANCELLED
        return 0


def _move(capsule: object, name: bytes, out: int, size: int, release: int) -> None:
    """Move a structure to the consumer's memory, as the interface wants it: the source is then released."""
    source = _CAPSULE_POINTER(capsule, name)
    ctypes.memmove(out, source, size)
    ctypes.c_void_p.from_address(source + release).value = None


def _released(stream: int) -> None:
    ctypes.c_void_p.from_address(stream + _Stream.release.offset).value = None


class Named:
    """Puts one more column in front of rows, in which every row has the same text."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value.encode(errors="backslashreplace")  # a file's name can be any bytes
        self._offsets = np.zeros(1, dtype=np.int64)
        self._text = np.empty(0, dtype=np.uint8)

    def schema(self, rows: Rows) -> Any:
        """The schema of such rows."""
        return named_schema(self.name, rows.names, rows.types)

    def batches(self, rows: Rows) -> list[Any]:
        """The batches of the rows, each with the column in front."""
        schema = self.schema(rows)
        return [
            na.c_array_from_buffers(
                schema, batch.length, [None], children=[self._column(batch.length), *batch.children]
            )
            for batch in rows.batches
        ]

    def _column(self, length: int) -> Any:
        if length >= len(self._offsets):  # longer than any before; those of fewer rows are its first ones
            self._offsets = np.arange(length + 1, dtype=np.int64) * len(self.value)
            self._text = np.tile(np.frombuffer(self.value, dtype=np.uint8), length)
        offsets, text = self._offsets[: length + 1], self._text[: length * len(self.value)]
        return na.c_array_from_buffers(na.large_string(), length, [None, offsets, text])


@lru_cache(maxsize=64)
def named_schema(name: str, names: tuple[str, ...], types: tuple[str, ...]) -> Any:
    """The schema of rows with one more column of text in front."""
    fields = {field: schema_of(kind) for field, kind in zip(names, types, strict=True)}
    return na.c_schema(na.struct({name: na.large_string(), **fields}))
