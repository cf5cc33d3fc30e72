"""`dualtrack explain`: from a verdict to its rules, their paragraphs, the evidence and its data digest; and the way to green."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dualtrack.cli.desk import console, institution_of, json_option, print_json, sitting, workspace_option
from dualtrack.cli.explain_lines import LANGUAGES, Lines, RecordedVerdict, plain_explanation, plain_way
from dualtrack.cli.files import write_new
from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import Effect
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.permit.assess import verdict_digest
from dualtrack.permit.explain import explain
from dualtrack.permit.to_green import to_green
from dualtrack.present.dossier import dossier_page
from dualtrack.present.rule_cards import rule_cards
from dualtrack.present.way import describe_way

if TYPE_CHECKING:
    from dualtrack.permit.assess import Case
    from dualtrack.permit.explain import Explanation
    from dualtrack.present.rule_cards import RuleCard
    from dualtrack.present.way import Way
    from dualtrack.store.register import Register

__all__ = ["explain_command"]


@click.command(
    "explain",
    epilog="Examples: dualtrack explain my-bank/early-warning --to-green   |   "
    "dualtrack explain my-bank/early-warning --html dossier.html",
)
@click.argument("subject")
@click.option("--to-green", "green", is_flag=True, help="The ordered to-do that would turn the verdict live.")
@click.option("--rule", "wanted", metavar="PACK/RULE", help="Only this rule, with all its terms.")
@click.option("--all", "everything", is_flag=True, help="Every rule that applies, also those met.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the dossier, one self-contained page.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("--release", help="Digest of the release; the newest if not given.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of rule texts.")
@workspace_option
@json_option
def explain_command(
    subject: str,
    green: bool,
    wanted: str | None,
    everything: bool,
    page: Path | None,
    force: bool,
    release: str | None,
    lang: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Explain the verdict of SUBJECT, a use or an institution, as the ledger stands now. Nothing is recorded."""
    use = subject if "/" in subject else None
    if green and use is None:
        raise FieldError("an institution has no mode", where="--to-green", fix="name a use, as institution/use")
    with sitting(workspace, institution_of(subject, subject)) as desk:
        chosen = release or (desk.register.latest_release(use) if use else None)
        case = desk.register.case(use, chosen)
        recorded = _newest_recorded(desk.register, subject)
    _check_found(case, use, release)
    explanation = explain(case)
    found = to_green(case) if use and (green or page is not None) else None
    way = describe_way(case, found) if green and found is not None else None
    cards = _chosen(rule_cards(explanation), wanted, everything=everything)
    if page is not None:
        write_new(page, dossier_page(explanation, found).encode(), force=force)
    if as_json:
        answer = plain_explanation(explanation, cards) | {"recorded": recorded._asdict() if recorded else None}
        print_json(answer | ({"to_green": plain_way(way)} if way else {}) | ({"html": str(page)} if page else {}))
        return
    lines = Lines(console(markup=True), lang)
    lines.verdict(explanation)
    lines.recorded(recorded, subject)
    _print(explanation, cards, way if case.packs else None, page, lines, short=not (everything or wanted))


def _newest_recorded(register: Register, subject: str) -> RecordedVerdict | None:
    """Return the newest verdict on record of a subject, of whichever release it was."""
    newest = register.repository.newest("assessment/1", subject)
    if newest is None:
        return None
    found = read_record(canonical.decode(newest.content), Assessment, where=f"entry {newest.index}")
    return RecordedVerdict(newest.index, found.at, found.verdict, verdict_digest(found))


def _check_found(case: Case, use: str | None, release: str | None) -> None:
    if use is not None and case.found.declaration is None:
        raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
    if release is not None and case.found.release is None:
        raise NotFoundError(f"no release {release[:16]}…", where=use or "", fix=f"see `dualtrack evidence list {use}`")


def _chosen(cards: list[RuleCard], wanted: str | None, *, everything: bool) -> list[RuleCard]:
    if wanted is not None:
        named = [card for card in cards if f"{card.pack.id}/{card.rule.id}" == wanted]
        if not named:
            raise NotFoundError(
                f"no rule {wanted!r} applies",
                expected="PACK/RULE, as listed by --all",
                fix="see --all for those that do",
            )
        return named
    return cards if everything else [card for card in cards if card.effect is not Effect.NONE]


def _print(
    explanation: Explanation, cards: list[RuleCard], way: Way | None, page: Path | None, lines: Lines, *, short: bool
) -> None:
    if way is not None:
        lines.way(way)
    else:
        for card in cards:
            lines.card(card)
        done = len(explanation.rules) - len(cards)
        if short and done:
            lines.say(f"{done} further rules apply and are met, waived or only simulated; see them with --all")
        lines.rejected(explanation.assessment)
        lines.not_established()
    if page is not None:
        lines.say(f"wrote {page}")
