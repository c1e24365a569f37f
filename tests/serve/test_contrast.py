import re
from pathlib import Path

import pytest

import claimlake.serve

SHEET = (Path(claimlake.serve.__file__).parent / "static" / "claimlake.css").read_text()
TEXT = [
    ("ink", "paper"),
    ("ink", "ground"),
    ("ink", "raised"),
    ("soft", "paper"),
    ("soft", "ground"),
    ("soft", "raised"),
    ("accent", "paper"),
    ("accent", "ground"),
    ("paper", "accent"),
    ("good", "paper"),
    ("bad", "paper"),
    ("good", "good-wash"),
    ("bad", "bad-wash"),
    ("ink", "accent-wash"),
    ("soft", "accent-wash"),
    ("band-ink", "paper"),
    ("heat-dark", "h0"),
    ("heat-dark", "h1"),
    ("heat-dark", "h2"),
    ("heat-dark", "h3"),
    ("heat-mid", "h4"),
    ("heat-light", "h5"),
    ("heat-light", "h6"),
    ("paper", "ink"),
]
SHAPES = [("fill", "paper"), ("second", "paper"), ("focus", "paper"), ("focus", "ground")]


def tokens(theme: str) -> dict[str, str]:
    blocks = {"light": r":root \{(.*?)\n\}", "dark": r':root\[data-theme="dark"\] \{(.*?)\n\}'}
    found = re.search(blocks[theme], SHEET, re.S)
    assert found
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", found[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_meets_wcag_aa(theme: str) -> None:
    colours = tokens(theme)
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in TEXT}
    assert {pair: value for pair, value in weak.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_shapes_meet_wcag_aa(theme: str) -> None:
    colours = tokens(theme)
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in SHAPES}
    assert {pair: value for pair, value in weak.items() if value < 3} == {}


def test_the_device_setting_and_the_button_give_the_same_dark() -> None:
    found = re.search(
        r"prefers-color-scheme: dark\) \{\s*:root:not\(\[data-theme=\"light\"\]\) \{(.*?)\}", SHEET, re.S
    )
    assert found
    assert dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", found[1])) == tokens("dark")
