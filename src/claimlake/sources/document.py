"""The parts of a YAML file: what each key may hold, and the error, with its place, for what it may not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claimlake.errors import ConfigurationError
from claimlake.keys import suggest


@dataclass(frozen=True)
class Key:
    """One key of a part of the file."""

    name: str
    kind: str
    """'text', 'number', 'flag', 'texts' (a list), 'map' (text to text), or 'part' (described elsewhere)."""
    about: str
    choices: tuple[str, ...] = ()
    is_required: bool = False


def names_of(keys: Iterable[Key]) -> list[str]:
    """The names of the keys, in order."""
    return [key.name for key in keys]


def mapping_at(value: object, where: str) -> dict[str, Any]:
    """The value as text keys and their values."""
    if not isinstance(value, Mapping):
        raise ConfigurationError("expected 'key: value' lines", where=where)
    return {str(key): item for key, item in value.items()}


def list_at(body: Mapping[str, Any], key: str, where: str) -> list[Any]:
    """The list under a key; empty when the key is not there."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ConfigurationError(f"'{key}' is not a list", where=where)
    return value


def texts_at(body: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The list of texts under a key."""
    return tuple(str(item) for item in list_at(body, key, where))


def text_at(body: Mapping[str, Any], key: str) -> str | None:
    """The text under a key; None when it is not there or empty."""
    value = body.get(key)
    return None if value is None or value == "" else str(value)


def count_at(body: Mapping[str, Any], key: str, where: str, *, least: int = 0) -> int:
    """The whole number under a key, `least` when it is not there."""
    value = body.get(key, least)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(f"'{key}' is not a whole number from {least} on", where=where)
    return value


def one_of(value: str, what: str, choices: Iterable[str], where: str) -> str:
    """The value, when it is one of the choices."""
    known = list(choices)
    if value not in known:
        raise ConfigurationError(f"{what} '{value}'", where=where, remedy=f"Choose from: {', '.join(known)}.")
    return value


def refuse_unknown(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse the first name that is not known, and say which was meant."""
    names = list(known)
    for name in given:
        if name not in names:
            raise ConfigurationError(f"'{name}' is not known here.", where=where, remedy=suggest(name, names))
