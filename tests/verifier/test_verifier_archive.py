"""The archive parser on hand-built archives. The tricks that are refused are in tampering.ARCHIVE_FORM."""

from __future__ import annotations

import io
import zipfile

import bundle_builder as made
import pytest

import dualtrack_verify as verifier

MEMBERS = {"checkpoint": b"c", "entries.json": b"", "manifest.json": b"{}", f"packs/{'a' * 64}.json": b"p" * 1000}


def refused(data):
    with pytest.raises(verifier.Refused) as error:
        verifier.read_archive(data)
    return error.value.args[0]


def test_reads_its_one_legal_form():
    assert verifier.read_archive(made.archive(MEMBERS)) == MEMBERS


def test_the_legal_form_is_a_zip_file_to_others():
    with zipfile.ZipFile(io.BytesIO(made.archive(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


def test_every_changed_byte_is_refused():
    data = made.archive(MEMBERS)
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :]
        assert refused(changed).startswith("zip-"), position


def test_every_cut_is_refused():
    data = made.archive(MEMBERS)
    for length in range(len(data)):
        assert refused(data[:length]).startswith("zip-"), length


def test_every_inserted_byte_is_refused():
    data = made.archive(MEMBERS)
    for position in range(0, len(data) + 1, 7):
        assert refused(data[:position] + b"\0" + data[position:]).startswith("zip-"), position


@pytest.mark.parametrize(
    "name",
    ["packs/", "packs/x.json", "Manifest.json", "/checkpoint", "checkpoint/", "a\0b", "packs/" + "A" * 64 + ".json"],
)
def test_foreign_names_are_refused(name):
    assert refused(made.archive({name: b""})) == "zip-name"


def test_too_many_members_are_refused():
    members = {f"packs/{number:064x}.json": b"" for number in range(verifier.MEMBERS_MAX + 1)}
    assert refused(made.archive(members)) == "zip-bound"


@pytest.mark.parametrize(
    ("name", "limit"),
    [("entries.json", verifier.ENTRIES_BYTES_MAX), (f"packs/{'a' * 64}.json", verifier.CONTENT_BYTES_MAX)],
)
def test_a_member_has_a_bound(name, limit, monkeypatch):
    monkeypatch.setattr(verifier, "ENTRIES_BYTES_MAX", limit := limit // 16)
    monkeypatch.setattr(verifier, "CONTENT_BYTES_MAX", limit)
    assert verifier.read_archive(made.archive({name: bytes(limit)}))
    assert refused(made.archive({name: bytes(limit + 1)})) == "zip-bound"


def test_an_archive_has_a_bound(monkeypatch):
    data = made.archive(MEMBERS)
    monkeypatch.setattr(verifier, "ARCHIVE_BYTES_MAX", len(data) - 1)
    assert refused(data) == "zip-bound"


def test_what_the_standard_library_writes_by_itself_is_refused():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("checkpoint", (1980, 1, 1, 0, 0, 0)), b"c")
    assert refused(target.getvalue()) == "zip-directory"
