"""What payers agreed to pay: the terms as a file, and the allowed amount a line should get."""

from dataclasses import dataclass
from datetime import date

from claimlake.synthetic.money import share
from claimlake.synthetic.procedure import IMAGING, LABORATORY, OFFICE_SERVICES, OFFICE_VISIT, Procedure
from claimlake.synthetic.profile import BEHAVIOUR, Profile, Unit

OLD_FROM = date(2024, 1, 1).toordinal()
NEW_FROM = date(2026, 1, 1).toordinal()
RAISE_PER_MILLE = 1_030
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
    rate_method: str
    code: str | None
    rate_cents: int | None
    rate_per_million: int | None


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

    def expected(
        self, entity_id: str, payer_id: str, day: int, code: str, units: int, charge: int
    ) -> int | None:
        """The allowed cents of a line: fee × units capped at the charge, else a share of the charge."""
        is_new = day >= NEW_FROM
        fee = self._fees.get((entity_id, payer_id, is_new, code)) if code else None
        if fee is not None:
            return min(fee * units, charge)
        rate = self._rates.get((entity_id, payer_id, is_new))
        return None if rate is None else share(charge, rate, 1_000_000)

    def fee(self, entity_id: str, payer_id: str, day: int, code: str) -> int | None:
        """The fee of one unit of a code, where there is one."""
        return self._fees.get((entity_id, payer_id, day >= NEW_FROM, code))

    def _agree(self, profile: Profile, unit: Unit, payer_id: str) -> None:
        behaviour = BEHAVIOUR[payer_id]
        is_hospital = profile.entities[unit.entity_id].billing_type == "HB"
        rate = behaviour.hospital_rate if is_hospital else behaviour.fee_rate
        if rate == 0:
            return
        # A hospital signs for itself; the professional terms hold for every entity of the organisation.
        entity_id = unit.entity_id if is_hospital else None
        fees = HOSPITAL_FEES if is_hospital else GROUP_FEES
        for is_new in (False, True):
            current = share(rate, RAISE_PER_MILLE, 1_000) if is_new else rate
            self._rates[unit.entity_id, payer_id, is_new] = current
            self._term(unit, entity_id, payer_id, is_hospital, is_new, None, current)
            for procedure in fees:
                fee = share(procedure.price, current * 85, 100_000_000)
                self._fees[unit.entity_id, payer_id, is_new, procedure.code] = fee
                self._term(unit, entity_id, payer_id, is_hospital, is_new, procedure, fee)

    def _term(
        self, unit: Unit, entity_id: str | None, payer_id: str, is_hospital: bool, is_new: bool,
        procedure: Procedure | None, rate: int,
    ) -> None:  # fmt: skip
        self.terms.append(
            Term(
                contract_id=f"C{unit.number}-{payer_id.upper()}-{2026 if is_new else 2024}",
                entity_id=entity_id,
                payer_id=payer_id,
                billing_type="HB" if is_hospital else "PB",
                effective_from=NEW_FROM if is_new else OLD_FROM,
                effective_to=None if is_new else NEW_FROM - 1,
                rate_method="fee_schedule" if procedure else "percent_of_charge",
                code=procedure.code if procedure else None,
                rate_cents=rate if procedure else None,
                rate_per_million=None if procedure else rate,
            )
        )
