"""What `dualtrack demo` prints: the portfolio as a matrix, the measured effects, and why each verdict came out as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from dualtrack.cli.serve import DEFAULT_PORT
from dualtrack.demo.language.model import NotRun
from dualtrack.demo.language.paragraphs import paragraph_lines
from dualtrack.demo.receipts import RECEIPTS_NAME
from dualtrack.domain.vocabulary import Area, Grade, InstitutionType, Verdict
from dualtrack.evidence.plans.running import gated_measurement
from dualtrack.permit.to_green import to_green
from dualtrack.present.phrases import interval_text, iso_day
from dualtrack.present.way import describe_way
from dualtrack.present.words import AREA_WORDS, OUTCOME_WORDS, TYPE_WORDS, VERDICT_WORDS
from dualtrack.rules.diff import diff
from dualtrack.rules.shipped import shipped

if TYPE_CHECKING:
    from rich.console import Console

    from dualtrack.demo.language.running import LanguageRun
    from dualtrack.demo.research_use import ResearchRun
    from dualtrack.demo.run import DemoResult
    from dualtrack.demo.running import Traffic
    from dualtrack.rules.pack import Pack
    from dualtrack.store.verdicts import Recorded

__all__ = ["show_demo", "show_next_steps"]

_STEPS_SHOWN = 5
"""First steps of a long to-do list; `explain --to-green` prints all."""

_CONSOLE = f"http://127.0.0.1:{DEFAULT_PORT}"
"""Where `dualtrack serve` listens when nothing else is said."""

_FICTIONAL = " (rests in part on fictional answers 部分依據屬虛構答案)"

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
    _show_research_desk(out, result.research)
    _show_research_assistant(out, result)
    _show_dealer(out, result)
    _show_running(out, result)


def _show_matrix(out: Console, result: DemoResult) -> None:
    firms = [firm for firm in result.firms.values() if firm.templates]
    table = Table("", *(f"{firm.name.en.removesuffix(' (fictional)')}\n{TYPE_WORDS[firm.type].en}" for firm in firms))
    apart = {run.use for run in result.language} | {result.research.use}  # they have lines of their own
    by_firm = {
        firm.id: _by_area([item for item in result.recorded[firm.id] if item.assessment.use not in apart])
        for firm in firms
    }
    for area in Area:
        table.add_row(AREA_WORDS[area].en, *(_SHORT[by_firm[firm.id][area]] for firm in firms))
    out.print(table)
    total = sum(len(result.recorded[firm.id]) for firm in firms)
    out.print(
        f"{total} uses declared, {len(result.measured) + (result.research.run is not None)} measured; 'declared' is: declared, nothing measured, no permit."
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
        benefit, plan = measured.benefit, measured.use.plan
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


def _show_research_desk(out: Console, found: ResearchRun) -> None:
    """Print what the plan of the research desk gave, item by item, and what the desk was asked."""
    words = VERDICT_WORDS[found.recorded.assessment.verdict]
    out.print(f"\n  [bold]{found.use}: {words.en} {words.zh}[/], measured on made reports of fictional issuers")
    if found.missing is not None:
        out.print(f"    not run: {escape(found.missing)}")
    for result in found.run.results if found.run is not None else ():
        measured = gated_measurement(result)
        if result.item.gate is None or measured is None or measured.estimate is None:
            continue
        interval = escape(str(interval_text(measured.plain())))
        out.print(f"    {result.item.id}: {result.standing}, {interval}, n {measured.n}, {measured.unit}")
        if result.reason is not None:
            out.print(f"      {escape(result.reason)}")
    for answer in found.answers:
        out.print(f"    asked: {escape(answer.question)} {answer.outcome}")


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
    """Print what ran in this run: drills of the language uses, live traffic, the hold, the receipts."""
    for run in result.language:
        _show_language(out, run)
        _show_paragraphs(out, run)
    _show_traffic(out, result.traffic)


def _show_language(out: Console, run: LanguageRun) -> None:
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
    if (notice := fields.get("disclosure_drill")) is not None:
        out.print(f"    the notice: shown at {notice['shown']} of {notice['interactions']} interactions")
    for why in run.missing:
        out.print(f"    not measured: {escape(why)}")
    if isinstance(run.model, NotRun):
        out.print(f"    language model: {run.model.why.en}")
    else:
        out.print(
            f"    language model: {escape(run.model.model)}, {run.well} of {run.calls} calls answered in form;"
            " where it failed the passages answered"
        )


def _show_paragraphs(out: Console, run: LanguageRun) -> None:
    """Print what came of our tests for 24EC55 paragraphs 13, 17 and 18, one line each."""
    for line in paragraph_lines(run):
        by = ", by analogy: it binds licensed corporations" if line.analogy else ""
        words = OUTCOME_WORDS[line.outcome]
        missing = f" ({', '.join(line.missing)})" if line.missing else _FICTIONAL if line.fictional else ""
        out.print(
            f"    our test for 24EC55 paragraph {line.cites}{by}: {words.en} {words.zh}{missing}: {line.title.en} {line.title.zh}"
        )


def _show_traffic(out: Console, traffic: Traffic) -> None:
    out.print("\n  [bold]live traffic through the gate[/]")
    for use, outcomes in traffic.outcomes.items():
        out.print(f"    {use}: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.items()))
    hold = traffic.hold
    last = hold.last_served_after_ms
    after = (
        "none was served before"
        if last is None
        else f"last served {abs(last)} ms {'before it' if last < 0 else 'after it'}"
    )
    out.print(
        f"    on hold: {hold.hold.target}, acknowledged after {hold.waited_ms} ms, {after}; {hold.served_after} served after"
    )
    out.print(
        f"\n  [bold]receipts of the fictional customers[/], also in {RECEIPTS_NAME}; open them once it is served:"
    )
    for given in traffic.receipts:
        out.print(f"    {_CONSOLE}{given.path}  {given.use}: {given.says.en} {given.says.zh}", soft_wrap=True)


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
    out.print("\nThe console, with the uses at work (it says whom to sign in as when it starts):")
    out.print(f"  dualtrack serve --workspace {folder}", soft_wrap=True)
