"""Does a sentence allow, ask or deny what its source does not? Each clause is held against the clauses of the source with most of its words.

A clause fails where the one that speaks most clearly of the same thing contradicts it (a word of both stands under a negation in one of them, or "must"
in the one is "may" in the other), and none that speaks of it as clearly agrees.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.service.grounding.findings import Finding
from dualtrack.apps.service.grounding.lexicon import lexicon
from dualtrack.apps.service.grounding.words import MINUS, PLUS, WEAK

if TYPE_CHECKING:
    from dualtrack.apps.service.grounding.reading import Part, Source
    from dualtrack.apps.service.grounding.words import Clause

__all__ = ["AGENT_LEAST", "EXCEPTION", "LIKE_LEAST", "ONE_PARTY", "opposed"]

LIKE_LEAST = 0.35
"""Share of a clause's words from which a clause of the source speaks of the same thing."""

AGENT_LEAST = 0.4
"""Share of a clause's words from which the one who acts in it must be the same."""

ONE_PARTY = (
    {"you", "customer"},
    {"you", "owner"},
    {"you", "insured"},
    {"you", "member"},
    {"customer", "member"},
    {"you", "employee"},
    {"you", "payer"},
    {"we", "trustee"},
    {"we", "bank"},
    {"we", "company"},
    {"owner", "customer"},
    {"we", "employee"},
    {"you", "parent"},
)
EXCEPTION = re.compile(
    r"(?:(?<![a-z])not|n't|nobody|no one|never|cannot)(?![a-z]).*(?<![a-z])(?:until|unless|before|without|except)(?![a-z])"
    r"|除非|未.{1,10}(?:前|不|切勿|请勿)"
)
_AGAINST_FULL = 0.3
_MORE = 0.15
_WHOLE = 0.85
_DENIED = MINUS | WEAK
_WORDS_LEAST = 2
_ORDER = "order"


def opposed(part: Part, source: Source) -> list[Finding]:
    """Return where the source contradicts a clause of a sentence or the whole of it, and who acts in it where in the source another does."""
    found: list[Finding] = []
    if sided := _one_sided(part, source):
        found.append(Finding("other side", 1.0, "polarity", sided))
    if _denies_alone(part, source):
        found.append(Finding("denies alone", 1.0, "polarity", part.text))
    last = part.clauses[-1]
    for clause in part.clauses:
        heard = len(clause.words) >= _WORDS_LEAST
        if not heard and clause is not last and not clause.modal & {"free", "forbid"}:
            continue
        likes = _likes(clause, source)
        found += _contradicted(clause, part, likes)
        if clause.agent not in {"", _ORDER} and heard:
            agent, like = _other_agent(clause, likes)
            if agent:
                found.append(Finding("other agent", like, "subject", agent))
    return found


def _likes(clause: Clause, source: Source) -> list[tuple[float, Clause]]:
    """Return the clauses of the source that share words with a clause, and how many of its words, weighted by rarity.

    Words that only the source's clause has count little.
    """
    weights = source.weights
    said = {word: weights[word] for word in clause.words if word in weights}
    own = sum(said.values())
    found: list[tuple[float, Clause]] = []
    for known, total in source.clauses:
        both = said.keys() & known.words.keys()
        if both:
            shared = 0.0
            for word in both:
                shared += said[word]
            found.append((shared / (own + _MORE * (total - shared)), known))
    return found


def _contradicted(clause: Clause, part: Part, likes: list[tuple[float, Clause]]) -> list[Finding]:
    agree = against = 0.0
    whole = part.clauses[-1].words
    held: set[str] = set()
    inside: list[Clause] = []
    for like, known in likes:
        within = len(known.words) >= _WORDS_LEAST and known.words.keys() <= clause.words.keys()
        if not within and like <= agree:
            held.update(known.words)
            continue
        if known.condition != clause.condition and not (known.whole or clause.whole):
            continue  # what a condition denies is not what a statement denies
        denied = known.denies and any(sign & MINUS and known.words.get(word, 0) & MINUS for word, sign in whole.items())
        if _contrary(clause, known, denied=denied):
            against = max(against, like)
            inside += [known] if within else []
        else:
            agree = max(agree, _WHOLE * like if known.whole and not clause.whole else like)
            held.update(known.words)
    found: list[Finding] = []
    but = " but for an exception" if EXCEPTION.search(part.text) else ""
    if any(held.isdisjoint(each.words) for each in inside):
        found.append(Finding("all said is contrary", 1.0, "polarity", part.text))
    if against >= LIKE_LEAST and against > agree:
        found.append(Finding(f"contradicted{but}", min((against - agree) / _AGAINST_FULL, 1.0), "polarity", part.text))
    if against >= LIKE_LEAST:
        found.append(Finding(f"contrary clause{but}", against, "polarity", part.text))
    return found


def _other_agent(clause: Clause, likes: list[tuple[float, Clause]]) -> tuple[str, float]:
    best, agent = AGENT_LEAST, clause.agent
    for like, known in likes:
        if like > best and not known.whole:
            best, agent = like, ("you" if known.agent == _ORDER else known.agent) or clause.agent
    other = agent != clause.agent and {agent, clause.agent} not in ONE_PARTY
    return (clause.agent, best) if other else ("", 0.0)


def _contrary(said: Clause, known: Clause, *, denied: bool) -> bool:
    """Say whether two clauses contradict; two that both deny something do not, and `denied` tells that their sentences deny one thing in common."""
    one, two = said.modal, known.modal
    for word in lexicon().sided & said.words.keys() & known.words.keys():
        if not _side(said.words[word]) & _side(known.words[word]):
            return True
    odd = said.denials and known.denials and said.denials % 2 != known.denials % 2
    both = [(sign, known.words[word]) for word, sign in said.words.items() if word in known.words]
    if any(sign & _DENIED and other & _DENIED for sign, other in both):
        return False
    says = said.denies or any(sign & MINUS for sign, _ in both)
    knows = known.denies or any(other & MINUS for _, other in both)
    apart = (says != knows or odd) and not (denied and not says)
    if apart and any(not sign & other and bool(sign & _DENIED) != bool(other & _DENIED) for sign, other in both):
        return True
    plain = not said.denies and not known.denies
    return plain and (
        ("oblige" in one and "allow" not in one and "allow" in two and "oblige" not in two)
        or ("allow" in one and "oblige" not in one and "oblige" in two and "allow" not in two)
    )


def _one_sided(part: Part, source: Source) -> str:
    """Return a word with two sides ("charge" and "free") that has the one in the sentence and only the other in the source."""
    for word, sign in part.clauses[-1].words.items():
        known = source.sides.get(word)
        if known is not None and not known & (PLUS | MINUS) & _side(sign):
            return word.removeprefix("=")
    return ""


def _denies_alone(part: Part, source: Source) -> bool:
    """Say whether a sentence denies something and the source nothing at all."""
    return part.clauses[-1].denies and not any(
        each.clauses[-1].denies or any(sign & MINUS for sign in each.clauses[-1].words.values())
        for each in source.parts
    )


def _side(sign: int) -> int:
    return (PLUS if sign & PLUS else 0) | (MINUS if sign & _DENIED else 0)
