"""Flat files of the finance office: contract terms, the monthly general ledger and work queues."""

import csv
from pathlib import Path

from claimlake.synthetic.calendar import american, iso, month_ends
from claimlake.synthetic.claim import Account, WorkEvent
from claimlake.synthetic.contract import Term
from claimlake.synthetic.history import History
from claimlake.synthetic.money import dollars, share
from claimlake.synthetic.profile import BEHAVIOUR
from claimlake.tenant import Payer

SELF_PAY_NET = 120_000
"""Share of self-pay charges the ledger books as net revenue, per million."""
SETTLEMENT_MONTH = 9
SETTLEMENT_CENTS = 3_150_000

GlRow = tuple[str, str, str, int, str, str, int, bool]
"""entity_id, billing_type, payer_class, month end, account, measure, cents, is_closed."""


def account_class(account: Account) -> str:
    """Payer class of an account: that of its primary coverage, else self pay."""
    return account.payer.payer_class if account.payer else "self_pay"


def net_rate(payer: Payer | None, billing_type: str) -> int:
    """Share of charges the ledger expects to collect, per million."""
    if payer is None:
        return SELF_PAY_NET
    behaviour = BEHAVIOUR[payer.payer_id]
    rate = behaviour.hospital_rate if billing_type == "HB" else behaviour.fee_rate
    return rate or 450_000


def general_ledger(history: History) -> list[GlRow]:
    """Month-end values per entity and payer class; the last month is still open."""
    ends = month_ends(history.start, history.until)
    flows = _flows(history, ends)
    rows: list[GlRow] = []
    for (entity_id, billing_type, payer_class), months in sorted(flows.items()):
        net_receivable = 0
        for end in ends:
            gross, revenue, change, bad_debt, charity, cash = months.get(end, [0] * 6)
            net_receivable += change
            values = [
                ("4000", "gross_revenue", gross),
                ("4100", "npsr", revenue - _settlement(payer_class, billing_type, end)),
                ("1200", "net_ar", net_receivable),
                ("5810", "bad_debt", bad_debt),
                ("5820", "charity", charity),
                ("1010", "cash", cash),
            ]
            rows += [
                (entity_id, billing_type, payer_class, end, account, measure, cents, end != ends[-1])
                for account, measure, cents in values
            ]
    return rows


def _settlement(payer_class: str, billing_type: str, end: int) -> int:
    """A prior-year cost report settlement that makes one month's revenue negative."""
    is_month = iso(end)[5:7] == f"{SETTLEMENT_MONTH:02d}" and iso(end) < "2026"
    return SETTLEMENT_CENTS if payer_class == "medicaid_ffs" and billing_type == "HB" and is_month else 0


def _flows(history: History, ends: list[int]) -> dict[tuple[str, str, str], dict[int, list[int]]]:
    flows: dict[tuple[str, str, str], dict[int, list[int]]] = {}
    month_of = _month_lookup(history, ends)
    for account in history.accounts:
        key = (account.unit.entity_id, account.billing_type, account_class(account))
        rate = net_rate(account.payer, account.billing_type)
        for line in account.lines:
            end = month_of.get(line.post_day)
            if end:
                values = flows.setdefault(key, {}).setdefault(end, [0] * 6)
                values[0] += line.charge
                values[1] += share(line.charge, rate, 1_000_000)
                values[2] += share(line.charge, rate, 1_000_000)
    for row in history.transactions:
        end = month_of.get(row.post_day)
        if row.account is None or not end:
            continue
        key = (row.account.unit.entity_id, row.account.billing_type, account_class(row.account))
        values = flows.setdefault(key, {}).setdefault(end, [0] * 6)
        rate = net_rate(row.account.payer, row.account.billing_type)
        sign = 1 if row.amount >= 0 else -1
        values[2] -= sign * share(abs(row.amount), rate, 1_000_000)
        values[3] += row.amount if row.writeoff_category == "bad_debt" else 0
        values[4] += row.amount if row.writeoff_category == "charity" else 0
        values[5] += row.amount if row.kind in ("payment", "refund") else 0
    return flows


