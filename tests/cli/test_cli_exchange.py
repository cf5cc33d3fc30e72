"""The exchange by commands alone: a bank, a supervisor in its own workspace, and the files that go between them."""

from __future__ import annotations

import json

import pytest
from cli_world import BANK, TAKEN, USE, entries, good, refused, run

from dualtrack.cli.desk import sitting
from dualtrack.domain.records import Text
from dualtrack.supervisor.issue import issue_notice, notice_key
from dualtrack.supervisor.notice import Asked

WATCHDOG = "watchdog"
REQUEST = ("notice", "new", "--ask", "uses_by_area", "-o", "n.json")

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def watchdog(tmp_path):
    folder = tmp_path / "supervisor"
    good("init", WATCHDOG, "--type", "supervisor", "--name", "Watchdog", "--name-zh", "監察機構", "--folder", folder)
    good("key", "new", "supervisor", "--role", "supervisor", "--workspace", folder)
    good("key", "new", "witness", "--role", "witness", "--service", "--workspace", folder)
    return folder


@pytest.fixture
def sent(bank, tmp_path):
    """What the bank hands over: its bundle, and by another way its anchors; with the workspace."""
    good("assess", "--all", "--workspace", bank)
    good("prove", USE, "-o", tmp_path / "bundles.zip", "--workspace", bank)
    good("key", "anchors", "-o", tmp_path / "anchors.json", "--workspace", bank)
    return bank, tmp_path


def supervise(watchdog, folder, *more):
    return run("supervise", folder / "bundles.zip", "--trust", folder / "anchors.json", "--workspace", watchdog, *more)


def test_the_market_is_printed_and_the_head_goes_round(sent, watchdog):
    bank, folder = sent
    done = supervise(watchdog, folder, "--html", folder / "market.html", "--keep-trust")
    assert done.code == 0, done.err
    for said in ("Risk assessment", "declared, nothing measured", "co-signed: first head", "does not establish"):
        assert said in done.out
    assert "Market view" in (folder / "market.html").read_text()
    stranger = run("ledger", "cosign", watchdog / "cosignatures" / f"{BANK}.txt", "--workspace", bank)
    assert stranger.code == 2
    assert "no line of a listed witness" in stranger.err
    kept = good("supervise", folder / "bundles.zip", "--workspace", watchdog, "--json").json
    assert kept["market"]["cells"][12]["authentic"] == 1  # risk, bank: by the anchors that were kept
    good("ledger", "witness", "--add", kept["witness_key"], "--quorum", "1", "--workspace", bank)
    taken = good("ledger", "cosign", watchdog / "cosignatures" / f"{BANK}.txt", "--workspace", bank).out
    assert "co-signed the head" in taken
    verified = good("ledger", "verify", "--workspace", bank, "--json").json
    assert [ledger["cosignatures"] for ledger in verified["ledgers"]] == [1]


def test_a_notice_is_seen_accepted_and_answered(sent, watchdog):
    bank, folder = sent
    notice, answer = folder / "notice.json", folder / "return.json"
    pack = folder / "pack.yaml"
    pack.write_text(one_rule_pack(), encoding="utf-8")
    key = good("notice", "key", "--workspace", watchdog).out.strip()
    said = good(
        "notice", "new", pack, "--title", "A red title", "--bundles", folder / "bundles.zip", "-o", notice,
        "--workspace", watchdog,
    ).out  # fmt: skip
    assert "1 of 1 verdicts would change" not in said
    assert "\x1b" not in said
    assert key in said
    unknown = run("notice", "show", notice, "--workspace", bank)
    assert unknown.code == 2
    assert "keys of supervisors" in unknown.err
    good("notice", "trust", key, "--workspace", bank)
    size = len(good("ledger", "show", "--limit", "500", "--workspace", bank, "--json").json["entries"])
    shown = good("notice", "show", notice, "--workspace", bank, "--json").json
    [impact] = shown["impacts"]
    assert [gap["rule"] for gap in impact["gaps"]] == ["EXTRA-1"]
    assert len(good("ledger", "show", "--limit", "500", "--workspace", bank, "--json").json["entries"]) == size
    accept = ("notice", "accept", notice, "--workspace", bank)
    for more in ((), ("--adopt",)):  # an owner neither speaks for the firm nor adopts
        said = refused(bank, *accept, *more, "--as", "first-line")
        assert "role compliance" in said
    index = good(*accept, "--as", "second-line", "--json").json["index"]
    again = refused(bank, *accept, "--as", "second-line")
    assert f"accepted already, in entry {index}" in again
    good("notice", "answer", notice, "-o", answer, "--as", "second-line", "--workspace", bank)
    done = supervise(watchdog, folder, "--return", answer, "--json")
    assert done.code == 0, done.err
    [checked] = done.json["returns"]
    assert {point["finding"] for point in checked["points"]} == {"equal"}
    adopted = good(*accept, "--adopt", "--as", "second-line").out
    assert "binds from 2099-01-01" in adopted
    assert f"is accepted already, in entry {index}" in adopted
    kinds = [
        row["kind"] for row in good("ledger", "show", "--limit", 500, "--workspace", bank, "--json").json["entries"]
    ]
    assert kinds.count("notice/1") == 1
    assert kinds[-1] == "pack-adoption/1"


