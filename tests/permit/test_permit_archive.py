"""The archive of a bundle has one form, and reading back gives what was written."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from firm import AT, CHECK, USE, ready
from hypothesis import given, settings
from hypothesis import strategies as st
from sealing import seal

from dualtrack.domain import canonical
from dualtrack.errors import BundleError
from dualtrack.permit import archive
from dualtrack.permit.archive import read_archive, write_archive
from dualtrack.permit.bundle import read_bundle

NAMES = st.sampled_from(["a.json", "b", "packs/0.json", "packs/1.json", "z"])


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=60), min_size=1))
def test_what_is_written_is_read_back_and_any_zip_reader_agrees(members):
    data = write_archive(members)
    assert read_archive(data) == members
    assert data == write_archive(dict(reversed(members.items())))
    with zipfile.ZipFile(BytesIO(data)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == members
        assert opened.testzip() is None


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused_or_changes_a_member(data):
    members = {"a.json": b"{}", "packs/0.json": b"[1]"}
    changed = bytearray(write_archive(members))
    position = data.draw(st.integers(0, len(changed) - 1))
    changed[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BundleError):
        read_archive(bytes(changed))


@pytest.mark.parametrize("change", [lambda d: d + b"\0", lambda d: b"\0" + d, lambda d: d[:-1], lambda _d: b""])
def test_nothing_stands_before_after_or_is_missing(change):
    with pytest.raises(BundleError, match="one legal form"):
        read_archive(change(write_archive({"a": b"x"})))


def test_an_archive_has_a_bound_of_members():
    with pytest.raises(BundleError, match="members"):
        write_archive({f"m{number}": b"" for number in range(257)})
    with pytest.raises(BundleError, match="0 members"):
        write_archive({})


def test_a_member_beyond_its_limit_is_named_with_that_limit(monkeypatch):
    written = write_archive({"a.json": b"{}", "big.json": b"12345"})
    monkeypatch.setattr(archive, "MEMBER_BYTES_MAX", 4)
    for refused in (lambda: write_archive({"a.json": b"{}", "big.json": b"12345"}), lambda: read_archive(written)):
        with pytest.raises(BundleError) as caught:
            refused()
        assert (caught.value.found, caught.value.where) == ("5 bytes", "member 'big.json'")
        assert caught.value.expected == "at most 4 a member"
    assert read_archive(write_archive({"a.json": b"1234"})) == {"a.json": b"1234"}


@pytest.fixture
def sealed():
    firm = ready()
    firm.evidence("check", CHECK)
    return firm, seal(firm, AT)


def test_a_bundle_holds_what_was_assessed(sealed):
    firm, made = sealed
    bundle = read_bundle(made.bundle)
    assert bundle.entries[: len(firm.entries)] == firm.entries
    assert [entry.kind for entry in bundle.entries[len(firm.entries) :]] == ["assessment/1", "permit/1"]
    assert (bundle.assessment, bundle.permit, bundle.packs) == (made.assessment, made.permit, firm.packs)
    assert (bundle.manifest.use, bundle.manifest.at, bundle.manifest.release) == (USE, AT, firm.release_digest)
    assert bundle.manifest.assessment.digest == canonical.digest(made.assessment)


def test_a_bundle_is_the_same_bytes_every_time(sealed):
    firm, made = sealed
    assert seal(firm, AT).bundle == made.bundle


@pytest.mark.parametrize("name", ["manifest.json", "entries.json", "assessment.json", "checkpoint"])
def test_a_bundle_without_one_of_its_members_is_refused(sealed, name):
    members = read_archive(sealed[1].bundle)
    del members[name]
    with pytest.raises(BundleError):
        read_bundle(write_archive(members))


@pytest.mark.parametrize("name", ["entries.json", "permit.json", "assessment.json"])
def test_a_bundle_whose_member_is_changed_is_refused(sealed, name):
    members = read_archive(sealed[1].bundle)
    members[name] = members[name].replace(b"test-bank", b"best-bank", 1)
    with pytest.raises(BundleError):
        read_bundle(write_archive(members))
