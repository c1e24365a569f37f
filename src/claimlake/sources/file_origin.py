"""Files of a landing folder that one feed takes, and what their bytes cannot say of themselves."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from claimlake.errors import ConfigurationError
from claimlake.sources.document import (
    Key,
    count_at,
    mapping_at,
    names_of,
    one_of,
    refuse_unknown,
    text_at,
    texts_at,
)

ANY = "any"
RECORD_FORMATS = ("delimited", "json", "parquet", "xlsx")
"""What bytes tell of themselves; a feed that names no format takes each of them."""
FORMATS = (ANY, *RECORD_FORMATS, "fixed_width", "x12")

LOADS = ("full", "incremental")

FILE_KEYS = (
    Key(
        "file",
        "text",
        "pattern of the path below the landing folder; `**/` for any folders; letter case does not matter",
    ),
    Key("format", "text", "what the file must be; told from its bytes, so that no name decides", FORMATS),
    Key(
        "encoding",
        "text",
        "encoding of the text, where it is not UTF-8, UTF-16 or Windows-1252: `latin-1`, `cp037`",
    ),
    Key("delimiter", "text", "the usual separator; the header of a file has the last word"),
    Key("quote", "text", "the quote around values that hold the separator; empty for none"),
    Key("escape", "text", "what stands before a quote inside quotes: another quote, or a backslash"),
    Key("skip", "number", "lines before the header"),
    Key("names", "texts", "column names of a file that has no header, in order"),
    Key("layout", "map", "columns of a fixed-width line: name and [first position, length]; the first is 1"),
    Key("trimmed", "flag", "lines of a fixed-width file may have lost the blanks at their end"),
    Key("records", "text", "where the array of records is in a JSON object: `data.claims`"),
    Key("sheet", "text", "sheet of a workbook; its first one unless named"),
    Key("columns", "texts", "columns a file must have to belong to the feed, where the name does not say it"),
    Key("load", "text", "`full`: each file holds all records, so that one it lacks is gone", LOADS),
    Key("active", "flag", "`false` turns the feed off"),
)


@dataclass(frozen=True)
class Field:
    """One column of a fixed-width line."""

    name: str
    start: int
    """Position of its first character; the first of a line is 1."""
    length: int


@dataclass(frozen=True)
class FileOrigin:
    """Files of a landing folder that one feed takes."""

    pattern: str
    """Path below landing/<org_id>/<source_id>/, '**' for any folders; letter case does not matter."""
    format: str = ANY
    delimiter: str | None = None
    """The usual separator; the file's header has the last word."""
    columns: tuple[str, ...] = ()
    """Columns a file must have to belong to the feed, where the name does not say it."""
    encoding: str | None = None
    quote: str = '"'
    escape: str | None = None
    """What stands before a quote inside quotes; told from the file unless declared."""
    skip: int = 0
    """Lines before the header."""
    names: tuple[str, ...] = ()
    """Columns of a file without a header."""
    layout: tuple[Field, ...] = ()
    """Columns of a fixed-width line."""
    is_trimmed: bool = False
    """Whether lines may be shorter than the layout, their last blanks being gone."""
    records: tuple[str, ...] = ()
    """Keys that lead to the array of records in a JSON object."""
    sheet: str | None = None
    load: str = "incremental"
    """full: each file holds all of the feed's records, so a key it lacks is gone at the source."""

    def takes(self, path: str) -> bool:
        """Whether a path below the landing folder matches the pattern."""
        pattern, candidate = self.pattern.lower(), path.lower()
        while True:
            if fnmatchcase(candidate, pattern):
                return True
            if not pattern.startswith("**/"):
                return False
            pattern = pattern.removeprefix("**/")

    @property
    def formats(self) -> tuple[str, ...]:
        """What a file may be to belong to the feed."""
        return RECORD_FORMATS if self.format == ANY else (self.format,)


def read_file_origin(given: Mapping[str, Any], where: str) -> FileOrigin:
    """The `from` of a feed of files."""
    refuse_unknown(given, names_of(FILE_KEYS), f"{where}: from")
    layout = _layout(given, f"{where}: from: layout")
    kind = one_of(str(given.get("format", "fixed_width" if layout else ANY)), "format", FORMATS, where)
    load = one_of(str(given.get("load", "incremental")).lower(), "load", LOADS, where)
    if load == "full" and kind == "x12":
        raise ConfigurationError("an X12 file is never a full load", where=where, remedy="Remove 'load'.")
    if bool(layout) != (kind == "fixed_width"):
        raise ConfigurationError(
            "a fixed-width file and its layout belong together",
            where=f"{where}: from",
            remedy="Write 'layout: {<column>: [<first position>, <length>], …}' and no other format.",
        )
    return FileOrigin(
        pattern=str(given.get("file", "**")),
        format=kind,
        delimiter=_mark(given, "delimiter", where, longest=4),
        columns=texts_at(given, "columns", where),
        encoding=_encoding(given, where),
        quote=str(given.get("quote") or "") if "quote" in given else '"',
        escape=_mark(given, "escape", where, longest=1),
        skip=count_at(given, "skip", f"{where}: from"),
        names=texts_at(given, "names", where),
        layout=layout,
        is_trimmed=bool(given.get("trimmed", False)),
        records=tuple((text_at(given, "records") or "").removeprefix("$.").split("."))
        if given.get("records")
        else (),
        sheet=text_at(given, "sheet"),
        load=load,
    )


def _mark(given: Mapping[str, Any], key: str, where: str, *, longest: int) -> str | None:
    mark = text_at(given, key)
    if mark is not None and (len(mark) > longest or any(character in "\r\n" for character in mark)):
        raise ConfigurationError(
            f"'{key}' is not 1 to {longest} characters of one line"
            if longest > 1
            else f"'{key}' is not one character",
            where=f"{where}: from",
            remedy='Control characters are written "\\t" or "\\x01", in double quotes.',
        )
    return mark


def _encoding(given: Mapping[str, Any], where: str) -> str | None:
    name = text_at(given, "encoding")
    if name is None:
        return None
    try:
        found = codecs.lookup(name)
    except LookupError as error:
        raise ConfigurationError(
            f"no encoding '{name}'",
            where=f"{where}: from",
            remedy="Examples: utf-8, utf-16, cp1252, latin-1.",
        ) from error
    if not found._is_text_encoding:
        raise ConfigurationError(f"'{name}' is not an encoding of text", where=f"{where}: from")
    return found.name


def _layout(given: Mapping[str, Any], where: str) -> tuple[Field, ...]:
    if "layout" not in given:
        return ()
    fields = []
    for name, place in mapping_at(given["layout"], where).items():
        if (
            not isinstance(place, list)
            or len(place) != 2
            or not all(isinstance(n, int) and n > 0 for n in place)
        ):
            raise ConfigurationError(
                f"column '{name}' has no place",
                where=where,
                remedy=f"Write '{name}: [<first position>, <length>]'.",
            )
        fields.append(Field(name, *place))
    return tuple(fields)
