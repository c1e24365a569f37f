"""The X12 files as they land: 837 batches out, 999 and 277CA back, 835 in."""

from itertools import count
from pathlib import Path

from claimlake.synthetic.calendar import compact, iso
from claimlake.synthetic.claim import Payment, Submission
from claimlake.synthetic.edi_835 import REMITTANCE, payment_body
from claimlake.synthetic.edi_837 import INSTITUTIONAL, PROFESSIONAL, batch_body, sender_id
from claimlake.synthetic.edi_ack import (
    ACK_277CA,
    ACK_999,
    body_277ca,
    body_999,
    clearinghouse_source,
    payer_source,
)
from claimlake.synthetic.edi_envelope import (
    LINED,
    NEWLINES,
    PIPED,
    STANDARD,
    WINDOWS,
    Route,
    Style,
    interchange,
    restyle,
    transaction,
)
from claimlake.synthetic.history import History

CLEARINGHOUSE = "MERIDIAN"
DIRECT_PAYERS = {"medicare"}
"""Payers whose files do not come through the clearinghouse."""


class Delivery:
    """Writes the X12 files of one tenant and counts them."""

    def __init__(self, history: History, folder: Path) -> None:
        self.history = history
        self.profile = history.profile
        self.folder = folder
        self.files = 0
        self._controls = count(1)
        self._batches: dict[str, list[Submission]] = {}

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

    def _deliver_claims(self) -> None:
        groups: dict[tuple[int, str], dict[str, list[Submission]]] = {}
        for submission in self.history.submissions:
            account = submission.claim.account
            batches = groups.setdefault((submission.day, account.billing_type), {})
            batches.setdefault(account.unit.entity_id, []).append(submission)
        for (day, billing_type), batches in sorted(groups.items()):
            self._deliver_batches(day, billing_type, dict(sorted(batches.items())))

    def _deliver_batches(self, day: int, billing_type: str, batches: dict[str, list[Submission]]) -> None:
        kind, version = ("837I", INSTITUTIONAL) if billing_type == "HB" else ("837P", PROFESSIONAL)
        control = next(self._controls)
        sets, answers, statuses = [], [], []
        for number, (entity_id, submissions) in enumerate(batches.items(), start=1):
            entity = self.profile.entities[entity_id]
            unit = submissions[0].claim.account.unit
            batch = f"{kind}{unit.number}{compact(day)}"
            self._batches[batch] = submissions
            for submission in submissions:
                submission.batch = batch
            body = batch_body(self.profile, entity, batch, day, submissions)
            sets.append(transaction("837", number, version, body))
            is_accepted = submissions[0].rejection_level != "set"
            statuses.append((number, is_accepted))
            known = [item for item in submissions if item.clearinghouse_day is not None]
            if known and is_accepted:
                source = clearinghouse_source()
                answer = body_277ca(self.profile, entity, batch, source, day + 1, known, is_payer=False)
                answers.append(transaction("277", len(answers) + 1, ACK_277CA, answer))
        sender = sender_id(self.profile)
        out = interchange(Route(sender, CLEARINGHOUSE), day, "1800", control, "HC", version, sets)
        style = LINED if kind == "837P" else STANDARD
        self._write(kind, f"{iso(day)}_{kind.lower()}.edi", restyle(out, style))
        if day + 1 <= self.history.until:
            back = Route(CLEARINGHOUSE, sender)
            syntax = transaction("999", 1, ACK_999, body_999(version, control, statuses))
            text = interchange(back, day + 1, "0530", next(self._controls), "FA", ACK_999, [syntax])
            self._write("999", f"{iso(day)}_{kind.lower()}.999", restyle(text, STANDARD))
            if answers:
                text = interchange(back, day + 1, "0600", next(self._controls), "HN", ACK_277CA, answers)
                self._write("277CA", f"{iso(day)}_{kind.lower()}_clearinghouse.277ca", restyle(text, LINED))

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
                source = payer_source(self.profile.payers[payer_id])
                body = body_277ca(self.profile, entity, batch, source, day, submissions, is_payer=True)
                sets.append(transaction("277", number, ACK_277CA, body))
            route = Route(CLEARINGHOUSE, sender_id(self.profile))
            text = interchange(route, day, "0700", next(self._controls), "HN", ACK_277CA, sets)
            self._write("277CA", f"{iso(day)}_payers.277ca", restyle(text, WINDOWS))

    def _deliver_remittances(self, payments: list[Payment]) -> None:
        groups: dict[tuple[int, str], list[Payment]] = {}
        for payment in payments:
            payer_id = payment.payer.payer_id
            channel = payer_id if payer_id in DIRECT_PAYERS else CLEARINGHOUSE.lower()
            groups.setdefault((payment.day, channel), []).append(payment)
        for (day, channel), found in sorted(groups.items()):
            sets = [
                transaction("835", number, "", payment_body(self.profile, payment))
                for number, payment in enumerate(found, start=1)
            ]
            route = Route(channel.upper(), sender_id(self.profile))
            text = interchange(route, day, "0400", next(self._controls), "HP", REMITTANCE, sets)
            style = _remittance_style(channel, day)
            self._write("835", f"{iso(day)}_{channel}.835", restyle(text, style))


def _remittance_style(channel: str, day: int) -> Style:
    """Medicare writes lines, one clearinghouse server in seven other delimiters, one line ends for terminators."""
    if channel in DIRECT_PAYERS:
        return LINED
    if day % 49 < 7:
        return PIPED
    return NEWLINES if day % 49 < 14 else STANDARD
