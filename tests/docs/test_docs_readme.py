"""What the pages promise: links lead somewhere, commands exist, the tour runs as printed, the example pack compiles."""

from __future__ import annotations

import re

import pytest
from page_shell import BLOCK, console_lines, new_shell

from cli.cli_world import good
from dualtrack.errors import PackError
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.pack import load_pack
from dualtrack.rules.selftest import self_test
from dualtrack.rules.source import compile_pack
from house_tree import ROOT, name_of, none_of

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
WORD = re.compile(r"[a-z][a-z-]*")
OWN_TESTS = {
    "fallback.md",
    "formats.md",
    "govern-a-function.md",
    "govern-an-endpoint.md",
    "govern-openai.md",
    "green-claims.md",
    "guards.md",
    "measure.md",
    "monitoring.md",
    "observe.md",
    "operating.md",
    "price.md",
    "scale.md",
    "write-a-measure.md",
    "write-an-application.md",
    "research.md",
    "service.md",
}
"""Pages that go on from one another and start servers; tests of their own run them."""


def anchors(page):
    """Return the anchors that a page's headings make."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages():
    assert {"README.md", "LIMITATIONS.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {p.name for p in PAGES}
    assert len(console_lines(ROOT / "README.md")) > 10


def test_every_relative_link_leads_somewhere():
    offences = []
    for page in PAGES:
        for target in (one or other for one, other in LINK.findall(page.read_text(encoding="utf-8"))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            if not found.exists() or not found.is_relative_to(ROOT):
                offences.append(f"{name_of(page)}: {target}")
            elif anchor and anchor not in anchors(found):
                offences.append(f"{name_of(page)}: {target}: no such heading")
    none_of(offences)


def test_every_page_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    none_of(
        f"docs/{page.name} is not linked"
        for page in (ROOT / "docs").glob("*.md")
        if page.name != "index.md" and f"({page.name})" not in index
    )


def subcommands(*path):
    """Return the names listed under Commands in a help page."""
    _, _, listed = good(*path, "--help").out.partition("\nCommands:\n")
    return {line.split()[0] for line in listed.splitlines() if re.match(r"  [a-z]", line)}


@pytest.fixture(scope="module")
def command_tree():
    """Return the commands that exist, each with its subcommands."""
    return {name: subcommands(name) for name in subcommands()}


def mentioned():
    """Yield page and words after `dualtrack` for each command that a page shows as code or in a console."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        spans = [*console_lines(page), *re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))]
        for span in spans:
            for found in re.findall(r"(?:^|[ /])dualtrack ((?:[^\s|;&]+ ?)+)", span):
                yield page, found.split()


def test_pages_name_only_commands_that_exist(command_tree):
    offences = set()
    for page, (first, *rest) in mentioned():
        if first.startswith("-"):
            continue
        second = rest[0] if rest else ""
        if first not in command_tree:
            offences.add(f"{name_of(page)}: dualtrack {first}")
        elif command_tree[first] and WORD.fullmatch(second) and second not in command_tree[first]:
            offences.add(f"{name_of(page)}: dualtrack {first} {second}")
    none_of(offences)


def test_the_readme_shows_every_job(command_tree):
    """Left out of the tour are the commands that need a running firm's own files and people."""
    shown = {words[0] for page, words in mentioned() if page.name == "README.md"}
    own_files = {
        "account", "api-key", "apps", "assess", "backup", "decisions", "declare", "erase", "evidence", "export", "hold", "key", "measure",
        "measures", "mlflow", "model", "monitor", "notice", "price", "observe", "permit", "policy", "release", "replay", "research", "restore", "review", "serve", "service", "standing", "witness",
    }  # fmt: skip
    assert set(command_tree) - shown <= own_files


@pytest.fixture
def shell(tmp_path):
    """Return a shell in an empty folder that holds a sample inventory, with the installed command on its path."""
    return new_shell(tmp_path, COLUMNS="120")


def test_the_shell_of_the_tour_sees_failures_and_keeps_its_state(shell):
    assert shell.run("export SEEN=yes; mkdir inner; cd inner").returncode == 0
    assert shell.run('test "$SEEN" = yes && test "${PWD##*/}" = inner').returncode == 0
    assert shell.run("false").returncode == 1


@pytest.mark.slow
def test_the_tour_runs_as_printed(shell):
    """A line that ends in `# exit N` must end with N, every other with 0. `pip install` is what installed us."""
    for line in console_lines(ROOT / "README.md"):
        if line.startswith("pip install"):
            continue
        expected = int(match[1]) if (match := re.search(r"# exit (\d+)$", line)) else 0
        done = shell.run(line)
        assert done.returncode == expected, (
            f"$ {line}\nexit {done.returncode}, not {expected}\n{done.stdout}\n{done.stderr}"
        )
        assert "Traceback" not in done.stderr, f"$ {line}\n{done.stderr}"
    left = {path.relative_to(shell.folder).as_posix() for path in shell.folder.rglob("*")}
    assert {"gap-report.html", "bundle.zip", "my-use.yaml", "dualtrack-demo/portfolio.html"} <= left


@pytest.mark.slow
def test_the_commands_of_the_other_pages_run(shell):
    """Pages beside the README show commands that need no workspace."""
    for page in PAGES:
        for line in console_lines(page) if page.name not in {"README.md", *OWN_TESTS} else ():
            done = shell.run(line)
            assert done.returncode == 0, f"{name_of(page)}: $ {line}\n{done.stdout}\n{done.stderr}"


def example_packs():
    """Return the packs that the page on rule packs shows."""
    text = (ROOT / "docs" / "rule-packs.md").read_text(encoding="utf-8")
    return re.findall(r"(?ms)^<!-- example pack[^\n]*-->\n```yaml\n(.*?)^```$", text)


def test_the_example_pack_compiles_and_passes_its_own_tests():
    (source,) = example_packs()
    pack = load_pack(compile_pack(source.encode(), shipped_topics()))
    assert [rule.id for rule in pack.rules] == ["STOP-1"]
    assert self_test(pack) == []


def test_the_example_pack_without_a_paragraph_is_refused():
    (source,) = example_packs()
    with pytest.raises(PackError, match="cites is missing"):
        compile_pack(source.replace('    cites: ["4.1", "4.2"]\n', "").encode(), shipped_topics())


def test_the_page_on_packs_names_every_shipped_pack():
    text = (ROOT / "docs" / "rule-packs.md").read_text(encoding="utf-8")
    packs = sorted(path.stem for path in (ROOT / "src" / "dualtrack" / "rules" / "packs").glob("*.yaml"))
    assert packs
    none_of(f"{name}: not on the page" for name in packs if f"`{name}`" not in text)
