"""A real Spark Connect server for the tests: Sail, started once per session on a free loopback port."""

import importlib.util
import os
import sys
from collections.abc import Iterator

import pytest

from claimlake.engines.spark import SparkEngine

HAS_SAIL = importlib.util.find_spec("pysail") is not None
needs_sail = pytest.mark.skipif(not HAS_SAIL, reason="needs the sail extra")


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    """The address of the server."""
    os.environ.setdefault("RUST_LOG", "error")
    main = sys.modules["__main__"]
    if not hasattr(main, "__file__"):
        main.__file__ = (
            __file__  # a main module without a file, as in a pytest worker, looks like a doctest to pyspark
        )
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    yield f"sc://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="session")
def spark_engine(sail: str) -> Iterator[SparkEngine]:
    """One session on the server."""
    engine = SparkEngine(sail)
    yield engine
    engine.close()
