"""Results, exit codes, anchors, the report in both forms, and the page that explains them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import bundle_builder as made
import pytest
import tampering
import tampering_keys

import dualtrack_verify as verifier

BUNDLE = made.build()
ROOT = Path(__file__).parents[2]


def test_with_anchors_it_is_verified():
    result = verifier.verify(BUNDLE, made.anchors())
    assert (result.exit, result.reason, len(result.checks)) == (0, None, 6)


def test_without_anchors_authenticity_is_not_established():
    result = verifier.verify(BUNDLE)
    assert result.exit == 3
    assert "consistent, authenticity not established" in verifier.as_text(result)
    assert result.not_established[0][0] == "authenticity"


def test_a_demo_is_reported_loudly_before_anything_else():
    text = verifier.as_text(verifier.verify(BUNDLE, made.anchors()))
    assert text.startswith(
        "*** DEMO: the institution, its people, approvals and attestations are fictional ***\n*** 示範"
    )
    assert json.loads(verifier.as_json(verifier.verify(BUNDLE, made.anchors())))["demo"] is True


def test_the_report_ends_with_what_is_not_established():
    result = verifier.verify(BUNDLE, made.anchors())
    lines = verifier.as_text(result).splitlines()
    heading = lines.index("This bundle does not establish:")
    assert lines[heading + 1] == "此證明包未能確立以下各項："
    assert len(lines) == heading + 2 + len(result.not_established)
    assert all(line.startswith("  - ") for line in lines[heading + 2 :])


def codes(data, **options):
    return {code for code, _ in verifier.verify(data, made.anchors(**options)).not_established}


def test_what_is_not_established_is_fitted_to_the_bundle():
    usual = codes(BUNDLE)
    assert usual == {
        "demo", "inputs", "attestations", "withheld", "later", "time", "identity", "paraphrase", "adoption", "approval",
        "production",
    }  # fmt: skip
    assert codes(made.build(checkpoint=unwitnessed), quorum=0) - usual == {"fork"}
    assert codes(made.build(checkpoint=early_witness)) - usual == {"postdated"}


def test_packs_are_named_with_their_digests():
    assert f"mini 1, digest {made.digest(made.canonical(made.PACK))}" in verifier.as_text(verifier.verify(BUNDLE))


def test_earlier_permits_are_taken_as_recorded_and_the_report_says_so():
    def earlier(work):
        record = made.permit_for(made.standard_assessment())
        record |= {"from": "2026-01-05T09:12:00Z", "mode": "shadow", "conditions": []}
        work.drafts.insert(13, made.Draft("permit/1", made.USE, made.canonical(record), "2026-01-05T09:12:00Z"))

    def one_more(work):
        work.assessment["size"] = 14

    result = verifier.verify(made.build(drafts=earlier, assessment=one_more), made.anchors())
    assert (result.exit, result.detail) == (0, "")
    assert dict(result.not_established)["permits"].startswith("that 1 earlier permits")


def unwitnessed(work):
    work.witnesses = []
    made.sign_head(work)


def early_witness(work):
    work.witness_time = 1767600000  # a day before the assessment
    made.sign_head(work)


def test_a_permit_need_not_be_recorded():
    def no_permit(work):
        work.permit = None

    result = verifier.verify(made.build(permit=no_permit), made.anchors())
    assert (result.exit, result.facts["permit"], result.facts["mode"]) == (0, None, "live")


def test_an_honest_refusal_is_verified():
    hooks = {"drafts": tampering_keys.no_mode, "assessment": tampering_keys.honest_refusal}
    result = verifier.verify(made.build(**hooks), made.anchors())
    assert (result.exit, result.facts["verdict"], result.detail) == (0, "refused", "")
    assert "mini/validated" in verifier.as_text(result)


# --- anchors ---


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"format":"dualtrack.anchors/1","institutions":{"a":{}}}', made.anchors(quorum=3), made.anchors(quorum=-1),
        made.anchors(root_key=""), made.anchors(root_key="A" * 44), made.anchors(log="x"), made.anchors(note="x"),
        made.anchors(log=made.LOG.vkey("another name", 1)), made.anchors(log=made.LOG.vkey(made.ORIGIN, 4)),
        made.anchors(witnesses=[made.WITNESS.vkey("w", 1)]), made.anchors(witnesses=[made.LOG.vkey("w", 4)]),
        made.anchors(witnesses=[made.WITNESS.vkey("w", 4), made.WITNESS.vkey("v", 4)]),
        made.anchors()[:-1] + b',"format":"dualtrack.anchors/1"}',
    ],
)  # fmt: skip
def test_unsound_anchors_are_the_callers_mistake(data):
    result = verifier.verify(BUNDLE, data)
    assert (result.exit, result.reason) == (2, "anchors")


@pytest.mark.parametrize(
    ("anchors", "reason"),
    [
        (made.anchors(root_key=made.KEYS["stranger"].b64), "root-key"),
        (made.anchors(log=made.KEYS["stranger"].vkey(made.ORIGIN, 1)), "log-signature"),
        (made.anchors(witnesses=[made.SECOND_WITNESS.vkey(made.WITNESS_NAME, 4)]), "quorum"),
        (made.anchors(quorum=2), "quorum"),
        (b'{"format":"dualtrack.anchors/1","institutions":{}}', "anchor-missing"),
    ],
)
def test_other_anchors_refuse(anchors, reason):
    result = verifier.verify(BUNDLE, anchors)
    assert (result.exit, result.reason) == (1, reason)


def test_two_witnesses_make_a_quorum_of_two():
    def both(work):
        work.witnesses.append(("witness.example/two", made.SECOND_WITNESS))
        made.sign_head(work)

    assert verifier.verify(made.build(checkpoint=both), made.anchors(quorum=2)).exit == 0


# --- hostile input ---


def test_the_unexpected_ends_in_a_refusal(monkeypatch):
    def broken(_data):
        raise KeyError("surprise\x1b[2J")

    monkeypatch.setattr(verifier, "read_archive", broken)
    result = verifier.verify(BUNDLE)
    assert (result.exit, result.reason) == (1, "unexpected")
    assert "\x1b" not in verifier.as_text(result)


def test_text_of_the_bundle_cannot_steer_a_terminal():
    def name_with_escape(members):
        members["manifest.json"] = members["manifest.json"].replace(b'"demo":true', b'"demo":true,"\\u001b[2J":1')

    result = verifier.verify(tampering.resealed(BUNDLE, name_with_escape, manifest_too=False))
    assert result.exit == 1
    assert "\x1b" not in verifier.as_text(result)


def test_no_case_of_tampering_is_unexpected_without_anchors_either():
    for name, change, _ in tampering.ARCHIVE_CASES:
        result = verifier.verify(change(BUNDLE))
        assert result.reason != "unexpected", name


# --- the command line ---


def run(tmp_path, capfdbinary, *options, bundle=BUNDLE):
    (tmp_path / "bundle.zip").write_bytes(bundle)
    (tmp_path / "anchors.json").write_bytes(made.anchors())
    code = verifier.main([str(tmp_path / "bundle.zip"), *(str(option) for option in options)])
    return code, capfdbinary.readouterr().out.decode()


def test_exit_codes(tmp_path, capfdbinary):
    anchors = tmp_path / "anchors.json"
    assert run(tmp_path, capfdbinary, "--trust", anchors)[0] == 0
    assert run(tmp_path, capfdbinary)[0] == 3
    assert run(tmp_path, capfdbinary, bundle=BUNDLE[:-1])[0] == 1
    assert run(tmp_path, capfdbinary, "--at-least", 17)[0] == 1
    assert run(tmp_path, capfdbinary, "--trust", tmp_path / "none")[0] == 2
    assert run(tmp_path, capfdbinary, "--trust", tmp_path / "bundle.zip")[0] == 2
    assert verifier.main([str(tmp_path)]) == 2, "a folder is not readable"
    with pytest.raises(SystemExit) as error:
        run(tmp_path, capfdbinary, "--at-least", "many")
    assert error.value.code == 2


def as_a_program(tmp_path, output):
    (tmp_path / "bundle.zip").write_bytes(BUNDLE)
    command = f'{{ "{sys.executable}" "{verifier.__file__}" "{tmp_path}/bundle.zip"; echo "exit $?" >&2; }} {output}'
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


def test_an_output_that_cannot_be_written_is_not_a_refusal(tmp_path):
    for output in (">/dev/full", ">&-"):
        assert as_a_program(tmp_path, output).stderr == "exit 2\n", "neither a traceback nor `refused`"


def test_a_reader_that_goes_away_changes_no_verdict(tmp_path):
    assert as_a_program(tmp_path, "| true").stderr == "exit 3\n"


def test_anchors_without_end_are_read_within_bounds(tmp_path, capfdbinary):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifier, "ARCHIVE_BYTES_MAX", len(BUNDLE))
        code, output = run(tmp_path, capfdbinary, "--trust", "/dev/zero")
    assert code == 2
    assert "anchors: " in output
    assert "('" not in output, "words for a person, not a tuple"


def test_json_output(tmp_path, capfdbinary):
    code, output = run(tmp_path, capfdbinary, "--trust", tmp_path / "anchors.json", "--json")
    document = json.loads(output)
    assert (code, document["exit"], document["result"], document["reason"]) == (0, 0, "verified", None)
    assert document["verdict"] == "permitted_with_conditions"
    assert document["summary"]["zh-Hant"].startswith("已核實")
    assert document["log"]["size"] == 16
    code, output = run(tmp_path, capfdbinary, "--json", bundle=b"x")
    assert (code, json.loads(output)["reason"]) == (1, "zip-truncated")


def test_it_runs_alone_without_site_packages(tmp_path):
    (tmp_path / "bundle.zip").write_bytes(BUNDLE)
    script = ROOT / "src" / "dualtrack_verify.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", script, tmp_path / "bundle.zip"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (3, b"")
    assert "CONSISTENT" in done.stdout.decode()


# --- the file, and its page ---


def test_it_is_one_file_of_the_standard_library_and_short_functions():
    source = (ROOT / "src" / "dualtrack_verify.py").read_text()
    tree = ast.parse(source)
    names = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= set(sys.stdlib_module_names)
    assert len(source.splitlines()) <= 1540
    lengths = {n.name: n.end_lineno - n.lineno + 1 for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert {name: length for name, length in lengths.items() if length > 70} == {}


def test_every_code_is_explained_in_the_page():
    page = (ROOT / "docs" / "verification.md").read_text()
    limits = [line.split("|")[0].strip() for line in verifier.LIMITS.strip().splitlines()]
    wanted = [*verifier.REASONS, *verifier.ADMISSION_REASONS, *limits]
    assert [code for code in wanted if f"`{code}`" not in page] == []


def test_every_refusal_in_the_file_has_words():
    tree = ast.parse((ROOT / "src" / "dualtrack_verify.py").read_text())
    used = {
        call.args[position].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"need", "Refused"}
        for position in [1 if call.func.id == "need" else 0]
        if isinstance(call.args[position], ast.Constant)
    }
    assert len(used) > 30
    assert used <= set(verifier.REASONS)


def test_a_bundle_with_eighty_signatures_verifies_within_two_seconds():
    def many(work):
        for number in range(70):
            statement = made.statement("training", {"done": False}, about="firm", seed=number)
            content = made.envelope(statement, "evidence", made.KEYS["compliance"])
            work.drafts.insert(13, made.Draft("evidence/1", made.INSTITUTION, content, "2026-01-05T10:00:00Z"))

    data = made.build(drafts=many)
    began = time.process_time()
    result = verifier.verify(data, made.anchors())
    assert result.reason == "assessment-mismatch", "the assessment is still the standard one"
    assert time.process_time() - began < 2
