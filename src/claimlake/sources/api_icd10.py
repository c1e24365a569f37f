"""ICD-10 as the WHO publishes it: one release, from its chapters down to its codes, a block at a time."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from claimlake.errors import ClaimlakeError, SourceError
from claimlake.sources.api_batch import Batch, Failures
from claimlake.sources.rest import RestClient

ROOT = "icd/release/10"
CODES = ("category", "modifiedcategory")
"""Kinds of entity that are codes; chapters and blocks only hold them."""

EMPTY = {"is_edition": None, "chapter": None, "block": None, "code": None}
"""Every record has these, whether it is of a code or of the release."""

Entity = Mapping[str, Any]


@dataclass(frozen=True)
class Icd10:
    """The classification as one feed asks for it."""

    client: RestClient
    release: str
    """Id of a release, or 'latest'."""
    answered: Collection[str]
    """Requests that are answered and not yet old."""
    failures: Failures

    def batches(self) -> Iterator[Batch]:
        """The codes of the release, a block a batch, and when all of them are there the release itself."""
        try:
            release = self._release()
        except ClaimlakeError as error:
            self.failures.add(error)
            return
        edition = str(release.get("releaseId") or self.release)
        if edition in self.answered:
            return
        about = {"release": edition, "release_date": release.get("releaseDate")}
        is_whole = True
        for chapter in _children(release):
            for batch in self._chapter(chapter, about):
                is_whole = is_whole and batch is not None
                if batch:
                    yield batch
        if is_whole:
            yield Batch(({**EMPTY, **about, "is_edition": "true", "title": _title(release)},), (edition,))

    def _release(self) -> Entity:
        """The release that is asked for, with its chapters."""
        if self.release != "latest":
            return self._entity(f"{ROOT}/{self.release}")
        newest = self._entity(ROOT).get("latestRelease")
        if not isinstance(newest, str):
            raise SourceError("the API names no latest release.", where=self.client.where)
        return self._entity(_path(newest, self.client.where))

    def _chapter(self, address: str, about: Entity) -> Iterator[Batch | None]:
        """The blocks of a chapter; None for each that could not be read."""
        if self.failures.is_over:
            yield None
            return
        try:
            chapter = self._entity(address)
        except ClaimlakeError as error:
            self.failures.add(error)
            yield None
            return
        about = {**about, "chapter": chapter.get("code")}
        for block in _children(chapter):
            request = f"{about['release']}/{block}"
            if request not in self.answered:
                yield self._block(block, request, about)

    def _block(self, address: str, request: str, about: Entity) -> Batch | None:
        if self.failures.is_over:
            return None
        try:
            records = tuple(self._codes(address, about))
        except ClaimlakeError as error:
            self.failures.add(error)
            return None
        self.failures.passed()
        return Batch(records, (request,))

    def _codes(self, top: str, about: Entity) -> Iterator[Entity]:
        """Every code at or below an entity, each once, parents before children."""
        waiting: list[tuple[str, str | None]] = [(top, None)]
        seen = {top}
        while waiting:
            address, block = waiting.pop()
            entity = self._entity(address)
            if entity.get("classKind") in CODES:
                yield {**EMPTY, **about, "block": block, "code": entity.get("code"), "title": _title(entity)}
            else:
                block = str(entity.get("code") or "") or block
            fresh = [child for child in _children(entity) if child not in seen]
            seen.update(fresh)
            waiting += [(child, block) for child in reversed(fresh)]

    def _entity(self, address: str) -> Entity:
        entity = self.client.get(_path(address, self.client.where))
        if isinstance(entity, dict):
            return entity
        raise SourceError(
            "the API has no such release or entity.",
            where=f"{self.client.where}: {_path(address, self.client.where)}",
            remedy="Correct the feed's 'release', or the source's 'url'.",
        )


def _path(address: str, where: str) -> str:
    """The path of an entity: whatever host its address names, the configured one is asked."""
    path = urlsplit(address).path.lstrip("/")
    is_within = path == ROOT or path.startswith(f"{ROOT}/")
    if not is_within or ".." in path.split("/"):
        raise SourceError("the API names an entity outside ICD-10.", where=where)
    return path


def _children(entity: Entity) -> list[str]:
    children = entity.get("child")
    return [str(child) for child in children] if isinstance(children, list) else []


def _title(entity: Entity) -> str | None:
    title = entity.get("title")
    return str(title.get("@value")) if isinstance(title, dict) and title.get("@value") else None
