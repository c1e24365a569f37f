"""The Citizens EMR: lettered keys, eight-digit dates, coded values, credits stored as negative amounts."""

from claimlake.synthetic.calendar import american, compact
from claimlake.synthetic.claim import Account, Transaction
from claimlake.synthetic.emr import Records, Table, Value, leave_minute
from claimlake.synthetic.finance import encounter_id
from claimlake.synthetic.money import dollars

CLASSES = {
    "inpatient": "I",
    "observation": "OBS",
    "emergency": "E",
    "outpatient": "O",
    "office": "C",
    "telehealth": "T",
}
CORPORATIONS = {"citizens_hospital": "CMC", "citizens_clinic": "CLN"}
KINDS = {"payment": "PMT", "adjustment": "ADJ", "refund": "RFD", "transfer": "TRF"}
CATEGORIES = {
    "none": "CON",
    "denial": "DEN",
    "timely_filing": "TFL",
    "bad_debt": "BAD",
    "charity": "CHR",
    "uninsured_discount": "UID",
    "small_balance": "SML",
}
AUTHORIZATIONS = {"approved": "A", "denied": "X", "pending": "P", "not_required": "N"}
Rows = list[tuple[Value, ...]]
ACTIVITY_COLUMNS = (
    "ActivityId text primary key",
    "VisitId text",
    "Kind text",
    "InsMnemonic text",
    "OccurredAt text",
    "Status text",
    "AuthNo text",
    "RequestedAt text",
    "DecidedAt text",
    "LastEdited text",
)


def citizens_tables(source: Records) -> list[Table]:
    """The tables of the Citizens database."""
    return [
        _patients(source),
        _providers(source),
        _departments(source),
        _visits(source),
        _insurances(source),
        _charges(source),
        _receipts(source),
        _activities(source),
    ]


def _patients(source: Records) -> Table:
    return Table(
        "AdmPatient",
        (
            "UnitNumber text primary key",
            "NameLast text",
            "NameFirst text",
            "MiddleInitial text",
            "Birthdate text",
            "Gender text",
            "Street text",
            "CityName text",
            "StateCode text",
            "PostalCode text",
            "PhoneNo text",
            "LastEdited text",
        ),
        [
            (
                f"M{person.number:06d}",
                person.last,
                person.first,
                person.middle,
                american(person.birth_day),
                "2" if person.sex == "F" else "1",
                person.street,
                source.profile.city,
                "TX",
                person.zip_code,
                person.phone,
                _stamp(person.modified_day, 480),
            )
            for person in source.patients
        ],
    )


def _providers(source: Records) -> Table:
    return Table(
        "MisProvider",
        (
            "Mnemonic text primary key",
            "NationalId text",
            "FullName text",
            "Taxonomy text",
            "Service text",
            "LocationId text",
            "Corp text",
            "FtePercent integer",
            "Kind text",
            "LastEdited text",
        ),
        [
            (
                f"DR{item.provider_id}",
                item.npi,
                f"{item.first} {item.last}",
                item.department.taxonomy,
                item.department.specialty,
                f"L{item.department.department_id}",
                CORPORATIONS[item.department.entity_id],
                item.fte,
                "MD" if item.kind == "physician" else "NP",
                "20240701000000",
            )
            for item in source.providers
        ],
    )


def _departments(source: Records) -> Table:
    return Table(
        "MisLocation",
        (
            "LocationId text primary key",
            "Name text",
            "Site text",
            "Corp text",
            "Service text",
            "ServiceLine text",
        ),
        [
            (
                f"L{item.department_id}",
                item.name,
                item.facility_id,
                CORPORATIONS[item.entity_id],
                item.specialty,
                item.service_line,
            )
            for item in dict.fromkeys(provider.department for provider in source.providers)
        ],
    )


def _stamp(day: int, minute: int) -> str:
    return f"{compact(day)}{minute // 60:02d}{minute % 60:02d}00"


def _visits(source: Records) -> Table:
    columns = (
        "VisitId text primary key",
        "AccountNumber text",
        "UnitNumber text",
        "Corp text",
        "Site text",
        "LocationId text",
        "AttendMnemonic text",
        "PatientClass text",
        "AdmitSource text",
        "Arrival text",
        "Admit text",
        "Discharge text",
        "Disposition text",
        "Scheduled text",
        "FinClass text",
        "Drg text",
        "PrincipalDx text",
        "Coded text",
        "FinalBill text",
        "NeedsAuth integer",
        "LastEdited text",
    )
    return Table("AdmVisit", columns, [_visit(source, account) for account in source.accounts])


