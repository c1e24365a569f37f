from pathlib import Path

import pytest

from claimlake.errors import ConfigurationError, WorkspaceError
from claimlake.settings import load_settings
from claimlake.workspace import Workspace, content_path


def test_created_workspace_opens_with_default_settings(tmp_path: Path) -> None:
    created = Workspace.create(tmp_path / "lake house")
    assert Workspace.open(tmp_path / "lake house") == created
    assert created.settings.engine == "duckdb"
    assert created.landing.is_dir()


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="not an empty folder"):
        Workspace.create(tmp_path)


def test_folder_without_settings_is_not_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="claimlake init"):
        Workspace.open(tmp_path)


def test_environment_wins_over_file(tmp_path: Path) -> None:
    file = tmp_path / "claimlake.yml"
    file.write_text("threads: 2\nmemory_limit: 1GB\n")
    settings = load_settings(file, {"CLAIMLAKE_THREADS": "4"})
    assert (settings.threads, settings.memory_limit) == (4, "1GB")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("treads: 2", "Did you mean 'threads'"),
        ("threads: two", "not a whole number"),
        ("engine: oracle", "duckdb, spark"),
        ("- a", "name: value"),
        ("a: [", "not valid YAML"),
    ],
)
def test_wrong_settings_say_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "claimlake.yml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_settings(file, {})


def test_own_content_replaces_built_in_content_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = tmp_path / "built-in"
    (built_in / "metrics").mkdir(parents=True)
    for name in ("a.yml", "b.yml"):
        (built_in / "metrics" / name).write_text("built in")
    monkeypatch.setattr("claimlake.workspace.content_path", lambda: built_in)
    workspace = Workspace.create(tmp_path / "own")
    (workspace.path / "metrics" / "b.yml").write_text("own")
    assert [file.read_text() for file in workspace.content("metrics", "*.yml")] == ["built in", "own"]


def test_control_transaction_is_rolled_back_when_the_block_raises(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    with workspace.control() as control:
        control.execute("create table note (text text)")
    with pytest.raises(ZeroDivisionError), workspace.control() as control:
        control.execute("insert into note values ('lost')")
        raise ZeroDivisionError
    with workspace.control() as control:
        assert control.execute("select count(*) from note").fetchone() == (0,)


def test_built_in_content_is_found_in_this_checkout() -> None:
    assert (content_path() / "bronze").is_dir()


def test_a_job_runs_once_at_a_time(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "lake")
    with (
        workspace.exclusive("build"),
        pytest.raises(WorkspaceError, match="another build"),
        workspace.exclusive("build"),
    ):
        pass


def test_a_lock_that_cannot_be_made_is_not_called_another_run(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "lake")
    (workspace.path / ".build.lock").mkdir()
    with pytest.raises(WorkspaceError, match="no lock for build"), workspace.exclusive("build"):
        pass


def test_a_new_workspace_is_closed_to_other_users(tmp_path: Path) -> None:
    assert Workspace.create(tmp_path / "lake").path.stat().st_mode & 0o077 == 0
