"""How explanations look in a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.markup import escape

from dualtrack.cli.next_steps import no_pack_line
from dualtrack.permit.assess import verdict_digest
from dualtrack.present.phrases import iso_day, load_words, value_text
from dualtrack.present.terms import GRADE_WORDS, ROLE_WORDS, reason_words
from dualtrack.present.words import EFFECT_WORDS, OUTCOME_WORDS, TRACK_WORDS, VERDICT_WORDS

if TYPE_CHECKING:
    from rich.console import Console

    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.records import Text
    from dualtrack.domain.vocabulary import Verdict
    from dualtrack.permit.explain import Explanation
    from dualtrack.present.rule_cards import EvidenceRow, RuleCard
    from dualtrack.present.way import Way, WayStep

__all__ = ["LANGUAGES", "Lines", "RecordedVerdict", "plain_explanation", "plain_way"]

LANGUAGES = ("en", "zh", "both")
"""Languages of rule texts: the labels around them are English."""

_EXAMPLE_FIELDS_MAX = 12
"""Example fields shown of one step; the topic lists them all."""

_STYLES = {
    "refuses": "bold red",
    "refuses_live": "bold red",
    "condition": "yellow",
    "due_later": "cyan",
    "none": "green",
}
_HOLDS = {True: "[green]holds[/]", False: "[red]does not hold[/]", None: "[dim]nothing to judge by[/]"}


class RecordedVerdict(NamedTuple):
    """A verdict as it stands in the ledger: its entry and digest."""

    entry: int
    at: str
    verdict: Verdict
    digest: str


class Lines:
    """Prints the parts of an explanation to a console, in one language or both."""

    def __init__(self, out: Console, lang: str) -> None:
        self.out, self.lang = out, lang

    def say(self, text: str) -> None:
        """Print a line of ours as it is."""
        self.out.print(escape(text))

    def text(self, text: Text) -> str:
        """Return a text in the language wanted, safe to print."""
        both = f"{text.en} | {text.zh}" if text.en != text.zh else text.en
        return escape({"en": text.en, "zh": text.zh}.get(self.lang, both))

    def verdict(self, explanation: Explanation) -> None:
        """Print the verdict with both tracks, tier, expiry and digest."""
        found = explanation.assessment
        subject = escape(found.use or found.institution)
        verdict = f": {self.text(VERDICT_WORDS[found.verdict])}" if found.use or found.packs else ""
        self.out.print(f"[bold]{subject}{verdict}{_share(found)}[/]")
        if found.demo:
            self.out.print("  DEMO: the institution, its people and their statements are fictional")
        if not found.packs:
            self.say(f"  {no_pack_line()}")
        for track in reversed(TRACK_WORDS) if found.packs else ():
            counts = found.counts[track.value]
            if found.use or counts.applicable:
                done = f"{counts.met + counts.waived} of {counts.applicable} rules met or waived"
                rest = f"not met {counts.not_met}, no evidence {counts.no_evidence}"
                self.out.print(f"  {self.text(TRACK_WORDS[track])}: {done} ({rest})")
        if found.use:
            mode = found.mode.value if found.mode else "none"
            ends = f", expires {iso_day(found.expires)}" if found.expires else ""
            self.out.print(f"  tier {found.tier.value.value}, mode {mode}{ends}")
        self.out.print(f"  computed now and not recorded: at {found.at} on {found.size} entries")
        self.out.print(f"  digest {verdict_digest(found)}")

    def recorded(self, found: RecordedVerdict | None, subject: str) -> None:
        """Print the newest verdict that was recorded, since its digest is what others compare."""
        if found is None:
            self.say(f"  none is recorded; record one: dualtrack assess {subject}\n")
            return
        words = self.text(VERDICT_WORDS[found.verdict])
        self.out.print(f"  newest recorded: entry {found.entry}, at {found.at}, {words}; digest {found.digest}\n")

    def card(self, card: RuleCard) -> None:
        """Print one rule: our test, outcome, terms with values, evidence, what is missing, what to do."""
        style = _STYLES.get(card.effect.value, "default") if card.binding else "dim"
        effect = self.text(EFFECT_WORDS[card.effect]) if card.binding else "simulated, no effect"
        due = f", by {iso_day(card.due)}" if card.due else ""
        self.out.print(
            f"[{style}]{self.text(OUTCOME_WORDS[card.outcome])}; {effect}{due}[/]  {self.text(card.rule.title)}"
        )
        self.out.print(f"  {self.text(card.test)}, {self.text(card.pack.title)} [dim]{card.pack.id}/{card.rule.id}[/]")
        if card.secondary:
            self.out.print("  [yellow]from a secondary source: nobody here read the text; never a refusal[/]")
        self.out.print(f"  {self.text(card.rule.says)}")
        if card.applies_unknown:
            self.out.print("  whether it applies is unknown, so it counts as applying without evidence")
        for term in card.terms:
            values = "; ".join(f"{name} = {shown}" for name, shown in term.values)
            shown = f"  [dim]({escape(values)})[/]" if values else ""
            self.out.print(f"    {_HOLDS[term.holds]}  {escape(term.text)}{shown}")
        for row in card.evidence:
            self._evidence(row)
        if card.waiver is not None:
            reason = str(card.waiver.predicate.fields.get("reason", ""))
            self.out.print(
                f"    waived by entry {card.waiver.entry} ({escape(', '.join(card.waiver.holders))}): {escape(reason)}"
            )
        for label, texts in (("missing", card.missing), ("expired", card.expired)):
            if texts:
                self.out.print(f"    [red]{label}[/]: {'; '.join(self.text(item) for item in texts)}")
        if card.open:
            self.out.print(f"  to do ({self.text(ROLE_WORDS[card.rule.owner])}): {self.text(card.rule.todo)}")
        self.out.print()

    def _evidence(self, row: EvidenceRow) -> None:
        predicate = row.predicate
        result = f", {row.result}" if row.result else ""
        n = f", n {predicate.n:,}" if predicate.n is not None else ""
        until = f", valid until {iso_day(row.valid_until)}" if row.valid_until else ""
        kind = f"{predicate.kind.value} by {', '.join(row.holders)}, taken {predicate.taken_at}{until}"
        self.out.print(f"    entry {row.entry}: {self.text(row.title)}{result}{n} ({escape(kind)})")
        if predicate.method is not None:
            method = predicate.method
            self.out.print(f"      method {escape(f'{method.name} {method.version} ({method.source})')}")
        if predicate.data_digest is not None:
            self.out.print(f"      data {predicate.data_digest}")
        if predicate.document_digest is not None:
            self.out.print(f"      document {predicate.document_digest}")

    def way(self, way: Way) -> None:
        """Print the way to green, or why there is none."""
        if not way.reached:
            self.out.print(
                "[bold red]No set of evidence that was tried gives a live permit.[/] Even with what follows, these refuse:"
            )
            for item in way.blocked:
                ask = item.ask
                self.out.print(f"  {self.text(ask.title)} ({self.text(ask.test)}, {ask.pack}/{ask.rule})")
                for term in item.terms:
                    self.out.print(f"    {_HOLDS[False]}  {escape(term)}")
        elif not way.steps:
            self.out.print("It is live already: nothing to do.")
        else:
            word = "step" if len(way.steps) == 1 else "steps"
            after = self.text(VERDICT_WORDS[way.after.verdict])
            self.out.print(f"The way to green: {len(way.steps)} {word}, about {value_text(way.hours)} hours.")
            self.out.print(f"Verified by assessing again with these steps: the verdict would be {after}.")
            self.out.print("It supposes that each observation can truthfully be made, not that it will come out so.")
        self.out.print()
        for step in way.steps:
            self._step(step)
        if way.reached and way.steps and way.after.conditions:
            left = ", ".join(f"{item.pack}/{item.rule}" for item in way.after.conditions)
            self.out.print(f"Conditions that would then remain: {escape(left)}")

    def _step(self, step: WayStep) -> None:
        kind = {"answer": "answer in the declaration", "policy": "policy of the release"}.get(step.kind, "evidence")
        roles = " or ".join(self.text(role) for role in step.roles)
        self.out.print(f"[bold]{step.number}. {self.text(step.title)}[/] [dim]{kind} {escape(step.name)}[/]")
        if step.replaces is None:
            self.out.print(f"   {roles}; about {value_text(step.hours)} hours")
        else:
            self.out.print(
                f"   [yellow]observed already (entry {step.replaces}) and it does not show this; "
                f"only a different result would do[/]"
            )
            self.out.print(f"   {roles}; doing it again takes about {value_text(step.hours)} hours")
        for ask in step.asks:
            self.out.print(f"   {self.text(ask.test)} [dim]{ask.pack}/{ask.rule}[/]: {self.text(ask.todo)}")
        shown = list(step.fields.items())[:_EXAMPLE_FIELDS_MAX]
        fields = "; ".join(f"{name}: {value_text(value)}" for name, value in shown)
        self.out.print(f"   would do, for example: [dim]{escape(fields)}[/]\n")

    def rejected(self, found: Assessment) -> None:
        """Print the entries that do not count, with the reason."""
        for line in found.evidence:
            if line.reason is not None:
                why = self.text(reason_words(line.reason))
                self.out.print(
                    f"not counted: entry {line.index}, {escape(line.topic or 'evidence')}: {why} ({line.reason})"
                )
        for item in found.rejected:
            self.out.print(
                f"not admitted: entry {item.index}, {escape(item.kind)}: {self.text(reason_words(item.reason))}"
            )

    def not_established(self) -> None:
        """Print what an explanation does not establish."""
        words = load_words("dossier")
        self.out.print(f"Not established: {self.text(words['limit_truth'])} {self.text(words['limit_law'])}")


def _share(found: Assessment) -> str:
    """Return how many requirements of a firm are evidenced; a use has its verdict and its two tracks instead."""
    if found.use or not found.packs:
        return ""
    counts = found.counts.values()
    return f": {sum(item.met + item.waived for item in counts)} of {sum(item.applicable for item in counts)}"


def plain_explanation(explanation: Explanation, cards: list[RuleCard]) -> dict[str, object]:
    """Return the explanation as plain data."""
    assessment = explanation.assessment
    return {
        "assessment": assessment,
        "digest": verdict_digest(assessment),
        "rules": [_plain_card(card) for card in cards],
    }


def _plain_card(card: RuleCard) -> dict[str, object]:
    data = card.rule
    return {
        "pack": card.pack.id,
        "version": card.pack.version,
        "rule": data.id,
        "our_test_for": data.cites,
        "title": data.title,
        "says": data.says,
        "todo": data.todo,
        "owner": data.owner,
        "severity": data.severity,
        "grade": GRADE_WORDS[data.source_grade],
        "outcome": card.outcome,
        "effect": card.effect,
        "due": card.due,
        "until": card.until,
        "binding": card.binding,
        "secondary": card.secondary,
        "terms": [{"text": term.text, "holds": term.holds, "values": dict(term.values)} for term in card.terms],
        "evidence": [_plain_row(row) for row in card.evidence],
        "missing": card.missing,
        "expired": card.expired,
        "waiver": _plain_row(card.waiver) if card.waiver else None,
    }


def _plain_row(row: EvidenceRow) -> dict[str, object]:
    return {
        "index": row.entry,
        "topic": row.topic,
        "title": row.title,
        "signed_by": row.holders,
        "valid_until": row.valid_until,
        "predicate": row.predicate,
    }


def plain_way(way: Way) -> dict[str, object]:
    """Return the way to green as plain data."""
    return {
        "reached": way.reached,
        "verified_by_assessing_again": True,
        "hours": way.hours,
        "verdict_after": way.after.verdict,
        "conditions_after": way.after.conditions,
        "steps": [
            {
                "number": step.number,
                "kind": step.kind,
                "name": step.name,
                "title": step.title,
                "roles": step.roles,
                "hours": step.hours,
                "example": step.fields,
                "replaces": step.replaces,
                "asked_by": [
                    {"pack": ask.pack, "rule": ask.rule, "our_test": ask.test, "todo": ask.todo} for ask in step.asks
                ],
            }
            for step in way.steps
        ],
        "still_refusing": [
            {"pack": item.ask.pack, "rule": item.ask.rule, "title": item.ask.title, "does_not_hold": item.terms}
            for item in way.blocked
        ],
    }
