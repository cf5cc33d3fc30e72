"""The demo as its first user meets it: what it shows, what it leaves, what it refuses, and its five next steps."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest
from cli_world import good, picture, run, said

from demo_once import LEFT_OVER

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("offline")]

BANK = "harbour-bank-demo"
MEASURED = {
    f"{BANK}/provisioning-estimates": "permitted",
    f"{BANK}/early-contact-order": "permitted_with_conditions",
    f"{BANK}/collection-ranking": "refused",
}
DESK = "peak-securities-demo/research-desk"
AREAS = {"research", "strategy", "service", "risk", "crime", "workflow"}
SECTORS = {"bank", "insurer", "licensed_corporation", "mpf_trustee"}
SECONDS_MAX = 60


@pytest.fixture(scope="module")
def demo(demo_run):
    """Return the folder the demo ran in, what it printed and the seconds it computed."""
    return demo_run.place, demo_run.printed, demo_run.cpu_s


def verdicts(folder):
    """Return the recorded verdict of every subject, by subject, from the bundles the demo left."""
    found = {}
    for path in (folder / "dualtrack-demo" / "bundles").glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            verdict = json.loads(archive.read("assessment.json"))
            manifest = json.loads(archive.read("manifest.json"))
        assert manifest["demo"] is True
        found[verdict["use"] or verdict["institution"]] = verdict
    return found


def test_it_is_quick_and_says_first_what_the_data_are(demo):
    _, printed, seconds = demo
    assert seconds < SECONDS_MAX
    first = printed.splitlines()[0]
    assert "Taiwanese" in first
    assert "2005" in first
    assert "fictional" in " ".join(printed.splitlines()[:2])


def test_27_uses_in_six_areas_and_four_sectors(demo):
    folder, printed, _ = demo
    uses = {name: verdict for name, verdict in verdicts(folder).items() if "/" in name}
    assert len(uses) == 27
    assert {(verdict["facts"]["use.area"], verdict["facts"]["use.sector"]) for verdict in uses.values()} == {
        (area, sector) for area in AREAS for sector in SECTORS
    }
    assert "27 uses declared, 4 measured" in printed


def test_the_outcomes_are_those_of_the_measurements(demo):
    folder, _, _ = demo
    found = verdicts(folder)
    assert {name: found[name]["verdict"] for name in MEASURED} == MEASURED
    others = {verdict["verdict"] for name, verdict in found.items() if "/" in name and name not in MEASURED}
    assert found[DESK]["mode"] == "trial"
    assert others == {"nothing_measured", "trial"}
    assert found["peak-securities-demo/client-answers"]["mode"] == "trial"
    assert found["ferry-coins-demo"]["verdict"] == "requirements_evidenced"
    refused = found[f"{BANK}/collection-ranking"]
    assert [(line["pack"], line["rule"]) for line in refused["refusals"]] == [("dualtrack-policy", "BEN-02")]
    assert refused["mode"] is None
    conditions = found[f"{BANK}/early-contact-order"]["conditions"]
    assert conditions
    assert {line["pack"] for line in conditions} <= {"anti-discrimination", "pcpd-framework-2024"}


def test_everything_is_marked_as_a_demo(demo):
    folder, _, _ = demo
    assert all(verdict["demo"] for verdict in verdicts(folder).values())
    workspace = folder / "dualtrack-demo"
    for grant in good("key", "list", "--institution", BANK, "--workspace", workspace, "--json").json:
        assert grant["demo"] or grant["roles"] == ["root"]
    permit = run("permit", f"{BANK}/provisioning-estimates", "--workspace", workspace)
    assert permit.code == 0
    assert "DEMO: everything here is fictional" in permit.out
    assert "demo = true" in (workspace / "dualtrack.toml").read_text()


def test_each_verdict_says_why_with_paragraphs(demo):
    _, printed, _ = demo
    why = printed.partition("Why, in words with paragraphs")[2]
    for words in (
        "refused 不准許",
        "Dualtrack policy, benefit 2",
        "our own policy, no Hong Kong rule",
        "有條件准許",
        "Cap. ",
        "24EC55 ",
    ):
        assert words in why
    assert "complies" not in printed


def test_each_paragraph_that_a_language_use_shows_has_a_line(demo):
    _, printed, _ = demo
    broker = printed.partition("peak-securities-demo/client-answers: ")[2].partition("service-answers: ")[0]
    for paragraph in ("13:", "13(a)", "13(b)", "13(c)", "13(d)", "17:", "18(a)", "18(b)", "18(c)", "18(d)"):
        assert f"our test for 24EC55 paragraph {paragraph}" in broker, paragraph
    assert "no evidence 沒有證據 (sod.approver_independent)" in broker
    assert "rests in part on fictional answers" in broker
    bank = printed.partition(f"{BANK}/service-answers: ")[2].partition("live traffic")[0]
    assert "our test for 24EC55 paragraph 17, by analogy: it binds licensed corporations: met" in bank
    assert bank.count("24EC55") == 1


def test_the_receipts_are_printed_with_their_addresses_and_stand_in_the_folder(demo):
    folder, printed, _ = demo
    addresses = re.findall(r"http://127\.0\.0\.1:8181(/r/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})", printed)
    assert len(addresses) == 3
    text = (folder / "dualtrack-demo" / "demo-receipts.txt").read_text(encoding="utf-8")
    assert all(address in text for address in addresses)
    for words in ("approved by the fictional reviewer 回覆已獲", "answer waits for a reviewer"):
        assert words in printed


def test_the_five_next_steps_work_as_printed(demo, tmp_path):
    folder, printed, _ = demo
    lines = printed.partition("Five things to try next:\n")[2].splitlines()
    commands = [line.strip() for line in lines if line.startswith("  ")][:5]
    assert len(commands) == 5
    copy = shutil.copytree(folder, tmp_path / "next")
    for command in commands:
        words = shlex.split(command)
        prefix = {"dualtrack": ["-c", "from dualtrack.cli import main; main()"], "python": []}[words[0]]
        done = subprocess.run(
            [sys.executable, *prefix, *words[1:]], cwd=copy, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert done.stdout.strip()
    untrusted = [sys.executable, "-m", "dualtrack_verify", "bundle.zip"]
    done = subprocess.run(untrusted, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "demo" in done.stdout.lower()


def test_what_it_leaves_can_be_looked_at(demo):
    folder, printed, _ = demo
    workspace = folder / "dualtrack-demo"
    page = (workspace / "portfolio.html").read_text(encoding="utf-8")
    assert "dualtrack-demo/portfolio.html" in printed
    assert all(name.partition("/")[2] in page or name in page for name in MEASURED)
    assert "虛構" in page
    assert not re.search(r"""(src|href)=["']https?:""", page)
    assert set(json.loads((workspace / "anchors.json").read_text())["institutions"]) >= {BANK, "ferry-coins-demo"}


