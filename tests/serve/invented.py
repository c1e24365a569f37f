"""A small lake of two invented tenants, as a run leaves it, with the X12 bytes behind every claim."""

import hashlib
import json
from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import yaml

from claimlake.access.user import add_user
from claimlake.lake.snapshot import publish
from claimlake.lake.table import Lake
from claimlake.workspace import Workspace

ORGS = {"north_valley": "North Valley Health", "harbor_clinic": "Harbor Clinic"}
PAYERS = (
    ("evergreen", "Evergreen Mutual", "commercial", 9),
    ("blue_ridge", "Blue Ridge Plan", "commercial", 13),
    ("medicare_a", "Medicare", "medicare_ffs", 5),
    ("sunrise_ma", "Sunrise Advantage", "medicare_advantage", 17),
    ("state_mcd", "State Medicaid Care", "medicaid_managed", 15),
)
DEPARTMENTS = (
    ("cardio", "Cardiology"),
    ("ortho", "Orthopedics"),
    ("imaging", "Imaging"),
    ("emerg", "Emergency"),
)
REASONS = (
    ("authorization", "197", "front"),
    ("eligibility", "27", "front"),
    ("documentation", "16", "mid"),
    ("medical_necessity", "50", "mid"),
    ("bundling", "97", "back"),
    ("timely_filing", "29", "back"),
)
LABELS = {
    "197": "Precertification or notification absent",
    "27": "Expenses after coverage ended",
    "16": "Claim lacks information",
    "50": "Not medically necessary",
    "97": "Included in another service",
    "29": "Time limit for filing expired",
    "45": "Above fee schedule",
}
BUCKETS = ("0-30", "31-60", "61-90", "91-120", "121-180", "181-365", "366+")
ENDS = (30, 60, 90, 120, 180, 365)
FIRST = date(2025, 6, 1)
MONTHS = 14
PASSWORD = "correct horse battery"
USERS = (
    ("vera", "north_valley", "viewer"),
    ("ana", "north_valley", "analyst"),
    ("bill", "north_valley", "biller"),
    ("root", "north_valley", "admin"),
    ("hugo", "harbor_clinic", "biller"),
)
PATIENT = ("Quill", "Orla")
TABLES: dict[str, dict[str, str]] = yaml.safe_load((Path(__file__).parent / "tables.yml").read_text())
Rows = dict[str, list[dict[str, Any]]]


def build_workspace(path: Path, claims_per_month: int = 6) -> Workspace:
    """A workspace with both tenants published and their users."""
    workspace = Workspace.create(path)
    rows: Rows = defaultdict(list)
    rows["reference.carc"] = [{"carc": carc, "short_label": label} for carc, label in LABELS.items()]
    for number, org_id in enumerate(ORGS):
        Tenant(workspace, org_id, Random(number + 1), rows).invent(claims_per_month)
    publish_rows(workspace, rows)
    for name, org_id, role in USERS:
        add_user(workspace, name, org_id=org_id, role=role, password=PASSWORD)
    return workspace


def publish_rows(workspace: Workspace, rows: Rows) -> None:
    """Replace every table of TABLES by the rows and publish one snapshot."""
    lake, versions = Lake(workspace.lake_path), {}
    file = workspace.path / "rows.json"
    for table, columns in TABLES.items():
        file.write_text("\n".join(json.dumps(row, default=str) for row in rows.get(table, [])))
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        sql = f"select * from read_json('{file}', format = 'newline_delimited', columns = {{{kinds}}})"
        with duckdb.connect() as connection:
            partition = ("org_id",) if "org_id" in columns else ()
            versions[table] = lake.replace(table, connection.sql(sql), partition_by=partition)
    file.unlink()
    publish(workspace, versions)


