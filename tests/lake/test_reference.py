import csv
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError
from claimlake.lake.reference import write_references
from claimlake.lake.table import Lake
from claimlake.tenant import load_tenants
from claimlake.workspace import Workspace, content_path

from .conftest import rows

CODE_SET = "table: mood\ngrain: one mood\nkey: [mood]\ncolumns:\n  mood: text\n  score: int\n"


@pytest.fixture
def code_set(content: Path) -> Path:
    folder = content / "reference"
    folder.mkdir()
    (folder / "mood.yml").write_text(CODE_SET)
    file = folder / "mood.csv"
    file.write_text("mood,score\ngood,1\nunknown,\n")
    return file


def test_code_set_is_a_typed_table(workspace: Workspace, lake: Lake, code_set: Path) -> None:
    versions = write_references(workspace, [])
    assert versions["reference.mood"] == lake.version("reference.mood")
    assert rows(lake, "reference.mood", "mood, score") == [("good", 1), ("unknown", None)]


def test_only_changed_content_is_written_again(workspace: Workspace, lake: Lake, code_set: Path) -> None:
    before = write_references(workspace, [])
    assert write_references(workspace, []) == before
    code_set.write_text("mood,score\ngood,2\n")
    after = write_references(workspace, [])
    assert {table for table in after if after[table] != before[table]} == {"reference.mood"}
    assert rows(lake, "reference.mood", "mood, score") == [("good", 2)]


def test_code_set_without_contract_is_refused(workspace: Workspace, code_set: Path) -> None:
    code_set.with_suffix(".yml").unlink()
    with pytest.raises(ConfigurationError, match=r"mood\.yml"):
        write_references(workspace, [])


def test_code_set_that_breaks_its_contract_is_refused(workspace: Workspace, code_set: Path) -> None:
    code_set.write_text("mood,score\ngood,high\n")
    with pytest.raises(ConfigurationError, match=r"reference/mood\.csv"):
        write_references(workspace, [])


def test_tenants_become_reference_tables(workspace: Workspace, lake: Lake) -> None:
    write_references(workspace, load_tenants(workspace.path / "tenants"))
    assert rows(lake, "reference.payer", "org_id, payer_id, payer_class") == [("a", "p1", "commercial")]
    assert rows(lake, "reference.payer_identifier", "identifier_upper, payer_id") == [("60001", "p1")]
    assert rows(lake, "reference.facility", "*") == []


@pytest.fixture(scope="module")
def calendar() -> dict[date, dict[str, str]]:
    with (content_path() / "reference" / "calendar.csv").open(encoding="utf-8", newline="") as file:
        return {date.fromisoformat(row["date"]): row for row in csv.DictReader(file)}


def test_calendar_has_every_day_once(calendar: dict[date, dict[str, str]]) -> None:
    days = list(calendar)
    assert (days[0], days[-1]) == (date(2010, 1, 1), date(2035, 12, 31))
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
    assert all(int(row["day_of_week"]) == day.isoweekday() for day, row in calendar.items())


def test_business_days_skip_weekends_and_holidays(calendar: dict[date, dict[str, str]]) -> None:
    def between(earlier: date, later: date) -> int:
        return int(calendar[later]["business_day_number"]) - int(calendar[earlier]["business_day_number"])

    # Friday 2024-07-05 to Monday 2024-07-08 is one business day; Thursday the 4th is a holiday.
    assert between(date(2024, 7, 5), date(2024, 7, 8)) == 1
    assert between(date(2024, 7, 3), date(2024, 7, 5)) == 1
    assert between(date(2024, 12, 31), date(2025, 1, 31)) == 21  # New Year's Day, 20 January


@pytest.mark.parametrize(
    ("holiday", "is_business_day"),
    [
        (date(2021, 6, 18), "false"),  # Juneteenth 2021, a Saturday, observed on Friday
        (date(2020, 6, 19), "true"),  # not yet a holiday
        (date(2021, 12, 31), "false"),  # New Year's Day 2022, a Saturday, observed on Friday
        (date(2022, 12, 26), "false"),  # Christmas 2022, a Sunday, observed on Monday
        (date(2024, 11, 28), "false"),  # Thanksgiving
        (date(2024, 10, 14), "false"),  # Columbus Day
        (date(2024, 5, 27), "false"),  # Memorial Day
        (date(2024, 11, 29), "true"),
    ],
)
def test_federal_holidays_are_observed(
    calendar: dict[date, dict[str, str]], holiday: date, is_business_day: str
) -> None:
    assert calendar[holiday]["is_business_day"] == is_business_day
