"""Synthetic X12 files for the benchmark: a remittance, professional claims and their acknowledgements."""

import random
from collections.abc import Callable

_PARTIES = "ZZ*NORTHMUTUAL    *ZZ*RIVERCLINIC    "
_BATCH = 100
"""Claims of one transaction set."""


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if cents % 100 else str(cents // 100)


def _paid_claim(dice: random.Random, number: int) -> tuple[list[str], int]:
    lines: list[str] = []
    charged = paid = 0
    for line in range(dice.choice((2, 3, 3, 3))):
        charge = dice.randint(5_000, 90_000)
        parts = [dice.randint(1, charge // 8) for _ in range(4)]
        payment = charge - sum(parts)
        charged, paid = charged + charge, paid + payment
        lines += [
            f"SVC*HC:{dice.randint(10_000, 99_999)}:25*{_money(charge)}*{_money(payment)}**1",
            f"DTM*472*202601{dice.randint(1, 28):02d}",
            f"CAS*CO*45*{_money(parts[0])}**253*{_money(parts[1])}",
            f"CAS*PR*1*{_money(parts[2])}**2*{_money(parts[3])}",
            f"REF*6R*{number}L{line}",
            f"AMT*B6*{_money(payment)}",
            "LQ*HE*N130",
        ]
    head = [
        f"CLP*ACCT{number}*1*{_money(charged)}*{_money(paid)}*0*12*PCN{number}*11*1",
        f"NM1*QC*1*LAST{number % 977}*FIRST{number % 389}****MI*M{number}",
        "NM1*82*1*OKORO*IDA****XX*1234567893",
        "MOA***MA01*MA18",
        "REF*1L*GRP1",
        "DTM*232*20260101",
        "DTM*233*20260105",
    ]
    return head + lines, paid


def _payment(dice: random.Random, numbers: range) -> list[str]:
    body: list[str] = []
    total = 0
    for number in numbers:
        segments, paid = _paid_claim(dice, number)
        body += segments
        total += paid
    head = [
        f"BPR*I*{_money(total)}*C*ACH*CCP*01*011*DA*33*1512345678**01*022*DA*44*20260301",
        f"TRN*1*TRACE{numbers[0]}*1512345678",
        "DTM*405*20260228",
        "N1*PR*NORTH MUTUAL*XV*60054",
        "N3*1 STREET",
        "N4*TOWN*TX*75001",
        "REF*2U*10054",
        "PER*BL*DESK*TE*8005550100",
        "N1*PE*RIVER CLINIC*XX*1234567893",
        "REF*TJ*741234567",
        "LX*1",
    ]
    return head + body


def _claims(dice: random.Random, numbers: range) -> list[str]:
    body = [
        f"BHT*0019*00*BATCH{numbers[0]}*20260301*1405*CH",
        "NM1*41*2*CLEARHOUSE*****46*SUB1",
        "PER*IC*DESK*TE*8005550111",
        "NM1*40*2*NORTH MUTUAL*****46*REC1",
        "HL*1**20*1",
        "PRV*BI*PXC*207Q00000X",
        "NM1*85*2*RIVER CLINIC*****XX*1234567893",
        "N3*9 RIVER ROAD",
        "N4*AUSTIN*TX*78702",
        "REF*EI*741234567",
    ]
    for order, number in enumerate(numbers, 2):
        charges = [dice.randint(5_000, 90_000) for _ in range(dice.choice((2, 3, 3, 3)))]
        body += [
            f"HL*{order}*1*22*0",
            "SBR*P*18*GRP7******CI",
            f"NM1*IL*1*LAST{number % 977}*FIRST{number % 389}****MI*M{number}",
            "N3*12 OAK STREET",
            "N4*AUSTIN*TX*78703",
            "DMG*D8*19700102*F",
            "NM1*PR*2*NORTH MUTUAL*****PI*60054",
            f"CLM*ACCT{number}*{_money(sum(charges))}***11:B:1*Y*A*Y*Y",
            f"REF*D9*CH{number}",
            "HI*ABK:J189*ABF:E119*ABF:I10",
            "NM1*82*1*OKORO*IDA****XX*1234567893",
        ]
        for line, charge in enumerate(charges, 1):
            body += [
                f"LX*{line}",
                f"SV1*HC:{dice.randint(10_000, 99_999)}:25*{_money(charge)}*UN*1*11**1:2",
                f"DTP*472*D8*202601{dice.randint(1, 28):02d}",
                f"REF*6R*{number}L{line}",
            ]
    return body


def _answers(dice: random.Random, numbers: range) -> list[str]:
    body = [
        f"BHT*0085*08*ACK{numbers[0]}*20260302*093015*TH",
        "HL*1**20*1",
        "NM1*AY*2*CLEARHOUSE*****46*CH9",
        "TRN*1*SRC1",
        "HL*2*1*21*1",
        "NM1*41*2*RIVER CLINIC*****46*SUB1",
        "TRN*2*BATCH9",
        "STC*A1:19:PR*20260302*WQ*250",
        "HL*3*2*19*1",
        "NM1*85*2*RIVER CLINIC*****XX*1234567893",
        "TRN*1*0",
    ]
    for order, number in enumerate(numbers, 4):
        body += [
            f"HL*{order}*3*PT",
            f"NM1*QC*1*LAST{number % 977}*FIRST{number % 389}****MI*M{number}",
            f"TRN*2*ACCT{number}",
            f"STC*A2:20:PR*20260302*WQ*{_money(dice.randint(5_000, 90_000))}",
            f"REF*1K*PCN{number}",
            f"REF*D9*CH{number}",
            "DTP*472*RD8*20260101-20260105",
        ]
    return body


KINDS: dict[str, tuple[str, str, Callable[[random.Random, range], list[str]]]] = {
    "835": ("HP", "005010X221A1", _payment),
    "837": ("HC", "005010X222A1", _claims),
    "277": ("HN", "005010X214", _answers),
}


def file_of(code: str, claims: int, seed: int = 1, *, batch: int = _BATCH) -> bytes:
    """A synthetic file that balances: `claims` claims, `batch` of them in one transaction set."""
    functional, guide, body_of = KINDS[code]
    dice = random.Random(seed)
    segments = [
        f"ISA*00*          *00*          *{_PARTIES}*260301*1405*^*00501*000000001*0*P*:",
        f"GS*{functional}*NORTHMUTUAL*RIVERCLINIC*20260301*1405*1*X*{guide}",
    ]
    starts = range(1, claims + 1, batch)
    for first in starts:
        body = body_of(dice, range(first, min(first + batch, claims + 1)))
        segments += [f"ST*{code}*{first:09d}*{guide}", *body, f"SE*{len(body) + 2}*{first:09d}"]
    segments += [f"GE*{len(starts)}*1", "IEA*1*000000001", ""]
    return "~\n".join(segments).encode()
