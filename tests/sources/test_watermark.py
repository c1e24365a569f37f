"""Where an incremental read starts: at the newest row its own feed brought."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claimlake.errors import SourceError
from claimlake.sources.extract import Extract, Extraction
from claimlake.sources.mapping import Feed
from tests.sources.landing import make, rows, run

FEED = """
  - feed: {name}
    from: {{table: people, load: incremental, watermark: updated, key: [id]}}
    into:
      - table: emr_patients
        where: kind = '{name}'
        fields: {{patient_id: id, last_name: name, birth_date: born, modified_at: updated}}
"""


def test_two_feeds_of_one_table_each_start_where_they_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_b(self: Extraction, feed: Feed, seen: object) -> Extract:
        if feed.name == "b":
            raise SourceError("down")
        return read(self, feed, seen)  # type: ignore[arg-type]

    read = Extraction.read
    workspace = make(tmp_path)
    feeds = FEED.format(name="a") + FEED.format(name="b")
    (workspace.path / "sources" / "small_emr.yml").write_text(f"system: small_emr\nfeeds:{feeds}")
    with closing(sqlite3.connect(workspace.path / "emr.sqlite")) as database:
        database.executescript(
            "create table people (id text, kind text, name text, born text, updated text);"
            "insert into people values ('1', 'a', 'x', '1980-01-01', '2024-01-01'),"
            " ('2', 'b', 'x', '1980-01-01', '2024-01-01');"
        )
        run(workspace)
        database.executescript(
            "insert into people values ('3', 'b', 'x', '1980-01-01', '2024-01-02'),"
            " ('4', 'a', 'x', '1980-01-01', '2024-01-03');"
        )
    with monkeypatch.context() as patched:
        patched.setattr(Extraction, "read", without_b)
        run(workspace)
    run(workspace)
    assert [name for (name,) in rows(workspace, "bronze.emr_patients", "patient_id")] == ["1", "2", "3", "4"]
