"""JSON: an array of objects, one object a line, or one object around an array; numbers keep their digits."""

import codecs
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np

from claimlake.sources.record import TABLE, BrokenRecord, Records, store_broken

CHUNK = 1 << 20
BATCH = 20_000
LONGEST_RECORD = 16_000_000
BLANKS = " \t\r\n,"

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


@dataclass(frozen=True)
class Found:
    """One value of the file with its place, or the text that is no value and why."""

    number: int
    offset: int
    raw: str
    value: Any = None
    problem: str = ""


@dataclass
class _Batch:
    rows: list[tuple[int, int, str, str, str]] = field(default_factory=list)

    def add(self, found: Found, values: dict[str, str | None], hidden: set[str]) -> None:
        kept = {name: value for name, value in values.items() if name.lower() not in hidden}
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        raw = found.raw if len(kept) == len(values) else text
        everything = json.dumps(values, ensure_ascii=False)
        everything.encode()
        self.rows.append((found.number, found.offset, raw, everything, digest))

    def store(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not self.rows:
            return
        numbers, offsets, raws, texts, digests = zip(*self.rows, strict=True)
        json_rows = {  # noqa: F841 - DuckDB finds it by name
            "row": np.array(numbers, dtype=np.int64),
            "place": np.array(offsets, dtype=np.int64),
            "raw": np.array(raws, dtype=object),
            "text": np.array(texts, dtype=object),
            "digest": np.array(digests, dtype=object),
        }
        connection.execute(
            f"insert into {TABLE} select row, place, strlen(raw), raw, digest, text from json_rows"
        )
        self.rows.clear()


def read_json(
    connection: duckdb.DuckDBPyConnection, file: Path, encoding: str, omit: Iterable[str] = ()
) -> Records:
    """Leave the records of a file in the record tables; nested values stay JSON text."""
    hidden = {name.lower() for name in omit}
    connection.execute(
        f"create or replace temp table {TABLE} (_row bigint, _offset bigint, _length bigint, _raw varchar, "
        "_hash varchar, _values json)"
    )
    names: dict[str, None] = {}
    broken: list[BrokenRecord] = []
    batch = _Batch()
    delivered = 0
    for found in records(file, encoding):
        delivered += 1
        if found.problem or not isinstance(found.value, dict):
            reason = found.problem or "record is not a JSON object"
            broken.append(BrokenRecord(found.number, found.offset, found.raw, reason))
            continue
        try:
            values = {str(name): _text(value) for name, value in found.value.items()}
            batch.add(found, values, hidden)
        except (UnicodeEncodeError, RecursionError):
            raw = found.raw.encode(errors="backslashreplace").decode()
            broken.append(BrokenRecord(found.number, found.offset, raw, "record holds what is no text"))
            continue
        names |= dict.fromkeys(values)
        if len(batch.rows) >= BATCH:
            batch.store(connection)
    batch.store(connection)
    store_broken(connection, broken)
    connection.execute(
        f"create or replace temp table {TABLE} as "
        f"select *, json_extract_string(_values, {_paths(names)}) as _texts from {TABLE}"
    )
    return Records(
        {name: f"_texts[{place}]" for place, name in enumerate(_distinct(names), start=1)}, delivered
    )


def first_names(file: Path, encoding: str) -> set[str]:
    """Names of the first record, by which a feed recognises its files."""
    found = next(records(file, encoding), None)
    return {str(name) for name in found.value} if found and isinstance(found.value, dict) else set()


def records(file: Path, encoding: str) -> Iterator[Found]:
    """The records of a file, each with its number and byte offset (in UTF-8)."""
    values = _values(file, encoding)
    first = next(values, None)
    if first is None:
        return
    second = next(values, None)
    inner = _only_list(first.value) if second is None else None
    if inner is not None:
        for number, value in enumerate(inner, start=1):
            yield Found(number, first.offset, json.dumps(value, ensure_ascii=False), value)
        return
    yield first
    if second is not None:
        yield second
        yield from values


def _only_list(value: Any) -> list[Any] | None:
    """The one list of objects of an enclosing object: {"claims": […]}."""
    if not isinstance(value, dict):
        return None
    lists = [item for item in value.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
    return lists[0] if len(lists) == 1 else None


def _values(file: Path, encoding: str) -> Iterator[Found]:
    """The top-level values of the file, or the elements of its top-level array."""
    with file.open("rb") as reader:
        yield from _values_of(_Text(reader, encoding))


def _values_of(text: "_Text") -> Iterator[Found]:
    is_array = text.skip(BLANKS) == "["
    if is_array:
        text.take(1)
    number = 0
    while (mark := text.skip(BLANKS)) not in ("", "]"):
        number += 1
        found = text.value(number)
        if found.problem and is_array:
            yield Found(number, found.offset, text.rest(), None, "JSON breaks here; the rest is not readable")
            return
        yield found
    if is_array and mark == "":
        yield Found(number + 1, text.offset, "", None, "JSON ends before its array is closed")


class _Text:
    """Reads a file piece by piece and knows the byte offset of what comes next."""

    def __init__(self, reader: BinaryIO, encoding: str) -> None:
        self._reader = reader
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._buffer = ""
        self._at = 0
        self.offset = 3 if encoding == "utf-8-sig" else 0
        self._is_done = False

    def _more(self) -> bool:
        if self._is_done:
            return False
        chunk = self._reader.read(CHUNK)
        self._is_done = not chunk
        self._buffer = self._buffer[self._at :] + self._decoder.decode(chunk, final=self._is_done)
        self._at = 0
        return True

    def skip(self, characters: str) -> str:
        """Go past these characters; the one that comes next, '' at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in characters:
                    return self._buffer[self._at]
                self.take(1)
            if not self._more():
                return ""

    def take(self, count: int) -> str:
        """The next characters."""
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        self.offset += len(taken.encode())
        return taken

    def value(self, number: int) -> Found:
        """The next JSON value; a text that is none reaches to the end of its line."""
        offset = self.offset
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
                is_whole = end < len(self._buffer) or self._is_done
            except (json.JSONDecodeError, RecursionError):
                is_whole, end = False, -1
            if is_whole:
                return Found(number, offset, self.take(end - self._at), value)
            if len(self._buffer) - self._at > LONGEST_RECORD or not self._more():
                break
        line = self._buffer.find("\n", self._at)
        length = (line if line >= 0 else len(self._buffer)) - self._at
        return Found(number, offset, self.take(length).rstrip(), None, "line is not a JSON object")

    def rest(self) -> str:
        """What is left in the buffer."""
        return self.take(len(self._buffer) - self._at)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _distinct(names: dict[str, None]) -> list[str]:
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.lower(), name)
    return list(seen.values())


def _paths(names: dict[str, None]) -> str:
    paths = ["$." + json.dumps(name, ensure_ascii=False).replace("'", "''") for name in _distinct(names)] or [
        "$.x"
    ]
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"
