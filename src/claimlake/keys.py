"""A mapping of a YAML file read key by key; what is missing, wrong or unknown is refused with its place."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from claimlake.errors import ConfigurationError
from claimlake.secret import check_reference

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def is_npi(value: str) -> bool:
    """Whether the ten digits pass the NPI check digit (ISO 7812 Luhn over 80840 + NPI)."""
    if not re.fullmatch(r"\d{10}", value):
        return False
    total = 24  # the contribution of the constant prefix 80840
    for position, character in enumerate(reversed(value)):
        digit = int(character) * (2 if position % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def suggest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """What a misspelt name may have meant; `otherwise`, or all that is known, where no name is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean '{close[0]}'?" if close else otherwise or f"Known: {', '.join(names) or 'none'}."


class Keys:
    """Reads one YAML mapping key by key, and refuses what is missing, of the wrong type or unknown."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise ConfigurationError("expected 'key: value' lines", where=where)
        self.content = {str(key): value for key, value in content.items()}
        self.where = where
        self.used: set[str] = set()

    def _take(self, key: str) -> object:
        self.used.add(key)
        return self.content.get(key)

    def _wrong(self, key: str, what: str, remedy: str = "") -> ConfigurationError:
        return ConfigurationError(what, where=f"{self.where}: {key}", remedy=remedy)

    def optional(self, key: str) -> str | None:
        """The text of a key that need not be there."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool | float | list | dict):
            raise self._wrong(key, f"'{value}' is not text", "Put the value in quotes.")
        return str(value).strip() or None

    def checked(self, key: str, check: Callable[..., str]) -> str | None:
        """A text that may hold a secret by mistake, so that no message repeats it."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool | float | list | dict):
            raise self._wrong(key, "is not text", "Put the value in quotes.")
        return check(str(value).strip(), where=f"{self.where}: {key}")

    def text(self, key: str, *, default: str | None = None) -> str:
        """The text of a key."""
        value = self.optional(key) or default
        if value is None:
            raise self._wrong(key, "is missing")
        return value

    def reference(self, key: str) -> str:
        """A reference to a secret."""
        value = self.checked(key, check_reference)
        if value is None:
            raise self._wrong(key, "is missing")
        return value

    def identifier(self, key: str) -> str:
        """An id: letters, digits, - and _."""
        value = self.text(key)
        if not _IDENTIFIER.fullmatch(value):
            raise self._wrong(key, f"'{value}' is not an id", "Use letters, digits, '-' and '_'.")
        return value

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of some words."""
        value = self.text(key)
        if value not in choices:
            raise self._wrong(key, f"'{value}' is not known", f"Choose from: {', '.join(choices)}.")
        return value

    def digits(self, key: str, length: int) -> str | None:
        """So many digits, without dashes."""
        value = self.optional(key)
        if value is not None and not re.fullmatch(rf"\d{{{length}}}", value.replace("-", "")):
            raise self._wrong(key, f"must be {length} digits", "Put it in quotes so that zeros stay.")
        return value.replace("-", "") if value else None

    def npi(self, key: str) -> str | None:
        """A national provider identifier."""
        value = self.optional(key)
        if value is not None and not is_npi(value):
            raise self._wrong(
                key, f"'{value}' is not an NPI", "An NPI has 10 digits and passes its check digit."
            )
        return value

    def integer(self, key: str, *, default: int, low: int, high: int) -> int:
        """A whole number within bounds."""
        value = self._take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(key, f"'{value}' is not a whole number from {low} to {high}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, f"'{value}' is not true or false")
        return default if value is None else value

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or any(
            isinstance(item, dict | list) or item is None for item in value
        ):
            raise self._wrong(key, "is not a list of texts", 'Example: ["60054", AETNA].')
        return [str(item) for item in value]

    def items(self, key: str) -> "list[Keys]":
        """A list of mappings."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "is not a list")
        return [Keys(item, f"{self.where}: {key}[{number}]") for number, item in enumerate(value, start=1)]

    def item(self, key: str) -> "list[Keys]":
        """One mapping, as a list that is empty where it is missing."""
        value = self._take(key)
        return [] if value is None else [Keys(value, f"{self.where}: {key}")]

    def close(self) -> None:
        """Refuse keys that nothing has read."""
        unknown = sorted(set(self.content) - self.used)
        if unknown:
            raise self._wrong(unknown[0], "is not a known key", suggest(unknown[0], self.used))
