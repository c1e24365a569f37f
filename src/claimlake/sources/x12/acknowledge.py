"""The 999 that answers a file: accepted, accepted with errors or rejected, for every transaction set."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from claimlake.sources.x12.envelope import Group, Interchange, TransactionSet
from claimlake.sources.x12.finding import Finding

VERSION = "005010X231A1"

# IK502: 1 not supported, 2 trailer missing, 3 control numbers differ, 4 wrong count, 5 segments in error.
_SET_ERRORS = {"X12-00": "1", "X12-06": "2", "X12-02": "3", "X12-01": "4"}
# IK304: 2 unexpected segment, 3 required segment missing, 8 the segment has element errors.
_SEGMENT_ERRORS = {"X12-11": "2", "X12-07": "3", "X12-08": "8", "X12-09": "8", "X12-13": "8"}


def acknowledgement(
    transactions: Sequence[TransactionSet],
    findings: Sequence[Finding],
    *,
    at: datetime,
    control_number: int = 1,
) -> bytes:
    """An interchange with one 999 for every group of a file; empty when there is none to answer.

    Args:
        transactions: every transaction of the file, in order.
        findings: what was found wrong with them.
        at: date and time it is made.
        control_number: ISA13 of the first interchange; each further one counts on.
    """
    mine: dict[int | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        mine[finding.transaction_no].append(finding)
    made = []
    for number, (_, members) in enumerate(
        groupby(transactions, key=lambda item: item.interchange.interchange_no), control_number
    ):
        sets = [item for item in members if item.group.element(1) != "FA"]  # a 999 is never answered
        if sets:
            made.append(_interchange(sets, mine, at, number))
    return b"".join(made)


def _interchange(
    sets: Sequence[TransactionSet], findings: Mapping[int | None, list[Finding]], at: datetime, number: int
) -> bytes:
    groups = [list(members) for _, members in groupby(sets, key=lambda item: item.group.group_no)]
    first = sets[0]
    segments = [_header(first.interchange, at, number), _group_header(first.group, at, number)]
    for control, members in enumerate(groups, 1):
        body = _set(members, findings)
        segments += [f"ST*999*{control:04d}*{VERSION}", *body, f"SE*{len(body) + 2}*{control:04d}"]
    segments += [f"GE*{len(groups)}*{number}", f"IEA*1*{number:09d}"]
    return "".join(f"{segment}~\n" for segment in segments).encode()


def _plain(value: str | None, default: str = "") -> str:
    """A value of the file as an element of ours: what could end an element or a segment is a blank."""
    text = "".join(" " if byte in "*:~^" or not " " <= byte <= "~" else byte for byte in value or "")
    return text.strip() or default


def _header(interchange: Interchange, at: datetime, number: int) -> str:
    """ISA with sender and receiver exchanged."""
    part = [_plain(interchange.element(number)) for number in range(16)]
    sender = f"{part[7] or 'ZZ':2.2}*{part[8]:15.15}"
    receiver = f"{part[5] or 'ZZ':2.2}*{part[6]:15.15}"
    usage = part[15][:1] or "P"
    parties = f"00*{'':10}*00*{'':10}*{sender}*{receiver}"
    return f"ISA*{parties}*{at:%y%m%d}*{at:%H%M}*^*00501*{number:09d}*0*{usage}*:"


def _group_header(group: Group, at: datetime, number: int) -> str:
    parties = f"{_plain(group.element(3), 'UNKNOWN')}*{_plain(group.element(2), 'UNKNOWN')}"
    return f"GS*FA*{parties}*{at:%Y%m%d}*{at:%H%M%S}*{number}*X*{VERSION}"


def _set(members: Sequence[TransactionSet], findings: Mapping[int | None, list[Finding]]) -> list[str]:
    group = members[0].group
    segments = ["*".join(("AK1", *(_plain(group.element(number)) for number in (1, 6, 8))))]
    verdicts = []
    for item in members:
        mine = findings.get(item.transaction_no, [])
        verdict = _verdict(item, mine)
        verdicts.append(verdict[0])
        about = ("AK2", *map(_plain, (item.code, item.control_number, item.implementation)))
        segments += ["*".join(about).rstrip("*"), *_errors(item, mine), "*".join(("IK5", *verdict))]
    accepted = sum(verdict != "R" for verdict in verdicts)
    status = "R" if not accepted else "P" if accepted < len(members) else "E" if "E" in verdicts else "A"
    return [*segments, f"AK9*{status}*{len(members)}*{len(members)}*{accepted}"]


def _verdict(item: TransactionSet, findings: Iterable[Finding]) -> tuple[str, ...]:
    rules = [item.reason_code or "", *(finding.rule for finding in findings)]
    codes = sorted({_SET_ERRORS.get(rule, "5") for rule in rules if rule})
    if item.status != "accepted":
        return ("R", *codes[:5])
    return ("E", *codes[:5]) if codes else ("A",)


def _errors(item: TransactionSet, findings: Iterable[Finding]) -> list[str]:
    found = []
    for finding in findings:
        code = _SEGMENT_ERRORS.get(finding.rule)
        if code and finding.segment:
            position = (finding.segment_no or item.segment_no) - item.segment_no + 1
            found.append(f"IK3*{finding.segment}*{position}*{finding.loop}*{code}")
    return found
