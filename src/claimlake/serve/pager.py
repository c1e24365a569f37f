"""Which page of a long list is shown."""

from dataclasses import dataclass

from fastapi import Request

from claimlake.errors import QueryError

ROWS_PER_PAGE = 50


@dataclass(frozen=True)
class Pager:
    """One page of a list of `total` rows; pages count from 1."""

    number: int
    total: int
    size: int = ROWS_PER_PAGE

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown; 0 when there is none."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.offset + self.size, self.total)


def asked_page(request: Request) -> int:
    """The page number of the address, 1 when it has none."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1):
        raise QueryError(
            "this is not a page number.", where="address", remedy="Use the links below the list."
        )
    return int(text)
