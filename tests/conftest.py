"""Every test runs with the network closed: only loopback addresses can be reached."""

import ipaddress
import socket
from typing import Any

import pytest

from .postgres import postgres, postgres_server  # noqa: F401
from .spark import sail, spark_engine  # noqa: F401

_connect = socket.socket.connect


def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket path
    host = str(address[0])
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: Any) -> Any:
    if not _is_loopback(address):
        raise AssertionError(f"a test tried to reach {address!r}: claimlake uses no network it was not given")
    return _connect(self, address)


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
