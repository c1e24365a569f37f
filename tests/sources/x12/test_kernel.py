import io
from pathlib import Path

import numpy as np
import pytest
from interchange import interchange, transaction

from claimlake.errors import SourceError
from claimlake.sources.x12 import kernel, read_tables

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


@pytest.mark.parametrize("engine", ["kernel"], indirect=True)
@pytest.mark.parametrize("function", ["x12_scan_all", "x12_fill", "x12_segments"])
def test_a_kernel_without_memory_says_so(function: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = 0 if function == "x12_segments" else -1
    monkeypatch.setattr(kernel.library(), function, lambda *_: answer)
    content = interchange(transaction("999", "AK1*HC*1", "AK9*R*1*1*0"))
    with pytest.raises(SourceError, match=r"^stream: not enough memory to read it\. Close .* may help\.$"):
        read_tables(io.BytesIO(content), scope="lossless")
