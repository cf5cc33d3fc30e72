"""`dualtrack rules`: list, show, test, compile, adopt and retire rule packs; coverage and diff are in `rules_compare`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from dualtrack.cli.desk import (
    console,
    institution_option,
    json_option,
    print_json,
    signer_option,
    sitting,
    workspace_option,
)
from dualtrack.cli.explain_lines import LANGUAGES
from dualtrack.cli.files import write_new
from dualtrack.cli.rules_compare import coverage_command, diff_command
from dualtrack.cli.rules_find import adopted_here, find_pack, read_pack_file
from dualtrack.cli.rules_lines import pack_head, plain_pack, print_pack
from dualtrack.rules.pack import load_pack
from dualtrack.rules.selftest import self_test
from dualtrack.rules.shipped import shipped_packs

__all__ = ["rules_command"]


@click.group("rules")
def rules_command() -> None:
    """Rule packs: cited, dated requirements as data, adopted by signature."""


rules_command.add_command(coverage_command)
rules_command.add_command(diff_command)


@rules_command.command("list", epilog="Example: dualtrack rules list")
@institution_option
@workspace_option
@json_option
def _list(institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """List the shipped packs and those adopted in the workspace, if there is one."""
    adopted = {pack.id: pack for pack in adopted_here(workspace, institution)}
    packs = {pack.id: pack for pack in shipped_packs()}
    listed = [adopted.get(name) or packs[name] for name in sorted({*packs, *adopted})]
    if as_json:
        print_json([pack_head(pack) | {"adopted": pack.id in adopted} for pack in listed])
        return
    table = Table("pack", "version", "status", "grade", "about", "rules", "document of", "adopted")
    for pack in listed:
        data = pack.data
        row = (data.id, data.version, data.status.value, data.grade.value, data.subject, str(len(pack.rules)))
        table.add_row(*row, data.source.date, "yes" if pack.id in adopted else "")
    out = console()
    out.print(table)
    out.print("grade: primary, the text was read; secondary, it was not (asks and sets conditions only); policy, ours")


@rules_command.command("show", epilog="Example: dualtrack rules show sfc-24ec55 --rule RUN-02 --lang both")
@click.argument("pack")
@click.option("--rule", "rule_id", metavar="ID", help="Only this rule, with its expressions and tests.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of rule texts.")
@institution_option
@workspace_option
@json_option
def _show(
    pack: str, rule_id: str | None, lang: str, institution: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Show PACK, an id or a file: its source, and each of our tests with paragraph, severity and what was checked."""
    found = find_pack(pack, workspace, institution)
    rules = [found.rule(rule_id)] if rule_id else list(found.rules)
    if as_json:
        print_json(plain_pack(found, rules))
        return
    print_pack(console(markup=True), found, rules, lang, whole=rule_id is not None)


@rules_command.command("test", epilog="Example: dualtrack rules test my-pack.yaml")
@click.argument("pack")
@institution_option
@workspace_option
@json_option
def _test(pack: str, institution: str | None, workspace: Path | None, as_json: bool) -> int:
    """Run the tests that PACK (an id or a file) carries; exit 1 if one fails."""
    found = find_pack(pack, workspace, institution)
    failures = self_test(found)
    tests = sum(len(rule.data.tests) for rule in found.rules)
    if as_json:
        print_json({"pack": found.id, "digest": found.digest, "tests": tests, "failures": failures})
    else:
        out = console()
        for failure in failures:
            out.print(str(failure))
        out.print(f"{found.id} {found.data.version}: {tests - len(failures)} of {tests} tests hold")
    return 1 if failures else 0


@rules_command.command("compile", epilog="Example: dualtrack rules compile my-pack.yaml -o my-pack.json")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@json_option
def _compile(file: Path, output: Path, force: bool, as_json: bool) -> int:
    """Compile FILE (YAML) to the form that is adopted; nothing is written while one of its own tests fails."""
    compiled = read_pack_file(file)
    pack = load_pack(compiled)
    failures = self_test(pack)
    if not failures:
        write_new(output, compiled, force=force)
    if as_json:
        print_json(pack_head(pack) | {"output": None if failures else str(output), "failures": failures})
    elif failures:
        click.echo("\n".join(str(failure) for failure in failures) + "\nnothing was written", err=True)
    else:
        click.echo(f"wrote {output}: {pack.id} {pack.data.version}, digest {pack.digest}")
    return 1 if failures else 0


@rules_command.command("adopt", epilog="Example: dualtrack rules adopt sfc-24ec55 --as second-line")
@click.argument("pack")
@signer_option("second-line")
@institution_option
@workspace_option
@json_option
def _adopt(pack: str, holder: str, institution: str | None, workspace: Path | None, as_json: bool) -> int:
    """Adopt PACK (a shipped id or a file) by a signed entry; only adopted packs are assessed."""
    found = find_pack(pack, workspace, institution, shipped_first=True)
    if failures := self_test(found):
        click.echo("\n".join(str(failure) for failure in failures) + "\nnot adopted: its own tests fail", err=True)
        return 1
    with sitting(workspace, institution) as desk:
        receipt = desk.register.adopt(found.compiled, desk.signer(holder))
        name = desk.register.institution
    if as_json:
        print_json(pack_head(found) | {"institution": name, "index": receipt.index})
    else:
        click.echo(f"{name} adopted {found.id} {found.data.version} (entry {receipt.index}, digest {found.digest})")
        click.echo("verdicts change with the next: dualtrack assess --all")
    return 0


@rules_command.command("retire", epilog="Example: dualtrack rules retire sfc-24ec55 --as second-line")
@click.argument("pack")
@signer_option("second-line")
@institution_option
@workspace_option
@json_option
def _retire(pack: str, holder: str, institution: str | None, workspace: Path | None, as_json: bool) -> None:
    """Take PACK out of use by a signed entry; verdicts that rest on it stay as they were recorded."""
    with sitting(workspace, institution) as desk:
        receipt = desk.register.retire(pack, desk.signer(holder))
        name = desk.register.institution
    if as_json:
        print_json({"pack": pack, "institution": name, "index": receipt.index})
    else:
        click.echo(f"{name} retired {pack} (entry {receipt.index})")
