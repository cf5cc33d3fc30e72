"""What every command promises: a first sentence, an example, `--json`."""

import json
import re
import shlex

import click
import pytest
from cli_world import run

from dualtrack.cli import app


def tree(command, path, context=None):
    """Yield every command and group with the words that lead to it."""
    context = click.Context(command, info_name=path[-1], parent=context)
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from tree(command.get_command(context, name), (*path, name), context)


ALL = list(tree(app._root, ("dualtrack",)))
LEAVES = [(path, command) for path, command in ALL if not isinstance(command, click.Group)]


def spoken(items):
    return [pytest.param(path, command, id=" ".join(path)) for path, command in items]


def test_the_tree_is_there():
    assert len(LEAVES) > 35
    assert {path[1] for path, _ in ALL if path[1:]} == set(app.COMMANDS)


@pytest.mark.parametrize(("path", "command"), spoken(ALL))
def test_help_says_what_it_does_and_shows_an_example(path, command):
    done = run(*path[1:], "--help")
    assert done.code == 0
    first = (command.help or "").split("\n\n")[0]
    assert re.match(r"[A-Z].+[.:)]", first.strip().replace("\n", " ")), first
    assert command.epilog, "no example"
    assert re.match(r"Examples?: dualtrack ", command.epilog), command.epilog
    assert command.epilog[:19] in done.out
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize(("path", "command"), spoken(LEAVES))
def test_the_example_is_a_command_with_options_that_exist(path, command):
    options = {name for parameter in command.params for name in parameter.opts}
    for example in re.sub(r"^Examples?: ", "", command.epilog).split("  |  "):
        words = shlex.split(re.sub(r"\s+\(.*\)$", "", example))
        assert tuple(words[: len(path)]) == path
        assert {word for word in words[len(path) :] if re.match(r"-{1,2}[a-z]", word)} <= options


@pytest.mark.parametrize(("path", "command"), spoken(LEAVES))
def test_every_command_has_json(path, command):
    assert "--json" in {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize(("path", "command"), spoken(LEAVES))
def test_every_option_says_what_it_is_for_or_is_a_choice(path, command):
    silent = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and not parameter.help
        and not parameter.required
        and not parameter.show_default
        and not isinstance(parameter.type, click.Choice)
    ]
    assert silent == []


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["assess", "--nothing"],
        ["init", "x"],
        ["init", "x", "--type", "club", "--name", "x"],
        ["key", "new"],
    ],
)
def test_a_wrong_command_line_ends_with_2_in_words_or_json(words):
    plain = run(*words)
    assert plain.code == 2
    assert "Error:" in plain.err
    asked = run(*words, "--json")
    assert asked.code == 2
    assert asked.json["type"] == "urn:dualtrack:error:input.usage"
    assert asked.err == ""


def test_errors_are_json_where_asked(tmp_path):
    done = run("doctor", "--workspace", tmp_path, "--json")
    assert done.code == 2
    problem = json.loads(done.out)
    assert problem["status"] == 404
    assert str(tmp_path) in problem["where"]
    assert "dualtrack init" in problem["fix"]
