from pathlib import Path

import duckdb
import pytest

from claimlake.sources.json_feed import JsonFile, read_json, records
from claimlake.sources.record import BROKEN, TABLE


def write(folder: Path, text: str) -> Path:
    file = folder / "events.json"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1.10, "b": "é"}, {"a": 12345678901234567890.01}]',
        '{"a": 1.10, "b": "é"}\n{"a": 12345678901234567890.01}\n',
        '{"claims": [{"a": 1.10, "b": "é"}, {"a": 12345678901234567890.01}], "count": 2}',
    ],
)
def test_arrays_lines_and_enclosed_arrays_give_the_same_values_digit_by_digit(
    tmp_path: Path, text: str
) -> None:
    connection = duckdb.connect()
    found = read_json(connection, JsonFile(write(tmp_path, text)))
    assert found.delivered == 2
    values = connection.sql(
        f"select _row, {found.columns['a']}, {found.columns['b']} from {TABLE}"
    ).fetchall()
    assert values == [(1, "1.10", "é"), (2, "12345678901234567890.01", None)]


def test_a_record_is_found_again_by_its_bytes(tmp_path: Path) -> None:
    file = write(tmp_path, '\n[ {"name": "Zoë"},\n  {"name": "Ann", "tags": [1, {"x": 2}]} ]')
    connection = duckdb.connect()
    read_json(connection, JsonFile(file))
    content = file.read_bytes()
    for place, length, raw in connection.sql(f"select _offset, _length, _raw from {TABLE}").fetchall():
        assert content[place : place + length].decode() == raw


def test_the_order_of_the_fields_does_not_change_the_hash(tmp_path: Path) -> None:
    connection = duckdb.connect()
    read_json(connection, JsonFile(write(tmp_path, '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]')))
    assert connection.sql(f"select count(distinct _hash) from {TABLE}").fetchall() == [(1,)]


def test_a_truncated_array_keeps_its_whole_records_and_reports_the_rest(tmp_path: Path) -> None:
    connection = duckdb.connect()
    found = read_json(connection, JsonFile(write(tmp_path, '[{"a": 1}, {"a": 2}, {"a": ')))
    assert found.delivered == 3
    assert connection.sql(f"select _row, _reason from {BROKEN}").fetchall() == [
        (3, "JSON breaks here; the rest is not readable")
    ]


def test_a_broken_line_does_not_take_its_neighbours_with_it(tmp_path: Path) -> None:
    found = list(records(JsonFile(write(tmp_path, '{"a": 1}\n{"a": \n{"a": 3}\n7\n'))))
    assert [item.problem for item in found] == ["", "line is not a JSON object", "", ""]
    assert found[2].value == {"a": "3"}


def test_a_value_longer_than_the_buffer_is_read_whole(tmp_path: Path) -> None:
    text = "x" * 3_000_000
    found = list(records(JsonFile(write(tmp_path, f'[{{"a": "{text}"}}, {{"a": "y"}}]'))))
    assert [len(item.value["a"]) for item in found] == [3_000_000, 1]


def test_hidden_columns_stay_out_of_the_content(tmp_path: Path) -> None:
    connection = duckdb.connect()
    found = read_json(connection, JsonFile(write(tmp_path, '[{"a": 1, "ssn": "111223333"}]')), ["SSN"])
    rows = connection.sql(f"select _raw, {found.columns['ssn']} from {TABLE}").fetchall()
    assert rows == [('{"a": "1"}', "111223333")]


@pytest.mark.parametrize(
    "bad",
    ['{"a": "\\ud800"}', '{"\\ud800": 1}', '{"a": ' + "[" * 900 + "]" * 900 + "}"],
    ids=["half a character", "half a character in a name", "too deep"],
)
@pytest.mark.parametrize("form", ["[{}, {}]", '{{"claims": [{}, {}]}}'], ids=["array", "enclosed"])
def test_a_record_that_cannot_be_written_as_text_is_broken(tmp_path: Path, bad: str, form: str) -> None:
    connection = duckdb.connect()
    found = read_json(connection, JsonFile(write(tmp_path, form.format('{"a": 1}', bad))))
    assert found.delivered == 2
    assert connection.sql(f"select {found.columns['a']} from {TABLE}").fetchall()[0] == ("1",)
