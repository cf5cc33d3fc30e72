"""`dualtrack erase` does what the page does: the same contents, the same laws, the same answer to the person."""

from __future__ import annotations

import pytest
from page_world import FIRM, PageWorld

from cli.cli_world import run
from dualtrack.web.pages import erasure
from permit.firm import known_key

PERSON = "C-1024 CHAN"


@pytest.fixture
def make(tmp_path):
    """Make the firm with a retention class and two decisions about a person, and another about somebody else."""
    made = []

    def world(retention):
        found = PageWorld(tmp_path, erasure.PAGES)
        made.append(found)
        found.permit(retention=retention)
        found.start()
        folder = found.world.workspace.path(f"keys/{FIRM}")
        for holder in ("compliance", "owner"):
            known_key(holder).save(folder / f"{holder}.pem")
        found.receipt = found.decide(person=PERSON).receipt
        for name in (PERSON, "another"):
            found.decide(person=name)
        return found

    yield world
    for found in made:
        found.close()


def command(world, *more, stdin=""):
    return run("erase", *more, "--workspace", world.world.workspace.root, stdin=stdin)


def page(world, **form):
    return world.answer("POST", "/erasure", by="compliance", form=form)


def test_what_no_law_keeps_goes(make):
    world = make("none")
    shown = page(world, person=PERSON).context
    plan = command(world, "--person", "--json", stdin=f"{PERSON}\n")
    assert (plan.code, plan.json["going"], plan.json["kept"]) == (0, shown["going"], [])
    assert shown["going"] > 0
    assert command(world, "--receipt", world.receipt, "--json").json == plan.json
    done = command(world, "--receipt", world.receipt, "--reason", "letter of 3 May", "--as", "compliance", "--json")
    assert done.code == 0
    assert done.json["contents"] == shown["going"]
    after = page(world, person=PERSON).context
    assert (after["going"], after["total"]) == (0, 0)
    assert page(world, person="another").context["going"] > 0
    assert PERSON not in plan.out + plan.err + done.out + done.err


def test_what_a_law_keeps_stays_and_the_law_is_named(make):
    world = make("sfo-7y")
    shown = page(world, person=PERSON).context
    plan = command(world, "--person", stdin=PERSON)
    assert plan.code == 1
    assert "0 contents would be erased" in plan.out
    done = command(world, "--person", "--reason", "letter of 3 May", "--as", "compliance", stdin=PERSON)
    assert done.code == 1
    for item in shown["kept"]:
        for said in (plan.out, done.out):
            assert f"{item['n']} kept" in said
            assert item["cites"] in said
    assert "ask again from" in done.out
    assert "可再次要求刪除" in done.out
    assert page(world, person=PERSON).context["total"] == shown["total"]
    reply = page(world, do="erase", subject=page(world, person=PERSON).context["subject"], reason="again").context
    assert reply["reply"].says.en in done.out


@pytest.mark.parametrize(
    ("more", "stdin", "said"),
    [
        ((), "", "both, or neither"),
        (("--receipt", "X", "--person"), "", "both, or neither"),
        (("--receipt", "7K3M-9QXA-22PD"), "", "receipt"),
        (("--person",), "", "0 characters"),
        (("--person",), "x" * 500, "characters"),
        (("--person", "--reason", "letter", "--as", "owner"), PERSON, "may not erase"),
        (("--person", "--reason", " ", "--as", "compliance"), PERSON, "reason"),
        (("--person", "--reason", "letter", "--as", "nobody"), PERSON, "no key of 'nobody'"),
    ],
)
def test_what_is_refused_erases_nothing(make, more, stdin, said):
    world = make("none")
    before = page(world, person=PERSON).context["total"]
    done = command(world, *more, stdin=stdin)
    assert done.code == 2
    assert said in done.err
    assert page(world, person=PERSON).context["total"] == before
