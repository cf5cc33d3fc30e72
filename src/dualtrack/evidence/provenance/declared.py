"""Components sorted by what is known of them: fit, unfit or not known. A census, so its interval is not about chance.

Every component is looked at, so nothing is sampled; what is uncertain is what nobody declared. The estimate counts what is not
known as unfit, the low limit with it, and the high limit as fit: the truth lies between, whatever is found out later.
Source: Manski (2003), Partial Identification of Probability Distributions, chapter 1 (bounds without assumptions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dualtrack.domain import canonical
from dualtrack.domain.records import Record, encode
from dualtrack.domain.usecase import LIST_MAX, Component
from dualtrack.errors import FieldError
from dualtrack.evidence.measurement import Measurement, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Estimating
    from dualtrack.evidence.measurement import Fact, Method

__all__ = [
    "Sorted",
    "Standing",
    "Verdict",
    "check_components",
    "components_digest",
    "estimate_declared",
    "merge_sorted",
]

Verdict = Literal["fit", "conditions", "unfit", "unknown"]
"""`conditions`: fit while duties are kept. `unknown` is never fit."""


class Standing(Record, frozen=True):
    """One component's verdict and its reason in a word or two; `duties` are those of its licence."""

    id: str
    verdict: Verdict
    reason: str
    duties: tuple[str, ...] = ()


class Sorted(Record, frozen=True):
    """Components and their verdicts, in the order of the declaration; ids distinct."""

    standings: tuple[Standing, ...]
    components: str

    def __post_init__(self) -> None:
        ids = [each.id for each in self.standings]
        if not ids or len(set(ids)) != len(ids):
            raise FieldError(f"{len(ids)} components", where="provenance", expected="at least one, each id once")


def check_components(components: Sequence[Component]) -> None:
    """Raise FieldError for no component or too many: a use that declares nothing is not shown to be clean."""
    if not 0 < len(components) <= LIST_MAX:
        raise FieldError(
            f"{len(components)} components", where="components", expected=f"1 to {LIST_MAX}", fix="declare them"
        )


def components_digest(components: Sequence[Component]) -> str:
    """Return the digest of the declared components: the data of these measures."""
    return canonical.digest(b"[" + b",".join(encode(each) for each in components) + b"]")


def merge_sorted(parts: Sequence[Sorted]) -> Sorted:
    """Return the one declaration that every part saw: rows come in shards, components do not."""
    if not parts or any(part != parts[0] for part in parts):
        raise FieldError("different components", where="provenance", expected="the same declaration in every part")
    return parts[0]


def estimate_declared(
    measure: str, method: Method, found: Sorted, how: Estimating, facts: dict[str, Fact]
) -> Measurement:
    """Return the share of components that are fit, parts by component; `underpowered` while any is not known."""
    n = len(found.standings)
    counts = {word: sum(each.verdict == word for each in found.standings) for word in _WORDS}
    fit = counts["fit"] + counts["conditions"]
    duties = sorted({duty for each in found.standings for duty in each.duties if each.verdict == "conditions"})
    first = next((each for each in found.standings if each.verdict in {"unfit", "unknown"}), None)
    said: dict[str, Fact] = {"components": n, "duties": ",".join(duties), **facts}
    said |= {str(word): count for word, count in counts.items()}
    if first is not None:
        said |= {"first_not_fit": first.id, "reason": first.reason}
    return Measurement(
        measure=measure,
        unit="share",
        n=n,
        outcome="underpowered" if counts["unknown"] else "measured",
        method=method,
        data_digest=found.components,
        level=how.level,
        statistics={
            "standings": [
                {"id": each.id, "verdict": each.verdict, "reason": each.reason, "duties": list(each.duties)}
                for each in found.standings
            ],
            "components": found.components,
        },
        estimate=fit / n,
        low=fit / n,
        high=(fit + counts["unknown"]) / n,
        facts=said,
        parts=tuple(_part(each) for each in found.standings),
    )


_WORDS: tuple[Verdict, ...] = ("fit", "conditions", "unfit", "unknown")


def _part(each: Standing) -> Part:
    if each.verdict == "unknown":
        return Part(label=each.id, n=1, outcome="underpowered", estimate=0.0, low=0.0, high=1.0)
    value = 0.0 if each.verdict == "unfit" else 1.0
    return Part(label=each.id, n=1, outcome="measured", estimate=value, low=value, high=value)
