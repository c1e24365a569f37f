"""X12 files damaged as files are: bits, segments, loops, separators, encodings, nesting, archives."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable

_NOBODY, _PARTIES = b"00*          *00*          ", b"ZZ*SENDER         *ZZ*RECEIVER       "
ISA = b"ISA*" + _NOBODY + b"*" + _PARTIES + b"*260301*1405*^*00501*000000009*0*T*:~"
TA1 = b"TA1*000000101*260301*1405*A*000~"


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


def element_emptied(content: bytes, dice: random.Random) -> bytes:
    segments = _segments(content)
    number = dice.randrange(len(segments))
    elements = segments[number].split(b"*")
    elements[dice.randrange(len(elements))] = dice.choice(
        (b"", b"X" * 2_000, b"-", b"1e9", b"\xe9\xff", b"99999999")
    )
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


def many_interchanges(content: bytes, _: random.Random) -> bytes:
    return content[:1_500] * 312


def archived(content: bytes, dice: random.Random) -> bytes:
    if dice.random() < 0.3:
        packed = gzip.compress(content + bytes(dice.choice((0, 30_000_000))), 1)
        return packed[: dice.choice((len(packed), len(packed) // 2))]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(dice.randint(1, 3)):
            archive.writestr(f"{number}.edi", content)
    return held.getvalue()


KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(bits, bytes_cut, bytes_doubled, truncated, segment_dropped, segment_moved, loop_repeated),
    *(element_emptied, separators_changed, encoded, nested, acknowledged, isa_in_a_name),
    *(diagnosis_without_qualifier, many_interchanges),
)


def mutant(contents: list[bytes], dice: random.Random) -> bytes:
    """One of the contents with one to four kinds of damage; one in two hundred of them packed."""
    found = dice.choice(contents)
    for _ in range(dice.choice((1, 1, 2, 4))):
        found = dice.choice(KINDS)(found, dice)[:2_000_000] or b"ISA"
    return archived(found, dice) if dice.random() < 0.005 else found
