"""JSON as it stands in a file: one value after the other, each with its place, whatever the file's size."""

import codecs
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

CHUNK = 1 << 20
LONGEST_RECORD = 16_000_000
BLANKS = re.compile("[ \t\r\n,\ufeff]*")
BLANKS_AND_COLON = re.compile("[ \t\r\n:]*")

BROKEN_ARRAY = "JSON breaks here; the rest is not readable"
OPEN_ARRAY = "JSON ends before its array is closed"
NO_OBJECT = "line is not a JSON object"

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


@dataclass(frozen=True)
class Found:
    """One value of the file with its place, or the text that is no value and why."""

    number: int
    offset: int
    length: int
    raw: str
    value: Any = None
    problem: str = ""


def without(value: Any, names: Collection[str]) -> Any:
    """A value without the members of these lower-case names, at any depth."""
    if isinstance(value, list):
        return [without(element, names) for element in value]
    if not isinstance(value, dict):
        return value
    return {name: without(inner, names) for name, inner in value.items() if name.strip().lower() not in names}


def text_without(text: str, names: list[str]) -> str:
    """JSON text without the members of these lower-case names, at any depth."""
    return json.dumps(without(_DECODER.decode(text), names), ensure_ascii=False)


class JsonText:
    """Reads a file piece by piece and knows the byte offset of what comes next."""

    def __init__(self, reader: BinaryIO, encoding: str) -> None:
        self._reader = reader
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self._buffer = ""
        self._at = 0
        self.offset = 3 if encoding == "utf-8-sig" else 0
        self._is_done = False

    def values(self) -> Iterator[Found]:
        """The values that follow, or the elements of the array that comes next."""
        is_array = self.skip() == "["
        if is_array:
            self.take(1)
        number = 0
        while (mark := self.skip()) not in ("", "]"):
            number += 1
            found = self.value(number)
            if found.problem and is_array:
                rest = self.rest()
                yield Found(
                    number, found.offset, found.length + len(rest), found.raw + rest, None, BROKEN_ARRAY
                )
                return
            yield found
        if is_array and mark == "":
            yield Found(number + 1, self.offset, 0, "", None, OPEN_ARRAY)

    def descend(self, path: Sequence[str]) -> bool:
        """Go to the value under these keys; False when it is not there."""
        return all(self._enter(key) for key in path) and self.skip() != ""

    def entries(self) -> Iterator[str]:
        """The keys of the object that comes next, each when its value does; what is not read is skipped."""
        if self.skip() != "{":
            return
        self.take(1)
        while self.skip() == '"':
            key = self.value(1)
            if key.problem:
                return
            self.skip(BLANKS_AND_COLON)
            before = self.offset
            yield str(key.value)
            if self.offset == before and self.value(1).problem:
                return

    def _enter(self, wanted: str) -> bool:
        return any(key == wanted for key in self.entries())

    def is_list_of_objects(self) -> bool:
        """Whether an array of objects comes next."""
        self.skip()
        while len(self._buffer) - self._at < 1000 and self._more():
            continue
        return re.match(r"\[\s*\{", self._buffer[self._at : self._at + 1000]) is not None

    def _more(self) -> bool:
        if self._is_done:
            return False
        chunk = self._reader.read(CHUNK)
        self._is_done = not chunk
        self._buffer = self._buffer[self._at :] + self._decoder.decode(chunk, final=self._is_done)
        self._at = 0
        return True

    def skip(self, characters: re.Pattern[str] = BLANKS) -> str:
        """Go past these characters; the one that comes next, '' at the end."""
        while True:
            found = characters.match(self._buffer, self._at)
            self.take(found.end() - self._at if found else 0)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def take(self, count: int) -> str:
        """The next characters."""
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        self.offset += len(taken) if taken.isascii() and self._encoding == "utf-8" else self._bytes(taken)
        return taken

    def _bytes(self, text: str) -> int:
        return len(text.encode(self._encoding, errors="surrogatepass"))

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
                raw = self.take(end - self._at)
                return Found(number, offset, self.offset - offset, raw, value)
            if len(self._buffer) - self._at > LONGEST_RECORD or not self._more():
                break
        line = self._buffer.find("\n", self._at)
        length = (line if line >= 0 else len(self._buffer)) - self._at
        raw = self.take(length)
        return Found(number, offset, self._bytes(raw.rstrip()), raw.rstrip(), None, NO_OBJECT)

    def rest(self) -> str:
        """What is left in the buffer."""
        return self.take(len(self._buffer) - self._at)
