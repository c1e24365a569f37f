"""A tiny independent reader of X12: delimiters from each ISA, segments as lists of elements."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

Segment = list[str]


def interchanges(path: Path) -> Iterator[tuple[str, list[Segment]]]:
    """(component separator, segments) of every interchange of a file."""
    text = path.read_bytes().decode("ascii")
    while text:
        element, component, terminator = text[3], text[104], text[105]
        end = text.index(terminator, text.index(f"IEA{element}1{element}"))
        body = text[: end + 1]
        text = text[end + 1 :].lstrip("\r\n")
        yield (
            component,
            [part.strip("\r\n").split(element) for part in body.split(terminator) if part.strip("\r\n")],
        )


def transactions(path: Path) -> Iterator[tuple[str, list[Segment]]]:
    """(component separator, segments from ST to SE) of every transaction of a file."""
    for component, segments in interchanges(path):
        current: list[Segment] = []
        for segment in segments:
            if segment[0] == "ST":
                current = []
            current.append(segment)
            if segment[0] == "SE":
                yield component, current


def money(text: str) -> Decimal:
    """An amount element; empty is zero."""
    return Decimal(text or "0")


def adjustments(segment: Segment) -> list[tuple[str, str, Decimal]]:
    """(group, CARC, amount) of the up to six triples of a CAS segment."""
    found = []
    for start in range(2, len(segment), 3):
        if segment[start]:
            found.append((segment[1], segment[start], money(segment[start + 1])))
    return found
