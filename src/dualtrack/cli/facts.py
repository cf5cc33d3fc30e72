"""`dualtrack declare`, `release` and `template`: what a use of AI is, and what exactly runs."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click
import msgspec
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_of,
    institution_option,
    json_option,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.files import file_digest, read_document, write_new
from dualtrack.cli.interview import interview
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.ids import parse_use
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.release import Policy, Release, ReleaseComponent
from dualtrack.domain.templates import list_templates, read_template, template_source
from dualtrack.domain.time import HONG_KONG, format_instant, parse_date
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.policy_check import examine_policy

__all__ = ["declare_command", "make_release", "release_command", "template_command"]

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@click.command("declare", epilog="Example: dualtrack declare early-warning.yaml --as first-line")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--interactive", is_flag=True, help="Answer paragraph-cited questions instead; FILE is then written.")
@signer_option("first-line")
@institution_option
@workspace_option
@json_option
def declare_command(
    file: Path | None,
    interactive: bool,
    holder: str,
    institution: str | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Record the declaration of a use of AI from a YAML FILE, signed by its owner."""
    if interactive:
        file = interview(file, institution)
    if file is None:
        raise FieldError("no file", where="dualtrack declare", fix="name a YAML file, or give --interactive")
    use_case = _of_instants(read_document(file, UseCase, values="facts"), str(file))
    with sitting(workspace, institution_of(use_case.use, institution)) as desk:
        receipt = desk.register.declare(use_case, desk.signer(holder), where=str(file))
    if as_json:
        print_json({"use": use_case.use, "index": receipt.index})
    else:
        click.echo(
            f"declared {use_case.use} (entry {receipt.index}); next: dualtrack release {use_case.use} --code FILE"
        )


def _of_instants(use_case: UseCase, where: str) -> UseCase:
    """Return a declaration whose `live_since` may be a day: that is when the day began in Hong Kong."""
    since = use_case.live_since
    if since is None or _DAY.fullmatch(since) is None:
        return use_case
    day = parse_date(since, where=f"{where}, field live_since")
    begun = datetime(day.year, day.month, day.day, tzinfo=HONG_KONG)
    return msgspec.structs.replace(use_case, live_since=format_instant(begun))


@click.command("release", epilog="Example: dualtrack release my-bank/early-warning --code model.py --guard disclosure")
@click.argument("use")
@click.option("--file", type=click.Path(path_type=Path), help="A release as YAML, instead of the options below.")
@click.option("--code", type=click.Path(path_type=Path), help="The code that runs; its digest is recorded.")
@click.option("--component", "components", multiple=True, metavar="ID=FILE", help="Digest of a component from a file.")
@click.option("--guard", "guards", multiple=True, help="A guard that the runtime enforces.")
@click.option("--disclosure", is_flag=True, help="The policy shows the disclosure at every interaction.")
@click.option("--review", is_flag=True, help="A person reviews each output before it is released.")
@click.option("--opt-out", is_flag=True, help="The policy honours a customer's opt-out.")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="What the runtime enforces, as YAML; without it nothing runs.",
)
@click.option("--buffered", is_flag=True, help="Decisions of internal uses need not wait for the disk.")
@signer_option("developer")
@workspace_option
@json_option
def release_command(
    use: str,
    file: Path | None,
    code: Path | None,
    components: tuple[str, ...],
    guards: tuple[str, ...],
    disclosure: bool,
    review: bool,
    opt_out: bool,
    policy_file: Path | None,
    buffered: bool,
    holder: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Freeze the components, code and policy of USE as a release; evidence is about a release."""
    parse_use(use, where="USE")
    if (file is None) == (code is None):
        raise FieldError(
            "nothing to release" if file is None else "--file and --code together",
            where="dualtrack release",
            fix="give --code FILE with the options, or --file RELEASE alone",
        )
    policy = Policy(
        guards=list(guards),
        disclosure=disclosure,
        review_before_release=review,
        opt_out=opt_out,
        durability="buffered" if buffered else "durable",
    )
    with sitting(workspace, institution_of(use, None)) as desk:
        declared = desk.register.case(use, None).found.declaration
        if declared is None:
            raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
        if code is not None:
            release = make_release(declared, file_digest(code), components, policy, holder)
        else:
            assert file is not None
            release = read_document(file, Release)
            _check_components(release, declared, str(file))
        if release.use != use:
            raise FieldError(f"the release is of {release.use!r}", where=str(file), expected=use)
        if policy_file is not None:
            wanted = read_document(policy_file, RuntimePolicy)
            examine_policy(wanted, where=str(policy_file))  # a guard that cannot be made would close the use later
            kept = desk.register.keep_policy(wanted, where=str(policy_file))
            release = msgspec.structs.replace(release, policy=msgspec.structs.replace(release.policy, runtime=kept))
        found, receipt = desk.register.release(release, desk.signer(holder))
    if as_json:
        print_json({"use": use, "release": found, "index": receipt.index})
    else:
        click.echo(f"released {use} as {found[:16]}… (entry {receipt.index}); next: dualtrack explain {use} --to-green")


def make_release(use_case: UseCase, code: str, components: tuple[str, ...], policy: Policy, developer: str) -> Release:
    """Return a release with digests from the declaration, or from files given as ID=FILE."""
    digests = {part.id: part.digest for part in use_case.components if part.digest is not None}
    for item in components:
        name, equals, path = item.partition("=")
        if not equals or name not in {part.id for part in use_case.components}:
            raise FieldError(f"{item!r}", where="--component", expected="ID=FILE with a component of the declaration")
        digests[name] = file_digest(Path(path))
    return Release(
        use=use_case.use,
        components=[ReleaseComponent(id=name, digest=value) for name, value in sorted(digests.items())],
        code=code,
        policy=policy,
        builders=sorted({developer, *use_case.builders}),
    )


def _check_components(release: Release, declared: UseCase, where: str) -> None:
    known = {part.id for part in declared.components}
    ids = [part.id for part in release.components]
    wrong = next((name for name in ids if name not in known or ids.count(name) > 1), None)
    if wrong:
        raise FieldError(
            f"component {wrong!r}",
            where=f"{where}, field components",
            expected=f"components of the declaration, each once: {', '.join(sorted(known)) or 'none'}",
            fix="declare it first, or leave it out",
        )


@click.group("template", epilog="Example: dualtrack template list")
def template_command() -> None:
    """List and show declarations to start from: six areas by four sectors."""


@template_command.command("list", epilog="Example: dualtrack template list")
@json_option
def _list(as_json: bool) -> None:
    """List the shipped templates."""
    templates = list_templates()
    if as_json:
        print_json([{"template": name, "title": read_template(name).title} for name in templates])
        return
    table = Table("template", "title", "標題")
    for name in templates:
        title = read_template(name).title
        table.add_row(name, title.en, title.zh)
    console().print(table)


@template_command.command("show", epilog="Example: dualtrack template show risk-bank -o my-use.yaml")
@click.argument("template")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file instead.")
@click.option("--institution", metavar="ID", help="Fill in the institution.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@json_option
def _show(template: str, output: Path | None, institution: str | None, force: bool, as_json: bool) -> None:
    """Print a template as YAML, to be filled in."""
    text = template_source(template, institution)
    if output is not None:
        write_new(output, text.encode(), force=force)
    if as_json:
        found = {"written": str(output)} if output else {"declaration": read_yaml(text.encode(), where=template)}
        print_json({"template": template} | found)
    elif output is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"wrote {output}; next: edit it, then dualtrack declare {output}")
