"""What a person gets wrong: each ends with 2, names the place and the fix, and leaves nothing behind."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from cli_world import BANK, USE, found_bank, good, run

from dualtrack.cli import verdicts


def picture(folder):
    """Return every file below a folder with its bytes; the database is stood for by its entries."""
    files = {path for path in folder.rglob("*") if path.is_file()}
    volatile = {
        path
        for path in files
        if path.suffix in {".db", ".db-wal", ".db-shm", ".lock"} or path.name.startswith("main.db")
    }
    return {str(path.relative_to(folder)): path.read_bytes() for path in files - volatile}


def entries(workspace):
    """Return the number of entries, asked of the database itself."""
    with closing(sqlite3.connect(f"file:{workspace}/main.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM main_entry").fetchone()[0]


def refused(workspace, *arguments, stdin=""):
    """Run a command that must be refused, and check that it changed nothing; returns what it said."""
    before, size = picture(workspace.parent), entries(workspace)
    done = run(*arguments, stdin=stdin)
    assert done.code == 2, done.out + done.err
    assert picture(workspace.parent) == before, "something was left behind"
    assert entries(workspace) == size, "something was recorded"
    assert "Traceback" not in done.err
    return done.err


def said(text, *words):
    missing = [word for word in words if word not in text]
    assert not missing, f"{missing} not in: {text}"


@pytest.fixture(scope="module")
def ws(bank_master, tmp_path_factory):
    """A bank that stays as it is, since nothing here may change it."""
    return shutil.copytree(bank_master, tmp_path_factory.mktemp("bad") / "ws")


@pytest.fixture
def declaration():
    return good("template", "show", "risk-bank", "--institution", BANK).out


def write(tmp_path, text):
    path = tmp_path / "use.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


DECLARATIONS = [
    ("area: risk", "area: cooking", ["field area", "cooking", "research, strategy, service"]),
    ("sector: bank", "sector: circus", ["field sector", "circus"]),
    ("sector: bank", "sector: bank\ncolour: red", ["field colour", "not one of its fields", "accountable_executive"]),
    ("purpose:\n", "purposes:\n", ["field purpose"]),
    ("sector: bank", "secter: bank", ["field sect"]),
    ("affected: [none]", "affected: [everybody]", ["field affected[0]", "customers, investors"]),
    ("affected: [none]", "affected: none", ["field affected", "expected: a list"]),
    ("  language_model: false", "  language_model: no", ["language_model", "true or false"]),
    ("  language_model: false", "  language_model: null", ["facts.language_model", "nothing is filled in"]),
    ("  language_model: false", "  languagemodel: false", ["languagemodel", "questions of a declaration"]),
    ("  language_model: false", "  language_model: {a: 1}", ["facts.language_model", "dict"]),
    ("  decision_effect: informs", "  decision_effect: wonders", ["decision_effect", "informs"]),
    ("  development: [none]", "  development: [magic]", ["development", "prompt_management"]),
    ("hours_per_month: 80", "hours_per_month: .nan", ["line", "not finite"]),
    ("hours_per_month: 80", "hours_per_month: .inf", ["line", "not finite"]),
    ("hours_per_month: 80", "hours_per_month: 1e999", ["line", "not finite"]),
    ("hours_per_month: 80", "hours_per_month: -1", ["hours released", "hours_per_month"]),
    ("hours_released: 24", "hours_released: 240", ["240", "hours_per_month"]),
    ("hours_released: 24", "hours_released: many", ["tasks[0].hours_released", "text was found", "expected: a number"]),
    ("monthly_volume: 30000", "monthly_volume: 99999999999999999999", ["line", "2^53"]),
    ("monthly_volume: 30000", "monthly_volume: 3.5", ["scope.monthly_volume"]),
    ("minimum: 0.001", "minimum: -.Inf", ["not finite"]),
    ("id: honest-probabilities", "id: closer-estimates", ["closer-estimates", "twice"]),
    ("id: honest-probabilities", "id: Honest Probabilities", ["claims[1].id", "inner hyphens"]),
    ("{id: lightgbm,", "{id: model,", ["'model'", "twice"]),
    ("primary: false", "primary: true", ["more than one primary claim"]),
    ("design: superiority", "design: feeling", ["design", "feeling"]),
    ("destination: service", "destination: garden", ["destination", "garden"]),
    ("digest: null", "digest: abc", ["components[0].digest", "64 lower-case hexadecimal digits"]),
    ("demo: false", "demo: true", ["demo", "real workspace"]),
    ("live_since: null", "live_since: yesterday", ["live_since", "YYYY-MM-DD"]),
    ("use: my-bank/", "use: other-bank/", ["other-bank", "my-bank"]),
    ("use: my-bank/", "use: my-bank/../", ["use"]),
    ("use: my-bank/provisioning-estimates", "use: provisioning", ["use"]),
    ("area: risk", "area: risk\narea: risk", ["twice", "line"]),
    ("area: risk", "area: &a risk", ["anchor"]),
    ("area: risk", "area: !!python/object:os.system risk", ["tag"]),
    ("area: risk", "area: [risk", ["not YAML", "line"]),
    ("area: risk", "area: risk\n---\narea: risk", ["second document"]),
    ("area: risk", "1: risk", ["key that is not text"]),
]


@pytest.mark.parametrize(
    ("old", "new", "words"), DECLARATIONS, ids=[new.replace("\n", " ") for _, new, _ in DECLARATIONS]
)
def test_a_wrong_declaration_names_file_field_and_what_was_expected(ws, tmp_path, declaration, old, new, words):
    assert old in declaration
    path = write(tmp_path, declaration.replace(old, new, 1))
    said(refused(ws, "declare", path, "--workspace", ws), *words)


BYTES = [
    ("empty", b"", ["use.yaml"]),
    ("not text", b"\xff\xfe\x00", ["UTF-8"]),
    ("nul", b"use: a\x00b", ["not YAML"]),
    ("a list", b"- 1\n- 2\n", ["use.yaml"]),
    ("huge", b"a: " + b"x" * (1 << 20), ["at most 1048576"]),
    ("deep", b"a: " + b"[" * 5_000 + b"]" * 5_000, ["nested deeper"]),
    ("laughs", b"a: &a [x,x]\nb: &b [*a,*a]\n", ["anchor"]),
    ("many", b"a: [" + b"1," * 60_000 + b"1]", ["more than 50000 values"]),
    ("merge", b"<<: {a: 1}\n", ["a merge"]),
]


@pytest.mark.parametrize(("data", "words"), [case[1:] for case in BYTES], ids=[case[0] for case in BYTES])
def test_a_file_that_is_no_declaration_is_refused(ws, tmp_path, data, words):
    said(refused(ws, "declare", write(tmp_path, data), "--workspace", ws), "use.yaml", *words)


COMMANDS = [
    ("absent file", ["declare", "absent.yaml"], ["absent.yaml", "No such file"]),
    ("a folder", ["declare", "."], ["cannot be read"]),
    ("no file", ["declare"], ["--interactive"]),
    ("unknown use", ["assess", "my-bank/absent"], ["my-bank/absent", "not declared"]),
    ("unknown firm", ["assess", "absent-bank/x"], ["absent-bank", "my-bank"]),
    ("no use id", ["assess", "My Bank"], ["SUBJECT"]),
    ("path as use", ["assess", "my-bank/../../etc"], ["SUBJECT"]),
    ("nothing named", ["assess"], ["--all"]),
    ("both named", ["assess", USE, "--all"], ["--all"]),
    ("another firm named", ["assess", USE, "--institution", "other"], ["--institution my-bank"]),
    ("unknown release", ["assess", USE, "--release", "ab" * 32], ["no release"]),
    ("short release", ["assess", USE, "--release", "ab"], ["no release"]),
    ("release of a firm", ["assess", BANK, "--release", "ab" * 32], ["--release"]),
    ("permit of nothing", ["permit", "my-bank/absent"], ["not declared"]),
    ("permit of a word", ["permit", "x"], ["institution/use"]),
    ("proof of nothing", ["prove", BANK, "-o", "b.zip"], ["never assessed", "dualtrack assess"]),
    ("proof into a folder", ["prove", USE, "-o", "."], ["is a folder"]),
    ("another firm than the subject", ["assess", BANK, "--institution", "other"], ["--institution my-bank"]),
    ("release of nothing", ["release", "my-bank/absent", "--code", __file__], ["not declared"]),
    ("release without code", ["release", USE], ["--code"]),
    ("release of absent code", ["release", USE, "--code", "absent.py"], ["absent.py"]),
    ("component unknown", ["release", USE, "--code", __file__, "--component", f"brain={__file__}"], ["ID=FILE"]),
    ("component without file", ["release", USE, "--code", __file__, "--component", "model"], ["ID=FILE"]),
    ("component absent", ["release", USE, "--code", __file__, "--component", "model=absent"], ["absent"]),
    ("not the developer", ["release", USE, "--code", __file__, "--as", "validator"], ["roles do not admit"]),
    ("nobody's key", ["release", USE, "--code", __file__, "--as", "nobody"], ["no key of 'nobody'", "dualtrack key new nobody"]),
    ("a path as holder", ["release", USE, "--code", __file__, "--as", "../my-bank/root"], ["holder"]),
    ("key that exists", ["key", "new", "validator", "--role", "validator"], ["exists"]),
    ("key of root", ["key", "new", "root", "--role", "approver"], ["root", "choose another"]),
    ("key of no name", ["key", "new", "A Chan", "--role", "approver"], ["A Chan", "a-z"]),
    ("key outside", ["key", "new", "../x", "--role", "approver"], ["a-z"]),
    ("role of root", ["key", "new", "x", "--role", "root"], ["root"]),
    ("revoke nothing", ["key", "revoke", "000000000", "--reason", "x"], ["0 keys"]),
    ("revoke all", ["key", "revoke", "", "--reason", "x"], ["at least"]),
    ("unknown pack", ["rules", "adopt", "sfc-99"], ["sfc-99"]),
    ("retire unknown", ["rules", "retire", "sfc-24ec55"], ["not adopted"]),
    ("adopt a non-pack", ["rules", "adopt", __file__], ["test_cli_bad_input.py"]),
    ("adopt as owner", ["rules", "adopt", "sfc-24ec55", "--as", "first-line"], ["roles do not admit"]),
    ("unknown template", ["template", "show", "cooking-bank"], ["risk-bank"]),
    ("template for no id", ["template", "show", "risk-bank", "--institution", "A B"], ["institution"]),
    ("unknown topic", ["evidence", "template", "cooking"], ["no topic", "validation_report"]),
    ("evidence of nothing", ["evidence", "list", "my-bank/absent"], ["not declared"]),
    ("absent backup", ["restore", "absent.db"], ["absent.db"]),
    ("backup to nowhere", ["backup", "absent/x.db"], ["absent"]),
    ("no spreadsheet", ["import", "absent.xlsx", "--sector", "bank", "--yes"], ["absent.xlsx"]),
    ("init without parent", ["init", "b", "--type", "bank", "--name", "B", "--folder", "absent/ws"], ["parent", "mkdir"]),
    ("init of no id", ["init", "A Bank", "--type", "bank", "--name", "B"], ["identifier"]),
    ("init without a name", ["init", "b", "--type", "bank", "--name", " "], ["--name"]),
    ("anchors over a folder", ["key", "anchors", "-o", "."], ["is a folder"]),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), [case[1:] for case in COMMANDS], ids=[case[0] for case in COMMANDS])
def test_a_wrong_command_is_refused_in_words(ws, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUALTRACK_WORKSPACE", str(ws))
    said(refused(ws, *arguments), *words)
    assert list(tmp_path.iterdir()) == []


def test_nothing_overwrites_a_file(ws, tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("mine")
    for arguments in (
        ["key", "anchors", "-o", kept],
        ["template", "show", "risk-bank", "-o", kept, "--json"],
        ["evidence", "template", "validation_report", "-o", kept],
        ["backup", kept],
    ):
        place = [] if arguments[0] == "template" or arguments[1] == "template" else ["--workspace", ws]
        said(run(*arguments, *place).out + run(*arguments, *place).err, "exists")
        assert kept.read_text() == "mine"


def test_no_workspace_is_said_with_the_way_to_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUALTRACK_WORKSPACE", raising=False)
    for arguments in (["doctor"], ["key", "list"], ["assess", USE]):
        done = run(*arguments)
        assert done.code == 2
        said(done.err, str(tmp_path), "dualtrack init", "--workspace")
    said(run("doctor", "--workspace", tmp_path).err, "no dualtrack.toml", "dualtrack init")
    assert list(tmp_path.iterdir()) == []


def test_a_link_out_of_the_workspace_is_refused(bank, tmp_path):
    outside = tmp_path / "outside.pem"
    (bank / "keys" / BANK / "developer.pem").rename(outside)
    (bank / "keys" / BANK / "developer.pem").symlink_to(outside)
    said(refused(bank, "release", USE, "--code", __file__, "--workspace", bank), "leads outside")


@pytest.mark.parametrize(
    "database",
    ["sqlite:////tmp/x.db", "sqlite:///../x.db", "sqlite://", "mysql://h/x", "nonsense", "sqlite:///:memory:"],
)
def test_a_database_elsewhere_is_refused_and_leaves_no_folder(tmp_path, database):
    done = run("init", "b", "--type", "bank", "--name", "B", "--folder", tmp_path / "ws", "--database", database)
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []
    assert "to fix" in done.err or "expected" in done.err


def test_a_database_that_does_not_answer_leaves_no_folder_and_no_password(tmp_path):
    address = "postgresql://someone:hunter2@127.0.0.1:9/none"
    done = run("init", "b", "--type", "bank", "--name", "B", "--folder", tmp_path / "ws", "--database", address)
    assert done.code == 2
    assert "hunter2" not in done.out + done.err
    assert list(tmp_path.iterdir()) == []


def test_founding_is_all_or_nothing(bank, monkeypatch):
    """When the entry cannot be written, neither keys nor settings of the new institution stay."""
    from dualtrack.errors import StoreFullError
    from dualtrack.store.register import Register

    def full(*_):
        raise StoreFullError("no room", fix="free some space")

    monkeypatch.setattr(Register, "_append", full)
    before = picture(bank)
    assert run("init", "second", "--type", "bank", "--name", "S", "--folder", bank).code == 2
    assert run("key", "new", "late", "--role", "owner", "--workspace", bank).code == 2
    assert picture(bank) == before
    assert not (bank / "keys" / "second").exists()
    monkeypatch.undo()
    good("init", "second", "--type", "bank", "--name", "S", "--folder", bank)
    good("key", "new", "late", "--role", "owner", "--workspace", bank, "--institution", BANK)


def test_an_institution_or_folder_that_exists_is_kept(bank, tmp_path):
    said(refused(bank, "init", BANK, "--type", "bank", "--name", "S", "--folder", bank), "exists already")
    said(
        refused(bank, "init", "x", "--type", "bank", "--name", "S", "--folder", bank, "--database", "sqlite:///x.db"),
        "--database",
    )
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    said(refused(bank, "init", "x", "--type", "bank", "--name", "S", "--folder", mine), "exists")
    assert (mine / "letter.txt").read_text() == "dear"


def test_keys_under_a_passphrase(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "short")
    folder = tmp_path / "ws"
    make = ["init", "b", "--type", "bank", "--name", "B", "--folder", folder]
    done = run(*make)
    assert done.code == 2
    said(done.err, "passphrase is too short")
    assert not folder.exists()
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "correct horse battery")
    good(*make)
    good("key", "new", "first-line", "--role", "owner", "--workspace", folder)
    for wrong, words in (("wrong horse battery", "no private key could be read"), ("", "encrypted")):
        monkeypatch.setenv("DUALTRACK_PASSPHRASE", wrong)
        done = run("key", "new", "second-line", "--role", "owner", "--workspace", folder)
        assert done.code == 2
        said(done.err, words, "passphrase")
        assert "horse" not in done.err
    assert sorted(path.name for path in (folder / "keys" / "b").iterdir()) == ["first-line.pem", "log.pem", "root.pem"]


def test_a_missing_root_key_is_named(bank):
    (bank / "keys" / BANK / "root.pem").rename(bank.parent / "root.pem")
    said(refused(bank, "key", "new", "late", "--role", "owner", "--workspace", bank), "no key of 'root'")


def test_a_key_or_workspace_open_to_others_is_refused(bank):
    (bank / "keys" / BANK / "developer.pem").chmod(0o640)
    said(refused(bank, "release", USE, "--code", __file__, "--workspace", bank), "chmod 600")
    bank.chmod(0o755)
    done = run("doctor", "--workspace", bank)
    assert done.code == 2
    said(done.err, "chmod 700")


def test_demo_declarations_and_keys_do_not_enter_a_real_workspace(bank, tmp_path):
    """A key made in a demo is refused as a grant, whatever the grant says of itself; see also the permit's tests."""
    from dualtrack.cli.desk import sitting
    from dualtrack.domain.institution import KeyGrant
    from dualtrack.domain.vocabulary import Role
    from dualtrack.errors import SignatureError
    from dualtrack.keys.b64 import b64_encode
    from dualtrack.keys.signer import FileSigner

    signer = FileSigner.generate("demo")
    grant = KeyGrant(
        keyid=signer.key_id,
        public_key=b64_encode(signer.public_key),
        holder="demo",
        name="demo",
        person=True,
        roles=[Role.OWNER],
        demo=True,
    )
    with sitting(bank, BANK) as desk, pytest.raises(SignatureError, match="made in a demo"):
        desk.register.grant(grant, desk.signer("root"))


