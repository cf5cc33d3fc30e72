"""Who knows whether a decision was harmful: a firm's own labels, or the people who reviewed it. Nobody else is asked.

A review tells: a draft that was changed, rejected or ended was harmful as it stood, one approved as it stood was not. What expired
was judged by nobody. A complaint alone proves nothing; one is upheld where the review of its decision changed it. A label
of the firm's outweighs a review. Whatever nobody knows stays unknown.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import read_record
from dualtrack.domain.review import ReviewAction, ReviewOpened
from dualtrack.runtime.complaint_counts import read_complaint
from dualtrack.runtime.review_group import REVIEWERS_MIN
from dualtrack.runtime.review_state import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.store.register import Register

__all__ = ["Reviewed", "Source", "Truths", "read_reviews", "refused_figure", "truths_of"]

Source = Literal["labels", "complaint upheld", "review"]


class Reviewed(NamedTuple):
    """How the reviews of a decision ended: whether any changed it (None: none has ended by a person), and who decided."""

    changed: bool | None
    people: tuple[str, ...]


class Truths(NamedTuple):
    """Truth by decision, how many each source told, and complaints about these decisions."""

    harmful: dict[str, bool]
    sources: dict[Source, int]
    complaints: int
    unknown_labels: int


def read_reviews(register: Register, use: str, decisions: Collection[str], start: int) -> dict[str, Reviewed]:
    """Return by decision how its reviews stand, from the entries of a use since an index."""
    wanted = set(decisions)
    opened: dict[str, ReviewOpened] = {}
    actions: dict[str, list[ReviewAction]] = {}
    for entry in register.repository.every(kinds=("review/1", "review-action/1"), ids=(use,), start=start):
        if not isinstance(entry, Entry):
            continue
        plain = canonical.decode(entry.content)
        if entry.kind == "review/1":
            review = read_record(plain, ReviewOpened, where="review")
            if review.decision in wanted:
                opened[review.id] = review
            continue
        action = read_record(plain, ReviewAction, where="review action")
        if action.review in opened:
            actions.setdefault(action.review, []).append(action)
    found: dict[str, Reviewed] = {}
    for key, review in opened.items():
        one = _reviewed(review, actions.get(key, []))
        before = found.get(review.decision)
        found[review.decision] = one if before is None else _both(before, one)
    return found


def truths_of(
    register: Register,
    use: str,
    decisions: Collection[str],
    reviews: Mapping[str, Reviewed],
    labels: Mapping[str, bool],
    start: int,
) -> Truths:
    """Return what is known of each decision and who told it; labels of decisions that are not compared are counted."""
    known = set(decisions)
    complained = _complained(register, use, known, start)
    harmful: dict[str, bool] = {}
    sources: Counter[Source] = Counter()
    for decision in decisions:
        if decision in labels:
            harmful[decision] = labels[decision]
            sources["labels"] += 1
            continue
        review = reviews.get(decision)
        if review is not None and review.changed is not None:
            harmful[decision] = review.changed
            sources["complaint upheld" if review.changed and decision in complained else "review"] += 1
    return Truths(harmful, dict(sources), len(complained), len(labels.keys() - known))


def refused_figure(reviews: Mapping[str, Reviewed]) -> str | None:
    """Return why human review has no figure: it must not tell about one person; None where it may be shown."""
    people: Counter[str] = Counter()
    for item in reviews.values():
        people.update(item.people)
    if len(people) < REVIEWERS_MIN:
        return f"fewer than {REVIEWERS_MIN} reviewers"
    if 2 * max(people.values()) > people.total():
        return "more than half by one reviewer"
    return None


def _reviewed(opened: ReviewOpened, actions: list[ReviewAction]) -> Reviewed:
    status = fold(opened, actions).status
    people = tuple(sorted({one.by for one in actions if one.by and one.action not in {"claim", "unclaim", "expire"}}))
    if status in {"rejected", "terminated"}:
        return Reviewed(True, people)
    if status in {"approved", "modified"}:
        edits = [one for one in actions if one.action == "modify" and one.edit_distance != 0]
        return Reviewed(bool(edits), people)
    return Reviewed(None, people)


def _both(one: Reviewed, other: Reviewed) -> Reviewed:
    """Return two reviews of one decision as one: it was changed where either changed it."""
    told = [item.changed for item in (one, other) if item.changed is not None]
    return Reviewed(any(told) if told else None, tuple(sorted({*one.people, *other.people})))


def _complained(register: Register, use: str, decisions: Collection[str], start: int) -> set[str]:
    entries = register.repository.every(kinds=("complaint/1",), ids=(use,), start=start)
    named = {read_complaint(entry).decision for entry in entries if isinstance(entry, Entry)}
    return {decision for decision in named if decision is not None and decision in decisions}
