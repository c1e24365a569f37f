"""The one walker: the loops of a specification as a table of states, and where every segment leads."""

from dataclasses import dataclass, field
from functools import lru_cache

from claimlake.sources.x12.plan import Plan, plan_of
from claimlake.sources.x12.spec import ROOT, Transaction

# Which element says what a segment is about; every other segment is known by its id alone.
QUALIFIED_BY = {"HL": 3} | dict.fromkeys(("NM1", "N1", "REF", "DTM", "DTP", "AMT", "QTY", "LQ", "PRV"), 1)


@dataclass(frozen=True)
class Grammar:
    """A transaction's loops as states: a state and a kind of segment lead to the next state."""

    kinds: tuple[tuple[str, str], ...]
    """(segment id, qualifier); an empty qualifier is any other; kind 0 is a segment nothing asks for."""
    states: tuple[str, ...]
    """The loop of each state. A loop with a body has two: before and after its body segment."""
    steps: tuple[tuple[int, ...], ...]
    """steps[state][kind] is the next state times two, plus 1 when the segment opens its loop."""
    _kinds_of: dict[str, list[tuple[int, str]]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        for number, (name, qualifier) in enumerate(self.kinds):
            self._kinds_of.setdefault(name, []).append((number, qualifier))

    def kinds_of(self, segment: str, qualifiers: tuple[str, ...]) -> list[int]:
        """The kinds a citation means."""
        return [
            number
            for number, qualifier in self._kinds_of.get(segment, ())
            if not qualifiers or qualifier in qualifiers
        ]

    def states_of(self, loop: str) -> list[int]:
        """The states in which the walker stands in this loop itself."""
        return [number for number, name in enumerate(self.states) if name == loop]


@lru_cache(maxsize=16)
def grammar(transaction: Transaction) -> Grammar:
    """The state table of a transaction."""
    kinds = _kinds(transaction, plan_of(transaction))
    names = (ROOT, *(loop.name for loop in transaction.loops))
    states = names + tuple(loop.name for loop in transaction.loops if loop.body)
    steps = tuple(
        tuple(_next(transaction, states, state, kind) for kind in kinds) for state in range(len(states))
    )
    return Grammar(kinds, states, steps)


def _kinds(transaction: Transaction, plan: Plan) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {("", ""): None, ("SE", ""): None}
    for loop in transaction.loop_by_name.values():
        for trigger in loop.opens + loop.body:
            segment, _, qualifier = trigger.partition("*")
            found |= {(segment, ""): None, (segment, qualifier): None}
    cited = [path for _, path in plan.firsts] + [path for _, paths in plan.lists for path in paths]
    for path in cited:
        found[path.segment, ""] = None
        found |= dict.fromkeys((path.segment, qualifier) for qualifier in path.qualifiers)
    rows = [row.split()[1] for level in plan.levels if not level.is_loop for row in level.rows]
    return tuple(found | dict.fromkeys((segment, "") for segment in (*rows, *transaction.watched)))


def _next(transaction: Transaction, states: tuple[str, ...], state: int, kind: tuple[str, str]) -> int:
    if kind[0] in ("ST", "SE"):
        return int(kind[0] == "ST")  # the first state is the root; SE closes every loop inside it
    here = transaction.loop_by_name[states[state]]
    if kind[0] in here.body and state == states.index(here.name):
        return 2 * _after_body(states, here.name)
    for ancestor in transaction.ancestors(here.name):
        for loop in transaction.loops:
            if ancestor in loop.inside and _opens(loop.opens, kind):
                return 2 * states.index(loop.name) + 1
            if ancestor in loop.inside and kind[0] in loop.body:
                return 2 * _after_body(states, loop.name) + 1
    return 2 * state


def _after_body(states: tuple[str, ...], loop: str) -> int:
    return states.index(loop, states.index(loop) + 1)


def _opens(triggers: tuple[str, ...], kind: tuple[str, str]) -> bool:
    return any(trigger == kind[0] or (kind[1] and trigger == f"{kind[0]}*{kind[1]}") for trigger in triggers)
