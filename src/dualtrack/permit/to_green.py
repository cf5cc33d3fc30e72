"""The smallest set of evidence that would turn a refusal into a live permit, proved by assessing again with it.

Evidence that is missing, expired or says no is supposed with values that its rules ask for; the case is concluded again,
and items are dropped one by one, dearest first, as long as the verdict stays live. What is left is minimal: without any
one of its items the verdict is not live. What a step undoes is supposed undone: another policy is another release, which
has to be measured anew; another declaration has to be approved anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.evidence import Method, Predicate
from dualtrack.domain.release import Policy, Release
from dualtrack.domain.time import format_instant, hong_kong_date
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Effect, EvidenceKind, Mode
from dualtrack.permit.admission import ReleaseEntry
from dualtrack.permit.assess import Case, conclude, conclude_whole
from dualtrack.permit.evidence_check import Admitted, field_problem
from dualtrack.permit.facts import DUTY_FACTS, builders, newest_by_topic
from dualtrack.permit.solve import Requirement, solve
from dualtrack.rules.catalogue import BUILT_IN_NAMES, shipped_hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.records import Value
    from dualtrack.permit.assess import Judged
    from dualtrack.rules.records import Topic
    from dualtrack.rules.table import FactType

__all__ = ["Step", "ToGreen", "to_green"]

_SUPPOSED_HOLDER = "(somebody who did not build it)"
_NO_DIGEST = "0" * 64
_SUPPOSED_INDEX = 1 << 40
_BLOCKS = {Effect.REFUSES, Effect.REFUSES_LIVE}


class Step(NamedTuple):
    """One thing to do. `kind` is evidence, answer (the declaration) or policy (the release); `fields` an example."""

    kind: str
    name: str
    fields: dict[str, Value]
    rules: list[tuple[str, str]]
    hours: float
    roles: list[str]
    replaces: int | None


class ToGreen(NamedTuple):
    """The steps in the order to take them and the assessment that holds once they are done.

    `reached` is False when no supposed evidence gives a live permit; `assessment` then shows what still refuses.
    """

    reached: bool
    steps: list[Step]
    assessment: Assessment


def to_green(case: Case) -> ToGreen:
    """Return the minimal steps from this case to a live permit."""
    before = conclude(case)
    if before.mode is Mode.LIVE:
        return ToGreen(reached=True, steps=[], assessment=before)
    steps: list[Step] = []
    # Supposing an answer can bring further rules into play, so the search is repeated until nothing new blocks.
    current = case
    for _ in range(4):
        found = _steps(current, case, steps)
        if found == steps:
            break
        steps = found
        current = _suppose(case, steps)
    after = conclude(_suppose(case, steps))
    if after.mode is not Mode.LIVE:
        return ToGreen(reached=False, steps=_in_order(steps), assessment=after)
    steps = _minimal(case, steps)
    return ToGreen(reached=True, steps=_in_order(steps), assessment=conclude(_suppose(case, steps)))


def _minimal(case: Case, steps: list[Step]) -> list[Step]:
    before: list[Step] = []
    while steps != before:  # dropping one step can make another needless that was needed because of it
        before = steps
        for step in sorted(steps, key=lambda item: (-item.hours, item.name)):
            fewer = [item for item in steps if item is not step]
            if conclude(_suppose(case, fewer)).mode is Mode.LIVE:
                steps = fewer
    return steps


def _in_order(steps: Iterable[Step]) -> list[Step]:
    """Answers first, then the release, then evidence, approvals last: an approval covers what is there."""
    rank = {"answer": 0, "policy": 1, "evidence": 2}
    return sorted(steps, key=lambda step: (rank[step.kind], "approver" in step.roles, step.hours, step.name))


def _steps(current: Case, original: Case, known: Sequence[Step]) -> list[Step]:
    _, facts, judged = conclude_whole(current)
    blocking = [item for item in judged if item.effect.effect in _BLOCKS]
    signed_by_builders = _signed_by_builders(current)
    topics = {topic for item in blocking for topic in item.rule.topics}
    topics |= {topic for item in blocking for name in item.rule.names for topic in signed_by_builders.get(name, ())}
    topics |= {step.name for step in known if step.kind == "evidence"}
    touched = [item for item in judged if item.binding and (item in blocking or topics & set(item.rule.topics))]
    values = _solve(current, facts, touched, blocking, topics)
    return _as_steps(current, original, values, topics, touched, blocking, known)


def _signed_by_builders(case: Case) -> dict[str, set[str]]:
    """Return by fact of separation of duties the topics whose newest evidence, signed by a builder, makes it false."""
    built = builders(case.found)
    found: dict[str, set[str]] = {}
    for topic, admitted in newest_by_topic(case.admitted).items():
        duty = case.topics[topic].duty
        if duty is not None and admitted.holders & built:
            found.setdefault(DUTY_FACTS[duty], set()).add(topic)
    return found


def _solve(
    case: Case, facts: dict[str, Value], touched: Sequence[Judged], blocking: Sequence[Judged], topics: set[str]
) -> dict[str, Value]:
    free: dict[str, FactType] = {}
    fixed: dict[str, object] = {}
    requirements = []
    for item in touched:
        fixed |= {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in item.pack.with_own_facts(facts, hong_kong_date(case.at)).items()
        }
        expressions = [item.rule.requires]
        if item in blocking and item.result.applies is None:
            expressions.append(item.rule.applies)
        for program in expressions:
            requirements.append(Requirement(program.tree, program.schema))
            for name in program.names:
                if _is_free(name, topics, fixed, blocked=item in blocking):
                    free[name] = program.schema[name]
    for topic, admitted in newest_by_topic(case.admitted).items():
        fixed |= {f"ev.{topic}.{name}": value for name, value in admitted.predicate.fields.items()}
    fixed |= {name: True for item in touched for name in item.rule.names if name.startswith("sod.")}
    return solve(requirements, fixed, free)


def _is_free(name: str, topics: set[str], fixed: dict[str, object], *, blocked: bool) -> bool:
    head, _, rest = name.partition(".")
    if head == "ev":
        return rest.split(".")[0] in topics
    return blocked and (head == "policy" or (head in {"use", "claim"} and name not in fixed))


def _as_steps(
    current: Case,
    original: Case,
    values: dict[str, Value],
    topics: set[str],
    touched: Sequence[Judged],
    blocking: Sequence[Judged],
    known: Sequence[Step],
) -> list[Step]:
    newest, hours = newest_by_topic(original.admitted), shipped_hours()
    steps = []
    for topic in sorted(topics):
        reading = sorted((item.pack.id, item.rule.id) for item in touched if topic in item.rule.topics)
        earlier = next((step for step in known if step.kind == "evidence" and step.name == topic), None)
        present = newest.get(topic)
        fields = _fields(current, topic, values, present)
        steps.append(
            Step(
                "evidence",
                topic,
                fields,
                earlier.rules if earlier and earlier.rules else reading,
                current.topics[topic].hours,
                [role.value for role in current.topics[topic].roles],
                present.index if present else None,
            )
        )
    for name, value in sorted(values.items()):
        kind = {"policy": "policy", "use": "answer", "claim": "answer"}.get(name.partition(".")[0])
        if kind is None:
            continue
        reading = sorted((item.pack.id, item.rule.id) for item in blocking if name in item.rule.names)
        steps.append(
            Step(kind, name, {name: value}, reading, hours[kind], ["owner" if kind == "answer" else "developer"], None)
        )
    names = {(step.kind, step.name) for step in steps}
    return steps + [step for step in known if (step.kind, step.name) not in names]


def _still_counts(item: Admitted, case: Case, steps: Sequence[Step]) -> bool:
    """Tell whether evidence outlives the steps: not another release, declaration or terms of its claim."""
    topic = case.topics[item.predicate.topic]
    if topic.about == "release" and any(step.kind == "policy" for step in steps):
        return False
    approves = topic.duty == "approve" or item.predicate.topic in BUILT_IN_NAMES
    if approves and any(step.kind == "answer" for step in steps):
        return False
    return item.predicate.claim is None or not any(step.name.startswith("claim.") for step in steps)


def _supposed(step: Step, topic: Topic, case: Case) -> Predicate:
    claim, number = step.fields.get("claim"), step.fields.get("n", 1)
    measured = topic.kind is EvidenceKind.MEASUREMENT
    return Predicate(
        kind=topic.kind,
        topic=step.name,
        fields=step.fields,
        taken_at=format_instant(case.at),
        claim=claim if isinstance(claim, str) else None,
        method=Method(name="supposed", version="", source=""),
        data_digest=_NO_DIGEST if measured else None,
        n=number if measured and isinstance(number, int) else None,
    )


_EXAMPLES: dict[str, Value] = {"bool": True, "int": 1, "double": 1.0, "string": "stated", "list": ["stated"]}


def _fields(case: Case, topic: str, values: dict[str, Value], present: Admitted | None) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    declaration = case.found.declaration
    primary = primary_claim(declaration) if declaration else None
    claimed = case.answers.get("claim.id", primary.id if primary else None)
    for name, declared in case.topics[topic].fields.items():
        full, kind = f"ev.{topic}.{name}", declared.rstrip("?")
        if full in values:
            fields[name] = values[full]
        elif present is not None and name in present.predicate.fields:
            fields[name] = present.predicate.fields[name]
        elif name == "claim" and isinstance(claimed, str):
            fields[name] = claimed
        elif not declared.endswith("?"):
            fields[name] = _EXAMPLES[kind]
    solved = {name for name in fields if f"ev.{topic}.{name}" in values}
    return _consistent(fields, solved)


def _consistent(fields: dict[str, Value], solved: set[str]) -> dict[str, Value]:
    """Return the example with low <= estimate <= high, as a measurement must have; what rules ask stays as they ask it."""
    low, estimate, high = fields.get("low"), fields.get("estimate"), fields.get("high")
    if not (isinstance(low, float) and isinstance(estimate, float) and isinstance(high, float)):
        return fields
    asked = [value for name, value in (("low", low), ("estimate", estimate), ("high", high)) if name in solved]
    if asked and "low" not in solved:
        low = min(low, *asked)
    if asked and "high" not in solved:
        high = max(low, *asked)
    if "estimate" not in solved:
        estimate = min(estimate, high)
    estimate = max(low, estimate)
    return fields | {"low": low, "estimate": estimate, "high": max(high, estimate)}


def _suppose(case: Case, steps: Sequence[Step]) -> Case:
    """Return the case as it would be with the steps done; nothing of it is recorded."""
    admitted = [item for item in case.admitted if _still_counts(item, case, steps)]
    declared = case.found.declaration.claims if case.found.declaration else []
    claims = {None, *(claim.id for claim in declared), *(step.fields.get("claim.id") for step in steps)}
    for position, step in enumerate(item for item in steps if item.kind == "evidence"):
        topic = case.topics[step.name]
        predicate = _supposed(step, topic, case)
        if field_problem(predicate, topic) is None and predicate.claim in claims:
            holders = frozenset({_SUPPOSED_HOLDER})
            admitted.append(Admitted(_SUPPOSED_INDEX + position, predicate, holders, topic.about != "firm"))
    found = case.found
    policy = {step.name.removeprefix("policy."): step.fields[step.name] for step in steps if step.kind == "policy"}
    if found.release is None and found.declaration is not None:
        empty = Release(use=found.declaration.use, components=[], code=_NO_DIGEST, policy=Policy())
        found = found._replace(release=ReleaseEntry(_NO_DIGEST, empty, frozenset()))
    if policy and found.release is not None:
        release = found.release.release
        changed = msgspec.structs.replace(release, policy=msgspec.structs.replace(release.policy, **policy))
        found = found._replace(release=found.release._replace(release=changed))
    answers = {step.name: step.fields[step.name] for step in steps if step.kind == "answer"}
    return case._replace(admitted=admitted, found=found, answers={**case.answers, **answers})
