"""What a person gets wrong: each ends with 2, names the place and the fix, and leaves nothing behind."""

import pytest
from cli_world import BANK, USE, good, refused, run, said


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
    ("key of a name to hide behind", ["key", "new", "x", "--role", "owner", "--name", "a\x1b[2Jb"], ["--name", "printable"]),
    ("no reason", ["key", "revoke", "abcdef1", "--reason", ""], ["--reason"]),
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
