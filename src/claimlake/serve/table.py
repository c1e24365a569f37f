"""A table of text cells: the twin of every chart and the body of every list."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One cell: what is read, what it sorts by, and where it leads."""

    text: str
    sort: str = ""
    """Sort value; numbers as plain digits. Empty: the text itself."""
    href: str = ""
    tone: str = ""
    """A CSS class name: good, bad, muted or code."""


@dataclass(frozen=True)
class Head:
    """One column heading."""

    label: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Headings and rows; the first column names the row."""

    caption: str
    heads: list[Head]
    rows: list[list[Cell]] = field(default_factory=list)
