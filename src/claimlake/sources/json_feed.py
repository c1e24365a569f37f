"""JSON: an array of objects, one object a line, or one object around an array; numbers keep their digits."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from claimlake.errors import SourceError
from claimlake.sources.json_text import Found, JsonText, without
from claimlake.sources.record import TABLE, BrokenRecord, Records, store_broken

BATCH = 20_000
BLANKS_OF_LINE = re.compile("[ \t\r]*")
NOTHING_THERE = "the file has nothing under the key of its records"


@dataclass(frozen=True)
class JsonFile:
    """A file of JSON and where its records are."""

    file: Path
    encoding: str = "utf-8"
    path: tuple[str, ...] = ()
    """Keys that lead to the records; found when there are none."""
    wanted: tuple[str, ...] = ()
    """Names a record should have."""

    @contextmanager
    def text(self) -> Iterator[JsonText]:
        """The file from its start."""
        with self.file.open("rb") as reader:
            yield JsonText(reader, self.encoding)


@dataclass
class _Batch:
    rows: list[tuple[int, int, int, str, str, str]] = field(default_factory=list)

    def add(self, found: Found, values: dict[str, str | None], hidden: set[str]) -> None:
        left = without(found.value, hidden) if hidden else found.value
        kept = values if left == found.value else {str(name): _text(value) for name, value in left.items()}
        text = json.dumps(kept, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        raw = found.raw if kept is values else text
        everything = json.dumps(values, ensure_ascii=False)
        everything.encode()
        self.rows.append((found.number, found.offset, found.length, raw, everything, digest))

    def store(self, connection: duckdb.DuckDBPyConnection) -> None:
        if not self.rows:
            return
        numbers, offsets, lengths, raws, texts, digests = zip(*self.rows, strict=True)
        json_rows = {  # noqa: F841 - DuckDB finds it by name
            "row": np.array(numbers, dtype=np.int64),
            "place": np.array(offsets, dtype=np.int64),
            "size": np.array(lengths, dtype=np.int64),
            "raw": np.array(raws, dtype=object),
            "text": np.array(texts, dtype=object),
            "digest": np.array(digests, dtype=object),
        }
        connection.execute(f"insert into {TABLE} select row, place, size, raw, digest, text from json_rows")
        self.rows.clear()


def read_json(connection: duckdb.DuckDBPyConnection, source: JsonFile, omit: Iterable[str] = ()) -> Records:
    """Leave the records of a file in the record tables; nested values stay JSON text.

    `_raw` lacks the omitted names, also where they stand inside lists and objects.
    """
    hidden = {name.lower() for name in omit}
    connection.execute(
        f"create or replace temp table {TABLE} (_row bigint, _offset bigint, _length bigint, _raw varchar, "
        "_hash varchar, _values json)"
    )
    names: dict[str, None] = {}
    broken: list[BrokenRecord] = []
    batch = _Batch()
    delivered = 0
    for found in records(source):
        delivered += 1
        if found.problem or not isinstance(found.value, dict):
            reason = found.problem or "record is not a JSON object"
            broken.append(BrokenRecord(found.number, found.offset, found.raw, reason, found.length))
            continue
        try:
            values = {str(name): _text(value) for name, value in found.value.items()}
            batch.add(found, values, hidden)
        except (UnicodeEncodeError, RecursionError):
            raw = found.raw.encode(errors="backslashreplace").decode()
            broken.append(
                BrokenRecord(found.number, found.offset, raw, "record holds what is no text", found.length)
            )
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


def first_names(source: JsonFile) -> list[str]:
    """Names of the first record, by which a feed recognises its files."""
    found = next(records(source), None)
    return [str(name) for name in found.value] if found and isinstance(found.value, dict) else []


def records(source: JsonFile) -> Iterator[Found]:
    """The records of a file, each with its number and place.

    Without declared keys they are the elements of the array that is the file, its objects one by one, or the
    one list of objects in the object that is the file, unless that has more of the wanted names than they.
    """
    keys = source.path or _enclosing(source)
    with source.text() as text:
        if keys and not text.descend(keys):
            raise SourceError(NOTHING_THERE, where=source.file.name, remedy="Correct 'records' of the feed.")
        is_one = keys and text.skip() == "{"  # what comes after it encloses it
        yield from (text.value(1),) if is_one else text.values()


def _enclosing(source: JsonFile) -> tuple[str, ...]:
    """The key of the records in an object that holds them, {"claims": […]}; () when it is no such object."""
    with source.text() as text:
        if text.skip() != "{":
            return ()
        first = text.value(1)
        if first.problem:
            follower = text.value(2) if text.skip() == "{" else None
            is_line = (
                follower is not None and not follower.problem and text.skip(BLANKS_OF_LINE) in ("\n", "")
            )
            return () if is_line else _first_list(source)
        if text.skip() != "":
            return ()
    lists = {
        key: item
        for key, item in first.value.items()
        if isinstance(item, list) and item and isinstance(item[0], dict)
    }
    if len(lists) != 1:
        return ()
    ((key, (inner, *_)),) = lists.items()
    wanted = {name.lower() for name in source.wanted}
    return () if _matches(first.value, wanted) > _matches(inner, wanted) else (key,)


def _matches(value: dict[str, Any], wanted: set[str]) -> int:
    return len(wanted & {name.lower() for name in value})


def _first_list(source: JsonFile) -> tuple[str, ...]:
    """The key of the first list of objects in an object that is too long, or cut, to be read at once."""
    with source.text() as text:
        return next(((key,) for key in text.entries() if text.is_list_of_objects()), ())


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
