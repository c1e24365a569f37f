"""X12 files damaged as files are: bits, segments, loops, separators, encodings, nesting, archives."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

_NOBODY, _PARTIES = b"00*          *00*          ", b"ZZ*SENDER         *ZZ*RECEIVER       "
ISA = b"ISA*" + _NOBODY + b"*" + _PARTIES + b"*260301*1405*^*00501*000000009*0*T*:~"
TA1 = b"TA1*000000101*260301*1405*A*000~"
LONGEST = 2_000_000
_INTERCHANGES = 312
_ODD_VALUES = (
    *(b"", b"X" * 2_000, b"-", b"1e9", b"\xe9\xff", b"99999999", b"-0", b"+5", b" 5 ", b".", b"1.999", b"\0"),
    *(
        b"0" * 300 + b"7",
        b"9" * 16 + b".99",
        b"9" * 19,
        "٣".encode(),
        b"20260231",
        b"20260101-",
        b"ISA",
        b"ST",
    ),
)


@dataclass(frozen=True)
class Mutant:
    """A damaged file, what was done to it, and the size of the chunks in which it is to be read."""

    content: bytes
    kinds: tuple[str, ...]
    chunk_bytes: int | None
    """None: as large as they usually are."""


Damage = Callable[[bytes, random.Random], bytes]


def _somewhere(content: bytes, dice: random.Random) -> int:
    return dice.randrange(len(content) + 1)


def _segments(content: bytes) -> list[bytes]:
    return content.split(b"~")


def _joined(segments: list[bytes]) -> bytes:
    return b"~".join(segments)


def bits(content: bytes, dice: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        if found:
            found[dice.randrange(len(found))] ^= 1 << dice.randrange(8)
    return bytes(found)


def bytes_cut(content: bytes, dice: random.Random) -> bytes:
    at = _somewhere(content, dice)
    return content[:at] + content[at + dice.randint(1, 60) :]


def bytes_doubled(content: bytes, dice: random.Random) -> bytes:
    at = _somewhere(content, dice)
    return content[:at] + content[at : at + dice.randint(1, 60)] * dice.randint(2, 50) + content[at:]


def truncated(content: bytes, dice: random.Random) -> bytes:
    return content[: _somewhere(content, dice)]


def segment_dropped(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    del segments[dice.randrange(len(segments))]
    return _joined(segments)


def segment_moved(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    segment = segments.pop(dice.randrange(len(segments)))
    segments.insert(dice.randrange(len(segments) + 1), segment)
    return _joined(segments)


def loop_repeated(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    first = dice.randrange(len(segments))
    piece = segments[first : first + dice.randint(1, 30)]
    return _joined(segments[:first] + piece * dice.randint(2, 12) + segments[first:])


def element_changed(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    number = dice.randrange(len(segments))
    elements = segments[number].split(b"*")
    elements[dice.randrange(len(elements))] = dice.choice(_ODD_VALUES)
    segments[number] = b"*".join(elements)
    return _joined(segments)


def separators_changed(content: bytes, dice: random.Random) -> bytes:
    old, new = dice.choice(b"*~:^"), dice.choice(b"|\x1d\x1e>\n*~: AZ")
    until = dice.choice((len(content), _somewhere(content, dice)))
    return content[:until].replace(bytes([old]), bytes([new])) + content[until:]


def encoded(content: bytes, dice: random.Random) -> bytes:
    text = content.decode("latin-1")
    return dice.choice(
        (
            b"\xef\xbb\xbf" + content,
            text.encode("utf-16"),
            text.replace("E", "É").encode("latin-1"),
            text.replace("E", "É").encode("utf-8"),
            content.replace(b"~", b"~\r\n"),
            content.replace(b"~", b"~\x00"),
        )
    )


def blanks_added(content: bytes, dice: random.Random) -> bytes:
    blank = dice.choice((b" ", b"\t", b"\r\n", b"\0", b"\x1a"))
    if dice.random() < 0.3:
        return content.replace(b"~", b"~\n" + blank * dice.randint(1, 80))
    at = _somewhere(content, dice)
    return content[:at] + blank * dice.choice((1, 100, 10_000)) + content[at:]


def nested(content: bytes, dice: random.Random) -> bytes:
    at = _somewhere(content, dice)
    return content[:at] + dice.choice((content, ISA, content[:400])) + content[at:]


def acknowledged(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    segments.insert(dice.randrange(len(segments) + 1), TA1[:-1])
    return _joined(segments)


def isa_in_a_name(content: bytes, _: random.Random) -> bytes:
    return content.replace(b"NM1*QC*1*", b"NM1*QC*1*ISA*").replace(b"NM1*IL*1*", b"NM1*IL*1*LOUISA ISA*")


def diagnosis_without_qualifier(content: bytes, _: random.Random) -> bytes:
    return content.replace(b"HI*ABK:", b"HI*").replace(b"HI*BK:", b"HI*:").replace(b"*ABF:", b"*")


def many_interchanges(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.choice((400, 900, 1_500))] * _INTERCHANGES


def archived(content: bytes, dice: random.Random) -> bytes:
    return dice.choice((gzipped, gzipped, zipped, zipped, zipped, inflated, bomb))(content, dice)


def gzipped(content: bytes, dice: random.Random) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    return dice.choice(
        (packed, packed[: len(packed) // 2], bits(packed, dice), packed + packed, packed + b"x")
    )


def zipped(content: bytes, dice: random.Random) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(dice.choice((0, 1, 2, 3, 40))):
            archive.writestr(zipfile.ZipInfo(f"{number}.edi"), content, zipfile.ZIP_DEFLATED, 1)
    packed = held.getvalue()
    return dice.choice((packed, packed, bits(packed, dice), packed[: _somewhere(packed, dice)]))


def inflated(content: bytes, _: random.Random) -> bytes:
    """A gzip that grows a hundredfold and may."""
    return gzip.compress(content, 1, mtime=0) + _zeros(30_000_000)


def bomb(content: bytes, dice: random.Random) -> bytes:
    """An archive that grows to more than it may."""
    if dice.random() < 0.5:
        return gzip.compress(content, 1, mtime=0) + _zeros(80_000_000)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(zipfile.ZipInfo(f"{number}.edi"), bytes(30_000_000), zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()


@cache
def _zeros(count: int) -> bytes:
    return gzip.compress(bytes(count), 9, mtime=0)


LIGHT: tuple[Damage, ...] = (
    *(bits, bytes_cut, bytes_doubled, truncated, segment_dropped, segment_moved, loop_repeated),
    *(element_changed, separators_changed, encoded, blanks_added, nested, acknowledged, isa_in_a_name),
    diagnosis_without_qualifier,
)
HEAVY: tuple[Damage, ...] = (many_interchanges, archived)
"""Take a hundred times as long as others, so one mutant in a hundred has one of them, as its last."""


def mutant(contents: Sequence[bytes], seed: int, number: int) -> Mutant:
    """The mutant of this number: the same whatever was made before it."""
    dice = random.Random(f"{seed} {number}")
    found = dice.choice(contents)
    kinds = dice.choices(LIGHT, k=dice.choice((1, 1, 2, 4)))
    if dice.random() < 0.1:
        found += dice.choice(contents)
    if dice.random() < 0.01:
        kinds = [*kinds[:1], dice.choice(HEAVY)]
    chunk_bytes = None
    for kind in kinds:
        found = kind(found, dice)[:LONGEST] or b"ISA"
    if dice.random() < 0.25:
        chunk_bytes = max(len(found) // dice.choice((2, 5, 20)), 1)
    return Mutant(found, tuple(kind.__name__ for kind in kinds), chunk_bytes)
