"""The X12 files as they land: 837 batches out, 999 and 277CA back, 835 in."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from claimlake.synthetic.calendar import compact, iso
from claimlake.synthetic.claim import Payment, Submission
from claimlake.synthetic.edi_835 import REMITTANCE, payment_body
from claimlake.synthetic.edi_837 import INSTITUTIONAL, PROFESSIONAL, batch_body, sender_id
from claimlake.synthetic.edi_ack import ACK_277CA, ACK_999, Answer, body_277ca, body_999
from claimlake.synthetic.edi_envelope import (
    LINED,
    NEWLINES,
    PIPED,
    STANDARD,
    WINDOWS,
    Envelope,
    Style,
    interchange,
    restyle,
    transaction,
)
from claimlake.synthetic.history import History

CLEARINGHOUSE = "MERIDIAN"
DIRECT_PAYERS = {"medicare"}
"""Payers whose files do not come through the clearinghouse."""
VERSIONS = {"837I": INSTITUTIONAL, "837P": PROFESSIONAL}


@dataclass(frozen=True, slots=True)
class Sent:
    """One 837 file: its group control number and its batches by BHT03, in order of their sets."""

    control: int
    version: str
    batches: dict[str, list[Submission]]

    def statuses(self) -> list[tuple[int, bool]]:
        """(ST02, accepted) of each set: the clearinghouse's 999 refuses some."""
        batches = enumerate(self.batches.values(), start=1)
        return [(number, batch[0].rejection_level != "set") for number, batch in batches]


class Delivery:
    """Writes the X12 files of one tenant and counts them."""

    def __init__(self, history: History, folder: Path) -> None:
        self.history = history
        self.profile = history.profile
        self.folder = folder
        self.sender = sender_id(history.profile)
        self.files = 0
        self._controls = count(1)

    def deliver(self, payments: list[Payment]) -> None:
        """Write every file of the tenant."""
        self._deliver_claims()
        self._deliver_payer_acks()
        self._deliver_remittances(payments)

    def _write(self, kind: str, name: str, content: bytes) -> None:
        path = self.folder / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.files += 1

    def _incoming(self, day: int, clock: str, functional: str, version: str) -> Envelope:
        control = next(self._controls)
        return Envelope(CLEARINGHOUSE, self.sender, day, clock, control, functional, version)

    def _deliver_claims(self) -> None:
        groups: dict[tuple[int, str], dict[str, list[Submission]]] = {}
        for submission in self.history.submissions:
            account = submission.claim.account
            kind = "837I" if account.billing_type == "HB" else "837P"
            submission.batch = f"{kind}{account.unit.number}{compact(submission.day)}"
            groups.setdefault((submission.day, kind), {}).setdefault(submission.batch, []).append(submission)
        sent: dict[int, list[Sent]] = {}
        for (day, kind), batches in sorted(groups.items()):
            sent.setdefault(day, []).append(self._send(day, kind, dict(sorted(batches.items()))))
        for day, files in sorted(sent.items()):
            if day + 1 <= self.history.until:
                self._deliver_responses(day + 1, files)

    def _send(self, day: int, kind: str, batches: dict[str, list[Submission]]) -> Sent:
        sent = Sent(next(self._controls), VERSIONS[kind], batches)
        sets = []
        for number, (batch, submissions) in enumerate(batches.items(), start=1):
            entity = self.profile.entities[submissions[0].claim.account.unit.entity_id]
            body = batch_body(self.profile, entity, batch, day, submissions)
            sets.append(transaction("837", number, sent.version, body))
        out = Envelope(self.sender, CLEARINGHOUSE, day, "1800", sent.control, "HC", sent.version)
        style = LINED if kind == "837P" else STANDARD
        self._write(kind, f"{iso(day)}_{kind.lower()}.edi", restyle(interchange(out, sets), style))
        return sent

    def _deliver_responses(self, day: int, files: list[Sent]) -> None:
        """One response file a day: an interchange of 999s, then one of the clearinghouse's 277CAs."""
        syntax = [
            transaction("999", number, ACK_999, body_999(sent.version, sent.control, sent.statuses()))
            for number, sent in enumerate(files, start=1)
        ]
        content = restyle(interchange(self._incoming(day, "0530", "FA", ACK_999), syntax), LINED)
        sets: list[str] = []
        for sent in files:
            for batch, submissions in sent.batches.items():
                if submissions[0].rejection_level != "set":
                    entity = self.profile.entities[submissions[0].claim.account.unit.entity_id]
                    body = body_277ca(Answer(self.profile.tenant, entity, batch, day, submissions))
                    sets.append(transaction("277", len(sets) + 1, ACK_277CA, body))
        if sets:
            content += restyle(interchange(self._incoming(day, "0600", "HN", ACK_277CA), sets), LINED)
        self._write("response", f"{iso(day)}_clearinghouse.x12", content)

    def _deliver_payer_acks(self) -> None:
        groups: dict[int, dict[tuple[str, str], list[Submission]]] = {}
        for submission in self.history.submissions:
            if submission.payer_day is not None:
                batches = groups.setdefault(submission.payer_day, {})
                batches.setdefault((submission.claim.payer.payer_id, submission.batch), []).append(submission)
        for day, batches in sorted(groups.items()):
            sets = []
            for number, ((payer_id, batch), submissions) in enumerate(sorted(batches.items()), start=1):
                entity = self.profile.entities[submissions[0].claim.account.unit.entity_id]
                payer = self.profile.payers[payer_id]
                body = body_277ca(Answer(self.profile.tenant, entity, batch, day, submissions, payer))
                sets.append(transaction("277", number, ACK_277CA, body))
            text = interchange(self._incoming(day, "0700", "HN", ACK_277CA), sets)
            self._write("277CA", f"{iso(day)}_payers.277ca", restyle(text, WINDOWS))

    def _deliver_remittances(self, payments: list[Payment]) -> None:
        groups: dict[tuple[int, str], list[Payment]] = {}
        for payment in payments:
            payer_id = payment.payer.payer_id
            channel = payer_id if payer_id in DIRECT_PAYERS else CLEARINGHOUSE.lower()
            groups.setdefault((payment.day, channel), []).append(payment)
        for (day, channel), found in sorted(groups.items()):
            self._write("835", f"{iso(day)}_{channel}.835", self._remittance(day, channel, found))

    def _remittance(self, day: int, channel: str, payments: list[Payment]) -> bytes:
        """One file; some days the clearinghouse appends a second interchange with other delimiters."""
        styles = _remittance_styles(channel, day)
        cut = len(payments) if len(styles) == 1 else (len(payments) + 1) // 2
        content = b""
        for style, part in zip(styles, (payments[:cut], payments[cut:]), strict=False):
            if part:
                sets = [
                    transaction("835", number, "", payment_body(self.profile, payment))
                    for number, payment in enumerate(part, start=1)
                ]
                envelope = self._incoming(day, "0400", "HP", REMITTANCE)
                content += restyle(interchange(envelope, sets), style)
        return content


def _remittance_styles(channel: str, day: int) -> list[Style]:
    """Medicare writes lines; the clearinghouse's servers differ in delimiters from week to week."""
    if channel in DIRECT_PAYERS:
        return [LINED]
    week = day // 7 % 7
    return {0: [PIPED], 1: [NEWLINES], 2: [STANDARD, PIPED]}.get(week, [STANDARD])
