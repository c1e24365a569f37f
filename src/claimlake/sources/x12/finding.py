"""What the reader found wrong: a rule, how bad, where, and one plain sentence without any patient in it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["warn", "quarantine", "fail"]


@dataclass(frozen=True)
class Rule:
    """A rule of the envelope, the syntax or the balance, and what breaking it means."""

    code: str
    severity: Severity
    about: str


RULES = {
    rule.code: rule
    for rule in (
        Rule("X12-00", "warn", "the transaction set is one that is supported"),
        Rule("X12-01", "warn", "SE01 is the number of segments from ST to SE"),
        Rule("X12-02", "warn", "SE02 repeats the control number of ST02"),
        Rule("X12-03", "warn", "GE01 is the number of transactions of the group, GE02 repeats GS06"),
        Rule("X12-04", "warn", "IEA01 is the number of groups of the interchange, IEA02 repeats ISA13"),
        Rule(
            "X12-05",
            "warn",
            "every transaction ends with SE, every group with GE, every interchange with IEA",
        ),
        Rule("X12-06", "quarantine", "a transaction without SE is whole: its amounts add up"),
        Rule("X12-07", "quarantine", "a transaction has the segments without which it cannot be read"),
        Rule(
            "X12-08",
            "quarantine",
            "an amount of a claim, a line or a payment is a decimal number with at most two decimals",
        ),
        Rule(
            "X12-09",
            "warn",
            "any other value is written as its format says, and a text has at most 1,024 bytes",
        ),
        Rule("X12-10", "quarantine", "the values that its rows repeat are not many times the transaction"),
        Rule("X12-11", "warn", "a segment stands in a loop that has it"),
        Rule("X12-12", "warn", "the transactions of a group have different control numbers"),
        Rule("X12-13", "warn", "a code is one of its list"),
        Rule("SVC-01", "warn", "SVC02 less the line's CAS amounts is SVC03"),
        Rule("CLP-01", "warn", "CLP03 less the CAS amounts of the claim and its lines is CLP04"),
        Rule("CLP-03", "warn", "where there are lines, their SVC02 add up to CLP03"),
        Rule("CLM-03", "warn", "the charges of the lines add up to CLM02"),
        Rule("ERA-01", "quarantine", "BPR02 is the sum of CLP04 less the sum of PLB amounts"),
        Rule("ERA-04", "quarantine", "BPR02 is not negative"),
    )
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one place."""

    transaction_no: int | None
    rule: str
    reason: str
    segment: str = ""
    loop: str = ""
    segment_no: int | None = None
    byte_offset: int | None = None
    is_last_told: bool = False
    """It stands for all further ones of its rule and transaction."""

    @property
    def severity(self) -> Severity:
        """warn: the rows stay; quarantine: the transaction is held whole."""
        return RULES[self.rule].severity
