from datetime import date
from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError, SourceError
from claimlake.lake.quarantine import Filter
from claimlake.sources.reference_edition import due_edition, editions, update_months
from claimlake.sources.reference_list import Lists
from claimlake.sources.replay import replay
from claimlake.sources.report import FileReport
from claimlake.tenant import Tenant
from claimlake.workspace import Workspace, content_path
from tests.sources.landing import rows, versions

NORTH = Tenant("north", "North")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def load(
    workspace: Workspace,
    kind: str,
    content: str | bytes,
    valid_from: str | None = None,
    name: str = "list.csv",
) -> FileReport:
    """Load a list and give its report."""
    file = workspace.path.parent / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    day = date.fromisoformat(valid_from) if valid_from else None
    (report,) = Lists.of(workspace, lambda _: None).load(kind, file, [NORTH], valid_from=day).files
    return report


def codes(workspace: Workspace, columns: str = "code") -> list[tuple[object, ...]]:
    return rows(workspace, "bronze.reference_codes", columns, "edition_from, code")


def order_line(number: int, code: str, billable: int, short: str, long: str) -> str:
    return f"{number:05} {code:<7} {billable} {short:<60} {long}\n"


def test_an_order_file_gives_codes_descriptions_and_which_are_billable(workspace: Workspace) -> None:
    lines = order_line(1, "A00", 0, "Invented head", "An invented head")
    lines += order_line(2, "A000", 1, "Invented", "An invented code of some length")
    report = load(workspace, "icd10cm", lines + "broken line\n", "2025-10-01", "icd10cm_order_2026.txt")
    assert (report.counts.delivered, report.counts.loaded, report.counts.quarantined) == (3, 2, 1)
    assert dict(report.quarantined) == {("ALL-07", "key code is missing"): 1}
    assert report.warnings == {}
    assert codes(workspace, "code, label, status, cast(edition_from as varchar), source_row") == [
        ("A00", "An invented head", "header", "2025-10-01", 1),
        ("A000", "An invented code of some length", "billable", "2025-10-01", 2),
    ]
    (held,) = rows(workspace, "platform.quarantine_record", "source_row, raw", "1")
    assert (held[0], "broken line" in str(held[1])) == (3, True)


def test_the_same_list_again_changes_nothing(workspace: Workspace) -> None:
    content = "HCPC,SHORT DESCRIPTION\nA0001,Own words\n"
    load(workspace, "hcpcs", content, "2025-01-01")
    before = versions(workspace)
    again = load(workspace, "hcpcs", content, "2025-01-01")
    assert (again.status, again.counts.delivered, again.counts.duplicates) == ("duplicate", 1, 1)
    assert versions(workspace) == before
    renamed = load(workspace, "hcpcs", "HCPC,SHORT DESCRIPTION\nA0001,Own words\n", "2025-01-01", "other.csv")
    assert (renamed.counts.loaded, renamed.counts.duplicates) == (0, 1)
    assert versions(workspace)["bronze.reference_codes"] == before["bronze.reference_codes"]
    assert [(edition.codes, edition.edition) for edition in editions(workspace, "north")] == [
        (1, "list.csv, other.csv")
    ]


def test_held_records_of_a_list_wait_until_its_file_is_loaded_again(workspace: Workspace) -> None:
    (workspace.path / "tenants" / "north.yml").write_text("org_id: north\nname: North\n")
    content = "HCPC,SHORT DESCRIPTION\nA0001,Own words\nA00021,Own words\n"
    assert load(workspace, "hcpcs", content, "2025-01-01").counts.quarantined == 1
    (error,) = replay(workspace, "north", Filter()).errors
    assert error == (
        "tenant north: source reference: 1 held records came by reference load. "
        "Load the file again: claimlake reference load KIND FILE"
    )
    mapping = (content_path() / "sources" / "reference_lists.yml").read_text()
    code = 'upper(coalesce(hcpc, hcpcs, "HCPCS Code", code))'
    assert code in mapping
    own = workspace.path / "sources" / "reference_lists.yml"
    own.write_text(mapping.replace(code, f"left({code}, 5)"))
    again = load(workspace, "hcpcs", content, "2025-01-01")
    assert (again.counts.delivered, again.counts.loaded, again.counts.duplicates) == (2, 1, 1)
    assert load(workspace, "hcpcs", content, "2025-01-01").status == "duplicate"


def test_an_edition_keeps_every_code_even_those_that_did_not_change(workspace: Workspace) -> None:
    load(workspace, "carc", "Code,Description\n1,a\n2,b\n")
    load(workspace, "carc", "Code,Description\n1,a\n3,c\n", "2025-03-01")
    assert codes(workspace, "code, cast(edition_from as varchar)") == [
        ("1", "1900-01-01"),
        ("2", "1900-01-01"),
        ("1", "2025-03-01"),
        ("3", "2025-03-01"),
    ]
    first, second = editions(workspace, "north")
    assert (first.valid_to, second.valid_to) == (date(2025, 3, 1), None)


def test_a_second_edition_without_a_day_is_refused(workspace: Workspace) -> None:
    load(workspace, "carc", "Code\n1\n")
    with pytest.raises(SourceError, match="--valid-from"):
        load(workspace, "carc", "Code\n1\n2\n")
    assert load(workspace, "carc", "Code\n1\n").status == "duplicate"


