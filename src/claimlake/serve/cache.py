"""Pages already drawn; the key starts with the tenant, so no page can reach another tenant."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from markupsafe import Markup

from claimlake.access.session import Session

MOST_PAGES = 256


@dataclass(frozen=True)
class PageKey:
    """What a drawn page depends on, tenant first."""

    org_id: str
    role: str
    snapshot_id: int
    address: str
    """Path and settled filters."""


def page_key(session: Session, address: str) -> PageKey:
    """The key of an address as a session sees it."""
    return PageKey(session.org_id, session.role.name, session.snapshot_id, address)


class PageCache:
    """The most recently used pages."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pages: OrderedDict[PageKey, Markup] = OrderedDict()

    def page(self, key: PageKey, draw: Callable[[], Markup]) -> Markup:
        """The page of a key, drawn when it is not there."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
        drawn = draw()
        with self._lock:
            self._pages[key] = drawn
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        return drawn
