from pathlib import Path

import numpy as np
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


def test_a_view_shows_memory_as_it_is_and_cannot_be_written() -> None:
    memory = np.arange(6, dtype=np.int64)
    seen = kernel.view(kernel.address(memory), 4, np.int64)
    memory[3] = 7
    assert seen.tolist() == [0, 1, 2, 7]
    assert not seen.flags.writeable
    assert kernel.view(None, 3, np.int32).tolist() == []
