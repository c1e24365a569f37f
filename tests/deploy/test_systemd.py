"""The systemd units, read by systemd itself where this machine has it."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimlake.cli import main

UNITS = sorted((Path(__file__).resolve().parents[2] / "deploy" / "systemd").glob("claimlake-*"))
PROGRAM = "/opt/claimlake/bin/claimlake"
EXPOSURE = 2.5
"""Of 10, as systemd-analyze security counts; a service without any protection has 9.6."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units, calling a program that this machine has."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, sys.executable))
    return sorted(tmp_path.iterdir())


@needs_systemd
def test_systemd_has_no_complaint(installed: list[Path]) -> None:
    assert [unit.name for unit in installed] == [
        "claimlake-run.service",
        "claimlake-run.timer",
        "claimlake-watch.service",
    ]
    verified = analyze("verify", "--man=no", *(str(unit) for unit in installed))
    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_the_services_can_do_little_harm(installed: list[Path]) -> None:
    for unit in installed:
        if unit.suffix == ".service":
            found = analyze("security", "--offline=yes", f"--threshold={EXPOSURE * 10:.0f}", str(unit))
            assert found.returncode == 0, found.stdout[-400:]


@pytest.mark.parametrize("name", ["claimlake-run.service", "claimlake-watch.service"])
def test_a_service_calls_a_command_that_exists(name: str) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.read(next(unit for unit in UNITS if unit.name == name))
    program, command, *options = parser["Service"]["ExecStart"].split()
    assert program == PROGRAM
    shown = CliRunner().invoke(main, [command, "--help"]).output
    assert all(option in shown for option in options if option.startswith("--"))
