"""The whole life of one use by commands alone: founding to permit, proof, an outsider's check, backup and restore."""

import json
import shutil
import subprocess
import sys

import pytest
from cli_world import BANK, HOLDERS, PACKS, USE, declared_bank, evidence_files, good, run

from dualtrack.cli.desk import sitting
from dualtrack.keys.b64 import b64_encode
from dualtrack.keys.signer import FileSigner
from dualtrack.permit.assess import conclude, prepare, verdict_digest

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """A bank whose use has all its evidence; nothing is assessed yet."""
    folder = tmp_path_factory.mktemp("life")
    workspace = declared_bank(folder / "ws")
    for subject, holder, path in evidence_files(folder, workspace):
        good("evidence", "add", subject, path, "--as", holder, "--workspace", workspace)
    return workspace


@pytest.fixture(scope="module")
def permitted(life):
    """The same, assessed; returns workspace and what `assess --json` said."""
    return life, good("assess", USE, "--workspace", life, "--json").json


def test_the_verdict_is_a_live_permit(permitted):
    workspace, said = permitted
    assert said["assessment"]["verdict"] == "permitted"
    assert said["permit"]["mode"] == "live"
    assert said["assessment"]["demo"] is False
    assert {pack["id"] for pack in said["assessment"]["packs"]} == set(PACKS)
    shown = good("permit", USE, "--workspace", workspace)
    assert "live permit, in_force" in shown.out
    assert "not a regulator's approval" in shown.out
    assert "DEMO" not in shown.out


def test_all_evidence_is_listed_and_counts(permitted):
    workspace, _ = permitted
    lines = good("evidence", "list", USE, "--workspace", workspace, "--json").json
    assert len(lines) >= 15
    assert all(line["admitted"] and line["counts"] for line in lines)
    shown = good("evidence", "list", USE, "--workspace", workspace).out
    assert "validation_report" in shown
    assert "validator" in shown


def test_an_outsider_checks_the_bundle(permitted, tmp_path):
    workspace, said = permitted
    bundle, anchors = tmp_path / "bundle.zip", tmp_path / "anchors.json"
    good("prove", USE, "-o", bundle, "--workspace", workspace)
    good("key", "anchors", "-o", anchors, "--workspace", workspace)
    verify = [sys.executable, "-m", "dualtrack_verify", str(bundle)]
    trusted = subprocess.run([*verify, "--trust", str(anchors)], capture_output=True, text=True, check=False)
    assert trusted.returncode == 0, trusted.stdout + trusted.stderr
    assert said["digest"] in trusted.stdout
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 3
    stranger = json.loads(anchors.read_text())
    stranger["institutions"][BANK]["root_key"] = b64_encode(FileSigner.generate("stranger").public_key)
    anchors.write_text(json.dumps(stranger))
    assert subprocess.run([*verify, "--trust", str(anchors)], capture_output=True, check=False).returncode == 1


def test_anchors_are_printed_too(permitted):
    workspace, _ = permitted
    document = good("key", "anchors", "--workspace", workspace, "--json").json
    assert document["format"] == "dualtrack.anchors/1"
    assert list(document["institutions"]) == [BANK]
    assert document["institutions"][BANK]["log"].startswith("dualtrack.local/my-bank/main+")


def test_every_bundle_of_the_firm(permitted, tmp_path):
    workspace, _ = permitted
    good("assess", BANK, "--workspace", workspace)
    said = good("prove", "--all", "-o", tmp_path / "all", "--workspace", workspace, "--json").json
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "my-bank.provisioning-estimates.zip",
        "my-bank.zip",
    ]
    assert len(said["bundles"]) == 2
    again = run("prove", "--all", "-o", tmp_path / "all", "--workspace", workspace)
    assert again.code == 2
    assert "--force" in again.err


def recomputed(workspace, said):
    """Return the digest of the verdict computed again from a workspace, at the instant of the one recorded."""
    found = said["assessment"]
    with sitting(workspace, BANK) as desk:
        before = [entry for entry in desk.register.repository.subject_entries(BANK, USE) if entry.index < said["index"]]
        case = prepare(before, desk.register.packs, institution=BANK, use=USE, release=found["release"], at=found["at"])
    return verdict_digest(conclude(case))


