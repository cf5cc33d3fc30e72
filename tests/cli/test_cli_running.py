"""What runs, by commands: standing, holds, observe mode, decisions, replays."""

import json
import shutil

import pytest
from cli_world import USE, good, run
from running_world import CARD, decide_rows, permit, running_bank

from dualtrack.keys import dsse
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace


@pytest.fixture(scope="module")
def released_master(tmp_path_factory):
    """A bank whose use is released with a policy and has no permit."""
    return running_bank(tmp_path_factory.mktemp("running"))


@pytest.fixture(scope="module")
def live_master(released_master, tmp_path_factory):
    """The same with a live permit and two decisions; returns workspace and answers."""
    folder = tmp_path_factory.mktemp("live")
    workspace = shutil.copytree(released_master, folder / "ws")
    permit(workspace, folder)
    return workspace, decide_rows(workspace, [{"late": 3}, {"late": "text"}])


@pytest.fixture
def live(live_master, tmp_path):
    """A copy to write to, with its answers."""
    workspace, answers = live_master
    return shutil.copytree(workspace, tmp_path / "ws"), answers


def test_standing_says_why_a_use_is_closed_and_what_to_do(released_master):
    done = run("standing", USE, "--workspace", released_master)
    assert done.code == 1
    assert "permit.none" in done.out
    assert "--to-green" in done.out
    assert good("standing", "--workspace", released_master, "--json").json[0]["open"] is False
    assert run("standing", "my-bank/other", "--workspace", released_master).code == 2


def test_standing_shows_an_open_use(live_master):
    workspace, _ = live_master
    said = good("standing", USE, "--workspace", workspace, "--json").json
    assert (said["open"], said["mode"], said["guards"]) == (True, "live", ["input_schema/input"])
    assert "open" in good("standing", "--workspace", workspace).out


def test_standing_shows_every_institution_of_the_workspace(released_master, tmp_path):
    workspace = shutil.copytree(released_master, tmp_path / "ws")
    good("init", "second-bank", "--type", "bank", "--name", "Second", "--folder", workspace)
    where = ["--workspace", workspace]
    assert [line["use"] for line in good("standing", *where, "--json").json] == [USE]
    assert "no use is declared" in good("standing", "--institution", "second-bank", *where).out
    assert "no institution" in run("standing", "--institution", "third-bank", *where).err
    hold = good("hold", "set", "use", USE, "--reason", "wrong scores", *where, "--json").json["hold"]
    assert [line["id"] for line in good("hold", "list", *where, "--json").json] == [hold]
    assert good("hold", "list", "--institution", "second-bank", *where, "--json").json == []
    assert "no decision is recorded" in good("decisions", *where).out


def test_decisions_are_listed_newest_first(live_master):
    workspace, answers = live_master
    lines = good("decisions", USE, "--workspace", workspace, "--json").json
    assert [line["id"] for line in lines] == [answer.decision for answer in reversed(answers)]
    assert [line["outcome"] for line in lines] == ["blocked", "served"]
    one = good("decisions", "--limit", "1", "--outcome", "served", "--workspace", workspace)
    assert answers[0].decision in one.out
    assert answers[1].decision not in one.out
    older = good("decisions", "--after", lines[0]["id"], "--workspace", workspace, "--json").json
    assert [line["id"] for line in older] == [answers[0].decision]


def test_a_decision_comes_out_again(live):
    workspace, answers = live
    words = ["--reason", "a sample", "--workspace", workspace]
    assert good("replay", answers[0].decision, *words, "--json").json["result"] == "same"
    assert "no output was computed" in good("replay", answers[1].decision, *words).out
    looked = good("ledger", "show", "--kind", "access/1", "--workspace", workspace, "--json").json
    assert len(looked["entries"]) == 2
    assert run("replay", answers[0].decision, *words, "--as", "nobody").code == 2


def test_a_hold_stops_and_another_person_lets_go_on(live):
    workspace, answers = live
    where = ["--workspace", workspace]
    said = good("hold", "set", "use", USE, "--reason", "wrong scores", *where, "--json").json
    assert said["waited_ms"] >= 1000
    assert said["last_served_at"]
    assert said["last_served"] in {answer.decision for answer in answers}
    assert said["served_after"] == 0
    assert run("standing", USE, *where).code == 1
    assert "permit.held" in run("standing", USE, *where).out
    assert said["hold"] in good("hold", "list", *where).out
    same = run("hold", "release", said["hold"], "--reason", "all is well", "--as", "executive", *where)
    assert same.code == 2
    assert "another holder" in same.err
    good("hold", "release", said["hold"], "--reason", "scores checked", *where)
    assert good("standing", USE, *where, "--json").json["open"] is True
    assert good("hold", "list", *where, "--json").json == []
    assert "second-line" in good("hold", "list", "--all", *where).out


def test_a_mistyped_hold_is_refused_and_says_what_there_is(live):
    workspace, _ = live
    done = run("hold", "set", "component", "modle", "--reason", "x", "--workspace", workspace)
    assert done.code == 2
    assert "model" in done.err
    wrong = run("hold", "set", "use", USE, "--reason", "x", "--as", "developer", "--workspace", workspace)
    assert wrong.code == 2
    assert "one of the roles" in wrong.err


def test_a_use_that_was_live_goes_on_observed_until_a_day(released_master, tmp_path):
    workspace = shutil.copytree(released_master, tmp_path / "ws")
    where = ["--workspace", workspace]
    new = run("observe", "begin", USE, "--days", "30", "--reason", "live", *where)
    assert "not live before" in new.err
    text = (released_master.parent / "use.yaml").read_text(encoding="utf-8")
    assert "live_since: null" in text
    path = tmp_path / "use.yaml"
    for written, read in (("2026-02-30", None), ("2026-01-01", "2025-12-31T16:00:00Z")):
        path.write_text(text.replace("live_since: null", f"live_since: {written}"), encoding="utf-8")
        assert (run("declare", path, *where).code == 0) is (read is not None)
    with Store.open(Workspace.open(workspace)) as store:
        entry = store.repository("my-bank").newest("declaration/1", USE)
        assert f'"live_since":"{read}"'.encode() in dsse.parse(entry.content).payload
    begun = good("observe", "begin", USE, "--days", "30", "--reason", "live since January", *where, "--json").json
    assert begun["use"] == USE
    shown = good("standing", USE, *where, "--json").json
    assert (shown["mode"], shown["permit"]) == ("observe", None)
    assert "permit.none" in shown["why"]
    assert run("permit", USE, *where).code == 1
    assert "first observation" in run("observe", "begin", USE, "--days", "100", "--reason", "x", *where).err
    good("observe", "end", USE, "--reason", "out of service", *where)
    assert run("standing", USE, *where).code == 1


def test_a_model_is_kept_under_its_digest(released_master, tmp_path):
    workspace = shutil.copytree(released_master, tmp_path / "ws")
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD | {"intercept": -2.0}))
    said = good("model", "keep", path, "--workspace", workspace, "--json").json
    assert (workspace / "models" / said["digest"]).read_bytes() == path.read_bytes()
    path.write_text("{}")
    done = run("model", "keep", path, "--workspace", workspace)
    assert done.code == 2
    assert "additive model" in done.err
