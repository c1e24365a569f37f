"""Rows and amounts of the sample folders, read by the csv and json modules, against what is in bronze.

Nothing here uses the mappings: each expectation names the source columns of a file and adds them up itself.
"""

import csv
import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from claimlake.sources.report import IngestReport
from claimlake.workspace import Workspace
from tests.sources.landing import rows
from tests.sources.samples import FOLDERS, MARKS, SAMPLES

pytestmark = MARKS
Record = dict[str, str]
CENT = Decimal("0.01")


def delimited(path: Path) -> list[Record]:
    delimiter = "|" if path.read_bytes()[:400].count(b"|") > 5 else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {name: (value or "").strip() for name, value in record.items()}
            for record in csv.DictReader(file, delimiter=delimiter)
        ]


def objects(path: Path) -> list[Record]:
    return [
        {key: "" if value is None else str(value) for key, value in record.items()}
        for record in json.loads(path.read_text(encoding="utf-8"), parse_float=str, parse_int=str)
    ]


def read(path: Path) -> list[Record]:
    return objects(path) if path.suffix == ".json" else delimited(path)


def money(text: str) -> Decimal:
    return Decimal(text or "0")


def cents_of_float(text: str) -> Decimal:
    """The cents a 32-bit float was made from: the two-place decimal whose nearest float it is."""
    if not text:
        return Decimal(0)
    cents = Decimal(text).quantize(CENT, ROUND_HALF_UP)
    assert struct.pack("f", float(cents)) == struct.pack("f", float(text))
    return cents


def anything(_: Record) -> bool:
    return True


@dataclass(frozen=True)
class Expected:
    """The rows some files give one table, with a column whose sum must be the same."""

    files: tuple[str, ...]
    """Below the source's landing folder."""
    table: str
    where: Callable[[Record], bool] = anything
    amount: Callable[[Record], Decimal] | None = None
    column: str = ""
    only: str = "true"
    """Which rows of the table are meant."""


def column(name: str) -> Callable[[Record], Decimal]:
    return lambda record: money(record[name])


def is_type(*kinds: str) -> Callable[[Record], bool]:
    return lambda record: record["TYPE"] in kinds


def movement(record: Record) -> Decimal:
    if record["TYPE"] == "TRANSFERIN":
        return -money(record["TRANSFERS"])
    return money(record["PAYMENTS"]) + money(record["TRANSFERS"]) + money(record["ADJUSTMENTS"])


TRANSACTIONS = ("claims_transactions.csv",)
SYNTHEA = [
    Expected(("patients.csv",), "emr_patients"),
    Expected(("payer_transitions.csv",), "emr_coverages", only="coverage_order = 1"),
    Expected(
        ("payer_transitions.csv",),
        "emr_coverages",
        lambda record: record["SECONDARY_PAYER"] != "",
        only="coverage_order = 2",
    ),
    Expected(("organizations.csv",), "emr_departments"),
    Expected(("providers.csv",), "emr_providers"),
    Expected(("payers.csv",), "reference_codes"),
    Expected(("encounters.csv",), "emr_encounters"),
    Expected(("conditions.csv",), "emr_diagnoses"),
    Expected(("procedures.csv",), "emr_procedures", anything, column("BASE_COST"), "list_amount"),
    Expected(("medications.csv",), "pharmacy_claims", anything, column("TOTALCOST"), "ingredient_cost_paid"),
    Expected(
        ("medications.csv",), "pharmacy_claims", anything, column("PAYER_COVERAGE"), "total_paid_amount"
    ),
    Expected(("claims.csv",), "claims_flat", only="line_id is null"),
    Expected(TRANSACTIONS, "claims_flat", is_type("CHARGE"), column("AMOUNT"), "charge_amount"),
    Expected(TRANSACTIONS, "emr_charges", is_type("CHARGE"), column("AMOUNT"), "charge_amount"),
    Expected(
        TRANSACTIONS, "emr_transactions",
        is_type("PAYMENT"), column("PAYMENTS"), "amount", "transaction_type = 'payment'",
    ),
    Expected(
        TRANSACTIONS, "emr_transactions",
        is_type("TRANSFERIN", "TRANSFEROUT"), movement, "amount", "transaction_type = 'transfer'",
    ),
]  # fmt: skip

PROFESSIONAL = ("NCH_CARR_CLM_SBMTD_CHRG_AMT", "LINE_NUM", "LINE_SBMTD_CHRG_AMT")
INSTITUTIONAL = ("CLM_TOT_CHRG_AMT", "CLM_LINE_NUM", "REV_CNTR_TOT_CHRG_AMT")
SETTINGS = {
    "carrier": PROFESSIONAL,
    "dme": PROFESSIONAL,
    "inpatient": INSTITUTIONAL,
    "outpatient": INSTITUTIONAL,
    "snf": INSTITUTIONAL,
    "hha": INSTITUTIONAL,
    "hospice": INSTITUTIONAL,
}


def first_line(number: str) -> Callable[[Record], bool]:
    return lambda record: record[number] == "1"


