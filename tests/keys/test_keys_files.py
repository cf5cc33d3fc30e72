"""Files written whole or not at all, with the mode asked for."""

import os
import stat

import pytest

from dualtrack.errors import PathError
from dualtrack.keys.files import replace_file, replace_private


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    replace_file(path, b"one")
    replace_private(path, b"private")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PathError, match="No space left"):
        replace_file(path, b"three")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["page.html"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PathError, match="cannot be written"):
        replace_file(tmp_path / "absent" / "x", b"")
    with pytest.raises(PathError):
        replace_file(tmp_path, b"")
