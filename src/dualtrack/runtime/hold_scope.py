"""What a hold's target is: whether it is here, which entries it concerns, and which releases run with a held part."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.errors import FieldError
from dualtrack.keys import dsse
from dualtrack.runtime.lookup import newest_first
from dualtrack.store.projections import Projections, among

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.domain.oversight import HoldScope
    from dualtrack.store.register import Register

__all__ = ["NAMES_SHOWN_MAX", "HeldPart", "check_target", "held_part", "targets"]

NAMES_SHOWN_MAX = 20
"""Known targets listed in a refusal: more is not read in an emergency."""


class HeldPart(NamedTuple):
    """A component or provider: digests of releases that cannot run without it, and of those that have a fallback."""

    scope: HoldScope
    target: str
    needed_by: tuple[str, ...]
    optional_in: tuple[str, ...]


class _Chain(NamedTuple):
    """A release by its digest: component ids, and (id, provider) of each upstream."""

    digest: str
    parts: frozenset[str]
    upstreams: tuple[tuple[str, str], ...]


def targets(register: Register, scope: HoldScope, *, uses: frozenset[str] | None = None) -> list[str]:
    """Return what a hold of this scope can name here; with `uses`, what touches one of them."""
    rows = Projections(register.repository).rows
    match scope:
        case "institution":
            return [register.institution]
        case "use":
            return [row["id"] for row in rows("use", **among("id", uses))]
        case "release":
            return [row["digest"] for row in rows("release", **among("use_id", uses))]
        case "component":
            chains = _chains(register, uses)
            return sorted({name for one in chains for name in (*one.parts, *(u[0] for u in one.upstreams))})
        case "provider":
            return sorted({provider for one in _chains(register, uses) for _, provider in one.upstreams})


def check_target(register: Register, scope: HoldScope, target: str) -> str:
    """Return the id under which a hold is entered: the use it is about, or the institution. Raises FieldError."""
    known = targets(register, scope)
    if target not in known:
        more = f" and {len(known) - NAMES_SHOWN_MAX} more" if len(known) > NAMES_SHOWN_MAX else ""
        raise FieldError(
            f"no {scope} {target[:80]!r} runs here",
            where="hold, field target",
            expected=(", ".join(known[:NAMES_SHOWN_MAX]) or "nothing was released yet") + more,
            fix="name it exactly, or hold the whole institution",
        )
    if scope == "use":
        return target
    if scope == "release":
        return str(Projections(register.repository).rows("release", digest=target)[0]["use_id"])
    return register.institution


def held_part(register: Register, scope: HoldScope, target: str) -> HeldPart:
    """Return which releases run with a component or provider, by whether they can go on without it."""
    needed, optional = [], []
    for one in _chains(register):
        held = [target == (name if scope == "component" else provider) for name, provider in one.upstreams]
        if any(held) and not all(held):
            optional.append(one.digest)
        elif any(held) or (scope == "component" and target in one.parts):
            needed.append(one.digest)
    return HeldPart(scope, target, tuple(needed), tuple(optional))


def _chains(register: Register, uses: frozenset[str] | None = None) -> Iterator[_Chain]:
    for row in Projections(register.repository).rows("use", **among("id", uses)):
        use = str(row["id"])
        policies = {
            canonical.digest(entry.content): read_record(canonical.decode(entry.content), RuntimePolicy, where="policy")
            for entry in newest_first(register, "runtime-policy/1", use)
        }
        for entry in newest_first(register, "release/1", use):
            payload = dsse.parse(entry.content).payload
            release = read_record(canonical.decode(payload), Release, where="release")
            policy = policies.get(release.policy.runtime or "")
            upstreams = tuple((item.id, item.provider) for item in policy.upstreams) if policy else ()
            yield _Chain(canonical.digest(payload), frozenset(part.id for part in release.components), upstreams)
