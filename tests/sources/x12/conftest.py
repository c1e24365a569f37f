"""Every X12 test runs twice: with the compiled kernel, where it was built, and with NumPy alone."""

import pytest

from claimlake.sources.x12 import kernel


@pytest.fixture(autouse=True, params=["kernel", "numpy"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine that reads."""
    if request.param == "numpy":
        monkeypatch.setattr(kernel, "library", lambda: None)
    elif not kernel.available():
        pytest.skip("the kernel was not compiled here")
    return str(request.param)
