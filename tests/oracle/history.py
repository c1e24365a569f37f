"""What a source knew of a key at a moment, worked out event by event, as they arrived."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """A row about a key, a row that deletes it, or the key found missing in a full extract."""

    arrived_at: datetime
    stated_at: datetime | None = None
    content: str | None = None
    """None where the key is deleted or missing."""
    is_missing: bool = False


@dataclass
class Knowledge:
    """The content of one key from each moment of change on."""

    changes: dict[datetime, str | None] = field(default_factory=dict)
    _ended_at: datetime | None = None
    _newest: datetime = datetime.min

    def learn(self, event: Event) -> None:
        """Take in the next event to arrive."""
        stated = event.stated_at or event.arrived_at
        self._newest = max(self._newest, stated)
        if event.is_missing:
            self._ended_at = self._newest
            self.changes[self._newest] = None
        elif self._ended_at is None or stated > self._ended_at:
            self.changes[stated] = event.content
        else:
            self.changes[max(event.arrived_at, self._ended_at)] = event.content

    def at(self, moment: datetime) -> str | None:
        """The content at a moment, None where there is none."""
        before = [change for change in self.changes if change <= moment]
        return self.changes[max(before)] if before else None


def knowledge(events: Iterable[Event]) -> Knowledge:
    """What is known after all events, given in the order of their arrival."""
    known = Knowledge()
    for event in events:
        known.learn(event)
    return known
