"""What `dualtrack demo` prints: the portfolio as a matrix, the measured effects, and why each verdict came out as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from dualtrack.demo.language.model import NotRun
from dualtrack.domain.vocabulary import Area, Grade, InstitutionType, Verdict
from dualtrack.permit.to_green import to_green
from dualtrack.present.phrases import interval_text, iso_day
from dualtrack.present.way import describe_way
from dualtrack.present.words import AREA_WORDS, TYPE_WORDS, VERDICT_WORDS
from dualtrack.rules.diff import diff
from dualtrack.rules.shipped import shipped

if TYPE_CHECKING:
    from rich.console import Console

    from dualtrack.demo.run import DemoResult
    from dualtrack.rules.pack import Pack
    from dualtrack.store.verdicts import Recorded

__all__ = ["show_demo", "show_next_steps"]

_STEPS_SHOWN = 5
"""First steps of a long to-do list; `explain --to-green` prints all."""

_SHORT = {
    Verdict.PERMITTED: "[green]permitted[/]",
    Verdict.PERMITTED_WITH_CONDITIONS: "[yellow]conditions[/]",
    Verdict.REFUSED: "[red]refused[/]",
    Verdict.NOTHING_MEASURED: "[dim]declared[/]",
}


def show_demo(out: Console, result: DemoResult) -> None:
    """Print the run's results."""
    _show_matrix(out, result)
    _show_effects(out, result)
    out.print("\nWhy, in words with paragraphs (fictional approvals, real measurements):")
    for item in _measured(result):
        _show_why(out, item)
    _show_research_assistant(out, result)
    _show_dealer(out, result)
    _show_running(out, result)


def _show_matrix(out: Console, result: DemoResult) -> None:
    firms = [firm for firm in result.firms.values() if firm.templates]
    table = Table("", *(f"{firm.name.en.removesuffix(' (fictional)')}\n{TYPE_WORDS[firm.type].en}" for firm in firms))
    apart = {run.use for run in result.language}  # they have lines of their own
    by_firm = {
        firm.id: _by_area([item for item in result.recorded[firm.id] if item.assessment.use not in apart])
        for firm in firms
    }
    for area in Area:
        table.add_row(AREA_WORDS[area].en, *(_SHORT[by_firm[firm.id][area]] for firm in firms))
    out.print(table)
    total = sum(len(result.recorded[firm.id]) for firm in firms)
    out.print(
        f"{total} uses declared, {len(result.measured)} measured; 'declared' is: declared, nothing measured, no permit."
    )


def _by_area(recorded: list[Recorded]) -> dict[Area, Verdict]:
    verdicts = {}
    for item in recorded:
        assert item.case.found.declaration is not None
        verdicts[item.case.found.declaration.area] = item.assessment.verdict
    return verdicts


def _show_effects(out: Console, result: DemoResult) -> None:
    table = Table("measured use", "effect over its non-AI baseline", "declared minimum", "n", "power")
    for measured in result.measured:
        benefit, plan = measured.result.benefit, measured.use.plan
        effect = escape(f"{interval_text(benefit.plain())}, {100 * benefit.level:g}% interval, {benefit.unit}")
        power = benefit.facts["power_at_declared_effect"]
        table.add_row(measured.use.slug, effect, f"{plan.effect}", f"{benefit.n:,}", f"{power:.2f}")
    out.print(table)


def _measured(result: DemoResult) -> list[Recorded]:
    shown = {Verdict.PERMITTED: 0, Verdict.PERMITTED_WITH_CONDITIONS: 1, Verdict.REFUSED: 2}
    found = [item for recorded in result.recorded.values() for item in recorded if item.assessment.verdict in shown]
    return sorted(found, key=lambda item: shown[item.assessment.verdict])


def _show_why(out: Console, item: Recorded) -> None:
    found = item.assessment
    words = VERDICT_WORDS[found.verdict]
    out.print(
        f"\n  [bold]{found.use}: {words.en} {words.zh}[/]"
        + (f", until {iso_day(found.expires)}" if found.expires else "")
    )
    packs = {pack.id: pack for pack in item.case.packs}
    for line in found.refusals or found.conditions:
        _show_rule(out, packs[line.pack], line.rule)
    if not found.refusals and not found.conditions:
        met = {
            (line.pack, cite)
            for line in found.rules
            if line.outcome.value == "met"
            for cite in _cites(packs, line.pack, line.rule)
        }
        for pack in item.case.packs:
            cites = sorted({cite for name, cite in met if name == pack.id}, key=lambda cite: (len(cite), cite))
            if cites and pack.data.grade is not Grade.SECONDARY:
                out.print(f"    our tests met: {pack.data.title.en}: {', '.join(cites)}")


def _cites(packs: dict[str, Pack], pack: str, rule: str) -> list[str]:
    return list(packs[pack].rule(rule).data.cites)


