from decimal import Decimal
from xml.etree import ElementTree

import pytest

from claimlake.serve.charts.bars import bars
from claimlake.serve.charts.heatmap import heatmap, shade
from claimlake.serve.charts.mark import Mark, shortened
from claimlake.serve.charts.pareto import pareto, running_shares
from claimlake.serve.charts.scale import Linear, extent, place, ticks
from claimlake.serve.charts.sparkline import sparkline
from claimlake.serve.charts.trend import labelled, trend
from claimlake.serve.number import axis

MARKS = [
    Mark("Jun 2026", 10.0, "10.0 %", "/m?month=2026-06", "1 of 10", tick="Jun"),
    Mark("Jul 2026", None, "\u2013", "/m?month=2026-07", tick="Jul"),
    Mark("Aug 2026", 30.0, "30.0 %", "/m?month=2026-08", "3 of 10", tick="Aug"),
]


def tree(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def percent(value: float) -> str:
    return axis(Decimal(str(value)), "percent")


def test_a_linear_scale_maps_ends_and_middle() -> None:
    scale = Linear(0, 10, 100, 200)
    assert [scale(value) for value in (0, 5, 10)] == [100, 150, 200]
    assert Linear(5, 5, 1, 2)(5) == 1


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 30, [0, 10, 20, 30]),
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
        (-20, 60, [-20, 0, 20, 40, 60]),
        (0, 684_200, [0, 200_000, 400_000, 600_000, 800_000]),
    ],
)
def test_ticks_are_round_and_cover_the_values(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_extent_ignores_what_is_not_known() -> None:
    assert extent([3.0, None, 1.0]) == (1.0, 3.0)
    assert extent([None]) == (0.0, 1.0)


def test_places_have_one_decimal_at_most() -> None:
    assert (place(12.0), place(12.34)) == ("12", "12.3")


def test_a_trend_links_every_known_month_and_leaves_a_gap() -> None:
    drawn = tree(trend("Rate", MARKS, percent, benchmark=(5.0, 8.0)))
    marks = drawn.findall("a")
    assert [mark.get("href") for mark in marks] == ["/m?month=2026-06", "/m?month=2026-08"]
    assert marks[0].get("aria-label") == "Jun 2026: 10.0 %, 1 of 10"
    assert [line.get("points", "").count(",") for line in drawn.findall("polyline")] == [1, 1]
    assert drawn.get("role") == "group"
    assert drawn.get("aria-label") == "Rate"


def test_higher_values_stand_higher() -> None:
    dots = tree(trend("Rate", MARKS, percent)).findall("a/circle")
    assert float(dots[0].get("cy", 0)) > float(dots[1].get("cy", 0))


def test_bars_have_a_label_per_bucket_and_a_link_per_value() -> None:
    drawn = tree(bars("A/R", MARKS, percent))
    assert len(drawn.findall("a")) == 2
    assert {"Jun 2026", "Jul 2026", "Aug 2026"} <= {text.text for text in drawn.iter("text")}


def test_pareto_accumulates() -> None:
    drawn = tree(pareto("Reasons", [MARKS[2], MARKS[0]]))
    assert [mark.get("href") for mark in drawn.findall("a")] == ["/m?month=2026-08", "/m?month=2026-06"]
    assert running_shares([30.0, 10.0]) == [0.75, 1.0]
    assert running_shares([0.0]) == [0.0]


def test_the_first_point_of_the_line_is_the_end_of_the_first_bar() -> None:
    drawn = tree(pareto("Reasons", MARKS))
    bar = next(shape for shape in drawn.iter("rect") if shape.get("class") == "bar")
    line = next(shape for shape in drawn.iter("polyline")).get("points", "")
    end = float(bar.get("x", 0)) + float(bar.get("width", 0))
    assert abs(end - float(line.split(",")[0])) < 0.2


def test_a_heatmap_shades_from_low_to_high_and_leaves_unknown_cells_empty() -> None:
    drawn = tree(heatmap("By payer", ["A"], ["Jun", "Jul", "Aug"], {(0, 0): MARKS[0], (0, 2): MARKS[2]}))
    classes = [shape.get("class") for shape in drawn.iter("rect")]
    assert classes == ["heat h0", "heat-none", "heat h6"]
    assert (shade(10, 10, 30), shade(30, 10, 30), shade(5, 5, 5)) == (0, 6, 0)


def test_hostile_labels_stay_text() -> None:
    hostile = Mark('<script>alert("x")</script>', 1.0, "<b>", '"/onload="x', "&")
    for svg in (
        trend("<i>", [hostile], percent),
        bars("<i>", [hostile], percent),
        pareto("<i>", [hostile]),
        heatmap("<i>", ["<i>"], ["<i>"], {(0, 0): hostile}),
    ):
        names = {element.tag for element in tree(svg).iter()}
        assert names <= {"svg", "g", "a", "title", "text", "line", "polyline", "polygon", "circle", "rect"}


def test_at_most_thirteen_months_are_labelled_and_the_last_always() -> None:
    assert list(labelled(3)) == [0, 1, 2]
    assert next(iter(labelled(18))) == 1
    assert list(labelled(18))[-1] == 17
    assert list(labelled(0)) == []


def test_a_sparkline_is_hidden_from_screen_readers() -> None:
    assert tree(sparkline([1.0, None, 2.0])).get("aria-hidden") == "true"
    assert sparkline([None]) == ""


def test_long_labels_are_shortened_on_the_drawing_only() -> None:
    assert shortened("Precertification absent", 12) == "Precertific…"
    assert shortened("Short", 12) == "Short"
