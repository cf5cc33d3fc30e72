"""`dualtrack review`: items are laid in by a file, sealed, planted by a running process, and measured without a person's name."""

from __future__ import annotations

import time

import pytest
import yaml
from cli_world import USE, good, run
from running_world import permit, running_bank, write_policy

from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.planting import plant
from dualtrack.store.workspace import Workspace

STOCK = {
    "format": "dualtrack.review-stock/1",
    "use": USE,
    "share_percent": 5,
    "items": [
        {"asked": {"late": 2}, "draft": "likely to pay", "wrong": "likely to pay", "why": "two payments are late"},
        {"asked": {"late": 0}, "draft": "unlikely to pay", "wrong": "unlikely", "why": "none is late"},
    ],
}


def stock_file(folder, **changes):
    path = folder / "wrong.yaml"
    path.write_text(yaml.safe_dump(STOCK | changes, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def held_bank(tmp_path_factory):
    """A bank whose outputs are held for people."""
    folder = tmp_path_factory.mktemp("held")
    workspace = running_bank(folder)
    policy = write_policy(folder)
    policy.write_text(policy.read_text(encoding="utf-8").replace("mode: none ", "mode: hold ", 1), encoding="utf-8")
    good(
        "release", USE, "--code", folder / "model.py", "--component", f"model={folder / 'card.json'}",
        "--policy", policy, "--workspace", workspace,
    )  # fmt: skip
    permit(workspace, folder)
    return workspace


def test_items_go_from_a_file_into_a_review(held_bank, tmp_path):
    said = good("review", "plant", stock_file(tmp_path), "--as", "validator", "--workspace", held_bank)
    assert "laid in 2" in said.out
    assert "likely to pay" not in good("ledger", "show", "--workspace", held_bank, "--json").out
    with Runtime.open(Workspace.open(held_bank)) as runtime:
        decide(runtime, USE, {"late": 1}, lambda _row: Scoring("likely to pay"))
        while runtime.recorder("my-bank").waiting:
            time.sleep(0.005)
        plant(runtime, USE)
    (row,) = good("review", "stock", "--workspace", held_bank, "--json").json
    assert row == {"use": USE, "waiting": 1, "under_way": 1, "counted": 0}
    assert "under review" in good("review", "stock", "--workspace", held_bank).out


def test_without_ten_people_it_says_why_there_is_no_figure(held_bank):
    said = good("review", "measure", USE, "--workspace", held_bank, "--json").json
    assert [item["measure"] for item in said["measurements"]] == [
        "review.caught", "review.edit_distance", "review.seconds", "review.fast_approvals",
    ]  # fmt: skip
    assert all(item["estimate"] is None for item in said["measurements"])
    assert "fewer than 10 reviewers" in good("review", "measure", "--workspace", held_bank).out


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"format": "other/1"}, "dualtrack.review-stock/1"),
        ({"share_percent": 60}, "share_percent"),
        ({"items": []}, "items"),
        ({"items": [STOCK["items"][0] | {"wrong": "never said"}]}, "not in the draft"),
        ({"items": [STOCK["items"][0] | {"asked": []}]}, "asked"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_bad_file_is_refused_by_field(held_bank, tmp_path, changes, word):
    done = run("review", "plant", stock_file(tmp_path, **changes), "--workspace", held_bank)
    assert done.code == 2
    assert word in done.err


def test_who_approves_may_not_plant(held_bank, tmp_path):
    done = run("review", "plant", stock_file(tmp_path), "--as", "executive", "--workspace", held_bank)
    assert done.code != 0
    assert "may not plant" in done.err


def test_an_empty_stock_says_so(bank):
    assert "nothing is laid in" in good("review", "stock", "--workspace", bank).out
