"""The verdict on a claim, by its kind; rules only. Evidence is looked for in the same report and nowhere else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.research.green.compute import Computed, agrees, candidates, same_part, shown
from dualtrack.apps.research.green.reading import amounts, change_in
from dualtrack.apps.research.green.reasons import reason, reason_texts
from dualtrack.apps.research.green.records import Evidence, Verdict
from dualtrack.apps.research.green.words import green_words, plain, says
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.apps.research.green.cells import Measure
    from dualtrack.apps.research.green.library import Library
    from dualtrack.apps.research.green.records import Claim, Outcome
    from dualtrack.apps.research.green.sentences import Sentence

__all__ = ["judge"]


class _Found(NamedTuple):
    agree: Computed | None
    part: Computed | None
    differ: Computed | None


def judge(claim: Claim, library: Library) -> Verdict:
    """Return the verdict on a claim."""
    match claim.kind:
        case "quantified":
            return _quantified(claim, library)
        case "target":
            return _target(claim, library)
        case "comparison":
            return _comparison(claim, library)
        case "certified":
            return _certified(claim, library)
        case "vague":
            return _vague(claim, library)
        case _:
            return _verdict(claim, "not checkable", [reason("process")])


def _verdict(claim: Claim, outcome: Outcome, reasons: Iterable[Text], evidence: Iterable[Evidence] = (), made: Computed | None = None) -> Verdict:  # fmt: skip
    return Verdict(
        claim=claim.number,
        outcome=outcome,
        reasons=tuple(reasons),
        evidence=tuple(evidence),
        trace=made.trace if made else None,
    )


def _quantified(claim: Claim, library: Library) -> Verdict:
    """Judge every number of a claim: one that is wrong makes it wrong, one without support leaves it supported in part."""
    verdict = _number(claim, library)
    for each in claim.also:
        one = replace(claim, also=(), **{name: getattr(each, name) for name in each.__struct_fields__})
        other = _number(one, library)
        if "contradicted" in {verdict.outcome, other.outcome}:
            verdict = verdict if verdict.outcome == "contradicted" else other
        elif verdict.outcome != other.outcome:
            held, open_ = (verdict, other) if verdict.outcome == "supported" else (other, verdict)
            verdict = replace(held, outcome="partly", reasons=(*held.reasons, *open_.reasons))
    return verdict


def _number(claim: Claim, library: Library) -> Verdict:
    if claim.period is None:
        return _verdict(claim, "not checkable", [reason("no_period")])
    found = _sorted(claim, candidates(claim, library.tables))
    if found.agree or found.part or found.differ:
        return _computed(claim, found)
    spoken = _sorted(claim, candidates(claim, library.said(claim)))
    if spoken.agree or spoken.differ:
        return _computed(claim, spoken)
    again = library.again(claim)
    if again is not None:
        return _said_again(claim, again)
    return _verdict(*_nothing(claim, library))


def _sorted(claim: Claim, found: Iterable[Computed]) -> _Found:
    """Sort what was computed: what agrees and is of the same part, agrees only, differs though it is of the same."""
    agree = part = differ = None
    for each in found:
        same = same_part(claim, each)
        if agrees(claim, each):
            if same:
                agree = agree or each
            part = part or each
        elif same and each.whole and claim.quantity is not None:
            differ = differ or each
    return _Found(agree, part, differ)


def _computed(claim: Claim, found: _Found) -> Verdict:
    made = found.agree or found.differ or found.part
    if made is None:
        return _verdict(claim, "unsupported", [])
    unit = "%" if claim.quantity in {"change", "points"} else claim.unit
    value, evidence = shown(made.value, unit), [_evidence(each) for each in made.used]
    if claim.quantity == "level":
        reasons = [reason("same_cell", found=value, year=claim.period)]
    else:
        reasons = [reason("recomputed", found=value, year=claim.period, baseline=claim.baseline)]
        if not claim.baseline_said:
            reasons.append(reason("base_assumed", baseline=claim.baseline))
    if found.agree is not None:
        return _verdict(claim, "supported", reasons, evidence, made)
    if found.differ is not None:
        said = shown(Decimal(claim.value or 0), unit)
        return _verdict(
            claim, "contradicted", [reason("other_value", said=said, found=value), *reasons], evidence, made
        )
    return _verdict(claim, "partly", [reason("part_only"), *reasons], evidence, made)


def _said_again(claim: Claim, again: tuple[Claim, bool]) -> Verdict:
    other, same = again
    evidence = [Evidence(kind="sentence", page=other.page, address="", text=other.sentence)]
    if same:
        return _verdict(claim, "supported", [reason("another_sentence", page=other.page)], evidence)
    found = shown(Decimal(other.value or 0), other.unit)
    return _verdict(claim, "contradicted", [reason("another_differs", page=other.page, found=found)], evidence)


def _nothing(claim: Claim, library: Library) -> tuple[Claim, Outcome, list[Text]]:
    """Return why no figure bears on a claim."""
    metric = green_words().metrics[claim.metric or ""].text
    needed = [claim.period] if claim.quantity == "level" else [claim.period, claim.baseline]
    for year in needed:
        if year is not None and not library.tables.of(claim.metric or "", year):
            return claim, "unsupported", [reason("no_figure", metric=metric, year=year)]
    there = library.tables.of(claim.metric or "", claim.period or 0)
    if claim.quantity == "level" and any(not each.unit for each in there):
        return claim, "not checkable", [reason("no_unit", metric=metric)]
    return claim, "unsupported", [reason("no_match", metric=metric)]


def _evidence(each: Measure) -> Evidence:
    if "#" in each.address:
        return Evidence(kind="table cell", page=each.page, address=each.address, text=each.printed)
    return Evidence(kind="sentence", page=each.page, address="", text=each.label)


def _target(claim: Claim, library: Library) -> Verdict:
    told = [claim, *library.targets(claim)]
    metric = claim.metric or "emissions"
    baseline = next((each.baseline for each in told if each.baseline), None)
    scoped = any(each.scopes for each in told) or (claim.metric not in {None, "emissions"})
    progress = library.progress(metric, baseline)
    lacks = [
        name
        for name, there in (
            ("base_year", baseline is not None), ("target_year", claim.period is not None), ("scope", scoped), ("progress", bool(progress))
        )
        if not there
    ]  # fmt: skip
    evidence = [
        *progress,
        *(Evidence(kind="sentence", page=each.page, address="", text=each.sentence) for each in told[1:2]),
    ]
    if not lacks:
        return _verdict(claim, "partly", [reason("target_stated")], evidence)
    missing = [reason_texts()[name] for name in lacks]
    listed = Text(en=", ".join(each.en for each in missing), zh="、".join(each.zh for each in missing))
    return _verdict(claim, "unsupported", [reason("target_lacks", missing=listed)], evidence)


def _comparison(claim: Claim, library: Library) -> Verdict:
    known = plain(claim.text)
    if says("peers", known):
        return _verdict(claim, "unsupported", [reason("no_peer_figure")])
    if not claim.baseline_said or claim.period is None:
        return _verdict(claim, "unsupported", [reason("no_baseline")])
    direction = change_in(known)
    if claim.metric is None or direction is None:
        return _verdict(claim, "unsupported", [reason("no_baseline")])
    for made in library.changes(claim):
        if made.whole and same_part(claim, made):
            holds = made.value < 0 if direction == "fall" else made.value > 0
            why = reason("direction_holds" if holds else "direction_differs", baseline=claim.baseline, year=claim.period, found=shown(made.value, "%"))  # fmt: skip
            return _verdict(claim, "supported" if holds else "contradicted", [why], map(_evidence, made.used), made)
    metric = green_words().metrics[claim.metric].text
    return _verdict(claim, "unsupported", [reason("no_figure", metric=metric, year=claim.baseline)])


def _certified(claim: Claim, library: Library) -> Verdict:
    known = set(green_words().assurance_standards)
    named = [each for each in library.statements if known & set(each.standards)]
    wanted = set(claim.standards)
    for each in named:
        if wanted <= set(each.standards):
            said = ", ".join(each.standards)
            return _verdict(claim, "supported", [reason("assured", page=each.page, standards=said)], [each.evidence])
    other = ", ".join(sorted(wanted))
    again = library.named_elsewhere(claim)
    if again is not None and not wanted & known:
        return _verdict(claim, "partly", [reason("named_again", page=again.page, standards=other)], [_quoted(again)])
    if wanted and not wanted & known:
        return _verdict(claim, "unsupported", [reason("not_assured")])
    if named:
        return _verdict(
            claim, "partly", [reason("assured_other", page=named[0].page, standards=other)], [named[0].evidence]
        )
    if library.statements:
        first = library.statements[0]
        return _verdict(claim, "partly", [reason("assured_no_standard", page=first.page)], [first.evidence])
    return _verdict(claim, "unsupported", [reason("not_assured")])


def _vague(claim: Claim, library: Library) -> Verdict:
    known = plain(claim.text)
    match = says("vague", known) or says("target.strong", known)
    word = match[0] if match else claim.text
    defined = library.definition(word)
    if defined is not None:
        return _verdict(claim, "partly", [reason("vague_defined", word=word, page=defined.page)], [_quoted(defined)])
    if _figures(claim.sentence):
        return _verdict(claim, "partly", [reason("vague_figure", word=word)])
    return _verdict(claim, "unsupported", [reason("vague", word=word)])


def _quoted(sentence: Sentence) -> Evidence:
    return Evidence(kind="sentence", page=sentence.page, address="", text=sentence.text)


def _figures(sentence: str) -> Sequence[object]:
    return amounts(plain(sentence))