def _month_lookup(history: History, ends: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    first = history.start
    for end in ends:
        for day in range(first, end + 1):
            found[day] = end
        first = end + 1
    return found


def write_finance(history: History, landing: Path, ledger: list[GlRow]) -> int:
    """Write the contract, ledger and work-queue files of one tenant; the number of files."""
    profile = history.profile
    finance = landing / profile.finance_source
    is_peterson = profile.tenant.org_id == "peterson_health"
    _write_terms(history, finance / "contract_terms.csv", history.contracts.terms, is_peterson=is_peterson)
    months = sorted({row[3] for row in ledger})
    for end in months:
        rows = [row for row in ledger if row[3] == end]
        _write_ledger(finance / f"gl_{iso(end)[:7]}.csv", rows, is_peterson=is_peterson)
    files = 1 + len(months)
    sources = sorted({unit.source_id for unit in profile.units})
    for source_id in sources:
        events = [event for event in history.work_events if event.account.unit.source_id == source_id]
        files += _write_queues(landing / source_id, events, is_peterson=is_peterson)
    return files


def _table(path: Path, delimiter: str, header: list[str], rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


TERM_HEADER = [
    "ContractID",
    "Entity",
    "PayerName",
    "BillingType",
    "EffectiveFrom",
    "EffectiveTo",
    "FilingDays",
    "Method",
    "ProcedureCode",
    "Fee",
    "PercentOfCharge",
]
SHORT_METHOD = {"fee_schedule": "FEE", "percent_of_charge": "PCT"}


def _write_terms(history: History, path: Path, terms: list[Term], *, is_peterson: bool) -> None:
    payers, code = history.profile.payers, history.profile.contract_code
    rows: list[list[object]] = [
        [
            term.contract_id,
            term.entity_id or "",
            payers[term.payer_id].identifiers[code],
            term.billing_type,
            iso(term.effective_from),
            iso(term.effective_to) if term.effective_to else "",
            90,
            term.rate_method if is_peterson else SHORT_METHOD[term.rate_method],
            term.code or "",
            dollars(term.rate_cents) if term.rate_cents is not None else "",
            f"{term.rate_per_million / 10_000:.4f}" if term.rate_per_million is not None else "",
        ]
        for term in terms
    ]
    _table(path, "," if is_peterson else "|", TERM_HEADER, rows)


def _write_ledger(path: Path, rows: list[GlRow], *, is_peterson: bool) -> None:
    if is_peterson:
        header = [
            "Entity",
            "BillingType",
            "PayerClass",
            "PeriodEnd",
            "GLAccount",
            "Figure",
            "Amount",
            "Closed",
        ]
        body: list[list[object]] = [
            [entity, kind, payer, iso(end), account, measure, dollars(cents), "Y" if closed else "N"]
            for entity, kind, payer, end, account, measure, cents, closed in rows
        ]
        _table(path, ",", header, body)
        return
    header = ["unit", "hb_pb", "fin_class", "month_end", "acct", "what", "usd", "status"]
    body = [
        [
            entity,
            kind,
            payer,
            american(end),
            account,
            measure.upper(),
            dollars(cents),
            "CLOSED" if closed else "OPEN",
        ]
        for entity, kind, payer, end, account, measure, cents, closed in rows
    ]
    _table(path, "|", header, body)


PETERSON_QUEUE = [
    "ItemId",
    "Event",
    "Queue",
    "ItemType",
    "EncounterId",
    "Account",
    "EventTime",
    "User",
    "Team",
    "Minutes",
]
CITIZENS_QUEUE = [
    "wq_item",
    "action",
    "queue_name",
    "kind",
    "visit",
    "acct",
    "action_time",
    "who",
    "team",
    "mins",
]


def _write_queues(folder: Path, events: list[WorkEvent], *, is_peterson: bool) -> int:
    months: dict[str, list[list[object]]] = {}
    for event in sorted(events, key=lambda event: (event.day, event.item)):
        months.setdefault(iso(event.day)[:7], []).append(
            [
                f"WQ{event.item}",
                event.kind if is_peterson else event.kind.upper(),
                f"{event.item_type} queue",
                event.item_type,
                encounter_id(event.account),
                event.account.account_id,
                f"{iso(event.day)} 10:{event.item % 60:02d}:00",
                f"user{event.item % 7 + 1}",
                event.team,
                event.minutes,
            ]
        )
    for month, rows in months.items():
        path = folder / "work_queue" / f"work_queue_{month}.csv"
        header = PETERSON_QUEUE if is_peterson else CITIZENS_QUEUE
        _table(path, "," if is_peterson else "|", header, rows)
    return len(months)


def encounter_id(account: Account) -> str:
    """The encounter id its EMR uses: a number at Peterson, V and eight digits at Citizens."""
    return str(account.number + 1_000_000) if account.unit.number < 4 else f"V{account.number:08d}"
