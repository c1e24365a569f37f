from datetime import date

import pytest

from claimlake.errors import QueryError
from claimlake.serve.filter import Filters, parse_filters


def test_filters_travel_in_every_link() -> None:
    filters = parse_filters({"month": "2026-07", "payer": "blue_ridge", "unknown": "x"})
    assert filters.link("/a") == "/a?month=2026-07&payer=blue_ridge"
    assert filters.link("/a", payer="") == "/a?month=2026-07"
    assert filters.link("/a", {"by": "x y"}) == "/a?month=2026-07&payer=blue_ridge&by=x+y"
    assert Filters().link("/a") == "/a"


def test_a_month_is_a_period() -> None:
    period = Filters(month="2026-02").period
    assert (period.start, period.end) == (date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-13"},
        {"month": "0001-01"},
        {"month": "2026-07' or 1=1 --"},
        {"setting": "clinic"},
        {"payer": "x' or '1'='1"},
        {"payer": "<script>"},
        {"payer": "../../etc"},
        {"entity": "a\x00b"},
        {"department": "d" * 81},
        {"payer_class": "-- drop"},
    ],
)
def test_values_of_the_wrong_shape_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        parse_filters(query)
