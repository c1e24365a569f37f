"""Secrets by reference: env:NAME, file:PATH or vault:<provider>/<path>, read at the moment of use."""

import os
import re
import stat
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from claimlake.errors import ConfigurationError
from claimlake.vault import check_vault_path, read_vault

KINDS = ("env", "file", "vault")
HIDDEN = "***"
CREDENTIALS = "$CREDENTIALS_DIRECTORY"
"""Folder in which systemd shows a service its credentials; the one variable a path may name."""
_PASSWORD = re.compile(r"[\w.+-]+://[^:/@]*:[^@]*@")
"""User, colon and password as SQLAlchemy reads them: a password may hold a slash."""
_SECRET_OPTION = re.compile(
    r"(password|passwd|pwd|passphrase)(=|%3d)|[?&;](\w*(token|secret|api_?key)|sig)=", re.IGNORECASE
)


class Secret:
    """A value that shows itself to nobody but the one who asks to reveal it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _: str) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def is_reference(text: str) -> bool:
    """Whether the text says where a secret is, instead of being something itself."""
    return text.partition(":")[0] in KINDS and ":" in text


def check_reference(text: str, *, where: str) -> str:
    """The reference as it was given; anything else is refused without repeating it."""
    kind, _, name = text.partition(":")
    if kind not in KINDS or not name.strip():
        raise ConfigurationError(
            "a secret does not stand in a file.",
            where=where,
            remedy="Say where it is: env:NAME, file:PATH or vault:<provider>/<path>.",
        )
    if kind == "env" and not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ConfigurationError(
            "'env:' is not followed by the name of a variable.",
            where=where,
            remedy="Example: env:EMR_PASSWORD.",
        )
    if kind == "vault":
        check_vault_path(name, where=where)
    return text


def check_address(text: str, *, where: str) -> str:
    """The address as it was given; one that holds a password is refused without repeating it."""
    if is_reference(text):
        return check_reference(text, where=where)
    if _has_password(text):
        raise ConfigurationError(
            "the address holds a password.",
            where=where,
            remedy="Take it out, leave the user's name, and add a line that says where the password is: "
            "'password: env:NAME', file:PATH or vault:<provider>/<path>.",
        )
    if _SECRET_OPTION.search(text):
        raise ConfigurationError(
            "an option of the address is a secret.",
            where=where,
            remedy="Keep the whole address elsewhere: 'url: env:NAME', file:PATH or vault:<provider>/<path>.",
        )
    return text


def _has_password(address: str) -> bool:
    if not address.lower().startswith(("http://", "https://")):
        return _PASSWORD.match(address) is not None
    try:
        return urlsplit(address).password is not None
    except ValueError:
        return _PASSWORD.match(address) is not None


def read_secret(reference: str, folder: Path, *, where: str) -> Secret:
    """What a reference stands for now; a relative file is below `folder`."""
    kind, _, name = check_reference(reference, where=where).partition(":")
    match kind:
        case "env":
            value = os.environ.get(name, "")
            missing = f"environment variable {name} is not set."
        case "file":
            path = name.replace(CREDENTIALS, os.environ.get(CREDENTIALS[1:], CREDENTIALS))
            value = _read_file(folder / path, name, where)
            missing = f"the file {name} is empty."
        case _:
            value = read_vault(name, where=where)
            missing = f"vault:{name} is empty."
    if not value:
        raise ConfigurationError(
            missing, where=where, remedy="Put the secret there, or correct the reference."
        )
    return Secret(value)


def resolved(text: str, folder: Path, *, where: str) -> str:
    """What a reference holds, and any other text as it is, for the one call that needs it."""
    return read_secret(text, folder, where=where).reveal() if is_reference(text) else text


def _read_file(file: Path, name: str, where: str) -> str:
    try:
        if _is_open_to_all(file):
            raise ConfigurationError(
                f"every user of this machine can read the file {name}.",
                where=where,
                remedy=f"Close it: chmod 600 {name}.",
            )
        content = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read the file {name} ({error.strerror})", where=where) from None
    text = content.decode("utf-8", "replace")
    if "\ufffd" in text or "\0" in text:
        raise ConfigurationError(f"the file {name} is not text in UTF-8", where=where)
    return text.rstrip("\r\n")


def _is_open_to_all(file: Path) -> bool:
    """Whether any user may open it: it is readable by others, and so is every folder on the way."""
    if os.name == "nt":
        return False
    target = file.resolve(strict=True)
    if not target.stat().st_mode & stat.S_IROTH:
        return False
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in target.parents)