def rif() -> Iterable[Expected]:
    for name, (claim_charge, number, line_charge) in SETTINGS.items():
        files = (f"{name}.csv",)
        first = first_line(number)
        yield Expected(files, "claims_flat", first, column(claim_charge), "charge_amount", "line_id is null")
        yield Expected(files, "claims_flat", first, column("CLM_PMT_AMT"), "paid_amount", "line_id is null")
        yield Expected(
            files, "claims_flat", anything, column(line_charge), "charge_amount", "line_id is not null"
        )
    yield Expected(("pde.csv",), "pharmacy_claims", anything, column("PTNT_PAY_AMT"), "patient_pay_amount")
    yield Expected(
        ("pde.csv",), "pharmacy_claims", anything, column("CVRD_D_PLAN_PD_AMT"), "total_paid_amount"
    )
    yield Expected(
        ("pde.csv",), "pharmacy_claims", anything, column("TOT_RX_CST_AMT"), "ingredient_cost_paid"
    )


def two_hospitals() -> Iterable[Expected]:
    for hospital, claims in (("a", "hospital1"), ("b", "hospital2")):
        folder = f"EMR/hospital-{hospital}"
        for name in ("departments", "patients", "encounters"):
            yield Expected((f"{folder}/{name}.csv",), f"emr_{name}")
        files = (f"{folder}/transactions.csv",)
        yield Expected(
            files, "emr_charges", anything, lambda record: cents_of_float(record["Amount"]), "charge_amount"
        )
        yield Expected(
            files,
            "emr_transactions",
            lambda record: cents_of_float(record["PaidAmount"]) != 0,
            lambda record: cents_of_float(record["PaidAmount"]),
            "amount",
        )
        files = (f"claims/{claims}_claim_data.csv",)
        for source, target in (("ClaimAmount", "charge_amount"), ("PaidAmount", "paid_amount")):
            yield Expected(files, "claims_flat", anything, float_column(source), target)


def float_column(name: str) -> Callable[[Record], Decimal]:
    return lambda record: cents_of_float(record[name])


CLAIMS = ("ehr_claims.json", "ehr_claims_full_300.json")
REMITTANCES = ("835.json", "835_full_200.json")
EVENTS = [
    Expected(("277ca.json",), "ack_277ca"),
    # The larger export holds the smaller one's claims again.
    Expected(CLAIMS, "claims_flat", anything, column("billed_amt"), "charge_amount"),
    Expected(REMITTANCES, "era_835", anything, column("payment_amount"), "paid_amount"),
    Expected(
        REMITTANCES, "era_835_adjustment",
        lambda record: money(record["adjustment_amount"]) != 0,
        lambda record: -money(record["adjustment_amount"]), "amount",
    ),
]  # fmt: skip
EXPECTED = {"synthea": SYNTHEA, "rif": list(rif()), "emr": list(two_hospitals()), "events": EVENTS}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(source, one, id=f"{source}/{one.files[0]}:{one.table}.{one.column or 'rows'}")
        for source, several in EXPECTED.items()
        for one in several
    ],
)
def test_rows_and_amounts_of_a_file_are_all_in_its_table(
    ingested: tuple[Workspace, IngestReport], source: str, expected: Expected
) -> None:
    workspace, report = ingested
    delivered = [record for path in expected.files for record in read(SAMPLES / FOLDERS[source] / path)]
    distinct = list({tuple(record.items()): record for record in delivered}.values())
    counts = [
        file.counts
        for file in report.files
        if file.source_id == source and file.path in expected.files and file.status == "loaded"
    ]
    assert sum(count.quarantined for count in counts) == 0, "the sums below count on every record loaded"
    assert sum(count.duplicates for count in counts) == len(delivered) - len(distinct)
    wanted = [record for record in distinct if expected.where(record)]
    paths = ", ".join(f"'{path}'" for path in expected.files)
    systems = "'hos-a', 'hos-b'" if source == "emr" else f"'{source}'"
    condition = f"source_file in ({paths}) and source_system_id in ({systems}) and {expected.only}"
    ((count, total),) = rows(
        workspace,
        f"bronze.{expected.table}",
        f"count(case when {condition} then 1 end), "
        f"sum(case when {condition} then {expected.column or 0} end)",
    )
    assert count == len(wanted)
    if expected.amount:
        assert total == sum(map(expected.amount, wanted), Decimal(0))


def test_transfers_of_a_double_entry_move_no_money(ingested: tuple[Workspace, IngestReport]) -> None:
    workspace, _ = ingested
    sides = rows(
        workspace,
        "bronze.emr_transactions",
        "sum(case when transaction_type = 'transfer' then amount end), "
        "count(case when transaction_type = 'transfer' and amount > 0 then 1 end)",
    )
    assert sides == [(Decimal("0.00"), 920)]


def test_files_without_a_table_are_named(ingested: tuple[Workspace, IngestReport]) -> None:
    _, report = ingested
    refused = {
        (file.source_id, file.path)
        for file in report.files
        if any("no feed of" in reason for _, reason in file.quarantined)
    }
    names = ("LICENSE", "allergies", "careplans", "devices", "imaging_studies", "immunizations")
    wanted = {*names, "observations", "supplies"}
    assert {Path(path).stem for source, path in refused if source == "synthea"} == wanted
    assert {path for source, path in refused if source == "rif"} == {"export_summary.csv"}
