"""Find values for facts that would make requirements hold: what evidence would have to say.

Requirements are conjunctions of thresholds, some with alternatives, so climbing one fact at a time over the values that the
requirements themselves mention finds a solution where there is one that people would recognise. A requirement is graded by
the share of its terms that hold, so that two facts that only help together are found one after the other; an alternative
with a term that no free fact can change is worth nothing. Whatever is found is proved by
assessing again (`to_green`), so a miss is an unanswered question, never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.answers import ANSWER_TYPES, CHOICES
from dualtrack.domain.vocabulary import Design
from dualtrack.rules.check import read_names
from dualtrack.rules.evaluate import compile_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dualtrack.domain.records import Value
    from dualtrack.rules.table import FactType, Schema, Tree

__all__ = ["Requirement", "conjuncts", "solve"]

_ROUNDS_MAX = 6
"""Passes over the facts; thresholds are reached in one, chains of facts compared with one another in two or three."""

_NEAR = 0.01
"""First step away from a threshold, so that an example stays near it: a share, a rate or a score is moved by a point."""

_POOL_MAX = 40
"""Values tried for one fact; beyond that the requirement is not a threshold."""

_DEFAULTS: dict[str, list[Value]] = {
    "bool": [True, False],
    "double": [1.0, 0.0],
    "int": [1, 0],
    "string": ["stated"],
    "list": [["stated"], []],
}


class Requirement(NamedTuple):
    """A tree that must hold, with the types of the facts it names."""

    tree: Tree
    schema: Schema


_Grade = Callable[[Mapping[str, object]], float]
"""How far a requirement holds on facts: 1.0 wholly, 0.0 not at all or never."""


class _Conjunct(NamedTuple):
    grade: _Grade
    names: frozenset[str]


def solve(
    requirements: Sequence[Requirement], fixed: Mapping[str, object], free: Mapping[str, FactType]
) -> dict[str, Value]:
    """Return values for the `free` facts under which as many conjuncts hold as climbing finds.

    `fixed` holds the other facts and, as starting points, present values of free ones.
    """
    trees = [(part, item.schema) for item in requirements for part in conjuncts(item.tree)]
    terms = [_Conjunct(_grader(tree, schema, frozenset(free)), read_names(tree)) for tree, schema in trees]
    pools = {name: _pool(name, kind, [tree for tree, _ in trees], fixed) for name, kind in sorted(free.items())}
    values: dict[str, Value] = {name: pool[0] for name, pool in pools.items()}
    touching = {name: [item for item in terms if name in item.names] for name in pools}
    for _ in range(_ROUNDS_MAX):
        before = dict(values)
        for name, pool in pools.items():
            values[name] = _best(name, pool, touching[name], fixed, values)
        if values == before:
            break
    return values


def _best(
    name: str,
    pool: Sequence[Value],
    conjuncts: Sequence[_Conjunct],
    fixed: Mapping[str, object],
    values: dict[str, Value],
) -> Value:
    """Return the value that satisfies most conjuncts; the present one wins a tie."""

    def score(value: Value) -> float:
        facts = {**fixed, **values, name: value}
        return sum(item.grade(facts) for item in conjuncts)

    present = values[name]
    best = max(pool, key=score)
    return best if score(best) > score(present) else present


def _grader(tree: Tree, schema: Schema, free: frozenset[str]) -> _Grade:
    """Return the grading of a tree: the best alternative of an `or`, the share of terms of an `and`."""
    if tree.get("call") == "or":
        choices = [_grader(part, schema, free) for part in tree["args"]]
        return lambda facts: max(choice(facts) for choice in choices)
    if tree.get("call") == "and":
        parts = [(_grader(part, schema, free), free.isdisjoint(read_names(part))) for part in conjuncts(tree)]
        return lambda facts: _share(parts, facts)
    run = compile_tree(tree, schema)
    return lambda facts: float(run(facts) is True)


def _share(parts: Sequence[tuple[_Grade, bool]], facts: Mapping[str, object]) -> float:
    total = 0.0
    for grade, settled in parts:
        found = grade(facts)
        if settled and found < 1.0:
            return 0.0
        total += found
    return total / len(parts)


def conjuncts(tree: Tree) -> Iterator[Tree]:
    """Yield the terms of a conjunction, in order; any other tree is its own single term."""
    if tree.get("call") == "and":
        for part in tree["args"]:
            yield from conjuncts(part)
    else:
        yield tree


def _nodes(tree: Tree) -> Iterator[Tree]:
    yield tree
    for part in [*tree.get("args", ()), *tree.get("list", ())]:
        yield from _nodes(part)


def _pool(name: str, kind: FactType, trees: Sequence[Tree], fixed: Mapping[str, object]) -> list[Value]:
    """Return values worth trying: the present one, then what the requirements that name the fact mention."""
    present = fixed.get(name)
    pool: list[Value] = [present] if isinstance(present, bool | int | float | str | list) else []
    mentioned: list[object] = []
    for tree in trees:
        if name in read_names(tree):
            mentioned += _mentioned(tree, fixed)
    if kind in {"double", "int"}:
        number = float if kind == "double" else int
        steps = (0.0, _NEAR, -_NEAR, 1.0, -1.0) if kind == "double" else (0, 1, -1)
        values = [
            number(value) for value in mentioned if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        pool += [value + step for step in steps for value in values]
    elif kind == "string":
        pool += [value for value in mentioned if isinstance(value, str)]
    elif kind == "list":
        words = sorted({value for value in mentioned if isinstance(value, str)} | _listed(mentioned))
        kept = present if isinstance(present, list) else []
        pool += [[*kept, *(word for word in words if word not in kept)]]
    unique: list[Value] = []
    for value in [*pool, *_choices(name), *_DEFAULTS[kind]]:
        if not _is_possible(name, value):
            continue
        if value not in unique or type(value) is not type(unique[unique.index(value)]):
            unique.append(value)
    return unique[:_POOL_MAX]


def _choices(name: str) -> list[Value]:
    """Return the words that a closed answer may be, where the fact is one."""
    if name == "claim.design":
        return [design.value for design in Design]
    head, _, answer = name.partition(".")
    return [*sorted(CHOICES.get(answer, ()))] if head == "use" and ANSWER_TYPES.get(answer) == "string" else []


def _is_possible(name: str, value: Value) -> bool:
    """Tell whether a fact can have the value: closed answers have their choices, and n counts at least one."""
    if name.startswith("ev.") and name.endswith(".n"):
        return isinstance(value, int) and value >= 1
    if name == "use.development":
        return isinstance(value, list) and set(value) <= CHOICES["development"]
    return value in (_choices(name) or [value])


def _mentioned(tree: Tree, fixed: Mapping[str, object]) -> list[object]:
    values: list[object] = []
    for node in _nodes(tree):
        kind = next(iter(node))
        if kind == "fact" and node["fact"] in fixed:
            values.append(fixed[node["fact"]])
        elif kind in {"int", "double", "string"}:
            values.append(node[kind])
    return values


def _listed(values: Sequence[object]) -> set[str]:
    return {word for value in values if isinstance(value, list) for word in value}
