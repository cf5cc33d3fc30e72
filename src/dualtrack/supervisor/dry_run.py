"""What a rule pack would do: a use is assessed again as if the pack were adopted, at the day it takes effect; nothing is kept.

Time alone changes verdicts too: evidence goes out of date. So each use is assessed three times: as recorded, at that day
without the pack, and at that day with it. Only the last difference is the pack's doing.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from dualtrack.domain.institution import PackAdoption
from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import HONG_KONG, format_instant, parse_date, parse_instant
from dualtrack.domain.vocabulary import Effect, Outcome, Verdict
from dualtrack.errors import DualtrackError
from dualtrack.permit.admission import walk
from dualtrack.permit.assess import Case, adopted_packs, conclude, merge_topics
from dualtrack.permit.evidence_check import Subjects, admit_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.domain.assessment import Assessment
    from dualtrack.rules.pack import Pack
    from dualtrack.supervisor.account import Account

__all__ = ["Gap", "Impact", "dry_run", "effective_instant", "impacts"]

_BITES = frozenset({Effect.REFUSES, Effect.REFUSES_LIVE, Effect.CONDITION})
"""Effects that a firm has to do something about; advice and what is due later are left out."""


class Gap(Record, frozen=True):
    """A rule that would refuse or condition with the pack and does not without it. `missing` names what is absent."""

    pack: str
    rule: str
    title: Text | None
    todo: Text | None
    outcome: Outcome
    effect: Effect
    missing: list[str]


class Impact(Record, frozen=True):
    """The effect on one use, or on the institution where `use` is null. `problem` says why it could not be computed."""

    institution: str
    use: str | None
    at: str
    recorded: Verdict
    without: Verdict | None
    with_pack: Verdict | None
    gaps: list[Gap]
    problem: str | None

    @property
    def changes(self) -> bool:
        """Tell whether the pack, and not time alone, changes the verdict."""
        return self.without is not self.with_pack


def effective_instant(day: str) -> str:
    """Return the instant at which a date begins in Hong Kong: rules take effect on Hong Kong dates."""
    return format_instant(datetime.combine(parse_date(day), time(), HONG_KONG))


def impacts(accounts: Iterable[Account], pack: Pack, day: str) -> list[Impact]:
    """Return the effect on each account that the pack's subject concerns."""
    about_uses = pack.data.subject == "use"
    return [dry_run(account, pack, day) for account in accounts if (account.use is not None) is about_uses]


def dry_run(account: Account, pack: Pack, day: str) -> Impact:
    """Return the effect of adopting a pack on one account at the beginning of a day, or at its own instant if later."""
    at = max(effective_instant(day), account.assessment.at)
    without = with_pack = None
    gaps: list[Gap] = []
    problem = None
    try:
        before, after = _assess(account, None, at), _assess(account, pack, at)
        without, with_pack, gaps = before.verdict, after.verdict, _new_gaps(before, after, pack)
    except DualtrackError as error:
        problem = f"{error.where}: {error.found}" if error.where else error.found
    return Impact(
        institution=account.institution,
        use=account.use,
        at=at,
        recorded=account.assessment.verdict,
        without=without,
        with_pack=with_pack,
        gaps=gaps,
        problem=problem,
    )


def _assess(account: Account, pack: Pack | None, at: str) -> Assessment:
    use, release = account.use, account.assessment.release
    found = walk(account.entries, institution=account.institution, use=use, release=release, at=at)
    packs = {item.digest: account.packs[item.digest] for item in found.adopted.values() if item.digest in account.packs}
    if pack is not None:
        adoption = PackAdoption(
            pack=pack.id, version=pack.data.version, digest=pack.digest, action="adopt", decided_at=at
        )
        found = found._replace(adopted={**found.adopted, pack.id: adoption})
        packs[pack.digest] = pack.compiled
    adopted = adopted_packs(found, packs)
    topics = merge_topics(adopted)
    admitted, lines = admit_evidence(found, topics, Subjects.of(account.institution, use, release))
    return conclude(Case(found, adopted, topics, admitted, lines, use, release, parse_instant(at)))


def _new_gaps(before: Assessment, after: Assessment, pack: Pack) -> list[Gap]:
    known = {(line.pack, line.rule, line.effect) for line in before.rules}
    found = []
    for line in after.rules:
        if line.effect not in _BITES or (line.pack, line.rule, line.effect) in known:
            continue
        rule = pack.rule(line.rule).data if line.pack == pack.id else None
        found.append(
            Gap(
                pack=line.pack,
                rule=line.rule,
                title=rule.title if rule else None,
                todo=rule.todo if rule else None,
                outcome=line.outcome,
                effect=line.effect,
                missing=list(line.missing),
            )
        )
    return found