def test_a_restored_workspace_gives_the_same_verdict(permitted, tmp_path):
    workspace, said = permitted
    good("backup", tmp_path / "monday.db", "--workspace", workspace)
    fresh = tmp_path / "fresh"
    fresh.mkdir(mode=0o700)
    shutil.copy2(workspace / "dualtrack.toml", fresh)
    shutil.copytree(workspace / "keys", fresh / "keys")
    good("restore", tmp_path / "monday.db", "--workspace", fresh)
    original = good("ledger", "verify", "--workspace", workspace, "--json").json
    assert good("ledger", "verify", "--workspace", fresh, "--json").json == original
    for where, name in ((workspace, "old.zip"), (fresh, "new.zip")):
        good("prove", USE, "-o", tmp_path / name, "--workspace", where)
    assert (tmp_path / "old.zip").read_bytes() == (tmp_path / "new.zip").read_bytes()
    assert recomputed(fresh, said) == said["digest"]
    assert good("permit", USE, "--workspace", fresh, "--json").json["status"] == "in_force"


def test_a_backup_is_not_overwritten_nor_restored_over_entries(permitted, tmp_path):
    workspace, _ = permitted
    good("backup", tmp_path / "b.db", "--workspace", workspace)
    assert run("backup", tmp_path / "b.db", "--workspace", workspace).code == 2
    refused = run("restore", tmp_path / "b.db", "--workspace", workspace)
    assert refused.code == 2
    assert "holds rows already" in refused.err


def test_a_new_release_lapses_the_permit(bank_master, life, permitted, tmp_path):
    copy = shutil.copytree(life, tmp_path / "ws")
    (tmp_path / "model.py").write_text("changed")
    good("release", USE, "--code", tmp_path / "model.py", "--workspace", copy)
    done = run("permit", USE, "--workspace", copy)
    assert done.code == 1
    assert "lapsed (release_changes)" in done.out


def test_a_firm_rolls_back_by_having_the_earlier_release_permitted_anew(life, permitted, tmp_path):
    copy = shutil.copytree(life, tmp_path / "ws")
    before = good("permit", USE, "--workspace", copy, "--json").json["permit"]["release"]
    (tmp_path / "model.py").write_text("worse")
    good("release", USE, "--code", tmp_path / "model.py", "--workspace", copy)
    good("assess", USE, "--release", before, "--workspace", copy)
    now = good("permit", USE, "--workspace", copy, "--json").json
    assert (now["status"], now["permit"]["release"]) == ("in_force", before)


def test_a_revoked_key_signs_nothing_and_its_holder_can_have_a_new_one(life, tmp_path):
    copy = shutil.copytree(life, tmp_path / "ws")
    grants = good("key", "list", "--workspace", copy, "--json").json
    assert {grant["holder"] for grant in grants} == {BANK, *HOLDERS}
    keyid = next(grant["keyid"] for grant in grants if grant["holder"] == "validator")
    good("key", "revoke", keyid[:12], "--reason", "left the firm", "--workspace", copy)
    path = next(path for subject, holder, path in evidence_files(tmp_path, copy) if holder == "validator")
    assert run("evidence", "add", USE, path, "--as", "validator", "--workspace", copy).code == 2
    good("key", "new", "validator", "--role", "validator", "--workspace", copy)
    path.write_text(path.read_text() + "note: looked at again\n")
    good("evidence", "add", USE, path, "--as", "validator", "--workspace", copy)


def test_a_workspace_in_order_has_no_fault(life):
    checks = good("doctor", "--workspace", life, "--json").json
    assert {check["status"] for check in checks} <= {"ok", "warning"}
    assert "modes" in good("doctor", "--workspace", life).out


def test_the_doctor_ends_with_1_at_a_fault(life, tmp_path):
    copy = shutil.copytree(life, tmp_path / "ws")
    (copy / "keys" / BANK / "root.pem").chmod(0o644)
    done = run("doctor", "--workspace", copy)
    assert done.code == 1
    assert "chmod go-rwx" in done.out


def test_an_institution_joins_a_workspace(life, tmp_path):
    copy = shutil.copytree(life, tmp_path / "ws")
    good("init", "second-bank", "--type", "bank", "--name", "Second", "--folder", copy)
    assert [item["holder"] for item in good("key", "list", "--institution", "second-bank", "--workspace", copy, "--json").json] == ["second-bank"]  # fmt: skip
    undecided = run("key", "list", "--workspace", copy)
    assert undecided.code == 2
    assert "2 institutions" in undecided.err
    assert "my-bank, second-bank" in undecided.err
    assert "--institution" in undecided.err
