"""The error tree: drawn whole, codes stable and unique, and rendered in one way."""

from __future__ import annotations

import re

import pytest

from dualtrack import errors
from dualtrack.errors import DualtrackError, FieldError, MissingExtraError, StoreFullError


def test_the_error_tree_is_drawn_whole():
    drawn, depths = {}, {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"(?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+Error)\b", line):
            depth = len(match["indent"])
            drawn[match["name"]] = next((depths[d] for d in sorted(depths, reverse=True) if d < depth), None)
            depths = {d: name for d, name in depths.items() if d < depth} | {depth: match["name"]}
    classes = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    parents = {
        name: kind.__base__.__name__ if kind.__base__ is not Exception else None for name, kind in classes.items()
    }
    assert drawn == parents
    assert sorted(classes) == sorted(errors.__all__)


def test_error_codes_are_their_own():
    codes = [vars(getattr(errors, name)).get("code") for name in errors.__all__]
    assert None not in codes
    assert len(set(codes)) == len(codes)


def test_an_error_says_found_expected_where_and_fix():
    error = FieldError("'x' is not a date", where="use.yaml, line 4", expected="YYYY-MM-DD", fix="write 2026-11-22")
    assert str(error).splitlines() == [
        "use.yaml, line 4: 'x' is not a date",
        "  expected: YYYY-MM-DD",
        "  to fix:   write 2026-11-22",
    ]
    assert str(FieldError("no date")) == "no date"


def test_the_problem_document_leaves_out_what_was_not_said():
    assert FieldError("no date", fix="add one").problem() == {
        "type": "urn:dualtrack:error:input.field",
        "title": "A field is missing, unknown or has a wrong value",
        "status": 400,
        "detail": "no date",
        "fix": "add one",
    }


def test_a_raise_may_narrow_the_code_of_its_own_instance_only():
    assert StoreFullError("no room", code="store.full.intent").code == "store.full.intent"
    assert StoreFullError("no room").code == "store.full"


def test_a_missing_extra_names_the_command():
    error = MissingExtraError("models", "scoring")
    assert error.fix == "pip install 'dualtrack[models]'"
    assert error.extra == "models"


@pytest.mark.parametrize("name", errors.__all__)
def test_every_class_has_a_title_a_status_and_an_exit_code(name):
    kind = getattr(errors, name)
    assert issubclass(kind, DualtrackError)
    assert kind.__doc__
    assert 400 <= kind.status < 600
    assert kind.exit_code == 2