def test_a_notice_is_accepted_and_its_pack_adopted_in_one_go(sent, watchdog):
    bank, folder = sent
    good("notice", "new", "--sample", "--title", "x", "-o", folder / "n.json", "--workspace", watchdog)
    key = good("notice", "key", "--workspace", watchdog).out.strip()
    accept = ("notice", "accept", folder / "n.json", "--supervisor-key", key, "--as", "second-line")
    did = good(*accept, "--adopt", "--workspace", bank, "--json").json
    assert did["adopted"] is True
    [accepted] = good("ledger", "show", "--kind", "notice/1", "--workspace", bank, "--json").json["entries"]
    assert accepted["index"] == did["index"]
    assert "demo-notice-monitoring" in good("rules", "list", "--workspace", bank).out


def test_what_a_supervisor_wrote_is_shown_as_plain_text(sent, watchdog):
    """A careless supervisor, or other software, may sign what our own command refuses to."""
    bank, folder = sent
    title = Text(en="A \x1b[31mred title", zh="紅\x1b[31m色")
    with sitting(watchdog) as desk:
        signer = desk.signer("supervisor")
        data, _ = issue_notice(desk.register, signer, title, pack=None, asks=[Asked(id="a", query="uses_by_area")])
        key = notice_key(WATCHDOG, signer).format()
    (folder / "red.json").write_bytes(data)
    shown = good("notice", "show", folder / "red.json", "--supervisor-key", key, "--workspace", bank).out
    assert "A [31mred title" in shown
    assert "\x1b" not in shown


def test_a_request_that_comes_to_nothing_ends_with_one(sent, watchdog):
    bank, folder = sent
    good("ledger", "request", "-o", folder / "request.txt", "--workspace", bank)
    heads = ("--heads", folder / "request.txt")
    unanchored = run("supervise", folder / "bundles.zip", *heads, "--workspace", watchdog)
    assert unanchored.code == 1
    assert "request not used: request.txt: no anchored log key" in unanchored.out
    assert run("supervise", folder / "bundles.zip", "--workspace", watchdog).code == 0
    assert supervise(watchdog, folder, *heads).code == 0


def test_what_is_refused_leaves_no_sitting_behind(sent, watchdog):
    """After one sitting, so that whatever a second one wrote would show."""
    bank, folder = sent
    assert supervise(watchdog, folder, "--keep-trust").code == 0
    good("assess", USE, "--workspace", bank)
    good("prove", USE, "-o", folder / "new.zip", "--workspace", bank)
    (folder / "stands.html").write_text("mine")
    (folder / "noise.json").write_text("{}")
    (folder / "none.json").write_text('{"format":"dualtrack.anchors/1","institutions":{}}')
    again = ("supervise", folder / "new.zip", "--workspace", watchdog)
    assert "exists" in refused(watchdog, *again, "--html", folder / "stands.html")
    assert "no such folder" in refused(watchdog, *again, "--html", folder / "absent" / "x.html")
    assert "cannot be read" in refused(watchdog, *again, "--return", folder / "absent.json")
    refused(watchdog, *again, "--return", folder / "noise.json")
    refused(watchdog, *again, "--trust", folder / "none.json", "--keep-trust", "--return", folder / "noise.json")
    assert "without --trust" in refused(watchdog, *again, "--keep-trust")


def test_a_bank_keeps_its_files_when_it_does_not_supervise(sent):
    bank, folder = sent
    (bank / "anchors.json").write_text("mine")
    keep = ("supervise", folder / "bundles.zip", "--trust", folder / "anchors.json", "--keep-trust")
    assert "is a bank" in refused(bank, *keep, "--workspace", bank)


