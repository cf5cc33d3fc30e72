"""What is printed: JSON from every command that looks, text as it was written, readable at 80 columns, plain when piped."""

import json
import os
import pty
import re
import subprocess
import sys

import pytest
import yaml
from cli_world import BANK, HOLDERS, USE, evidence_files, good, run

TITLE = "Early [red]warning[/red] :smile: [bold"


@pytest.fixture(scope="module")
def assessed(bank_master, tmp_path_factory):
    """The bank, assessed twice, with a use whose title and signer look like markup."""
    import shutil

    folder = tmp_path_factory.mktemp("output")
    bank = shutil.copytree(bank_master, folder / "ws")
    body = yaml.safe_load(good("template", "show", "risk-bank", "--institution", BANK).out)
    body |= {"use": "my-bank/odd", "title": {"en": TITLE, "zh-Hant": "[紅]預警"}}
    (folder / "odd.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    good("declare", folder / "odd.yaml", "--workspace", bank)
    good("key", "new", "odd", "--role", "owner", "--name", TITLE, "--workspace", bank)
    subject, holder, path = evidence_files(folder, bank)[0]
    good("evidence", "add", subject, path, "--as", holder, "--workspace", bank)
    good("assess", "--all", "--workspace", bank)
    return bank


LOOKS = [
    ["assess", USE],
    ["doctor"],
    ["evidence", "list", USE],
    ["evidence", "list", BANK],
    ["evidence", "template", "benefit"],
    ["evidence", "topics"],
    ["explain", USE],
    ["explain", USE, "--to-green"],
    ["explain", "my-bank/odd"],
    ["key", "anchors"],
    ["key", "list"],
    ["ledger", "proof", "0"],
    ["ledger", "show"],
    ["ledger", "verify"],
    ["ledger", "witness"],
    ["permit", USE],
    ["rules", "coverage", "sfc-24ec55"],
    ["rules", "diff", "va-otc-customs-2024", "va-dealing-2025"],
    ["rules", "list"],
    ["rules", "show", "sfc-24ec55"],
    ["rules", "test", "sfc-24ec55"],
    ["template", "list"],
    ["template", "show", "risk-bank"],
]


@pytest.mark.parametrize("arguments", LOOKS, ids=[" ".join(words) for words in LOOKS])
def test_json_is_json_and_nothing_else(assessed, monkeypatch, arguments):
    monkeypatch.setenv("DUALTRACK_WORKSPACE", str(assessed))
    done = run(*arguments, "--json")
    assert done.code in {0, 1}, done.err
    assert json.loads(done.out) is not None
    assert done.err == ""


def test_json_of_commands_that_write(tmp_path):
    """Every command that changes something says in JSON what it did; here in the order of a use's life."""
    ws, use = tmp_path / "ws", "json-bank/provisioning-estimates"
    (tmp_path / "model.py").write_text("pass")
    sheet = tmp_path / "list.csv"
    sheet.write_text("Model name,Owner\nOne,A\nTwo,B\n")
    report = tmp_path / "report.yaml"
    life = [
        ["init", "json-bank", "--type", "bank", "--name", "J", "--folder", ws],
        *(["key", "new", holder, "--role", role, "--workspace", ws] for holder, role in HOLDERS.items()),
        ["key", "anchors", "-o", tmp_path / "anchors.json", "--workspace", ws],
        ["rules", "adopt", "dualtrack-policy", "--workspace", ws],
        ["rules", "adopt", "hkma-principles-2019", "--workspace", ws],
        ["rules", "retire", "hkma-principles-2019", "--workspace", ws],
        ["template", "show", "risk-bank", "--institution", "json-bank", "-o", tmp_path / "use.yaml"],
        ["declare", tmp_path / "use.yaml", "--workspace", ws],
        ["release", use, "--code", tmp_path / "model.py", "--workspace", ws],
        ["evidence", "template", "trial_plan", "-o", report],
        ["assess", use, "--workspace", ws],
        ["assess", "--all", "--workspace", ws],
        ["prove", use, "-o", tmp_path / "bundle.zip", "--workspace", ws],
        ["import", sheet, "--sector", "bank", "--yes", "-o", tmp_path / "drafts", "--workspace", ws],
        ["try", sheet, "-o", tmp_path / "out"],
        ["backup", tmp_path / "backup.db", "--workspace", ws],
    ]
    for arguments in life:
        done = good(*arguments, "--json")
        assert json.loads(done.out) is not None, arguments
        assert done.err == ""
    keyid = good("key", "list", "--workspace", ws, "--json").json[0]["keyid"]
    revoked = run("key", "revoke", keyid, "--reason", "test", "--workspace", ws, "--json")
    assert revoked.json


@pytest.mark.parametrize("arguments", LOOKS, ids=[" ".join(words) for words in LOOKS])
def test_piped_output_is_plain(assessed, monkeypatch, arguments):
    monkeypatch.setenv("DUALTRACK_WORKSPACE", str(assessed))
    done = run(*arguments)
    assert done.code in {0, 1}, done.err
    assert done.out.strip()
    assert "\x1b" not in done.out
    assert "…" not in done.out.replace("16}…", "") or arguments[0] not in {"key", "evidence"}


def test_text_of_people_is_printed_as_it_is(assessed):
    keys = good("key", "list", "--workspace", assessed).out
    assert TITLE in keys


def test_control_characters_do_not_reach_the_screen(tmp_path):
    path = tmp_path / "sneaky.csv"
    path.write_bytes(b"Model name,Owner,quiet\x1b[2Jname\nOne,A,x\nTwo,B,y\n")
    shown = good("try", path, "-o", tmp_path).out
    assert "\x1b" not in shown
    assert "quiet\ufffd[2Jname" in shown


def on_a_terminal(*arguments, columns=80):
    """Run the command on a pseudo-terminal of that width and return what it printed, escapes removed."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    code = "from dualtrack.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=environment) as process:
        os.close(follower)
        data = b""
        while True:
            try:
                chunk = os.read(leader, 65_536)
            except OSError:
                break
            if not chunk:
                break
            data += chunk
    os.close(leader)
    assert process.returncode in {0, 1}
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data.decode()).replace("\r\n", "\n")


def width(text):
    from rich.cells import cell_len

    return max(cell_len(line) for line in text.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [["key", "list"], ["assess", USE], ["evidence", "list", BANK], ["doctor"], ["template", "list"]],
    ids=" ".join,
)
def test_tables_fit_80_columns_and_lose_nothing(assessed, arguments):
    options = [] if arguments[0] == "template" else ["--workspace", assessed]
    text = on_a_terminal(*arguments, *options)
    table = "\n".join(line for line in text.splitlines() if line[:1] in "┏┃┡│└├")
    assert width(table) <= 80
    letters = "".join(table.split()).replace("│", "").replace("┃", "")
    assert "…" not in letters


def test_prose_wraps_at_words_and_keeps_its_indent(assessed):
    text = on_a_terminal("explain", USE, "--all", "--workspace", assessed)
    assert width(text) <= 80
    plain = good("explain", USE, "--all", "--workspace", assessed).out
    both = [re.sub(r"recorded: at \S+|digest \w{64}", "", " ".join(found.split())) for found in (text, plain)]
    assert both[0] == both[1]


def test_a_reader_that_goes_away_is_no_fault(assessed):
    code = "from dualtrack.cli import main; main()"
    command = f'"{sys.executable}" -c "{code}" rules show sfc-24ec55 | head -1'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout
    assert done.stderr == ""
