"""What the tenant has: months of data, settings, and the values and names of each filter."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from claimlake.access.session import Session
from claimlake.metrics.period import Period, months
from claimlake.serve.filter import COLUMNS, SETTINGS, Filters, month_text
from claimlake.serve.number import words

NAME_TABLES = {
    "entity": (
        ("gold.dim_entity", "entity_id", "entity_name"),
        ("reference.entity", "entity_id", "entity_name"),
    ),
    "payer": (("gold.dim_payer", "payer_id", "payer_name"), ("reference.payer", "payer_id", "payer_name")),
    "department": (("gold.dim_department", "department_id", "department_name"),),
}
DATED = (
    ("gold.daily_financials", "date"),
    ("gold.fact_ar_snapshot", "snapshot_date"),
    ("gold.fact_claim", "first_submission_date"),
)
"""Tables whose dates say how far the data reaches, best first."""


@dataclass(frozen=True)
class Scope:
    """The filters a tenant can choose from."""

    organisation: str
    months: tuple[Period, ...]
    horizon: date | None
    """Last day with data."""
    settings: tuple[str, ...]
    options: dict[str, dict[str, str]]
    """Dimension → value → name, in reading order."""
    reasons: dict[str, str]
    """CARC → short label."""

    def name(self, dimension: str, value: str | None) -> str:
        """The name of a dimension's value; a missing one reads Not assigned."""
        if value in (None, ""):
            return "Not assigned"
        known = self.options.get(dimension, {})
        return known.get(str(value)) or (words(str(value)) if dimension == "payer_class" else str(value))

    def settled(self, filters: Filters) -> Filters:
        """The filters with month (latest complete one) and setting (hospital first) filled in."""
        setting = filters.setting or (self.settings[0] if self.settings else "hospital")
        month = filters.month or (month_text(self._default_month().start) if self.months else "2000-01")
        return replace(filters, setting=setting, month=month)

    def _default_month(self) -> Period:
        complete = [period for period in self.months if self.horizon and period.end <= self.horizon]
        return complete[-1] if complete else self.months[-1]


def load_scope(session: Session) -> Scope:
    """The scope of a session's tenant."""
    first, horizon = _reach(session)
    return Scope(
        organisation=_organisation(session),
        months=tuple(months(first, horizon)) if first and horizon else (),
        horizon=horizon,
        settings=_settings(session),
        options={dimension: _options(session, dimension) for dimension in COLUMNS},
        reasons=load_reasons(session),
    )


def load_reasons(session: Session) -> dict[str, str]:
    """CARC → short label; empty when the code set is not published."""
    if "short_label" not in session.columns("reference.carc"):
        return {}
    rows = session.rows("select carc, short_label from reference.carc")
    return {str(row["carc"]): str(row["short_label"]) for row in rows}


def _reach(session: Session) -> tuple[date | None, date | None]:
    for table, column in DATED:
        if column in session.columns(table):
            row = session.rows(f"select min({column}) as first, max({column}) as last from {table}")[0]
            if row["first"]:
                return row["first"], min(row["last"], date.today() + timedelta(days=1))
    return None, None


def _organisation(session: Session) -> str:
    if "org_name" not in session.columns("reference.organization"):
        return session.org_id
    rows = session.rows("select org_name from reference.organization")
    return str(rows[0]["org_name"]) if rows else session.org_id


def _settings(session: Session) -> tuple[str, ...]:
    if "gold.fact_claim" not in session.tables:
        return ()
    found = {row["billing_type"] for row in session.rows("select distinct billing_type from gold.fact_claim")}
    return tuple(setting for setting, code in SETTINGS.items() if code in found)


def _options(session: Session, dimension: str) -> dict[str, str]:
    for table, key, name in NAME_TABLES.get(dimension, ()):
        if table in session.tables:
            rows = session.rows(
                f"select {key} as value, max({name}) as name from {table} group by {key} order by 2, 1"
            )
            return {row["value"]: row["name"] or row["value"] for row in rows if row["value"]}
    column = COLUMNS[dimension]
    if column not in session.columns("gold.fact_claim"):
        return {}
    rows = session.rows(f"select distinct {column} as value from gold.fact_claim order by 1")
    return {row["value"]: words(row["value"]) for row in rows if row["value"]}
