"""The documentation says what the code says, and its links lead somewhere."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
RULE = re.compile(r'"((?:ALL|ERA|X12)-\d+)"')
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
)


def test_generated_pages_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert specification and specification.loader
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    broken = [
        f"{target}#{anchor}" if anchor else target
        for target, anchor in _links(page)
        if not _resolves(page, target, anchor)
    ]
    assert not broken


def test_every_rule_in_the_code_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "quality-rules.md").read_text(encoding="utf-8")
    sources = (ROOT / "src" / "claimlake" / "sources").rglob("*.py")
    named = {rule for file in sources for rule in RULE.findall(file.read_text(encoding="utf-8"))}
    assert named and not {rule for rule in named if f"| {rule} |" not in page}


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md":
            seen.add(page)
            waiting += [(page.parent / target).resolve() for target, _ in _links(page) if target]
    assert not {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page not in seen}


def _links(page: Path) -> Iterator[tuple[str, str]]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        yield match[1], match[2] or ""


def _resolves(page: Path, target: str, anchor: str) -> bool:
    file = (page.parent / target).resolve() if target else page
    if not file.exists():
        return False
    return not anchor or anchor in _anchors(file)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
