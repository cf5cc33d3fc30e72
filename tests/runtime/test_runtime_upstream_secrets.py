"""API keys: read from private files only, rotated without a restart, shown nowhere."""

from __future__ import annotations

import copy
import os
import pickle

import pytest

from dualtrack.errors import DualtrackError, KeyFileError, PathError
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.runtime.upstream.secrets import LOOK_S, SECRET_BYTES_MAX, Secret, SecretFolder


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "secrets")
    replace_private(tmp_path / "secrets" / "openai", b"sk-first\n")
    return tmp_path / "secrets"


def test_a_key_is_read_at_start_and_again_when_its_file_changes(folder):
    clock = Clock()
    secrets = SecretFolder(folder, ["openai"], clock=clock)
    assert secrets.get("openai").reveal() == "sk-first"
    replace_private(folder / "openai", b"sk-other")
    assert secrets.get("openai").reveal() == "sk-first"
    clock.now = LOOK_S
    assert secrets.get("openai").reveal() == "sk-other"
    clock.now = 10 * LOOK_S
    assert secrets.get("openai").reveal() == "sk-other"


def test_a_key_not_named_at_start_is_read_when_it_is_asked_for(folder):
    assert SecretFolder(folder, []).get("openai").reveal() == "sk-first"


def test_a_key_that_was_taken_away_is_gone_and_comes_back(folder):
    clock = Clock()
    secrets = SecretFolder(folder, ["openai"], clock=clock)
    (folder / "openai").unlink()
    clock.now = LOOK_S
    with pytest.raises(PathError):
        secrets.get("openai")
    replace_private(folder / "openai", b"sk-third")
    assert secrets.get("openai").reveal() == "sk-third"


def test_rights_that_open_later_are_noticed(folder):
    clock = Clock()
    secrets = SecretFolder(folder, ["openai"], clock=clock)
    (folder / "openai").chmod(0o644)
    clock.now = LOOK_S
    with pytest.raises(PathError, match="0644"):
        secrets.get("openai")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_open_is_refused(folder, mode):
    (folder / "openai").chmod(mode)
    with pytest.raises(PathError):
        SecretFolder(folder, ["openai"])


def test_a_folder_that_others_may_enter_is_refused(folder):
    folder.chmod(0o755)
    with pytest.raises(PathError):
        SecretFolder(folder, [])


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"two words", b"sk\x00x", "sk-ä".encode(), b"a\nb", b"x" * (SECRET_BYTES_MAX + 1)]
)
def test_what_is_no_key_is_refused_without_showing_it(folder, data):
    replace_private(folder / "openai", data)
    with pytest.raises(KeyFileError) as caught:
        SecretFolder(folder, ["openai"])
    shown = str(caught.value)
    assert caught.value.code == "key.secret"
    assert not data.strip() or data.decode(errors="replace").strip() not in shown


@pytest.mark.parametrize("name", ["../openai", "", "OpenAI", "a/b", ".openai", "openai\n", "x" * 65])
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    with pytest.raises(KeyFileError):
        SecretFolder(folder, []).get(name)


def test_a_pipe_or_folder_in_place_of_a_key_is_refused_at_once(folder):
    os.mkfifo(folder / "pipe", 0o600)
    make_folder(folder / "folder")
    for name in ("pipe", "folder"):
        with pytest.raises(DualtrackError):
            SecretFolder(folder, [name])


def test_a_key_is_shown_nowhere(folder):
    secrets = SecretFolder(folder, ["openai"])
    secret = secrets.get("openai")
    assert "first" not in f"{secret} {secret!r} {secrets} {secrets!r} {[secret]}"
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(secret)
    assert not hasattr(Secret("x"), "__dict__")
