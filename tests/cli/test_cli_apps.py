"""`dualtrack apps`: the installed applications and their draft declarations."""

from __future__ import annotations

import json

import pytest
import yaml
from click.testing import CliRunner

from dualtrack.cli.apps import apps_command
from dualtrack.errors import NotFoundError


def run(*arguments):
    return CliRunner().invoke(apps_command, arguments, catch_exceptions=False)


def test_the_list_names_what_each_adds():
    rows = {row["application"][0]: row for row in json.loads(run("list", "--json").output)}
    assert rows["service"]["routes"] == ["/v1/service/turns", "/v1/service/hooks/{id}"]
    assert "service-message/1" in rows["service"]["entries"]
    assert "Customer service" in run("list").output


def test_a_draft_declaration_is_printed_as_the_file_that_is_filled_in():
    printed = run("declaration", "service", "answers").output
    assert yaml.safe_load(printed)["use"] == "your-firm/answers"
    assert json.loads(run("declaration", "service", "answers", "--json").output)["use"] == "your-firm/answers"


@pytest.mark.parametrize("names", [("nothing", "answers"), ("service", "nothing")])
def test_unknown_names_say_which_there_are(names):
    with pytest.raises(NotFoundError) as caught:
        run("declaration", *names)
    assert "service" in str(caught.value)
