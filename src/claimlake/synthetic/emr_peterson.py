"""The Peterson EMR: numeric keys, ISO dates, positive credits, one table set per hospital database."""

from claimlake.synthetic.calendar import iso
from claimlake.synthetic.claim import Account, Transaction
from claimlake.synthetic.emr import Records, Table, Value, leave_minute
from claimlake.synthetic.finance import encounter_id
from claimlake.synthetic.money import dollars

AREAS = {"peterson_general": "GEN", "peterson_valley": "VAL", "peterson_physicians": "PPG"}
KINDS = {"payment": 1, "adjustment": 2, "refund": 3, "transfer": 4}
Rows = list[tuple[Value, ...]]
ACCESS_COLUMNS = (
    "EVENT_ID integer primary key",
    "EVENT_TYPE text",
    "ENC_ID integer",
    "PAYOR_CODE text",
    "EVENT_DTTM text",
    "STATUS text",
    "AUTH_NUM text",
    "REQUESTED_DTTM text",
    "DECIDED_DTTM text",
    "SERVICE_FROM text",
    "SERVICE_TO text",
    "UPDATE_DATE text",
)


def peterson_tables(source: Records) -> list[Table]:
    """The tables of one Peterson hospital's database."""
    return [
        _patients(source),
        _providers(source),
        _departments(source),
        _accounts(source),
        _coverages(source),
        _charges(source),
        _transactions(source),
        _access(source),
    ]


def _patients(source: Records) -> Table:
    return Table(
        "PATIENT",
        (
            "PAT_ID integer primary key",
            "PAT_FIRST_NAME text",
            "PAT_MIDDLE_NAME text",
            "PAT_LAST_NAME text",
            "BIRTH_DATE text",
            "SEX_C text",
            "ADD_LINE_1 text",
            "CITY text",
            "STATE_ABBR text",
            "ZIP text",
            "HOME_PHONE text",
            "UPDATE_DATE text",
        ),
        [
            (
                100_000 + person.number,
                person.first,
                person.middle,
                person.last,
                iso(person.birth_day),
                person.sex,
                person.street,
                source.profile.city,
                "TX",
                person.zip_code,
                person.phone,
                f"{iso(person.modified_day)} 08:00:00",
            )
            for person in source.patients
        ],
    )


def _providers(source: Records) -> Table:
    return Table(
        "CLARITY_SER",
        (
            "PROV_ID integer primary key",
            "NPI text",
            "PROV_NAME text",
            "TAXONOMY text",
            "SPECIALTY text",
            "DEPARTMENT_ID integer",
            "SERV_AREA text",
            "CLINICAL_FTE real",
            "PROV_TYPE text",
            "UPDATE_DATE text",
        ),
        [
            (
                int(item.provider_id),
                item.npi,
                f"{item.last}, {item.first}",
                item.department.taxonomy,
                item.department.specialty,
                int(item.department.department_id),
                AREAS[item.department.entity_id],
                item.fte / 100,
                "Physician" if item.kind == "physician" else "Nurse Practitioner",
                "2024-07-01 00:00:00",
            )
            for item in source.providers
        ],
    )


def _departments(source: Records) -> Table:
    return Table(
        "CLARITY_DEP",
        (
            "DEPARTMENT_ID integer primary key",
            "DEPARTMENT_NAME text",
            "FACILITY text",
            "SERV_AREA text",
            "SPECIALTY text",
            "SERVICE_LINE text",
        ),
        [
            (
                int(item.department_id),
                item.name,
                item.facility_id,
                AREAS[item.entity_id],
                item.specialty,
                item.service_line,
            )
            for item in dict.fromkeys(provider.department for provider in source.providers)
        ],
    )


def _at(day: int, minute: int) -> str:
    return f"{iso(day)} {minute // 60:02d}:{minute % 60:02d}:00"


def _accounts(source: Records) -> Table:
    columns = (
        "ENC_ID integer primary key",
        "HSP_ACCOUNT_ID integer",
        "PAT_ID integer",
        "SERV_AREA text",
        "FACILITY text",
        "DEPARTMENT_ID integer",
        "ATTENDING_ID integer",
        "ACCT_CLASS text",
        "BILL_TYPE text",
        "ADMIT_SOURCE_C text",
        "ADMIT_TYPE_C text",
        "ARRIVE_DTTM text",
        "ADM_DTTM text",
        "DISCH_DTTM text",
        "DISCH_DISP_C text",
        "SCHED_DTTM text",
        "FIN_CLASS text",
        "FINAL_DRG text",
        "PRIMARY_DX text",
        "CODED_DTTM text",
        "FINAL_BILL_DATE text",
        "AUTH_REQUIRED_YN text",
        "UPDATE_DATE text",
    )
    return Table("HSP_ACCOUNT", columns, [_account(source, account) for account in source.accounts])


