"""What the network sells: procedure and revenue code numbers with list prices, without descriptions."""

from dataclasses import dataclass

from claimlake.synthetic.dice import Weighted


@dataclass(frozen=True, slots=True)
class Procedure:
    """One chargemaster item; code is empty for revenue lines without a procedure."""

    code: str
    revenue_code: str
    price: int
    """List price in cents."""
    needs_authorization: bool = False
    modifier: str = ""


def _items(*rows: tuple[str, str, int]) -> list[Procedure]:
    return [Procedure(code, revenue, price) for code, revenue, price in rows]


def _visits(rows: list[tuple[str, str, int, float]]) -> Weighted[Procedure]:
    return Weighted([(Procedure(code, revenue, price), weight) for code, revenue, price, weight in rows])


EMERGENCY_VISIT = _visits(
    [
        ("99282", "0450", 48_500, 1),
        ("99283", "0450", 89_900, 4),
        ("99284", "0450", 152_300, 5),
        ("99285", "0450", 231_700, 3),
    ]
)
OFFICE_VISIT = _visits(
    [
        ("99202", "", 14_800, 1),
        ("99203", "", 21_900, 2),
        ("99204", "", 32_700, 1.5),
        ("99205", "", 41_200, 0.5),
        ("99212", "", 11_200, 1.5),
        ("99213", "", 18_400, 6),
        ("99214", "", 26_100, 7),
        ("99215", "", 36_900, 1.5),
    ]
)
DOWNCODED = {
    "99215": "99214",
    "99214": "99213",
    "99213": "99212",
    "99205": "99204",
    "99204": "99203",
    "99203": "99202",
    "99285": "99284",
    "99284": "99283",
    "99283": "99282",
}
LABORATORY = _items(
    ("80053", "0301", 21_400),
    ("85025", "0305", 12_900),
    ("36415", "0300", 3_100),
    ("81001", "0307", 6_700),
    ("84484", "0301", 18_800),
    ("83036", "0301", 9_600),
    ("80061", "0301", 14_250),
)
IMAGING = _items(
    ("71046", "0324", 41_800),
    ("70450", "0351", 189_500),
    ("74177", "0352", 412_300),
    ("76705", "0402", 88_600),
    ("93005", "0730", 27_450),
)
ADVANCED = [
    Procedure("70551", "0611", 321_800, needs_authorization=True),
    Procedure("73721", "0610", 287_900, needs_authorization=True),
    Procedure("45380", "0750", 398_400, needs_authorization=True),
    Procedure("29881", "0360", 1_124_300, needs_authorization=True),
    Procedure("66984", "0360", 873_100, needs_authorization=True),
    Procedure("93458", "0481", 1_587_700, needs_authorization=True),
]
DRUGS = _items(
    ("J1885", "0636", 4_350), ("J2405", "0636", 3_890), ("J7030", "0258", 7_420), ("J0696", "0636", 6_110)
)
OFFICE_SERVICES = [
    Procedure("20610", "", 24_300, modifier="RT"),
    Procedure("11102", "", 31_600),
    Procedure("93000", "", 9_800),
    Procedure("81002", "", 2_300),
    Procedure("90471", "", 6_400),
    Procedure("96372", "", 7_900),
    Procedure("73630", "", 11_750, modifier="LT"),
    Procedure("17110", "", 28_900),
]
ROOM = Procedure("", "0120", 284_500)
INTENSIVE_ROOM = Procedure("", "0200", 612_300)
ANCILLARY = _items(
    ("", "0250", 143_700),
    ("", "0270", 98_650),
    ("", "0300", 121_300),
    ("", "0320", 87_400),
    ("", "0360", 934_800),
    ("", "0420", 46_900),
)
DRG = Weighted(
    [
        (("291", 13_458, "I5033"), 3.0),
        (("871", 18_663, "A419"), 3.0),
        (("470", 18_999, "M1711"), 2.0),
        (("193", 13_107, "J189"), 2.0),
        (("392", 7_612, "K5792"), 2.0),
        (("683", 8_942, "N179"), 1.5),
        (("065", 10_118, "I639"), 1.0),
    ]
)
"""MS-DRG, weight in ten-thousandths, a principal diagnosis that groups to it."""
DIAGNOSES = [
    "I10", "E119", "J069", "M545", "R0789", "N390", "K219", "E785", "F411", "R1031",
    "J45909", "M25561", "Z0000", "L0390", "S93401A", "G43909", "H2511", "K635", "I2510", "M170",
]  # fmt: skip
FEE_SCHEDULE = [OFFICE_VISIT.options, OFFICE_SERVICES, LABORATORY[:3], IMAGING[:1]]
