"""The three providers' own clients, each against an invented server on this machine."""

import builtins
import json
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from claimlake.errors import ClaimlakeError, ConfigurationError, SourceError
from claimlake.secret import read_secret

HUSH = "hush-7f3a"
TOKEN = "token-91c4"
Answer = tuple[int, dict[str, Any]]


class Server:
    """A loopback HTTP server that answers as it is told and keeps what it was asked."""

    def __init__(self, answer: Callable[[str, dict[str, str], bytes], Answer]) -> None:
        outer = self
        self.paths: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content = answer(self.path, dict(self.headers), body)
                reply = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()


def read(reference: str) -> str:
    return read_secret(reference, Path(), where="source emr: password").reveal()


def refused(reference: str, kind: type[ClaimlakeError]) -> str:
    """The message of a refusal; the whole traceback shows neither secret nor token."""
    with pytest.raises(kind) as error:
        read(reference)
    told = "".join(traceback.format_exception(error.value))
    assert HUSH not in told and TOKEN not in told
    return str(error.value)


def kv(path: str, headers: dict[str, str], _: bytes) -> Answer:
    if headers.get("X-Vault-Token") != TOKEN:
        return 403, {"errors": [f"permission denied for {headers.get('X-Vault-Token')}"]}
    if path == "/v1/secret/data/acme/emr":
        fields = {"password": HUSH, "user": "loader"}
        return 200, {"data": {"data": fields, "metadata": {"version": 3}}}
    if path == "/v1/secret/data/acme/one":
        return 200, {"data": {"data": {"value": HUSH}, "metadata": {"version": 1}}}
    return 404, {"errors": []}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(kv) as server:
        monkeypatch.setenv("VAULT_ADDR", server.address)
        monkeypatch.setenv("VAULT_TOKEN", TOKEN)
        yield server


def test_hashicorp_gives_a_field_of_a_secret(vault: Server) -> None:
    assert read("vault:hashicorp/secret/acme/emr#password") == HUSH
    assert read("vault:hashicorp/secret/acme/one") == HUSH
    assert vault.paths == ["/v1/secret/data/acme/emr", "/v1/secret/data/acme/one"]


@pytest.mark.usefixtures("vault")
def test_hashicorp_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = refused("vault:hashicorp/secret/acme/none#password", ConfigurationError)
    assert "source emr: password: vault:hashicorp/secret/acme/none#password does not exist" in absent
    assert "no field 'pasword'. End the reference with one of: #password, #user." in refused(
        "vault:hashicorp/secret/acme/emr#pasword", ConfigurationError
    )
    assert "several fields" in refused("vault:hashicorp/secret/acme/emr", ConfigurationError)
    monkeypatch.setenv("VAULT_TOKEN", HUSH)
    denied = refused("vault:hashicorp/secret/acme/emr#password", SourceError)
    assert "did not give the secret (Forbidden)" in denied and "Trying again" in denied


@pytest.mark.usefixtures("vault")
def test_hashicorp_takes_its_token_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(tmp_path / "token"))
    assert read("vault:hashicorp/secret/acme/one") == HUSH
    monkeypatch.setenv("VAULT_TOKEN_FILE", str(tmp_path / "none"))
    assert "VAULT_TOKEN_FILE" in refused("vault:hashicorp/secret/acme/one", ConfigurationError)


def test_a_vault_that_is_away_or_in_clear_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    assert "did not give the secret (ConnectionError)" in refused("vault:hashicorp/secret/a#b", SourceError)
    for address in ("http://vault.example:8200", "", "vault.example"):
        monkeypatch.setenv("VAULT_ADDR", address)
        assert "not the https address" in refused("vault:hashicorp/secret/a#b", ConfigurationError)


def secrets_manager(_: str, headers: dict[str, str], body: bytes) -> Answer:
    assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    match json.loads(body)["SecretId"]:
        case "acme/emr":
            return 200, {"SecretString": json.dumps({"password": HUSH})}
        case "acme/plain":
            return 200, {"SecretString": HUSH}
        case "acme/forbidden":
            return 400, {"__type": "AccessDeniedException", "Message": f"no, not {HUSH}"}
    return 400, {"__type": "ResourceNotFoundException", "Message": "gone"}


def test_aws_gives_a_text_or_a_key_of_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(secrets_manager) as server:
        for name, value in {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.address,
            "AWS_ACCESS_KEY_ID": "AKIAINVENTED",
            "AWS_SECRET_ACCESS_KEY": TOKEN,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(tmp_path / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }.items():
            monkeypatch.setenv(name, value)
        assert read("vault:aws/acme/emr#password") == HUSH
        assert read("vault:aws/acme/plain") == HUSH
        assert "does not exist" in refused("vault:aws/acme/none", ConfigurationError)
        assert "(AccessDeniedException)" in refused("vault:aws/acme/forbidden", SourceError)
        assert "one text, not fields" in refused("vault:aws/acme/plain#password", ConfigurationError)
        assert "no field 'x'" in refused("vault:aws/acme/emr#x", ConfigurationError)


class Credential:
    """Stands in for the machine's Azure identity."""

    def __enter__(self) -> "Credential":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def get_token(self, *_: str, **__: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(TOKEN, 4_000_000_000)


def test_azure_gives_a_secret_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests
    from azure import identity

    asked: list[str] = []

    def send(_: Any, request: requests.PreparedRequest, **__: Any) -> requests.Response:
        answer = requests.Response()
        answer.request, answer.url = request, request.url or ""
        asked.append(answer.url.partition("?")[0])
        if "Authorization" not in request.headers:
            answer.status_code = 401
            challenge = 'Bearer authorization="https://login.example/t", resource="https://vault.azure.net"'
            answer.headers["WWW-Authenticate"] = challenge
            body: dict[str, Any] = {}
        elif "/secrets/emr-password/" in answer.url:
            answer.status_code = 200
            body = {"value": HUSH, "id": "https://acme.vault.azure.net/secrets/emr-password/1"}
        else:
            answer.status_code = 403 if "forbidden" in answer.url else 404
            body = {"error": {"code": "No", "message": f"{HUSH} {TOKEN}"}}
        answer.headers["Content-Type"] = "application/json"
        answer.raw = __import__("io").BytesIO(json.dumps(body).encode())
        return answer

    monkeypatch.setattr(identity, "DefaultAzureCredential", Credential)
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    assert read("vault:azure/acme/emr-password") == HUSH
    assert asked[-1].startswith("https://acme.vault.azure.net/secrets/emr-password/")
    assert "does not exist" in refused("vault:azure/acme/none", ConfigurationError)
    assert "did not give the secret (HttpResponseError)" in refused("vault:azure/acme/forbidden", SourceError)


@pytest.mark.parametrize(
    ("reference", "package", "extra"),
    [
        ("vault:azure/acme/emr", "azure", "azure"),
        ("vault:aws/acme", "boto3", "aws"),
        ("vault:hashicorp/secret/emr#password", "hvac", "vault"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(
    reference: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return load(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert f"pip install 'claimlake[{extra}]'" in refused(reference, ConfigurationError)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("vault:gcp/x", "no vault provider 'gcp'. Choose from: azure, aws, hashicorp."),
        ("vault:azure/emr", "Write vault:azure/<vault>/<secret>"),
        ("vault:hashicorp/secret", "Write vault:hashicorp/<mount>/<path>#<field>"),
        ("vault:aws/", "Write vault:aws/<secret>"),
    ],
)
def test_a_path_no_provider_can_have_is_refused(reference: str, message: str) -> None:
    assert message in refused(reference, ConfigurationError)
