import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from claimlake.errors import ClaimlakeError, ConfigurationError
from claimlake.secret import Secret, check_address, check_reference, is_reference, read_secret

HUSH = "hush-7f3a@/:"


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(HUSH)
    assert secret.reveal() == HUSH
    for shown in (str(secret), repr(secret), f"{secret:>20}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "hush" not in shown
    with pytest.raises(TypeError, match="not written"):
        pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")


def test_the_environment_is_read_when_the_secret_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="emr: password: environment variable EMR_PW is not set"):
        read_secret("env:EMR_PW", tmp_path, where="emr: password")
    monkeypatch.setenv("EMR_PW", HUSH)
    assert read_secret("env:EMR_PW", tmp_path, where="emr").reveal() == HUSH


def test_a_file_is_read_without_the_end_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f" {HUSH} \r\n")
    assert read_secret("file:password", tmp_path, where="emr").reveal() == f" {HUSH} "
    assert read_secret(f"file:{tmp_path}/password", Path("/"), where="emr").reveal() == f" {HUSH} "


def test_a_credential_of_systemd_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emr_password").write_text(HUSH)
    reference = "file:$CREDENTIALS_DIRECTORY/emr_password"
    with pytest.raises(ConfigurationError, match=r"cannot read the file \$CREDENTIALS_DIRECTORY/emr"):
        read_secret(reference, tmp_path, where="emr")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret(reference, Path("/"), where="emr").reveal() == HUSH


def test_a_file_that_every_user_can_read_is_refused(public_folder: Path) -> None:
    file = public_folder / "password"
    file.write_text(HUSH)
    file.chmod(0o644)
    with pytest.raises(ConfigurationError) as error:
        read_secret("file:password", public_folder, where="emr")
    assert "every user of this machine can read the file password" in str(error.value)
    assert "chmod 600" in error.value.remedy
    file.chmod(0o640)
    assert read_secret("file:password", public_folder, where="emr").reveal() == HUSH
    file.chmod(0o644)
    public_folder.chmod(0o700)
    assert read_secret("file:password", public_folder, where="emr").reveal() == HUSH


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot read the file password"), (b"\n", "is empty"), (b"hush\xff\xfe", "not text in UTF-8")],
)
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    with pytest.raises(ConfigurationError, match=message) as error:
        read_secret("file:password", tmp_path, where="emr")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("text", [HUSH, "env:", f"env:{HUSH}", "secret:x", f"vault:nowhere/{HUSH}", "file: "])
def test_a_secret_in_place_of_a_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ClaimlakeError) as error:
        check_reference(text, where="acme.yml: password")
    assert str(error.value).startswith("acme.yml: password: ")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://loader:hush@db.acme.example/emr",
        "postgresql://loader:12/hush@db/emr",
        "mssql+pyodbc://:hush@server/db",
        "https://loader:hush@api.acme.example/v1",
        "postgresql://loader@db/emr?password=hush",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhush",
        "https://api.acme.example/v1?access_token=hush",
        "https://api.acme.example/v1?x=1&apikey=hush",
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_address(address, where="acme.yml: url")
    assert "env:NAME" in error.value.remedy
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://loader@db.acme.example:5432/emr?sslmode=verify-full",
        "sqlite:///emr/a@b:c.sqlite",
        "http://127.0.0.1:8080/people/x@y",
        "https://npi.example/api/?version=2.1&pretty=",
        "env:ACME_EMR",
        "file:secrets/emr",
        "vault:aws/acme/emr#url",
    ],
)
def test_an_address_without_a_secret_is_taken(address: str) -> None:
    assert check_address(address, where="acme.yml: url") == address


def test_only_the_three_kinds_are_references() -> None:
    kinds = ["env:A", "file:a", "vault:aws/a", "sqlite:///a", "environment"]
    assert [is_reference(text) for text in kinds] == [True, True, True, False, False]
