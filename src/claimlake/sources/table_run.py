"""Reading the tables of one database: several at a time, each tried again, each failing alone."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

import duckdb

from claimlake.errors import ClaimlakeError
from claimlake.lake.seen_table import SeenTables
from claimlake.sources.extract import Extract, Extraction
from claimlake.sources.mapping import Feed
from claimlake.sources.retry import retried
from claimlake.sources.table_origin import TableOrigin

FAILURES = (ClaimlakeError, duckdb.Error, OSError)
"""What keeps one table from being loaded and leaves the others alone."""
AGAIN = "trying again"
"""First words of the step that says a table will be tried once more."""


def read_tables(
    extraction: Extraction, feeds: Sequence[Feed], seen: SeenTables
) -> Iterator[tuple[Feed, Extract | Exception]]:
    """Each feed with its extract, or with what kept it from being read, in the order in which they end."""
    settings = extraction.workspace.settings
    with ThreadPoolExecutor(max_workers=max(1, settings.extract_workers)) as pool:
        waiting = {
            pool.submit(_read, extraction, feed, seen, max(1, settings.extract_attempts)): feed
            for feed in feeds
        }
        try:
            for done in as_completed(waiting):
                yield waiting[done], _result(done)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _read(extraction: Extraction, feed: Feed, seen: SeenTables, attempts: int) -> Extract:
    table = feed.origin.table if isinstance(feed.origin, TableOrigin) else ""
    known = seen.columns(table)
    return retried(
        lambda: extraction.read(feed, known),
        attempts=attempts,
        tell=lambda text: extraction.progress(f"{AGAIN} {text}"),
    )


def _result(done: "Future[Extract]") -> Extract | Exception:
    try:
        return done.result()
    except FAILURES as error:
        return error


def one_at_a_time(progress: Callable[[str], None]) -> Callable[[str], None]:
    """Progress that may be told by several threads."""
    lock = threading.Lock()

    def tell(step: str) -> None:
        with lock:
            progress(step)

    return tell
