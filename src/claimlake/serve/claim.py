"""One claim from submission to settlement: every event in order, with its money and its raw record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from claimlake.access.session import Session
from claimlake.serve.missing import NotFoundError
from claimlake.serve.number import words
from claimlake.serve.raw import raw_link
from claimlake.serve.scope import load_reasons

Row = dict[str, Any]
FREQUENCIES = {"1": "Claim submitted", "7": "Corrected claim submitted", "8": "Void submitted"}
CLP_STATUS = {
    "1": "Processed as primary",
    "2": "Processed as secondary",
    "3": "Processed as tertiary",
    "4": "Denied",
    "19": "Processed as primary, forwarded",
    "20": "Processed as secondary, forwarded",
    "21": "Processed as tertiary, forwarded",
    "22": "Reversal of previous payment",
    "23": "Not our claim, forwarded",
    "25": "Predetermination only",
}
"""CLP02, 835 guide, loop 2100."""
GROUPS = {
    "CO": "contractual obligation",
    "PR": "patient",
    "OA": "other",
    "PI": "payer initiated",
    "CR": "correction",
}
"""CAS01."""


@dataclass(frozen=True)
class Line:
    """One adjustment or part below an event."""

    code: str
    text: str
    amount: Decimal
    is_denial: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened to a claim."""

    on: date
    kind: str
    """submission, ack, remittance, denial, resolution, payment, adjustment."""
    title: str
    text: str = ""
    amounts: tuple[tuple[str, Decimal], ...] = ()
    lines: tuple[Line, ...] = ()
    tone: str = ""
    """good, bad or nothing."""
    raw: str = ""
    """Address of the raw record."""


@dataclass(frozen=True)
class Claim:
    """A claim and its history."""

    fact: Row
    record: Row
    """The silver row; empty when silver is not visible."""
    events: tuple[Event, ...]
    siblings: tuple[Row, ...] = field(default=())
    """Other claims of the same account."""


def load_claim(session: Session, claim_key: str) -> Claim:
    """The claim of a key with its events oldest first; a key of another tenant is not found."""
    facts = _of(session, "gold.fact_claim", "claim_key", claim_key)
    if not facts:
        raise NotFoundError("no such claim.", remedy="Follow a link from a list of claims.")
    fact = facts[0]
    account = str(fact.get("account_key") or "")
    events = [
        *_submissions(session, claim_key),
        *_acknowledgements(session, claim_key),
        *_remittances(session, claim_key),
        *_denials(session, claim_key),
        *_payments(session, account, claim_key),
        *_adjustments(session, account),
    ]
    records = _of(session, "silver.claim", "claim_key", claim_key)
    siblings = [row for row in account_claims(session, account) if row["claim_key"] != claim_key]
    events.sort(key=lambda event: (event.on, _ORDER.index(event.kind)))
    return Claim(fact, records[0] if records else {}, tuple(events), tuple(siblings))


def account_claims(session: Session, account_key: str) -> list[Row]:
    """The claims of an account, primary payer first."""
    rows = _of(session, "gold.fact_claim", "account_key", account_key) if account_key else []
    return sorted(
        rows, key=lambda row: (str(row.get("payer_sequence")), str(row.get("first_submission_date")))
    )


def account_balances(session: Session, account_key: str) -> list[Row]:
    """The balances of an account, newest first, two years of month ends at most."""
    if "account_key" not in session.columns("gold.fact_ar_snapshot"):
        return []
    return session.rows(
        "select * from gold.fact_ar_snapshot where account_key = ?"
        " order by snapshot_date desc, ar_bucket limit 24",
        [account_key],
    )


_ORDER = ("submission", "ack", "remittance", "denial", "adjustment", "payment", "resolution")


def _of(session: Session, table: str, column: str, key: str) -> list[Row]:
    if column not in session.columns(table):
        return []
    return session.rows(f"select * from {table} where {column} = ?", [key])