def test_nothing_is_recorded_where_the_file_could_not_be_written_or_a_bundle_not_be_read(sent, watchdog):
    bank, folder = sent
    new = ("notice", "new", "--sample", "--title", "Ask", "--workspace", watchdog)
    good(*new, "-o", folder / "notice.json")
    good("notice", "trust", good("notice", "key", "--workspace", watchdog).out.strip(), "--workspace", bank)
    before = entries(watchdog), entries(bank)
    answer = ("notice", "answer", folder / "notice.json", "--as", "second-line", "--workspace", bank)
    for command in (new, answer):
        done = run(*command, "-o", folder / "absent" / "x.json", "--force")
        assert done.code == 2
        assert "no such folder" in done.err
    missing = run(*new, "-o", folder / "second.json", "--bundles", folder / "absent.zip")
    assert missing.code == 2
    assert not (folder / "second.json").exists()
    assert (entries(watchdog), entries(bank)) == before


def one_rule_pack() -> str:
    text = {"en": "Extra", "zh-Hant": "額外"}
    rule = {
        "id": "EXTRA-1", "cites": ["1"], "title": text, "says": text, "todo": text, "owner": "owner", "binds": ["bank"],
        "track": "safety", "applies": "true", "requires": "ev.monitoring_plan.cadence_days <= 7", "severity": "S2",
        "checked": "assessment", "valid_days": 365, "weight": "circular", "basis": "ours", "source_grade": "policy",
        "checked_source": "not seen",
        "tests": [
            {"name": "weekly", "facts": {"ev.monitoring_plan.cadence_days": 7}, "expect": "met"},
            {"name": "monthly", "facts": {"ev.monitoring_plan.cadence_days": 30}, "expect": "not_met"},
            {"name": "none", "facts": {}, "expect": "no_evidence"},
        ],
    }  # fmt: skip
    source = {
        "document": "d", "reference": "r", "date": "2026-01-01", "address": "a", "checked": "not seen",
        "checked_on": "2026-01-02",
    }  # fmt: skip
    pack = {
        "id": "extra", "version": "1", "issuer": "Watchdog", "transcriber": "Watchdog", "title": text, "subject": "use",
        "status": "in_force", "effective_from": "2099-01-01", "grade": "policy", "source": source, "rules": [rule],
    }  # fmt: skip
    return json.dumps(pack, ensure_ascii=False)


def test_a_tampered_bundle_ends_with_one_and_its_reason(sent, watchdog):
    _, folder = sent
    data = (folder / "bundles.zip").read_bytes()
    (folder / "broken.zip").write_bytes(data[:-1])
    done = run("supervise", folder, "--trust", folder / "anchors.json", "--workspace", watchdog)
    assert done.code == 1
    assert "broken.zip: zip-truncated" in done.out
    assert "not recomputed: 1 of 2" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("supervise", "nowhere"), "not there"),
        (("supervise", "."), "no bundle"),
        (("notice", "new", "--title", "x", "-o", "n.json"), "without its content"),
        (("notice", "new", "--sample", "x.yaml", "--title", "x", "-o", "n.json"), "a pack and --sample"),
        (("notice", "new", "--title", "x", "--ask", "everything", "-o", "n.json"), "query 'everything'"),
        ((*REQUEST, "--title", "A \x1b[31mred title"), "--title: no text"),
        ((*REQUEST, "--title", "x", "--title-zh", "\u202e"), "--title-zh: no text"),
        ((*REQUEST, "--title", "x", "--title-zh", ""), "--title-zh: no text"),
        ((*REQUEST, "--title", "x", "--effective-from", "2099-01-01"), "--effective-from without a pack"),
        ((*REQUEST, "--title", "x", "--answer-by", "2020-01-01"), "2020-01-01 is past"),
        ((*REQUEST, "--title", "x", "--answer-by", "soon"), "is not a date"),
    ],
)
def test_bad_requests_are_refused_and_write_nothing(watchdog, tmp_path, monkeypatch, arguments, said):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    done = run(*arguments, "--workspace", watchdog)
    assert done.code == 2
    assert said in done.err
    assert list((tmp_path / "empty").iterdir()) == []
    assert good("ledger", "show", "--kind", "notice/1", "--workspace", watchdog, "--json").json["entries"] == []


def test_a_bank_does_not_supervise(sent):
    bank, folder = sent
    done = run("supervise", folder / "bundles.zip", "--workspace", bank)
    assert done.code == 2
    assert "is a bank" in done.err


def test_the_sample_is_sent_for_a_month_ahead(watchdog, tmp_path):
    said = good("notice", "new", "--sample", "--title", "x", "-o", tmp_path / "n.json", "--workspace", watchdog).out
    assert "demo-notice-monitoring" in said
    assert TAKEN[:10] not in said