def _visit(source: Records, account: Account) -> tuple[Value, ...]:
    gone = account.discharge_day <= source.until
    bill = account.final_bill_day
    latest = bill or min(account.discharge_day, source.until)
    is_bed = account.encounter_class in ("inpatient", "observation")
    arrival = _stamp(account.arrive_day, account.arrive_minute)
    scheduled = account.encounter_class in ("outpatient", "office", "telehealth")
    return (
        encounter_id(account),
        account.account_id,
        f"M{account.patient.number:06d}",
        CORPORATIONS[account.unit.entity_id],
        account.facility_id,
        f"L{account.provider.department.department_id}",
        f"DR{account.provider.provider_id}",
        CLASSES[account.encounter_class],
        "1",
        arrival,
        arrival if is_bed else None,
        _stamp(account.discharge_day, leave_minute(account)) if gone else None,
        "01" if gone else None,
        _stamp(account.arrive_day - 6, 480) if scheduled else None,
        source.payer_code(account.payer) if account.payer else "S",
        account.drg or None,
        account.diagnoses[0],
        _stamp(min(bill, account.discharge_day + 2), 900) if bill else None,
        american(bill) if bill else None,
        int(account.is_auth_required),
        _stamp(latest, 1_380),
    )


def _insurances(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        for order, payer in enumerate((account.payer, account.secondary), start=1):
            if payer:
                policy = account.patient.member_id + ("S" if order == 2 else "")
                rows.append(
                    (
                        f"{encounter_id(account)}-{order}",
                        encounter_id(account),
                        f"M{account.patient.number:06d}",
                        source.payer_code(payer),
                        policy,
                        f"GRP{payer.identifiers[0]}",
                        order,
                        "20240101",
                        _stamp(account.arrive_day, account.arrive_minute),
                    )
                )
    columns = (
        "InsId text primary key",
        "VisitId text",
        "UnitNumber text",
        "InsMnemonic text",
        "PolicyNo text",
        "GroupNo text",
        "Seq integer",
        "Effective text",
        "LastEdited text",
    )
    return Table("AdmInsurance", columns, rows)


def _charges(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        for line in account.lines:
            if line.post_day <= source.until:
                code = f"{line.code}-{line.modifier}" if line.modifier else line.code
                rows.append(
                    (
                        f"{encounter_id(account)}-C{line.number}",
                        encounter_id(account),
                        compact(line.day),
                        compact(line.post_day),
                        f"DR{account.provider.provider_id}",
                        line.revenue_code or None,
                        code or None,
                        line.units,
                        dollars(line.charge),
                        _stamp(line.post_day, 1_320),
                    )
                )
    columns = (
        "ChargeId text primary key",
        "VisitId text",
        "SvcDate text",
        "PostDate text",
        "Mnemonic text",
        "RevCode text",
        "ProcCode text",
        "Qty integer",
        "Amt text",
        "LastEdited text",
    )
    return Table("BarCharge", columns, rows)


def _receipts(source: Records) -> Table:
    columns = (
        "ReceiptId text primary key",
        "VisitId text",
        "Corp text",
        "AccountNumber text",
        "TxnType text",
        "TxnCode text",
        "Source text",
        "Seq text",
        "InsMnemonic text",
        "PostDate text",
        "DepositDate text",
        "Amt text",
        "Method text",
        "Channel text",
        "CheckNo text",
        "AdjClass text",
        "WoReason text",
        "GroupReason text",
        "ReversesId text",
        "LastEdited text",
    )
    ordered = sorted(source.transactions, key=lambda row: row.number)
    return Table("BarReceipt", columns, [_receipt(source, row) for row in ordered])


def _receipt(source: Records, row: Transaction) -> tuple[Value, ...]:
    account = row.account
    return (
        f"R{row.number:08d}",
        encounter_id(account) if account else None,
        CORPORATIONS[row.unit.entity_id],
        account.account_id if account else None,
        KINDS[row.kind],
        row.code,
        {"payer": "I", "patient": "P"}.get(row.source),
        row.sequence[:1].upper() if row.kind == "payment" else None,
        source.payer_code(row.payer) if row.payer else None,
        compact(row.post_day),
        compact(row.deposit_day) if row.deposit_day else None,
        dollars(-row.amount),
        row.method.upper() or None,
        row.channel or None,
        row.trace or None,
        row.adjustment_type[:1].upper() or None,
        CATEGORIES[row.writeoff_category] if row.writeoff_category else None,
        f"{row.group}{row.carc}" if row.carc else None,
        f"R{row.reverses:08d}" if row.reverses else None,
        _stamp(row.post_day, 1_350),
    )


def _activities(source: Records) -> Table:
    rows: Rows = []
    for account in source.accounts:
        if account.payer is None:
            continue
        visit, code = encounter_id(account), source.payer_code(account.payer)
        early = account.arrive_day - 1
        rows.append(
            (f"{visit}-EL", visit, "270", code, _stamp(early, 540), "1", None, None, None, _stamp(early, 540))
        )
        if account.auth_status:
            number = f"AU{account.number}" if account.auth_status == "approved" else None
            decided = _stamp(early, 660) if account.auth_status in ("approved", "denied") else None
            status = AUTHORIZATIONS[account.auth_status]
            rows.append(
                (
                    f"{visit}-AU",
                    visit,
                    "278",
                    code,
                    _stamp(early, 600),
                    status,
                    number,
                    _stamp(early, 600),
                    decided,
                    decided or _stamp(early, 600),
                )
            )
    return Table("AdmActivity", ACTIVITY_COLUMNS, rows)
