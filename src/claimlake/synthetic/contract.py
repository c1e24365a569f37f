"""What payers agreed to pay: the terms as a file, and the allowed amount a line should get."""

from dataclasses import dataclass, replace
from datetime import date

from claimlake.synthetic.claim import Line
from claimlake.synthetic.money import share
from claimlake.synthetic.procedure import IMAGING, LABORATORY, OFFICE_SERVICES, OFFICE_VISIT, Procedure
from claimlake.synthetic.profile import BEHAVIOUR, Profile, Unit

OLD_FROM = date(2024, 1, 1).toordinal()
NEW_FROM = date(2026, 1, 1).toordinal()
RAISE_PER_MILLE = 1_030
FEE_PERCENT = 85
"""A fee is this percentage of list price times the contracted rate."""
HOSPITAL_FEES = LABORATORY
GROUP_FEES = [*OFFICE_VISIT.options, *OFFICE_SERVICES, *LABORATORY, *IMAGING]


@dataclass(frozen=True, slots=True)
class Term:
    """One row of contract terms; effective dates are inclusive, effective_to None = open."""

    contract_id: str
    entity_id: str | None
    payer_id: str
    billing_type: str
    effective_from: int
    effective_to: int | None
    rate_method: str = "percent_of_charge"
    code: str | None = None
    rate_cents: int | None = None
    rate_per_million: int | None = None


class Contracts:
    """The contract terms of one tenant, with the expected allowed amount of a line."""

    def __init__(self, profile: Profile) -> None:
        self.terms: list[Term] = []
        self._fees: dict[tuple[str, str, bool, str], int] = {}
        self._rates: dict[tuple[str, str, bool], int] = {}
        for unit in profile.units:
            for payer_id in profile.payers:
                if payer_id in BEHAVIOUR:
                    self._agree(profile, unit, payer_id)

    def expected(self, entity_id: str, payer_id: str, line: Line) -> int | None:
        """The allowed cents of a line: fee times units capped at the charge, else a share of the charge."""
        is_new = line.day >= NEW_FROM
        fee = self._fees.get((entity_id, payer_id, is_new, line.code)) if line.code else None
        if fee is not None:
            return min(fee * line.units, line.charge)
        rate = self._rates.get((entity_id, payer_id, is_new))
        return None if rate is None else share(line.charge, rate, 1_000_000)

    def fee(self, entity_id: str, payer_id: str, day: int, code: str) -> int | None:
        """The fee of one unit of a code, where there is one."""
        return self._fees.get((entity_id, payer_id, day >= NEW_FROM, code))

    def _agree(self, profile: Profile, unit: Unit, payer_id: str) -> None:
        behaviour = BEHAVIOUR[payer_id]
        is_hospital = profile.entities[unit.entity_id].billing_type == "HB"
        rate = behaviour.hospital_rate if is_hospital else behaviour.fee_rate
        if rate == 0:
            return
        for is_new in (False, True):
            current = share(rate, RAISE_PER_MILLE, 1_000) if is_new else rate
            general = _general_term(unit, payer_id, current, is_hospital=is_hospital, is_new=is_new)
            self._rates[unit.entity_id, payer_id, is_new] = current
            self.terms.append(general)
            for procedure in HOSPITAL_FEES if is_hospital else GROUP_FEES:
                fee = share(procedure.price, current * FEE_PERCENT, 100_000_000)
                self._fees[unit.entity_id, payer_id, is_new, procedure.code] = fee
                self.terms.append(_fee_term(general, procedure, fee))


def _general_term(unit: Unit, payer_id: str, rate: int, *, is_hospital: bool, is_new: bool) -> Term:
    return Term(
        contract_id=f"C{unit.number}-{payer_id.upper()}-{2026 if is_new else 2024}",
        # A hospital signs for itself; the professional terms hold for every entity of the organisation.
        entity_id=unit.entity_id if is_hospital else None,
        payer_id=payer_id,
        billing_type="HB" if is_hospital else "PB",
        effective_from=NEW_FROM if is_new else OLD_FROM,
        effective_to=None if is_new else NEW_FROM - 1,
        rate_per_million=rate,
    )


def _fee_term(general: Term, procedure: Procedure, fee: int) -> Term:
    return replace(
        general, rate_method="fee_schedule", code=procedure.code, rate_cents=fee, rate_per_million=None
    )
