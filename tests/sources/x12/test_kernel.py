from pathlib import Path

import pytest

from claimlake.sources.x12 import kernel

find = kernel.library.__wrapped__


def test_the_kernel_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAIMLAKE_X12_KERNEL", "off")
    assert find() is None


@pytest.mark.parametrize("content", [None, b"not a library"])
def test_without_a_usable_library_numpy_reads(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x12_kernel.so"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(kernel, "library_path", lambda: path)
    assert find() is None
