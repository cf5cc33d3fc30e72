"""`dualtrack rules coverage` and `diff`: what became of each paragraph, and what changes from one pack to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click
from rich.markup import escape
from rich.table import Table

from dualtrack.cli.desk import console, institution_option, json_option, print_json, sitting, workspace_option
from dualtrack.cli.explain_lines import LANGUAGES, Lines
from dualtrack.cli.rules_find import find_pack, has_workspace, institutions_here
from dualtrack.cli.rules_lines import pack_head
from dualtrack.domain.vocabulary import Grade, PackStatus, Verdict
from dualtrack.errors import DualtrackError
from dualtrack.permit.assess import conclude
from dualtrack.permit.rehearse import with_pack_instead
from dualtrack.present.terms import COVERAGE_WORDS, STATUS_WORDS
from dualtrack.present.words import VERDICT_WORDS
from dualtrack.rules.coverage import coverage
from dualtrack.rules.diff import diff, diff_lines
from dualtrack.rules.shipped import shipped_packs

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.domain.assessment import Assessment
    from dualtrack.rules.pack import Pack
    from dualtrack.store.register import Register

__all__ = ["coverage_command", "diff_command"]


@click.command("coverage", epilog="Example: dualtrack rules coverage sfc-24ec55")
@click.argument("pack", required=False)
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the notes.")
@institution_option
@workspace_option
@json_option
def coverage_command(
    pack: str | None, lang: str, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Say of each paragraph of PACK's document what became of it; of every primary pack, if none is named.

    Covered means that we have a test or a question for it, never that a firm complies with it.
    """
    packs = [find_pack(pack, workspace, institution)] if pack else _primary()
    found = [(item, coverage(item)) for item in packs]
    if as_json:
        print_json(
            [
                {"pack": item.id, "version": item.data.version, "total": cover.total, "counts": cover.counts}
                | {"paragraphs": cover.rows}
                for item, cover in found
            ]
        )
        return
    out = console(markup=True)
    lines = Lines(out, lang)
    for item, cover in found:
        out.print(f"[bold]{lines.text(item.data.title)}[/]  [dim]{item.id} {item.data.version}[/]")
        shares = (
            f"{lines.text(COVERAGE_WORDS[kind])} {count} ({count / cover.total:.0%})"
            for kind, count in cover.counts.items()
        )
        out.print(f"{cover.total} paragraphs: {', '.join(shares)}")
        table = Table("paragraph", "became", "our tests", "note")
        for row in cover.rows:
            table.add_row(
                row.paragraph, lines.text(COVERAGE_WORDS[row.as_]), ", ".join(row.rules), lines.text(row.note)
            )
        out.print(table)


def _primary() -> list[Pack]:
    return [pack for pack in shipped_packs() if pack.data.grade is Grade.PRIMARY]


class _Effect(NamedTuple):
    """What putting one pack for another does to a subject; `problem` says why it could not be told."""

    subject: str
    before: Verdict
    after: Verdict | None
    refuses: list[str]
    no_longer: list[str]
    problem: str

    @property
    def changes(self) -> bool:
        """Tell whether the verdict, or what refuses it, would change."""
        return self.after is not self.before or bool(self.refuses or self.no_longer)


@click.command("diff", epilog="Example: dualtrack rules diff va-otc-customs-2024 va-dealing-2025")
@click.argument("before")
@click.argument("after")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of the lines.")
@institution_option
@workspace_option
@json_option
def diff_command(
    before: str, after: str, lang: str, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """List what changes from pack BEFORE to AFTER (ids or files); in a workspace, also which verdicts would change."""
    old = find_pack(before, workspace, institution)
    new = find_pack(after, workspace, institution, shipped_first=True)
    changes = diff(old, new)
    effects = _effects(old, new, workspace, institution) if has_workspace(workspace) else None
    if as_json:
        print_json(
            {
                "before": pack_head(old),
                "after": pack_head(new),
                "changes": [change._asdict() for change in changes],
                "verdicts": None if effects is None else [effect._asdict() for effect in effects],
            }
        )
        return
    out = console(markup=True)
    lines = Lines(out, lang)
    for text in diff_lines(changes):
        out.print(lines.text(text))
    if effects is not None:
        _print_effects(lines, old, new, effects)


def _effects(old: Pack, new: Pack, workspace: Path | None, institution: str | None) -> list[_Effect]:
    """Assess again, without recording, every subject of every institution that has adopted the old pack."""
    found: list[_Effect] = []
    names = [institution] if institution else institutions_here(workspace)
    for name in names:
        with sitting(workspace, name) as desk:
            found += _effects_of(desk.register, old, new)
    return found


def _effects_of(register: Register, old: Pack, new: Pack) -> list[_Effect]:
    if all(pack.id != old.id for pack in register.adopted_packs()):
        return []
    found = []
    for use in _subjects(register, old, new):
        case = register.case(use, register.latest_release(use) if use else None)
        before = conclude(case)
        try:
            found.append(_compare(before, conclude(with_pack_instead(case, old.id, new))))
        except DualtrackError as error:
            found.append(_Effect(use or register.institution, before.verdict, None, [], [], str(error)))
    return found


def _subjects(register: Register, old: Pack, new: Pack) -> list[str | None]:
    uses: list[str | None] = [use for use, _ in register.repository.portfolio_entries(register.institution)]
    about = {old.data.subject, new.data.subject}
    return (uses if "use" in about else []) + ([None] if "institution" in about else [])


def _compare(before: Assessment, after: Assessment) -> _Effect:
    was = {f"{item.pack}/{item.rule}" for item in before.refusals}
    now = {f"{item.pack}/{item.rule}" for item in after.refusals}
    subject = before.use or before.institution
    return _Effect(subject, before.verdict, after.verdict, sorted(now - was), sorted(was - now), "")


def _print_effects(lines: Lines, old: Pack, new: Pack, effects: list[_Effect]) -> None:
    out = lines.out
    if not effects:
        out.print(f"\nNo verdict here rests on {old.id}: it is not adopted, or nothing is declared.")
        return
    if new.data.status is not PackStatus.IN_FORCE:
        out.print(f"\n{new.id} is {STATUS_WORDS[new.data.status].en}: its rules would be shown, without effect.")
    changed = [effect for effect in effects if effect.changes or effect.problem]
    end = ":" if changed else "."
    out.print(
        f"\nIn this workspace, {len(changed)} of {len(effects)} verdicts would change (nothing was recorded){end}"
    )
    for effect in changed:
        if effect.after is None:
            out.print(f"  {effect.subject}: could not be told: {escape(effect.problem)}")
            continue
        out.print(
            f"  {effect.subject}: {lines.text(VERDICT_WORDS[effect.before])} -> {lines.text(VERDICT_WORDS[effect.after])}"
        )
        for label, names in (("would refuse", effect.refuses), ("would no longer refuse", effect.no_longer)):
            if names:
                out.print(f"    {label}: {', '.join(names)}")