def key(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def bucket(age: int) -> str:
    return BUCKETS[sum(age > end for end in ENDS)]


def month_start(number: int) -> date:
    year, month = divmod(FIRST.year * 12 + FIRST.month - 1 + number, 12)
    return date(year, month + 1, 1)


class Tenant:
    """Invents one tenant's history into `rows`."""

    def __init__(self, workspace: Workspace, org_id: str, dice: Random, rows: Rows) -> None:
        self.workspace, self.org_id, self.dice, self.rows = workspace, org_id, dice, rows
        self.accounts: list[dict[str, Any]] = []
        self.segments: list[str] = []
        self.sent: list[tuple[str, dict[str, Any], int, int]] = []

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        row = {"org_id": self.org_id, **values}
        self.rows[table].append(row)
        return row

    def invent(self, claims_per_month: int) -> None:
        self.add("reference.organization", org_name=ORGS[self.org_id])
        for payer_id, name, payer_class, _ in PAYERS:
            self.add("gold.dim_payer", payer_id=payer_id, payer_name=name, payer_class=payer_class)
        for department_id, name in DEPARTMENTS:
            self.add("gold.dim_department", department_id=department_id, department_name=name)
        for entity, name in (("general", "General Hospital"), ("physicians", "Physician Group")):
            self.add("gold.dim_entity", entity_id=f"{self.org_id}_{entity}", entity_name=name)
        sender, receiver = "PAYER".ljust(15), "HOSPITAL".ljust(15)
        self.text = (
            f"ISA*00*{'':10}*00*{'':10}*ZZ*{sender}*ZZ*{receiver}*260101*0900*^*00501*000000001*0*P*:~\n"
        )
        for number in range(MONTHS):
            for place in range(claims_per_month * 2):
                self.claim(number, place, "HB" if place % 2 else "PB")
        self.store_file()
        for number in range(1, MONTHS):
            self.month_end(number)

    def claim(self, number: int, place: int, billing_type: str) -> None:
        dice = self.dice
        payer_id, _, payer_class, denial_percent = dice.choice(PAYERS)
        department_id = dice.choice(DEPARTMENTS)[0]
        start = month_start(number)
        service = start + timedelta(dice.randrange(28))
        submitted, remitted = service + timedelta(5), service + timedelta(5 + dice.randrange(14, 45))
        charge = (
            Decimal(dice.randrange(9_000, 400_000) if billing_type == "HB" else dice.randrange(900, 9_000))
            / 10
        )
        expected = (charge * Decimal("0.4")).quantize(Decimal("0.01"))
        is_denied = dice.randrange(100) < denial_percent + number // 3
        category, carc, stage = dice.choices(REASONS, weights=(30, 24, 16, 14, 10, 6))[0]
        entity = f"{self.org_id}_{'general' if billing_type == 'HB' else 'physicians'}"
        claim_key = key(self.org_id, number, place)
        dims = {
            "entity_id": entity,
            "facility_id": "main",
            "department_id": department_id,
            "provider_id": "p1",
            "payer_id": payer_id,
            "payer_class": payer_class,
            "billing_type": billing_type,
            "claim_key": claim_key,
        }
        paid = Decimal(0) if is_denied else expected
        claim_id = f"{self.org_id[:2].upper()}{number:02d}{place:04d}"
        account = {
            **dims,
            "account_key": key("account", claim_key),
            "service": service,
            "submitted": submitted,
            "remitted": remitted,
            "charge": charge,
            "expected": expected,
            "is_denied": is_denied,
            "paid_on": remitted + timedelta(dice.randrange(3, 150 if is_denied else 40)),
        }
        self.accounts.append(account)
        denied = charge if is_denied else Decimal(0)
        self.add(
            "gold.fact_claim",
            **dims,
            account_key=account["account_key"],
            patient_key=key("patient", claim_key),
            claim_id=claim_id,
            claim_type="institutional" if billing_type == "HB" else "professional",
            payer_sequence="P",
            encounter_class="inpatient" if place % 3 == 0 else "outpatient",
            claim_status="denied" if is_denied else "paid",
            service_from_date=service,
            service_to_date=service,
            first_submission_date=submitted,
            first_remit_date=remitted,
            total_charge_amount=charge,
            expected_allowed_amount=expected,
            payer_paid_amount=paid,
            patient_resp_amount=0,
            initial_denied_charge_amount=denied,
            initial_denied_expected_amount=expected if is_denied else 0,
            is_initial_denied=is_denied,
            initial_denial_date=remitted if is_denied else None,
            initial_denial_category=category if is_denied else None,
            initial_denial_stage=stage if is_denied else None,
            auth_required=place % 3 == 0,
            is_status_denied=is_denied and carc == "50",
        )
        self.add(
            "gold.fact_remit_claim",
            **dims,
            claim_payment_key=key("clp", claim_key),
            remit_date=remitted,
            payer_sequence="P",
            clp_status_code="4" if is_denied else "1",
            is_adjudication=True,
            is_first_remit=True,
            is_denied=is_denied,
            is_duplicate_denial=False,
            is_zero_pay=is_denied,
            is_partial_denied=False,
            denial_category=category if is_denied else None,
            charge_amount=charge,
            paid_amount=paid,
        )
        self.add(
            "gold.fact_claim_line",
            **dims,
            line_key=key("line", claim_key),
            first_remit_date=remitted,
            procedure_code="99213",
            units=1,
            expected_allowed_amount=expected,
            is_denied_first=is_denied,
            first_denial_category=category if is_denied else None,
            first_denial_carc=carc if is_denied else None,
            is_em=True,
            is_downcoded=False,
            is_repriced=True,
        )
        if is_denied:
            self.add(
                "gold.fact_denial",
                **dims,
                denial_key=key("denial", claim_key),
                opened_date=remitted,
                denial_category=category,
                carc=carc,
                denial_origin="first_pass",
                is_initial=True,
                is_rfi=category == "documentation",
                denied_charge_amount=denied,
                denied_expected_amount=expected,
                first_action_date=remitted + timedelta(6),
                days_to_first_action=4,
                resolved_date=account["paid_on"],
                resolution=dice.choice(["paid", "paid", "written_off", "patient_resp"]),
            )
        self.transmissions(account, claim_id, carc, category)

    def transmissions(self, account: dict[str, Any], claim_id: str, carc: str, category: str) -> None:
        claim_key, charge, is_denied = account["claim_key"], account["charge"], account["is_denied"]
        paid = Decimal(0) if is_denied else account["expected"]
        reduction = charge - paid
        submission = self.add(
            "silver.claim_submission",
            submission_key=key("sub", claim_key),
            claim_key=claim_key,
            submission_number=1,
            frequency_code="1",
            submitted_at=f"{account['submitted']} 08:30:00",
            total_charge_amount=charge,
        )
        self.extent(
            submission,
            [
                f"CLM*{claim_id}*{charge}***11:B:1*Y*A*Y*Y",
                f"NM1*QC*1*{PATIENT[0]}*{PATIENT[1]}****MI*M{claim_id}",
            ],
        )
        self.add("silver.claim", claim_key=claim_key, claim_id=claim_id, account_key=account["account_key"])
        ack = self.add(
            "silver.claim_ack_event",
            ack_event_key=key("ack", claim_key),
            claim_key=claim_key,
            ack_type="277ca",
            ack_source="payer",
            category_code="A2",
            status_code="20",
            entity_code="PR",
            received_at=f"{account['submitted'] + timedelta(2)} 10:00:00",
            is_rejected=False,
            is_accepted_adjudication=True,
        )
        self.extent(ack, [f"TRN*2*{claim_id}", f"STC*A2:20:PR*{account['submitted']:%Y%m%d}*WQ*{charge}"])
        payment = self.add(
            "silver.claim_payment",
            claim_payment_key=key("clp", claim_key),
            claim_key=claim_key,
            clp_status_code="4" if is_denied else "1",
            charge_amount=charge,
            paid_amount=paid,
            patient_resp_amount=0,
            denied_amount=charge if is_denied else 0,
            is_reversal=False,
        )
        code = carc if is_denied else "45"
        self.extent(
            payment,
            [
                f"CLP*{claim_id}*{4 if is_denied else 1}*{charge}*{paid}*0*MC*PCN{claim_id}*11*1",
                f"CAS*CO*{code}*{reduction}",
                f"NM1*QC*1*{PATIENT[0]}*{PATIENT[1]}****MI*M{claim_id}",
                f"DTM*232*{account['service']:%Y%m%d}",
            ],
        )
        self.add(
            "silver.claim_adjustment",
            claim_adjustment_key=key("cas", claim_key),
            claim_payment_key=key("clp", claim_key),
            level="claim",
            group_code="CO",
            carc=code,
            amount=reduction,
            denial_category=category if is_denied else None,
            is_denial=is_denied,
        )
        if not is_denied:
            self.add(
                "silver.payment",
                payment_key=key("pay", claim_key),
                account_key=account["account_key"],
                claim_key=claim_key,
                payment_source="payer",
                post_date=account["paid_on"],
                amount=paid,
            )

    def extent(self, row: dict[str, Any], segments: list[str]) -> None:
        body = "".join(f"{segment}~\n" for segment in segments)
        self.sent.append(("", row, len(self.text), len(body)))
        self.text += body

    def store_file(self) -> None:
        content = (self.text + "IEA*1*000000001~\n").encode()
        file_id = hashlib.sha256(content).hexdigest()
        folder = self.workspace.files_path / self.org_id
        folder.mkdir(parents=True)
        (folder / file_id).write_bytes(content)
        self.add("bronze.x12_interchange", file_id=file_id, source_file="edi/2026/all.x12", interchange_no=1)
        for _, row, offset, length in self.sent:
            row["source_record_id"] = f"{file_id}@{offset}+{length}"
        row_file = key("patients", self.org_id)
        self.add(
            "bronze.emr_patients",
            file_id=row_file,
            source_file="emr/patients.csv",
            source_row=7,
            sex="F",
            raw=json.dumps({"name": PATIENT[0]}),
            patient_id="MRN0007",
            first_name=PATIENT[1],
            last_name=PATIENT[0],
            birth_date=date(1951, 4, 3),
            zip="60614",
        )
        self.add(
            "silver.patient",
            patient_key=key("p", self.org_id),
            patient_id="MRN0007",
            first_name=PATIENT[1],
            last_name=PATIENT[0],
            birth_date=date(1951, 4, 3),
            zip="60614",
        )

    def month_end(self, number: int) -> None:
        start = month_start(number)
        end = start.replace(day=monthrange(start.year, start.month)[1])
        for billing_type in ("HB", "PB"):
            own = [account for account in self.accounts if account["billing_type"] == billing_type]
            open_ones = [account for account in own if account["service"] <= end < account["paid_on"]]
            for account in open_ones:
                self.balance(account, end)
            charges = sum((item["charge"] for item in own if start <= item["service"] <= end), Decimal(0))
            total = sum((account["charge"] for account in open_ones), Decimal(0))
            entity = f"{self.org_id}_{'general' if billing_type == 'HB' else 'physicians'}"
            self.add(
                "gold.daily_financials",
                entity_id=entity,
                billing_type=billing_type,
                payer_class="commercial",
                date=end,
                total_charges=charges,
                net_patient_service_revenue=charges * Decimal("0.4"),
                total_collections=charges * Decimal("0.37"),
                total_ar=total,
                net_ar=total * Decimal("0.4"),
                credit_balance=total / 100,
                unapplied_cash=charges / 200,
                dnfb_amount=charges / 6,
                fbns_amount=charges / 40,
                unbilled_amount=charges / 20,
            )
            self.add(
                "gold.fact_provider_month",
                entity_id=entity,
                department_id="cardio",
                provider_id="p1",
                billing_type=billing_type,
                period_month=end,
                clinical_fte=Decimal("2.5"),
                is_physician=True,
            )

    def balance(self, account: dict[str, Any], end: date) -> None:
        age = (end - account["service"]).days
        dims = {
            name: account[name]
            for name in (
                "entity_id",
                "facility_id",
                "department_id",
                "provider_id",
                "payer_id",
                "payer_class",
                "billing_type",
                "claim_key",
                "account_key",
            )
        }
        waiting = "dnfb" if end < account["submitted"] else "insurance"
        before = bucket(age - end.day) if age >= end.day else None
        self.add(
            "gold.fact_ar_snapshot",
            **dims,
            snapshot_date=end,
            ar_bucket=waiting,
            is_billed=waiting == "insurance",
            is_insurance=waiting == "insurance",
            balance_amount=account["charge"],
            debit_balance_amount=account["charge"],
            credit_balance_amount=0,
            expected_net_amount=account["expected"],
            age_from_service=age,
            age_from_discharge=age,
            bucket_service=bucket(age),
            bucket_discharge=bucket(age),
            prior_bucket_discharge=before,
            prior_balance_amount=account["charge"] if before else None,
            days_since_submission=(end - account["submitted"]).days,
            days_since_payer_response=age // 2,
            days_since_followup=age // 3,
            is_denied_open=account["is_denied"] and account["remitted"] <= end,
        )