def _show_rule(out: Console, pack: Pack, rule_id: str) -> None:
    rule = pack.rule(rule_id).data
    source = {
        Grade.POLICY: "our own policy, no Hong Kong rule",
        Grade.SECONDARY: "from a secondary source: a condition, never a refusal",
        Grade.PRIMARY: pack.data.source.reference,
    }[pack.data.grade]
    out.print(f"    our test for {', '.join(rule.cites)} ({source}): {rule.title.en} {rule.title.zh}")


def _show_research_assistant(out: Console, result: DemoResult) -> None:
    firm = next(firm for firm in result.firms.values() if firm.type is InstitutionType.LICENSED_CORPORATION)
    item = next(one for one in result.recorded[firm.id] if (one.assessment.use or "").endswith("research-assistant"))
    way = describe_way(item.case, to_green(item.case))
    out.print(f"\n  [bold]{item.assessment.use}: declared, nothing measured 已申報，未有任何量度[/]")
    out.print(
        f"    what would permit it: {len(way.steps)} steps, about {way.hours:.0f} hours; the first {_STEPS_SHOWN}, in order:"
    )
    for number, step in enumerate(way.steps[:_STEPS_SHOWN], 1):
        cites = [
            f"24EC55 {cite}"
            for ask in step.asks
            if ask.pack == "sfc-24ec55"
            for cite in _cites({ask.pack: shipped(ask.pack)}, ask.pack, ask.rule)
        ]
        asked_by = ", ".join(dict.fromkeys(cites)) or ", ".join(dict.fromkeys(ask.pack for ask in step.asks))
        out.print(f"    {number}. {step.title.en} ({asked_by})")


def _show_dealer(out: Console, result: DemoResult) -> None:
    firm = next(firm for firm in result.firms.values() if firm.type is InstitutionType.VA_DEALER)
    counts = result.recorded[firm.id][0].assessment.counts["safety"]
    out.print(f"\n  [bold]{firm.id}: assessed as an institution[/]")
    out.print(
        f"    requirements evidenced: {counts.met} of {counts.applicable}; never a licence. A regime that changed, as data:"
    )
    changes = diff(shipped("va-otc-customs-2024"), shipped("va-dealing-2025"))
    rules = [change for change in changes if change.part == "rule" and change.field is None]
    for kind in ("added", "removed"):
        names = ", ".join(change.name for change in rules if change.kind == kind)
        out.print(f"    rules diff va-otc-customs-2024 va-dealing-2025: {kind} {names}")


def _show_running(out: Console, result: DemoResult) -> None:
    """Print what ran in this run: drills of the language uses, live traffic, the hold."""
    for run in result.language:
        found = run.recorded.assessment
        words = VERDICT_WORDS[found.verdict]
        fields = {item.topic: item.fields for item in run.evidence}
        out.print(f"\n  [bold]{run.use}: {words.en} {words.zh}[/], every answer read by a person first")
        for topic, what, limit in (
            ("factuality", "right answers", "target"),
            ("paraphrase_robustness", "answers that change with the wording", "limit"),
        ):
            if (one := fields.get(topic)) is not None:
                out.print(f"    {what}: {escape(str(interval_text(one)))}, n {one['n']} ({limit} {one[limit]})")
        for why in run.missing:
            out.print(f"    not measured: {escape(why)}")
        if isinstance(run.model, NotRun):
            out.print(f"    language model: {run.model.why.en}")
        else:
            out.print(
                f"    language model: {escape(run.model.model)}, {run.well} of {run.calls} calls answered in form;"
                " where it failed the passages answered"
            )
    out.print("\n  [bold]live traffic through the gate[/]")
    for use, outcomes in result.traffic.outcomes.items():
        out.print(f"    {use}: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items()))
    hold = result.traffic.hold
    after = (
        "none was served before"
        if hold.last_served_after_ms is None
        else f"last served {hold.last_served_after_ms} ms after"
    )
    out.print(
        f"    on hold: {hold.hold.target}, acknowledged after {hold.waited_ms} ms, {after}; {hold.served_after} served after"
    )


def show_next_steps(out: Console, result: DemoResult) -> None:
    """Print five commands that work as printed."""
    folder = result.folder
    verdicts = {item.assessment.verdict: item.assessment.use for item in _measured(result)}
    broker = next(firm.id for firm in result.firms.values() if firm.type is InstitutionType.LICENSED_CORPORATION)
    out.print("\nFive things to try next:")
    for command in (
        f"dualtrack explain {verdicts[Verdict.REFUSED]} --to-green --workspace {folder}",
        f"dualtrack explain {broker}/research-assistant --to-green --workspace {folder}",
        f"dualtrack prove {verdicts[Verdict.PERMITTED]} -o bundle.zip --force --workspace {folder}",
        f"python -m dualtrack_verify bundle.zip --trust {folder}/anchors.json",
        f"dualtrack supervise {folder}/bundles --trust {folder}/anchors.json --workspace {folder}/supervisor",
    ):
        out.print(f"  {command}", soft_wrap=True)
    out.print("\nThe console, with the uses at work (names and passwords are written when it starts):")
    out.print(f"  dualtrack serve --workspace {folder}", soft_wrap=True)
