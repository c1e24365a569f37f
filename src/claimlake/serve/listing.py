"""Rows of gold tables as a table a person can read, each leading to its claim or account."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from claimlake.access.session import Session
from claimlake.serve.filter import COLUMNS, Filters
from claimlake.serve.number import NO_VALUE, cents, day_text, words
from claimlake.serve.scope import Scope
from claimlake.serve.table import Cell, Head, Table

Row = Mapping[str, Any]
DIMENSION_OF = {column: dimension for dimension, column in COLUMNS.items()}
SHOWN = {
    "date": "Day",
    "snapshot_date": "As of",
    "payer_id": "Payer",
    "payer_class": "Payer class",
    "department_id": "Department",
    "procedure_code": "Procedure",
    "service_from_date": "Service from",
    "service_date": "Service date",
    "first_submission_date": "First submitted",
    "opened_date": "Denied on",
    "remit_date": "Remitted",
    "initial_denial_date": "Denied on",
    "initial_denial_category": "Reason",
    "denial_category": "Reason",
    "first_denial_category": "Reason",
    "carc": "CARC",
    "clp_status_code": "CLP status",
    "ar_bucket": "Waiting for",
    "bucket_service": "Days since service",
    "claim_status": "Status",
    "resolution": "Resolution",
    "total_charge_amount": "Charges",
    "charge_amount": "Charges",
    "paid_amount": "Paid",
    "payer_paid_amount": "Paid",
    "initial_denied_charge_amount": "Denied",
    "denied_charge_amount": "Denied",
    "expected_allowed_amount": "Expected",
    "balance_amount": "Balance",
    "expected_net_amount": "Expected",
    "total_charges": "Charges",
    "total_collections": "Collections",
    "net_patient_service_revenue": "NPSR",
    "net_ar": "Net A/R",
    "total_ar": "Total A/R",
    "credit_balance": "Credits",
    "dnfb_amount": "DNFB",
    "fbns_amount": "FBNS",
    "unbilled_amount": "Unbilled",
    "unapplied_cash": "Unapplied",
    "units": "Units",
    "clinical_fte": "FTE",
    "provider_id": "Provider",
}
"""Columns worth a reader's time, in reading order, with their headings."""
MOST_COLUMNS = 10


def listing(session: Session, scope: Scope, filters: Filters, caption: str, rows: Sequence[Row]) -> Table:
    """The rows as a table; the first column names and opens the claim or the account."""
    if not rows:
        return Table(caption, [])
    names = [name for name in SHOWN if name in rows[0] and any(row[name] is not None for row in rows)]
    shown = _without_twins(names)[:MOST_COLUMNS]
    labels = _claim_labels(session, rows)
    has_key = any(row.get("claim_key") or row.get("account_key") for row in rows)
    heads = [Head("Claim" if "claim_key" in rows[0] else "Account")] if has_key else []
    heads += [Head(SHOWN[name], isinstance(_first(rows, name), Decimal)) for name in shown]
    body = [
        [*([_opening(row, labels, filters)] if has_key else []), *(_cell(scope, row, name) for name in shown)]
        for row in rows
    ]
    return Table(caption, heads, body)


def _without_twins(names: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if not (SHOWN[name] in seen or seen.add(SHOWN[name]))]  # type: ignore[func-returns-value]


def _first(rows: Sequence[Row], name: str) -> Any:
    return next((row[name] for row in rows if row[name] is not None), None)


def _claim_labels(session: Session, rows: Sequence[Row]) -> dict[str, str]:
    keys = sorted({str(row["claim_key"]) for row in rows if row.get("claim_key")})
    if not keys or "claim_id" not in session.columns("gold.fact_claim"):
        return {}
    places = ", ".join("?" for _ in keys)
    found = session.rows(
        f"select claim_key, claim_id from gold.fact_claim where claim_key in ({places})", keys
    )
    return {row["claim_key"]: row["claim_id"] for row in found if row["claim_id"]}


def _opening(row: Row, labels: Mapping[str, str], filters: Filters) -> Cell:
    claim, account = row.get("claim_key"), row.get("account_key")
    if claim:
        return Cell(labels.get(claim) or claim[:10], href=filters.link(f"/claims/{claim}"), tone="code")
    if account:
        return Cell(f"Account {account[:10]}", href=filters.link(f"/accounts/{account}"), tone="code")
    return Cell("No claim", tone="muted")


def _cell(scope: Scope, row: Row, name: str) -> Cell:
    value = row[name]
    if value is None:
        return Cell(NO_VALUE, tone="muted")
    if name in DIMENSION_OF:
        return Cell(scope.name(DIMENSION_OF[name], str(value)))
    if isinstance(value, date):
        return Cell(day_text(value), value.isoformat())
    if isinstance(value, Decimal):
        text = cents(value) if name not in ("units", "clinical_fte") else f"{value.normalize():f}"
        return Cell(text, str(value))
    text = str(value)
    return Cell(text if text[:1].isdigit() or text.isupper() else words(text))
