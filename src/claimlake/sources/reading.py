"""Reading a file of records, whatever its format, into the record tables."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb

from claimlake.sources.content import Content, as_utf8
from claimlake.sources.delimited import read_delimited
from claimlake.sources.file_origin import FileOrigin
from claimlake.sources.fixed_width import read_fixed_width
from claimlake.sources.json_feed import JsonFile, first_names, read_json
from claimlake.sources.layout import layout_of
from claimlake.sources.parquet import columns_of_parquet, read_parquet
from claimlake.sources.place import Text
from claimlake.sources.record import Records
from claimlake.sources.spreadsheet import columns_of_sheet, read_sheet


@dataclass(frozen=True)
class Reading:
    """A file and how its feed says it is written."""

    file: Path
    content: Content
    origin: FileOrigin
    wanted: tuple[str, ...] = ()
    """Columns its feed uses, by which a delimiter or the place of the records is told."""

    def columns(self) -> list[str]:
        """The names of the file's columns; of JSON, those of its first record."""
        match self.content.format:
            case "json":
                return first_names(self._json)
            case "parquet":
                return columns_of_parquet(self.file)
            case "xlsx":
                return columns_of_sheet(self.file, self.origin)
        if self.origin.format == "fixed_width":
            return [field.name for field in self.origin.layout]
        layout = layout_of(self.file, self.content.encoding, self.wanted, self.origin)
        return list(layout.columns)

    def read(self, connection: duckdb.DuckDBPyConnection, spill: Path, omit: Iterable[str] = ()) -> Records:
        """Leave the records in the record tables; text that is not UTF-8 is copied to the spill folder."""
        match self.content.format:
            case "json":
                return read_json(connection, self._json, omit)
            case "parquet":
                return read_parquet(connection, self.file, omit)
            case "xlsx":
                return read_sheet(connection, self.file, self.origin, omit)
        return self._read_text(connection, spill, omit)

    def _read_text(self, connection: duckdb.DuckDBPyConnection, spill: Path, omit: Iterable[str]) -> Records:
        encoding = self.content.encoding
        with ExitStack() as stack:
            copy = spill / f"{self.file.name}.utf8"
            stack.callback(copy.unlink, missing_ok=True)
            text = Text(as_utf8(self.file, encoding, copy), spill, encoding)
            if self.origin.layout:
                return read_fixed_width(connection, text, self.origin, omit)
            layout = layout_of(self.file, encoding, self.wanted, self.origin)
            return read_delimited(connection, text, layout, omit)

    @property
    def _json(self) -> JsonFile:
        return JsonFile(self.file, self.content.encoding, self.origin.records, self.wanted)
