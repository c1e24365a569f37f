"""What columns are called: the names under which systems deliver what a bronze column holds."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from claimlake.errors import ConfigurationError
from claimlake.workspace import Workspace

FILE = "synonyms.csv"
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@dataclass(frozen=True)
class Synonyms:
    """The other names of columns and of the words in them."""

    names: dict[str, tuple[str, ...]]
    """Column, or word, and what else it is called, each as one word without blanks."""
    expressions: dict[str, str]
    """Column and the SQL that makes its value of a source column, written {column}."""
    omitted: frozenset[str]
    """Columns whose source column must not be kept as it came."""

    def likeness(self, column: str, name: str) -> float:
        """How surely a source column of this name holds what a bronze column holds: 0 to 1."""
        given = plain(name)
        if given == plain(column):
            return 1.0
        if given in self.names.get(column, ()):
            return 0.9
        said = self._said(name)
        if said == self._said(column):
            return 0.9
        return 0.8 if said in {self._said(other) for other in self.names.get(column, ())} else 0.0

    def _said(self, name: str) -> str:
        """The name with its abbreviations written out."""
        full = {short: word for word, others in self.names.items() if "_" not in word for short in others}
        return "".join(full.get(word, word) for word in words(name))


def words(name: str) -> list[str]:
    """The words of a name, however it joins them: PatientID, patient_id, Patient-Id."""
    return [word.lower() for word in WORDS.findall(name)]


def plain(name: str) -> str:
    """A name without its case and what joins its words."""
    return "".join(words(name))


def load_synonyms(workspace: Workspace) -> Synonyms:
    """The synonyms of the workspace, else the built-in ones."""
    names: dict[str, tuple[str, ...]] = {}
    expressions: dict[str, str] = {}
    omitted = set()
    for file in workspace.content("sources", FILE):
        with file.open(encoding="utf-8", newline="") as reader:
            for row in csv.DictReader(reader):
                if not row.get("name") or row.get("written") is None:
                    raise ConfigurationError(
                        "a line has no name", where=str(file), remedy="Write name,written,…."
                    )
                names[row["name"]] = names.get(row["name"], ()) + _plain_all(row["written"].split(";"))
                if row.get("expression"):
                    expressions[row["name"]] = row["expression"]
                if row.get("omit"):
                    omitted.add(row["name"])
    return Synonyms(names, expressions, frozenset(omitted))


def _plain_all(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(plain(name) for name in names)
