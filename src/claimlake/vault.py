"""Vaults: what Azure Key Vault, AWS Secrets Manager or HashiCorp Vault keeps under a name, read when needed.

Each provider is an extra whose packages are loaded only when a reference names it. A provider's own message
never leaves this module: it can quote what was sent or received.
"""

import ipaddress
import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from claimlake.errors import ConfigurationError, SourceError

TIMEOUT_SECONDS = 10


def check_vault_path(path: str, *, where: str) -> None:
    """Refuse a path that no provider can have."""
    provider, _, rest = path.partition("/")
    if provider not in READERS:
        raise ConfigurationError(
            f"no vault provider '{provider}'.", where=where, remedy=f"Choose from: {', '.join(READERS)}."
        )
    name, _, _ = rest.partition("#")
    parts = name.split("/")
    if not all(parts) or len(parts) < (1 if provider == "aws" else 2):
        raise ConfigurationError(
            f"the reference does not name a secret of {provider}.", where=where, remedy=EXAMPLES[provider]
        )


def read_vault(path: str, *, where: str) -> str:
    """The value behind '<provider>/<path>'; an error says what failed, never what was read."""
    check_vault_path(path, where=where)
    provider, _, rest = path.partition("/")
    try:
        return READERS[provider](rest, where)
    except ImportError as error:
        raise ConfigurationError(
            f"the packages for vault:{provider} are not installed ({error.name} is missing).",
            where=where,
            remedy=f"Install them: pip install 'claimlake[{EXTRAS[provider]}]'.",
        ) from None


def _azure(path: str, where: str) -> str:
    from azure.core.exceptions import AzureError, ResourceNotFoundError
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    vault, name, *version = path.split("/")
    address = f"https://{vault}" if "." in vault else f"https://{vault}.vault.azure.net"
    limits = {"connection_timeout": TIMEOUT_SECONDS, "read_timeout": TIMEOUT_SECONDS, "retry_total": 2}
    try:
        with DefaultAzureCredential() as credential, SecretClient(address, credential, **limits) as client:
            value = client.get_secret(name, version[0] if version else None).value
    except ResourceNotFoundError:
        raise _absent("azure", path, where) from None
    except AzureError as error:
        raise _refused("azure", type(error).__name__, where) from None
    return value or ""


def _aws(path: str, where: str) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    name, _, field = path.partition("#")
    limits = Config(
        connect_timeout=TIMEOUT_SECONDS, read_timeout=TIMEOUT_SECONDS, retries={"total_max_attempts": 3}
    )
    try:
        answer = boto3.client("secretsmanager", config=limits).get_secret_value(SecretId=name)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "ClientError"))
        if code == "ResourceNotFoundException":
            raise _absent("aws", path, where) from None
        raise _refused("aws", code, where) from None
    except BotoCoreError as error:
        raise _refused("aws", type(error).__name__, where) from None
    text = answer.get("SecretString")
    text = bytes(answer.get("SecretBinary") or b"").decode("utf-8", "replace") if text is None else str(text)
    return _field(_object(text, where), field, where) if field else text


def _hashicorp(path: str, where: str) -> str:
    import hvac
    import requests
    from hvac.exceptions import InvalidPath, VaultError

    secret, _, field = path.partition("#")
    mount, _, name = secret.partition("/")
    client = hvac.Client(
        url=_vault_address(where),
        token=_vault_token(where),
        namespace=os.environ.get("VAULT_NAMESPACE"),
        timeout=TIMEOUT_SECONDS,
    )
    try:
        answer = client.secrets.kv.v2.read_secret_version(
            path=name, mount_point=mount, raise_on_deleted_version=True
        )
    except InvalidPath:
        raise _absent("hashicorp", path, where) from None
    except (VaultError, requests.RequestException) as error:
        raise _refused("hashicorp", type(error).__name__, where) from None
    return _field(answer["data"]["data"], field, where)


def _vault_address(where: str) -> str:
    address = os.environ.get("VAULT_ADDR", "")
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return address
    raise ConfigurationError(
        "VAULT_ADDR is not the https address of a vault.",
        where=where,
        remedy="Set it, for example to https://vault.example.org:8200.",
    )


def _vault_token(where: str) -> str | None:
    """The token of VAULT_TOKEN or in the file VAULT_TOKEN_FILE; None leaves it to the client's own file."""
    file = os.environ.get("VAULT_TOKEN_FILE")
    if os.environ.get("VAULT_TOKEN") or not file:
        return os.environ.get("VAULT_TOKEN")
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("the file that VAULT_TOKEN_FILE names cannot be read", where=where) from None


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _object(text: str, where: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    raise ConfigurationError("the secret is one text, not fields.", where=where, remedy="Leave out '#field'.")


def _field(fields: dict[str, object], field: str, where: str) -> str:
    """One field by name; without a name, the only one there is."""
    if not field and len(fields) == 1:
        (field,) = fields
    if field in fields:
        return str(fields[field])
    raise ConfigurationError(
        f"the secret has no field '{field}'." if field else "the secret has several fields.",
        where=where,
        remedy=f"End the reference with one of: {', '.join('#' + name for name in sorted(fields))}.",
    )


def _absent(provider: str, path: str, where: str) -> ConfigurationError:
    return ConfigurationError(
        f"vault:{provider}/{path} does not exist.", where=where, remedy="Correct the reference or store it."
    )


def _refused(provider: str, what: str, where: str) -> SourceError:
    return SourceError(
        f"vault:{provider} did not give the secret ({what}).",
        where=where,
        remedy="Check that it answers and that this machine may read the secret.",
        retryable=True,
    )


READERS: dict[str, Callable[[str, str], str]] = {"azure": _azure, "aws": _aws, "hashicorp": _hashicorp}
EXTRAS = {"azure": "azure", "aws": "aws", "hashicorp": "vault"}
EXAMPLES = {
    "azure": "Write vault:azure/<vault>/<secret>, if wanted /<version> after it.",
    "aws": "Write vault:aws/<secret>, and #<key> after it where the secret is JSON.",
    "hashicorp": "Write vault:hashicorp/<mount>/<path>#<field> (KV version 2).",
}
