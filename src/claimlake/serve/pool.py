"""Open sessions, one per tenant, role and snapshot, shared by the requests that need them."""

from collections import OrderedDict
from threading import Lock

from claimlake.access.session import Session, open_session
from claimlake.lake.snapshot import latest
from claimlake.workspace import Workspace

MOST_SESSIONS = 16


class SessionPool:
    """Hands out sessions on the latest snapshot; older ones are freed when nobody reads from them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = Lock()
        self._open: OrderedDict[tuple[str, str, int], Session] = OrderedDict()

    def session(self, org_id: str, role: str) -> Session:
        """The session of a tenant and role on the latest snapshot."""
        with self._lock:
            snapshot = latest(self._workspace)
            key = (org_id, role, snapshot.id if snapshot else 0)
            if key not in self._open:
                # One at a time: two requests for the same new snapshot must not both pay for it.
                self._open[key] = open_session(
                    self._workspace, org_id=org_id, role=role, snapshot=snapshot.id if snapshot else None
                )
            self._open.move_to_end(key)
            stale = [other for other in self._open if other[:2] == key[:2] and other != key]
            for other in stale:
                del self._open[other]
            while len(self._open) > MOST_SESSIONS:
                self._open.popitem(last=False)
            return self._open[key]