GOOD_AND_BAD = {
    "icd10cm": ("Code", "E11.9 C4A S72001A", "E1 11E E11999999"),
    "icd10pcs": ("Code", "0DTJ4ZZ", "0DTI4ZZ 0DT"),
    "hcpcs": ("HCPC", "G0463 25", "99213 G463"),
    "cpt": ("CPT Code", "99213 0001F 0042T", "9921 G0463"),
    "msdrg": ("MS-DRG", "470 1", "A70 4700"),
    "carc": ("Code", "45 B7 253", "B777 CO-45"),
    "rarc": ("Code", "M15 MA130 N381", "X1 M"),
    "taxonomy": ("Code", "207RC0000X", "207RC00000 207RC"),
    "place_of_service": ("Place of Service Code(s)", "11 2", "1A 123"),
    "revenue_code": ("Revenue Code", "0450 450", "45A 45012"),
    "ccn": ("Facility ID", "010001 01T032 01013F", "10001 0100011"),
    "mue": ("HCPCS/CPT Code", "99213 A0021", "9921"),
}


@pytest.mark.parametrize("kind", GOOD_AND_BAD)
def test_a_code_has_the_shape_of_its_code_set_or_is_held(workspace: Workspace, kind: str) -> None:
    column, good, bad = GOOD_AND_BAD[kind]
    given = [*good.split(), *bad.split()]
    report = load(workspace, kind, "\n".join([column, *given]) + "\n")
    assert report.counts.loaded == len(good.split())
    assert dict(report.quarantined) == {
        ("REF-04", "code does not have the shape of its code set"): len(bad.split())
    }


def test_a_table_below_its_title_is_found_and_weights_are_exact(workspace: Workspace) -> None:
    title = 'TABLE 5\tLIST OF WEIGHTS\t"Final ""rule"""\n\n'
    header = "MS-DRG\tMDC\tTYPE\tMS-DRG Title\tWeights\tGeometric mean LOS\tArithmetic mean LOS\n"
    content = title + header + "1\tPRE\tSURG\tOwn words\t27.4618\t30.1\t38.9\n2\tPRE\tSURG\tOwn\tn/a\t1\t1\n"
    report = load(workspace, "msdrg", content.encode("cp1252"), "2025-10-01", "table5.txt")
    assert dict(report.quarantined) == {("ALL-13", "weight is not of type decimal(8,4)"): 1}
    assert codes(
        workspace, "code, cast(weight as varchar), cast(geometric_mean_days as varchar), attributes"
    ) == [("001", "27.4618", "30.10", '{"arithmetic_mean_days":"38.9"}')]


def test_the_last_day_of_a_code_becomes_the_first_it_is_not_valid(workspace: Workspace) -> None:
    load(
        workspace,
        "carc",
        "Code,Description,Start,Stop\n1,a,01/01/1995,\n2,b,01/01/1995,06/30/2007\n3,c,,never\n",
    )
    assert codes(workspace, "code, cast(effective_from as varchar), cast(effective_to as varchar)") == [
        ("1", "1995-01-01", None),
        ("2", "1995-01-01", "2007-07-01"),
    ]


def test_no_description_of_a_cpt_code_is_kept_anywhere(workspace: Workspace) -> None:
    load(workspace, "cpt", "CPT Code,Long Description,Code Status\n99213,LICENSED WORDS,New\n")
    assert codes(workspace, "code, label, status") == [("99213", None, "New")]
    assert "LICENSED" not in str(rows(workspace, "bronze.reference_codes", "raw"))


def test_a_list_without_the_codes_is_held_as_a_whole(workspace: Workspace) -> None:
    report = load(workspace, "carc", "Nothing,Useful\n1,2\n")
    assert report.status == "quarantined"
    assert editions(workspace, "north") == []


def test_pairs_of_procedures_have_their_own_days(workspace: Workspace) -> None:
    header = "Column 1,Column 2,Effective Date,Deletion Date,Modifier\n"
    load(workspace, "ncci", header + "99213,36000,20240101,*,1\n99214,36000,20240101,20241231,0\n")
    assert codes(workspace, "code, status, cast(effective_to as varchar)") == [
        ("99213:36000", "1", None),
        ("99214:36000", "0", "2025-01-01"),
    ]


def test_a_kind_that_is_none_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="Kinds: carc, ccn, cpt"):
        load(workspace, "icd9", "Code\n1\n")


class PowerCutError(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


@pytest.mark.parametrize(
    "at", ["plan", "stage", "commit bronze.reference_codes", "commit bronze.reference_e", "close"]
)
def test_a_load_cut_off_at_any_step_is_finished_by_the_next_command(workspace: Workspace, at: str) -> None:
    file = workspace.path.parent / "carc.csv"
    file.write_text("Code\n1\n2\n")

    def progress(step: str) -> None:
        if step.startswith(at):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        Lists.of(workspace, progress).load("carc", file, [NORTH], valid_from=date(2025, 3, 1))
    Lists.of(workspace, lambda _: None).load("carc", file, [NORTH], valid_from=date(2025, 3, 1))
    assert codes(workspace) == [("1",), ("2",)]
    assert [edition.codes for edition in editions(workspace, "north")] == [2]


def test_an_edition_that_should_be_there_is_missed_a_month_after_its_day() -> None:
    months = update_months()["icd10cm"]
    assert months == [4, 10]
    assert due_edition(date(2025, 10, 1), date(2026, 3, 31), months) is None
    assert due_edition(date(2025, 10, 1), date(2026, 4, 30), months) is None
    assert due_edition(date(2025, 10, 1), date(2026, 5, 1), months) == date(2026, 4, 1)
    assert due_edition(date(2024, 10, 1), date(2026, 1, 1), months) == date(2025, 10, 1)
    assert due_edition(date(1900, 1, 1), date(2026, 1, 1), update_months()["icd10"]) is None


def test_every_kind_of_list_is_a_known_code_set(workspace: Workspace) -> None:
    assert set(Lists.of(workspace, lambda _: None).kinds) == set(update_months()) - {"icd10"}
