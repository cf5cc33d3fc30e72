"""The decorator: the function runs only as released."""

from __future__ import annotations

from pathlib import Path

import pytest

from dualtrack.domain.canonical import digest
from dualtrack.errors import FieldError, NotFoundError, RefusedError
from dualtrack.runtime.answer_fetches import first_fetch
from dualtrack.runtime.governed import Governor, NotServedError
from runtime.planting_world import act
from runtime.runtime_world import USE


def score(row):
    return row["late"] / 12


CODE = digest(Path(__file__).read_bytes())


def permit(world, **changes):
    """Permit the use with this file as its released code."""
    from permit import firm as made

    plain = made.release

    def release(**policy):
        return plain(**policy) | {"code": CODE}

    made.release = release
    try:
        return world.permit(**changes)
    finally:
        made.release = plain


def test_a_function_runs_under_its_permit(world):
    permit(world, output={})
    model = world.workspace.path("models") / world.model
    with Governor(world.workspace.root) as govern:
        governed = govern(USE, components={"model": model})(score)
        assert governed({"late": 6}) == 0.5
        answer = governed.decide({"late": 6}, person="customer 7")
        assert (answer.outcome, answer.output) == ("served", 0.5)
        assert answer.receipt


def test_another_file_is_refused(world, tmp_path):
    permit(world)
    other = tmp_path / "model.pkl"
    other.write_bytes(b"another")
    with Governor(world.workspace.root) as govern, pytest.raises(RefusedError) as caught:
        govern(USE, components={"model": other})(score)({"late": 6})
    assert caught.value.code == "permit.component-changed"


def test_other_code_is_refused(world):
    world.permit()
    with Governor(world.workspace.root) as govern, pytest.raises(RefusedError) as caught:
        govern(USE)(score)({"late": 6})
    assert "the code" in caught.value.found


def test_what_is_held_for_review_is_not_returned(world):
    permit(world, review={"mode": "hold"})
    with Governor(world.workspace.root) as govern, pytest.raises(NotServedError) as caught:
        govern(USE)(score)({"late": 6})
    assert caught.value.answer.review
    assert "A colleague" in caught.value.fix


def test_what_was_held_is_asked_for_again_and_given_once_a_person_released_it(world):
    permit(world, review={"mode": "hold"}, output={})
    model = world.workspace.path("models") / world.model
    with Governor(world.workspace.root) as govern:
        governed = govern(USE, components={"model": model})(score)
        with pytest.raises(NotServedError) as caught:
            governed({"late": 6})
        answer = caught.value.answer
        assert governed.answer(answer).waiting
        assert first_fetch(world.register, answer.decision) is None
        act(govern.runtime, answer.review, "approve")
        found = governed.answer(answer.decision)
        assert (found.state, found.given, found.output) == ("approved", True, 0.5)
        fetched = first_fetch(world.register, answer.decision)
        assert (fetched.by, fetched.means) == (USE, "function")
        with pytest.raises(NotFoundError):
            governed.answer("0" * 26)


def test_a_file_that_is_not_there_is_named(world, tmp_path):
    with Governor(world.workspace.root) as govern, pytest.raises(FieldError) as caught:
        govern(USE, components={"model": tmp_path / "none"})(score)
    assert "none" in caught.value.where