def _day(value: date | datetime | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _submissions(session: Session, claim_key: str) -> list[Event]:
    rows = _of(session, "silver.claim_submission", "claim_key", claim_key)
    return _events(rows, "submitted_at", _submission)


def _submission(row: Row, on: date) -> Event:
    title = FREQUENCIES.get(str(row.get("frequency_code")), "Claim submitted")
    return Event(
        on,
        "submission",
        title,
        text=f"Submission {row.get('submission_number') or 1}, frequency {row.get('frequency_code') or '1'}",
        amounts=_amounts(row, ("Charged", "total_charge_amount")),
        raw=raw_link(row.get("source_record_id")),
    )


def _acknowledgements(session: Session, claim_key: str) -> list[Event]:
    rows = _of(session, "silver.claim_ack_event", "claim_key", claim_key)
    return _events(rows, "received_at", _acknowledgement)


def _acknowledgement(row: Row, on: date) -> Event:
    is_rejected = bool(row.get("is_rejected"))
    who = words(str(row.get("ack_source") or "payer"))
    codes = ":".join(
        str(row[name]) for name in ("category_code", "status_code", "entity_code") if row.get(name)
    )
    return Event(
        on,
        "ack",
        f"{who} {'rejected' if is_rejected else 'acknowledged'} the claim",
        text=f"{str(row.get('ack_type') or '').upper()} status {codes}" if codes else "",
        tone="bad" if is_rejected else "good" if row.get("is_accepted_adjudication") else "",
        raw=raw_link(row.get("source_record_id")),
    )


def _remittances(session: Session, claim_key: str) -> list[Event]:
    payments = _of(session, "silver.claim_payment", "claim_key", claim_key)
    facts = {
        row["claim_payment_key"]: row for row in _of(session, "gold.fact_remit_claim", "claim_key", claim_key)
    }
    reasons = load_reasons(session)
    lines: dict[str, list[Line]] = {}
    if payments and "silver.claim_adjustment" in session.tables:
        rows = session.rows(
            "select adjustment.* from silver.claim_adjustment as adjustment"
            " join silver.claim_payment as payment"
            " on payment.claim_payment_key = adjustment.claim_payment_key"
            " where payment.claim_key = ? order by adjustment.level, adjustment.amount desc, adjustment.carc",
            [claim_key],
        )
        for row in rows:
            lines.setdefault(row["claim_payment_key"], []).append(_line(row, reasons))
    events = []
    # A reversal and its correction often come in one remittance: its own order tells which was first.
    for row in sorted(
        payments, key=lambda row: (str(row.get("remittance_key")), row.get("clp_ordinal") or 0)
    ):
        key = row["claim_payment_key"]
        on = _day(facts.get(key, {}).get("remit_date"))
        if on:
            events.append(_remittance(row, on, tuple(lines.get(key, ()))))
    return sorted(events, key=lambda event: event.on)


def _remittance(row: Row, on: date, lines: tuple[Line, ...]) -> Event:
    is_denied = any(line.is_denial for line in lines) and not row.get("is_reversal")
    return Event(
        on,
        "remittance",
        CLP_STATUS.get(str(row.get("clp_status_code")), "Remittance"),
        text=f"Remittance, claim status {row.get('clp_status_code')}",
        amounts=_amounts(
            row,
            ("Charged", "charge_amount"),
            ("Paid", "paid_amount"),
            ("Patient", "patient_resp_amount"),
            ("Denied", "denied_amount"),
        ),
        lines=lines,
        tone="bad" if is_denied or row.get("is_reversal") else "good" if row["paid_amount"] else "",
        raw=raw_link(row.get("source_record_id")),
    )


def _line(row: Row, reasons: dict[str, str]) -> Line:
    group, carc = str(row.get("group_code") or ""), str(row.get("carc") or "")
    label = reasons.get(carc) or words(str(row.get("denial_category") or "adjustment"))
    level = " (line)" if row.get("level") == "line" else ""
    return Line(
        f"{group}-{carc}",
        f"{label}, {GROUPS.get(group, group)}{level}",
        row["amount"],
        bool(row.get("is_denial")),
    )


def _denials(session: Session, claim_key: str) -> list[Event]:
    events = []
    for row in _of(session, "gold.fact_denial", "claim_key", claim_key):
        category = words(str(row.get("denial_category") or "denial"))
        text = f"CARC {row.get('carc')}, {words(str(row.get('denial_origin') or '')).lower()}"
        denied = _amounts(
            row, ("Denied charges", "denied_charge_amount"), ("Expected", "denied_expected_amount")
        )
        events.append(
            Event(row["opened_date"], "denial", f"Denial case: {category}", text, denied, tone="bad")
        )
        resolution = row.get("resolution")
        if row.get("resolved_date") and resolution != "open":
            tone = (
                "good" if resolution in ("paid", "partial") else "bad" if resolution == "written_off" else ""
            )
            title = f"Denial case resolved: {words(str(resolution)).lower()}"
            events.append(Event(row["resolved_date"], "resolution", title, category, tone=tone))
    return events


def _payments(session: Session, account_key: str, claim_key: str) -> list[Event]:
    rows = _of(session, "silver.payment", "account_key", account_key) if account_key else []
    own = [row for row in rows if row.get("claim_key") in (None, claim_key)]
    return _events(own, "post_date", _payment)


def _payment(row: Row, on: date) -> Event:
    amount = row["amount"]
    source = words(str(row.get("payment_source") or "payment"))
    title = f"{source} {'refund or reversal' if amount < 0 else 'payment'} posted"
    return Event(
        on, "payment", title, amounts=(("Posted", amount),), raw=raw_link(row.get("source_record_id"))
    )


def _adjustments(session: Session, account_key: str) -> list[Event]:
    rows = _of(session, "silver.adjustment", "account_key", account_key) if account_key else []
    return _events(rows, "post_date", _adjustment)


def _adjustment(row: Row, on: date) -> Event:
    is_write_off = bool(row.get("is_write_off"))
    category = row.get("writeoff_category")
    named = category if category not in (None, "none") else row.get("adjustment_type")
    kind = words(str(named or "other"))
    title = f"Write-off posted: {kind.lower()}" if is_write_off else f"{kind} adjustment posted"
    return Event(
        on,
        "adjustment",
        title,
        amounts=(("Adjusted", row["amount"]),),
        tone="bad" if is_write_off else "",
        raw=raw_link(row.get("source_record_id")),
    )


def _amounts(row: Row, *wanted: tuple[str, str]) -> tuple[tuple[str, Decimal], ...]:
    return tuple((label, row[name]) for label, name in wanted if row.get(name) is not None)


def _events(rows: list[Row], dated: str, event: Callable[[Row, date], Event]) -> list[Event]:
    known = [(row, _day(row.get(dated))) for row in rows]
    return [event(row, on) for row, on in known if on is not None]
