"""Words of content of a sentence, each with its sign: minus where a negation of its clause holds for it, as in "not *refundable*" or 不獲*退還*."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.grounding.lexicon import lexicon

if TYPE_CHECKING:
    from dualtrack.apps.service.grounding.phrases import Word
    from dualtrack.apps.service.grounding.quantities import Quantity

__all__ = ["MINUS", "PLUS", "WEAK", "Clause", "Token", "clauses_of", "tokens_of"]

PLUS, MINUS, WEAK = 1, 2, 4
"""Signs of a word in a clause, as bits: a word may stand in it with several. WEAK is a minus of a word that stands farther behind its negation."""

_SCOPE = 6
_STRONG = 2
_BACK = 3
_WORDS_BEHIND = re.compile(r"[a-z]{2}|[\u3400-\u9fff]{2}")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_CLAUSE = re.compile(
    r"[;:()—](?!\d)|,(?!\d| ?(?:or|nor)(?![a-z])|或)|(?<![a-z])(?:but|while|whereas|unless|otherwise|although|though|so|if|when|because|until)(?![a-z])|但(?:是)?|否则|除非|而(?!且)|如果|如(?=[^何])|直至|便(?![利宜条])"
)
_VERB = re.compile(
    r"(?<![a-z])(?:you|we|he|she|is|are|was|were|be|can|may|must|will|has|have|had|do|does|did|not|please|then|and|no|nothing|never)(?![a-z])"
)
_CONDITION = re.compile(
    r"[ ,;:()—]*(?:and |or |but |so |even |only |except )?(?:if|unless|when|until|once|while|where|as long as|provided|because|although|though|whether)(?![a-z])"
    r"|[,;:()—]*(?:即使|只要|如果|如(?=[^何])|若|除非|直至|虽然|当(?!日|天))"
)
_AGENT_LATIN = 30
_AGENT_HAN = 10
_LEAD = re.compile(
    r"[ ,;:]*(?:(?:the|a|an|your|our|each|any|every|both|all|if|when|as|once|and|but|then|also|only|while|because|where|so|new|same|\w+'s) ?)*"
    r"|[,;:]*(?:如果|如|若|当|则|但|因为|因|即使|而|并|只有|仅|就|即|法例规定|法律规定|法律要求|规定|新|该)*"
)
_PASSIVE = re.compile(
    r"(?<![a-z])(?:is|are|was|were|be|been|being|have|has|get|gets|receive|receives)(?![a-z])|获|被|由|收到|得到"
)
_DENIES = frozenset({"not", "none", "forbid", "free"})
_UN = re.compile(r"^(?:un|non-)(?=[a-z]{4})")
_NO_UN = frozenset(
    {
        "unit",
        "until",
        "unless",
        "under",
        "union",
        "univers",
        "universal",
        "university",
        "uniqu",
        "unlock",
        "understand",
        "underwrit",
        "underlying",
        "undertak",
    }
)


class Token(NamedTuple):
    """A word of content, a pair of characters, or a figure (`#` and its value); its place in the sentence; 1 or -1 for its own sign; its sign as a bit."""

    text: str
    start: int
    end: int
    sign: int = 1
    bit: int = PLUS


class Clause(NamedTuple):
    """Words of a clause with their signs as bits, what it does to its statement (oblige, allow, forbid …), whether it denies anything and how often, who acts in it, empty where none is told, whether it is a sentence of several clauses, and whether it is a condition."""

    words: dict[str, int]
    modal: frozenset[str]
    denies: bool
    denials: int
    agent: str
    whole: bool = False
    condition: bool = False


_Marks = list[tuple[int, int, list[str]]]


def tokens_of(text: str, words: list[Word], figures: list[Quantity], marks: _Marks) -> list[Token]:
    """Return the words of content of a folded text in order; words that only allow, ask or deny are none."""
    known = lexicon()
    found = [Token(f"#{each.value}", each.start, each.end) for each in figures]
    taken = [(each.start, each.end) for each in figures]
    taken += [(start, end) for start, end, names in marks if "" not in names]
    inside = {place for start, end in taken for place in range(start, end)}
    rest = text
    for start, end in taken:
        rest = f"{rest[:start]}{' ' * (end - start)}{rest[end:]}"
    for start, end, senses in known.same.find(rest, [word for word in words if word.start not in inside]):
        inside.update(range(start, end))
        if senses[0][0]:
            found.append(Token(senses[0][0], start, end, senses[0][1]))
    found += [
        _latin(word)
        for word in words
        if word.start not in inside and word.root not in known.stop_en and len(word.root) > 1
    ]
    if not text.isascii():
        rest = "".join(" " if place in inside else sign for place, sign in enumerate(text))
        for run in _HAN_RUN.finditer(rest):
            start, count = run.start(), len(run[0])
            found += [
                Token(run[0][at : at + 2], start + at, start + min(at + 2, count)) for at in range(max(count - 1, 1))
            ]
    found.sort(key=lambda each: each.start)
    return found


def _latin(word: Word) -> Token:
    if word.root[:3] in {"unt", "non"} or word.root.startswith("un"):
        bare = _UN.sub("", word.root)
        if bare != word.root and word.root not in _NO_UN:
            return Token(bare, word.start, word.end, -1)
    return Token(word.root, word.start, word.end)


def clauses_of(
    text: str, tokens: list[Token], marks: _Marks, parties: _Marks
) -> tuple[tuple[Clause, ...], list[Token]]:
    """Return the clauses of a sentence, the whole last, and its tokens with the signs that its negations give them.

    A negation holds for the next words of its clause; one with none behind it, as in "is not allowed", for those before it.
    """
    edges = _edges(text)
    held: list[list[int]] = [[] for _ in range(len(edges) + 1)]
    for at, token in enumerate(tokens):
        held[bisect_right(edges, token.start)].append(at)
    ends = [*edges, len(text)]
    under = [0] * len(tokens)
    modal: list[set[str]] = [set() for _ in held]
    counts = [0] * len(held)
    said = [each for each in marks if "" not in each[2]]
    for number, (start, end, names) in enumerate(said):
        clause = bisect_right(edges, start)
        modal[clause].update(names)
        if _DENIES.intersection(names):
            counts[clause] += 1
            until = start if "none" in names else said[number + 1][0] if number + 1 < len(said) else len(text)
            behind = [at for at in held[clause] if end <= tokens[at].start < until][:_SCOPE]
            if "none" in names and not any(tokens[at].end <= start for at in held[clause]):
                behind = held[clause][:_SCOPE]  # "nothing is charged"; "costs nothing" denies what stands before
            if not behind and "none" not in names and _WORDS_BEHIND.search(text, end, ends[clause]):
                continue  # "from the bank and not from us" denies nothing of what stands before
            for place, at in enumerate(
                behind or [at for at in held[clause] if tokens[at].end <= start][: -_BACK - 1 : -1]
            ):
                under[at] = max(under[at], 2 if place < _STRONG else 1)
    signed = [_signed(token, level) for token, level in zip(tokens, under, strict=True)]
    agents = _agents(text, parties, edges)
    ifs = [_CONDITION.match(text, start) is not None for start in [0, *edges]]
    clauses = [
        _clause([signed[at] for at in places], frozenset(names), count, agent)._replace(condition=condition)
        for places, names, count, agent, condition in zip(held, modal, counts, agents, ifs, strict=True)
        if places
    ]
    if len(clauses) != 1:
        clauses.append(_whole(signed, held, modal, ifs))
    return tuple(clauses), signed


def _whole(signed: list[Token], held: list[list[int]], modal: list[set[str]], ifs: list[bool]) -> Clause:
    """Return a sentence of several clauses as one; what only a condition denies is not denied of the whole."""
    stated = [names for names, condition in zip(modal, ifs, strict=True) if not condition] or modal
    whole = _clause(signed, frozenset[str]().union(*stated), 0, "")
    if len(stated) < len(modal):
        for places, condition in zip(held, ifs, strict=True):
            for at in places if condition else ():
                whole.words[signed[at].text] |= PLUS | MINUS
    return whole._replace(whole=True)


def _edges(text: str) -> list[int]:
    """Return where clauses begin; an item of a list, which has no verb of its own, belongs to the clause before."""
    places = [match.start() for match in _CLAUSE.finditer(text)]
    if not text.isascii():
        return places
    found: list[int] = []
    for place, end in zip(places, [*places, len(text)][1:], strict=True):
        begun = found[-1] if found else 0
        if text[place] == "," and not _VERB.search(text, place, end) and not _CONDITION.match(text, begun):
            continue
        found.append(place)
    return found


def _signed(token: Token, level: int) -> Token:
    minus = token.sign < 0
    if not level:
        if not minus:
            return token
        bit = MINUS
    elif minus:
        bit = PLUS if level > 1 else MINUS
    else:
        bit = MINUS if level > 1 else WEAK
    return Token(token.text, token.start, token.end, token.sign, bit)


def _clause(tokens: list[Token], modal: frozenset[str], denials: int, agent: str) -> Clause:
    words: dict[str, int] = {}
    for token in tokens:
        words[token.text] = words.get(token.text, 0) | token.bit
    return Clause(
        words,
        modal,
        bool(_DENIES & modal),
        denials,
        agent,
    )


def _agents(text: str, parties: _Marks, edges: list[int]) -> list[str]:
    """Return for each clause the party that stands in its first words, unless it is a passive one or the party is its object."""
    starts = [0, *edges]
    agents = [""] * len(starts)
    ends = [*edges, len(text)]
    seen: set[int] = set()
    for start, _, names in parties:
        clause = bisect_right(edges, start)
        begun = starts[clause]
        far = _AGENT_HAN if _HAN_RUN.search(text, begun, ends[clause]) else _AGENT_LATIN
        if clause not in seen and start - begun <= far:
            seen.add(clause)
            if _LEAD.fullmatch(text, begun, start) and not _PASSIVE.search(text, begun, ends[clause]):
                agents[clause] = names[0]
    return agents
