"""`dualtrack assess`, `permit` and `prove`: compute a verdict, see what stands, and hand it to an outsider."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from dualtrack.cli.desk import (
    check_subject,
    console,
    institution_of,
    institution_option,
    json_option,
    print_json,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import check_absent, check_new, make_folders, write_new
from dualtrack.cli.next_steps import no_pack_line
from dualtrack.domain.ids import parse_use
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.permit.assess import verdict_digest
from dualtrack.present.phrases import iso_day
from dualtrack.present.words import VERDICT_WORDS
from dualtrack.store.projections import Projections
from dualtrack.store.verdicts import current_permit, prove, record_verdict

if TYPE_CHECKING:
    from dualtrack.store.register import Register
    from dualtrack.store.verdicts import Recorded

__all__ = ["assess_command", "permit_command", "prove_command"]


@click.command("assess", epilog="Example: dualtrack assess my-bank/early-warning")
@click.argument("subject", required=False)
@click.option("--all", "everything", is_flag=True, help="Every declared use of the institution.")
@click.option("--release", help="Digest of the release; the newest if not given.")
@institution_option
@workspace_option
@json_option
def assess_command(
    subject: str | None,
    everything: bool,
    release: str | None,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Assess SUBJECT (a use, or an institution) now, and record the verdict and the permit it grants."""
    _check_asked(subject, everything=everything, command="assess")
    if release is not None and (subject is None or "/" not in subject):
        raise FieldError("a release without its use", where="--release", fix="name the use that it is a release of")
    with sitting(workspace, institution_of(subject, institution)) as desk:
        if everything:
            subjects: list[str | None] = [row["id"] for row in Projections(desk.register.repository).rows("use")]
        else:
            subjects = [subject if subject and "/" in subject else None]
        recorded = [record_verdict(desk.register, use, release) for use in subjects]
    if as_json:
        found = [_plain(item) for item in recorded]
        print_json(found if everything else found[0])
    else:
        _show(recorded)


def _plain(item: Recorded) -> dict[str, object]:
    return {
        "assessment": item.assessment,
        "digest": verdict_digest(item.assessment),
        "index": item.assessment_index,
        "permit": item.permit,
    }


def _show(recorded: list[Recorded]) -> None:
    table = Table("subject", "verdict", "safety", "benefit", "expires", "digest")
    for item in recorded:
        found = item.assessment
        safety, benefit = found.counts["safety"], found.counts["benefit"]
        table.add_row(
            found.use or found.institution,
            VERDICT_WORDS[found.verdict].en if found.use or found.packs else "-",
            f"{safety.met + safety.waived} of {safety.applicable}" if found.packs else "-",
            f"{benefit.met + benefit.waived} of {benefit.applicable}" if found.packs else "-",
            iso_day(found.expires) if found.expires else "",
            verdict_digest(found)[:16],
        )
    out = console()
    out.print(table)
    if any(not item.assessment.packs for item in recorded):
        out.print(no_pack_line())
        return
    out.print("Counts are rules met or waived, of those that apply. Why: dualtrack explain SUBJECT")


@click.command("permit", epilog="Example: dualtrack permit my-bank/early-warning")
@click.argument("use")
@workspace_option
@json_option
def permit_command(use: str, workspace: Path | None, as_json: bool) -> int:
    """Show the newest permit of USE and whether it is in force; exit 1 if there is none in force."""
    parse_use(use, where="USE")
    with sitting(workspace, institution_of(use, None)) as desk:
        if desk.register.case(use, None).found.declaration is None:
            raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
        found = current_permit(desk.register, use)
    if as_json:
        print_json(
            {"permit": found.permit, "status": found.status, "reason": found.reason} if found else {"permit": None}
        )
    elif found is None:
        click.echo(f"{use} has no permit; why: dualtrack explain {use} --to-green")
    else:
        permit = found.permit
        reason = f" ({found.reason})" if found.reason else ""
        click.echo(f"{use}: {permit.mode.value} permit, {found.status}{reason}")
        click.echo(f"  release {permit.release[:16]}…, from {permit.valid_from}, expires {permit.expires}")
        for condition in permit.conditions:
            click.echo(f"  condition: {condition.pack}/{condition.rule}, by {condition.due or 'no date'}")
        click.echo(f"  {permit.statement}" + ("  DEMO: everything here is fictional" if permit.demo else ""))
    return 0 if found is not None and found.status == "in_force" else 1


@click.command("prove", epilog="Example: dualtrack prove my-bank/early-warning -o bundle.zip")
@click.argument("subject", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File, or a folder with --all.")
@click.option("--all", "everything", is_flag=True, help="A bundle for every assessed use of the institution.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@institution_option
@workspace_option
@json_option
def prove_command(
    subject: str | None,
    output: Path,
    everything: bool,
    force: bool,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write a bundle from which an outsider recomputes the newest verdict of SUBJECT."""
    _check_asked(subject, everything=everything, command="prove")
    if not everything:
        check_new(output, force=force)
    with sitting(workspace, institution_of(subject, institution)) as desk:
        written = _prove_all(desk.register, output, force=force) if everything else [output]
        if not everything:
            write_new(output, prove(desk.register, subject if subject and "/" in subject else None), force=force)
    if as_json:
        print_json({"bundles": [str(path) for path in written]})
        return
    for path in written:
        click.echo(f"wrote {path} ({path.stat().st_size:,} bytes)")
    click.echo("check it elsewhere: python dualtrack_verify.py BUNDLE --trust anchors.json")


def _prove_all(register: Register, folder: Path, *, force: bool) -> list[Path]:
    rows = Projections(register.repository).rows("assessment")
    subjects = sorted({row["use_id"] or register.institution for row in rows})
    paths = [folder / f"{subject.replace('/', '.')}.zip" for subject in subjects]
    for path in paths:
        check_absent(path, force=force)
    make_folders(folder)
    for subject, path in zip(subjects, paths, strict=True):
        write_new(path, prove(register, subject if "/" in subject else None), force=force)
    return paths


def _check_asked(subject: str | None, *, everything: bool, command: str) -> None:
    if (subject is None) != everything:
        raise FieldError(
            "no subject" if subject is None else f"{subject} and --all together",
            where=f"dualtrack {command}",
            fix="name a use or an institution, or give --all alone",
        )
    if subject is not None:
        check_subject(subject)
