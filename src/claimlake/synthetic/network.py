"""The synthetic network: generate(out) writes everything two health systems would deliver, and the truth."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from claimlake.synthetic.account import Site, invent_accounts
from claimlake.synthetic.contract import Contracts
from claimlake.synthetic.delivery import Delivery
from claimlake.synthetic.dice import Dice
from claimlake.synthetic.emr import records, write_emr
from claimlake.synthetic.emr_citizens import citizens_tables
from claimlake.synthetic.emr_peterson import peterson_tables
from claimlake.synthetic.feed import write_sheets
from claimlake.synthetic.feed_citizens import citizens_sheets
from claimlake.synthetic.feed_peterson import peterson_sheets
from claimlake.synthetic.finance import general_ledger, write_finance
from claimlake.synthetic.history import History
from claimlake.synthetic.lifecycle import Lifecycle
from claimlake.synthetic.operation import operate
from claimlake.synthetic.patient import invent_patients
from claimlake.synthetic.profile import SYSTEMS, Profile, profile
from claimlake.synthetic.provider import staff
from claimlake.synthetic.remittance import gather_payments
from claimlake.synthetic.truth import write_truth
from claimlake.synthetic.witness import Witness
from claimlake.tenant import load_tenant
from claimlake.workspace import content_path

WEEKLY_BELOW_CLAIMS = 20_000
"""Smaller networks exchange files once a week, larger ones every business day."""
PATIENTS_PER_ACCOUNT = 0.45
DEFAULT_START = date(2025, 4, 1)
DEFAULT_UNTIL = date(2026, 9, 30)
EMR_TABLES = {"peterson_health": peterson_tables, "citizens_medical_center": citizens_tables}
FEED_SHEETS = {"peterson_health": peterson_sheets, "citizens_medical_center": citizens_sheets}


@dataclass(frozen=True)
class Generated:
    """What was written where."""

    out: Path
    counts: dict[str, int]
    """Rows of each truth table, and the number of files."""
    tenants: tuple[str, ...]
    truth: Path


def generate(  # noqa: PLR0913 - each is an option of its own
    out: Path,
    *,
    claims: int = 5000,
    seed: int = 42,
    start: date = DEFAULT_START,
    until: date = DEFAULT_UNTIL,
    progress: Callable[[str], None] | None = None,
) -> Generated:
    """Write landing files, EMRs, tenant files and the truth; the same arguments give the same bytes."""
    tell = progress or (lambda _: None)
    witness = Witness()
    files = 0
    for org_id in SYSTEMS:
        tenant_file = content_path() / "tenants" / f"{org_id}.yml"
        (out / "tenants").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tenant_file, out / "tenants" / tenant_file.name)
        found = profile(load_tenant(tenant_file))
        tell(f"{found.tenant.name}: inventing encounters")
        history = _live(found, claims, seed, start.toordinal(), until.toordinal())
        tell(f"{found.tenant.name}: writing files")
        files += _deliver(history, out, witness, seed)
    tell("writing the truth")
    write_truth(out / "truth", witness.tables)
    counts = {name: len(rows) for name, rows in witness.tables.items()}
    return Generated(out, counts | {"files": files}, tuple(SYSTEMS), out / "truth")


def _live(found: Profile, claims: int, seed: int, start: int, until: int) -> History:
    """Play one tenant from the first to the last day."""
    dice = Dice([seed, found.number])
    contracts = Contracts(found)
    history = History(found, contracts, start, until, is_weekly=claims < WEEKLY_BELOW_CLAIMS)
    for unit in found.units:
        history.providers[unit.entity_id] = staff(found, unit, dice)
    for source_id in dict.fromkeys(unit.source_id for unit in found.units):
        share = sum(unit.share for unit in found.units if unit.source_id == source_id)
        number = max(5, round(claims * share * PATIENTS_PER_ACCOUNT))
        streams = [seed, found.number, 1, sum(source_id.encode())]
        history.patients[source_id] = invent_patients(found, number, start, streams, dice)
    life = Lifecycle(history, dice)
    for unit in found.units:
        people, team = history.patients[unit.source_id], history.providers[unit.entity_id]
        site = Site(found, unit, people, team, contracts)
        number = max(1, round(claims * unit.share))
        accounts = invent_accounts(site, number, (start, until), [seed, found.number, 2, unit.number], dice)
        for account in accounts:
            life.play(account)
    return history


def _deliver(history: History, out: Path, witness: Witness, seed: int) -> int:
    """Write one tenant's files and databases; the number of files."""
    tenant = history.profile.tenant
    landing = out / "landing" / tenant.org_id
    payments = gather_payments(history)
    delivery = Delivery(history, landing / history.profile.edi_source)
    delivery.deliver(payments)
    ledger = general_ledger(history)
    files = delivery.files + write_finance(history, landing, ledger)
    for source_id in dict.fromkeys(unit.source_id for unit in history.profile.units):
        tables = EMR_TABLES[tenant.org_id](records(history, source_id))
        write_emr(out / "emr" / f"{source_id}.sqlite", tables)
    operations = operate(history, payments, seed)
    files += write_sheets(landing, FEED_SHEETS[tenant.org_id](history, operations))
    witness.testify(history, payments, ledger)
    witness.count_feeds(tenant.org_id, operations)
    return files
