"""The graph of models: what each one reads, and the order in which they can be built."""

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from claimlake.errors import ModelError
from claimlake.keys import suggest
from claimlake.lake.model import Model


def build_order(models: Mapping[str, Model], given: Collection[str]) -> list[Model]:
    """Models so that each comes after those it reads; `given` names the tables that exist without a model."""
    for model in models.values():
        _refuse_missing(model, [*models, *given])
    sorter = TopologicalSorter({name: _upstream(models, name) for name in sorted(models)})
    try:
        return [models[name] for name in sorter.static_order()]
    except CycleError as error:
        names = [str(name) for name in reversed(error.args[1])]
        raise ModelError(
            f"models read each other in a circle: {' → '.join(names)}.",
            where=str(models[names[0]].file),
            remedy="Move what they share into a model of its own.",
        ) from error


def ancestors(models: Mapping[str, Model], names: Iterable[str]) -> set[str]:
    """The named models and every model they are built from."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += _upstream(models, name)
    return wanted


def _upstream(models: Mapping[str, Model], name: str) -> list[str]:
    return sorted(table for table, _ in models[name].tables if table in models)


def _refuse_missing(model: Model, known: Collection[str]) -> None:
    for table, line in model.tables:
        if table in known:
            continue
        raise ModelError(
            f"no table '{table}'.",
            where=f"{model.name.replace('.', '/')}.sql:{line}",
            remedy=suggest(table, known, "Add its contract or its model."),
        )