def test_the_doctor_finds_the_demo_in_order(demo):
    folder, _, _ = demo
    assert good("doctor", "--workspace", folder / "dualtrack-demo").code == 0


def test_a_second_run_replaces_the_marked_folder(demo_run):
    assert not (demo_run.folder / LEFT_OVER).exists()
    before, after = (json.loads(text) for text in (demo_run.anchors_before, anchors(demo_run)))
    (firm,) = before["institutions"]
    assert after["institutions"][firm] != before["institutions"][firm], "keys are made in each run"
    assert [path.name for path in demo_run.place.iterdir()] == ["dualtrack-demo"]


def anchors(demo_run):
    return (demo_run.folder / "anchors.json").read_bytes()


def test_programs_are_told_the_same(demo_run):
    said_of = demo_run.json
    assert said_of["demo"] is True
    assert {item["subject"]: item["verdict"] for item in said_of["verdicts"]}.items() >= MEASURED.items()
    language = {item["use"]: item["paragraphs"] for item in said_of["language"]}
    assert {line["rule"]: line["outcome"] for line in language["peak-securities-demo/client-answers"]}[
        "RUN-01"
    ] == "met"
    (bank,) = language[f"{BANK}/service-answers"]
    assert (bank["cites"], bank["analogy"]) == ("17", True)
    assert [answer["state"] for answer in said_of["traffic"]["answers"]] == ["approved", "queued"]
    written = (demo_run.folder / "demo-receipts.txt").read_text(encoding="utf-8")
    assert all(given["path"] in written for given in said_of["traffic"]["receipts"])


@pytest.mark.parametrize("kind", ["a folder of one's own", "a real workspace", "a file", "a link"])
def test_what_is_no_demo_is_refused_and_kept(bank, tmp_path, monkeypatch, kind):
    place = tmp_path / "here"
    place.mkdir()
    target = place / "dualtrack-demo"
    if kind == "a folder of one's own":
        target.mkdir()
        (target / "thesis.txt").write_text("years of work")
    elif kind == "a real workspace":
        shutil.move(bank, target)
    elif kind == "a file":
        target.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    before = picture(place)
    monkeypatch.chdir(place)
    done = run("demo")
    assert done.code == 2
    said(done.err, "dualtrack-demo", "demo = true", "name another folder")
    assert picture(place) == before
    assert [path.name for path in place.iterdir()] == ["dualtrack-demo"]


def test_demo_evidence_and_keys_do_not_enter_a_real_workspace(demo, bank, tmp_path):
    folder, _, _ = demo
    stolen = bank / "keys" / "my-bank" / "stolen.pem"
    shutil.copy2(folder / "dualtrack-demo" / "keys" / BANK / "validator.pem", stolen)
    body = "kind: drill\ntopic: kill_switch_drill\ntaken_at: '2026-06-01T00:00:00Z'\n"
    body += "fields: {stopped: true, seconds_to_stop: 4, seconds_limit: 30, outputs_after_stop: 0}\n"
    (tmp_path / "drill.yaml").write_text(body)
    use = "my-bank/provisioning-estimates"
    done = run("evidence", "add", use, tmp_path / "drill.yaml", "--as", "stolen", "--workspace", bank)
    assert done.code == 2
    said(done.err, "not granted")
    (tmp_path / "drill.yaml").write_text(body + "demo: true\n")
    done = run("evidence", "add", use, tmp_path / "drill.yaml", "--as", "validator", "--workspace", bank)
    assert done.code == 2
    said(done.err, "demo", "real institution")
    assert good("evidence", "list", use, "--workspace", bank, "--json").json == []


def test_an_institution_founded_in_a_demo_is_a_demo_too(demo, tmp_path):
    folder, _, _ = demo
    copy = shutil.copytree(folder / "dualtrack-demo", tmp_path / "copy")
    good("init", "late-bank", "--type", "bank", "--name", "Late", "--folder", copy)
    grant = good(
        "key", "new", "someone", "--role", "owner", "--institution", "late-bank", "--workspace", copy, "--json"
    )
    assert grant.json["demo"] is True
