from pathlib import Path

import pytest

from claimlake.engines.choice import open_engine
from claimlake.engines.spark import spark_sql
from claimlake.errors import ConfigurationError
from claimlake.workspace import Workspace


def test_tables_keep_their_name_as_alias() -> None:
    assert (
        spark_sql("select claim.a from silver.claim") == "SELECT `claim`.`a` FROM `silver__claim` AS `claim`"
    )


def test_given_alias_stays() -> None:
    assert spark_sql("select c.a from silver.claim as c") == "SELECT `c`.`a` FROM `silver__claim` AS `c`"


def test_spark_without_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--remote"):
        open_engine(Workspace.create(tmp_path / "w"), name="spark")
