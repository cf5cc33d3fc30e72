"""An application whose parts do not fit together is refused when it is loaded, and the refusal names the part."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from dualtrack.apps import registry
from dualtrack.apps.application import API, Application, EntryKind, check_application, declarations_of, words_of
from dualtrack.apps.pages import AppPage, HotRoute
from dualtrack.apps.registry import applications, find_application, load_applications
from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError, NotFoundError

TITLE = Text(en="Test", zh="測試")
ROLES = {"clerk": frozenset({"owner"})}


def application(**changes):
    return Application(**({"api": API, "name": "test", "title": TITLE, "package": "dualtrack.apps.service"} | changes))


def page(**changes):
    return AppPage(**({"path": "/x", "method": "GET", "role": None, "show": print} | changes))


KIND = EntryKind(Record, TITLE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"api": 2}, "api 2"),
        ({"name": "Test App"}, "name 'Test App'"),
        ({"entry_kinds": {"decision/1": KIND}}, "kind 'decision/1'"),
        ({"entry_kinds": {"test": KIND}}, "kind 'test'"),
        ({"projections": {"test-x/1": list}}, "projects 'test-x/1'"),
        ({"entry_kinds": {"test-x/1": KIND}, "projections": {"test-x/1": list}}, "without a table"),
        ({"pages": (page(path="x"),)}, "path 'x'"),
        ({"pages": (page(role="boss"),), "roles": ROLES}, "role 'boss'"),
        ({"pages": (page(place=TITLE),)}, "public page in the navigation"),
        ({"hot_routes": (HotRoute("/v1/decide/x", print),)}, "path '/v1/decide/x'"),
        ({"commands": {"Bad Name": "a:b"}}, "command 'Bad Name'"),
        ({"commands": {"good": "nowhere"}}, "'nowhere'"),
    ],
)
def test_what_does_not_fit_is_named(changes, said):
    with pytest.raises(FieldError, match=said.replace("(", r"\(")) as caught:
        check_application(application(**changes), where="here")
    assert "here" in str(caught.value)


def test_anything_else_is_no_application():
    with pytest.raises(FieldError, match="a dict"):
        check_application({"name": "test"}, where="here")


class Point:
    """An entry point that gives what it is told."""

    def __init__(self, name, found) -> None:
        self.name, self.value, self.found = name, "here:APPLICATION", found

    def load(self):
        return self.found


def test_names_commands_and_entries_of_two_never_meet():
    with pytest.raises(FieldError, match="is named 'test'"):
        load_applications([Point("other", application())])
    with pytest.raises(FieldError, match="two applications 'test'"):
        load_applications([Point("test", application()), Point("test", application())])
    one, two = application(commands={"go": "a:b"}), application(name="other", commands={"go": "c:d"})
    with pytest.raises(FieldError, match="the command 'go' is that of other"):
        load_applications([Point("test", one), Point("other", two)])


def test_a_package_that_cannot_be_loaded_is_named():
    with pytest.raises(FieldError, match=r"cannot be loaded: ModuleNotFoundError") as caught:
        load_applications([EntryPoint("gone", "no_such_module:APPLICATION", registry.GROUP)])
    assert "gone = no_such_module:APPLICATION" in str(caught.value)


def test_the_shipped_applications_have_all_their_parts():
    for found in applications().values():
        assert declarations_of(found)
        words = words_of(found)
        assert all(text.en.strip() and text.zh.strip() for text in words.values())
    with pytest.raises(NotFoundError, match="no application 'nothing'"):
        find_application("nothing")
