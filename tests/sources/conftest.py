"""The samples are ingested once for all tests that read them."""

from tests.sources.samples import ingested  # noqa: F401