def test_an_unreadable_log_of_another_firm_is_not_written_with_this_key(tmp_path):
    """The log key that the workspace lists is the only one that writes."""
    folder = found_bank(tmp_path / "ws", "one-bank")
    log = folder / "keys" / "one-bank" / "log.pem"
    log.unlink()
    shutil.copy2(folder / "keys" / "one-bank" / "developer.pem", log)
    done = run("key", "list", "--workspace", folder)
    assert done.code == 2
    said(done.err, "not this ledger's log key")


def test_a_workspace_that_cannot_be_written_says_so(bank, monkeypatch):
    """A file system mounted read-only, as every write to it sees it."""
    really = os.open

    def read_only(path, flags, *rest, **options):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(str(bank)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return really(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", read_only)
    for arguments in (["key", "new", "x", "--role", "owner"], ["assess", USE], ["rules", "adopt", "sfc-24ec55"]):
        done = run(*arguments, "--workspace", bank)
        assert done.code == 2
        said(done.err, "Read-only file system", str(bank))


def test_two_workspaces_do_not_mix(bank, tmp_path):
    """A declaration of one firm does not enter another's workspace."""
    other = found_bank(tmp_path / "other", "other-bank")
    text = good("template", "show", "risk-bank", "--institution", BANK).out
    path = write(tmp_path, text)
    done = run("declare", path, "--workspace", other)
    assert done.code == 2
    said(done.err, BANK, "other-bank")


def test_an_unexpected_fault_shows_no_secret(bank, monkeypatch):
    """What is no error of ours passes through with its traceback; that must hold neither passphrase nor key."""
    monkeypatch.setenv("DUALTRACK_PASSPHRASE", "correct horse battery")
    secret = (bank / "keys" / BANK / "root.pem").read_text().splitlines()[1]
    code = (
        "import dualtrack.cli.desk as desk, sys\n"
        "def broken(*_, **options): raise RuntimeError('out of the blue')\n"
        "desk.load_key = broken\n"
        "from dualtrack.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "key", "list", "--workspace", str(bank)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "out of the blue" in done.stderr
    assert secret not in done.stderr
    assert "correct horse" not in done.stderr


def test_ctrl_c_ends_in_words(ws, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verdicts, "record_verdict", stopped)
    done = run("assess", USE, "--workspace", ws)
    assert done.code == 130
    assert "stopped" in done.err
    assert "Traceback" not in done.err