def _account(source: Records, account: Account) -> tuple[Value, ...]:
    gone = account.discharge_day <= source.until
    bill = account.final_bill_day
    latest = bill or min(account.discharge_day, source.until)
    scheduled = account.encounter_class in ("outpatient", "office", "telehealth")
    is_bed = account.encounter_class in ("inpatient", "observation")
    payer = source.payer_code(account.payer) if account.payer else "SELF"
    return (
        int(encounter_id(account)),
        account.number,
        100_000 + account.patient.number,
        AREAS[account.unit.entity_id],
        account.facility_id,
        int(account.provider.department.department_id),
        int(account.provider.provider_id),
        account.encounter_class.title(),
        account.billing_type,
        "1",
        "1" if account.encounter_class == "emergency" else "3",
        _at(account.arrive_day, account.arrive_minute),
        _at(account.arrive_day, account.arrive_minute) if is_bed else None,
        _at(account.discharge_day, leave_minute(account)) if gone else None,
        "01" if gone else None,
        _at(account.arrive_day - 6, 480) if scheduled else None,
        payer,
        account.drg or None,
        account.diagnoses[0],
        _at(min(bill, account.discharge_day + 2), 900) if bill else None,
        iso(bill) if bill else None,
        "Y" if account.is_auth_required else "N",
        _at(latest, 1_380),
    )


def _coverages(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        for order, payer in enumerate((account.payer, account.secondary), start=1):
            if payer:
                member = account.patient.member_id + ("S" if order == 2 else "")
                rows.append(
                    (
                        len(rows) + 1,
                        100_000 + account.patient.number,
                        int(encounter_id(account)),
                        source.payer_code(payer),
                        f"{payer.identifiers[0]}-STD",
                        member,
                        f"GRP{payer.identifiers[0]}",
                        "18",
                        order,
                        "2024-01-01",
                        None,
                        _at(account.arrive_day, account.arrive_minute),
                    )
                )
    columns = (
        "COVERAGE_ID integer primary key",
        "PAT_ID integer",
        "ENC_ID integer",
        "PAYOR_CODE text",
        "PLAN_CODE text",
        "SUBSCR_NUM text",
        "GROUP_NUM text",
        "REL_C text",
        "FILING_ORDER integer",
        "EFF_DATE text",
        "TERM_DATE text",
        "UPDATE_DATE text",
    )
    return Table("COVERAGE", columns, rows)


def _charges(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        for line in account.lines:
            if line.post_day <= source.until:
                rows.append(
                    (
                        len(rows) + 1,
                        int(encounter_id(account)),
                        iso(line.day),
                        iso(line.post_day),
                        int(account.provider.department.department_id),
                        int(account.provider.provider_id),
                        line.revenue_code or None,
                        line.code or None,
                        line.modifier or None,
                        line.units,
                        dollars(line.charge),
                        _at(line.post_day, 1_320),
                    )
                )
    columns = (
        "CHG_ID integer primary key",
        "ENC_ID integer",
        "SERVICE_DATE text",
        "POST_DATE text",
        "DEPARTMENT_ID integer",
        "PROV_ID integer",
        "UB_REV_CODE text",
        "CPT_CODE text",
        "MODIFIER text",
        "QUANTITY integer",
        "TX_AMOUNT text",
        "UPDATE_DATE text",
    )
    return Table("TX_CHARGE", columns, rows)


def _transactions(source: Records) -> Table:
    columns = (
        "TX_ID integer primary key",
        "ENC_ID integer",
        "SERV_AREA text",
        "HSP_ACCOUNT_ID integer",
        "TX_TYPE_C integer",
        "PROC_CODE text",
        "PAYMENT_SOURCE text",
        "FILING_ORDER integer",
        "PAYOR_CODE text",
        "POST_DATE text",
        "DEPOSIT_DATE text",
        "TX_AMOUNT text",
        "PAY_METHOD text",
        "CHANNEL text",
        "EFT_TRACE text",
        "ADJ_TYPE text",
        "WRITEOFF_CAT text",
        "CAS_GROUP text",
        "CARC text",
        "REVERSED_TX_ID integer",
        "USER_ID text",
        "UPDATE_DATE text",
    )
    ordered = sorted(source.transactions, key=lambda row: row.number)
    return Table("TX_PAYADJ", columns, [_transaction(source, row) for row in ordered])


def _transaction(source: Records, row: Transaction) -> tuple[Value, ...]:
    account = row.account
    return (
        row.number,
        int(encounter_id(account)) if account else None,
        AREAS[row.unit.entity_id],
        account.number if account else None,
        KINDS[row.kind],
        row.code,
        row.source or None,
        {"P": 1, "S": 2, "T": 3}.get(row.sequence),
        source.payer_code(row.payer) if row.payer else None,
        iso(row.post_day),
        iso(row.deposit_day) if row.deposit_day else None,
        dollars(row.amount),
        row.method or None,
        row.channel or None,
        row.trace or None,
        row.adjustment_type or None,
        row.writeoff_category or None,
        row.group or None,
        row.carc or None,
        row.reverses,
        "ERA" if row.trace else "CLERK",
        _at(row.post_day, 1_350),
    )


def _access(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        if account.payer is None:
            continue
        encounter, code = int(encounter_id(account)), source.payer_code(account.payer)
        early = account.arrive_day - 2
        checked, nothing = _at(early, 540), [None] * 5
        rows.append((len(rows) + 1, "ELIG", encounter, code, checked, "active", *nothing, checked))
        if account.auth_status:
            decided = _at(early + 1, 600) if account.auth_status in ("approved", "denied") else None
            number = f"AU{account.number}" if account.auth_status == "approved" else None
            rows.append(
                (
                    len(rows) + 1,
                    "AUTH",
                    encounter,
                    code,
                    _at(early, 600),
                    account.auth_status,
                    number,
                    _at(early, 600),
                    decided,
                    iso(account.arrive_day),
                    iso(account.discharge_day),
                    decided or _at(early, 600),
                )
            )
    return Table("ACCESS_LOG", ACCESS_COLUMNS, rows)
