import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import KeyFileError, StoreCorruptError
from dualtrack.store.vault import Erasure, Opened, Place, Vault, VaultKey

VAULT = Vault(VaultKey(bytes(range(32))))
PLACE = Place("dualtrack.local/harbour/main", 7, "a" * 64, "standard")
SALT = b"s" * 32


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens_to_the_same(content):
    sealed = VAULT.seal(PLACE, SALT, content)
    assert VAULT.open(PLACE, sealed, erased=False) == Opened(SALT, content)


@settings(max_examples=50)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_never_opens(at, flip):
    sealed = bytearray(VAULT.seal(PLACE, SALT, b"content"))
    sealed[at % len(sealed)] ^= flip
    with pytest.raises(StoreCorruptError) as caught:
        VAULT.open(PLACE, bytes(sealed), erased=False)
    assert "entry 7" in caught.value.where


@pytest.mark.parametrize(
    "other",
    [
        Place("dualtrack.local/other/main", 7, "a" * 64, "standard"),
        Place("dualtrack.local/harbour/main", 8, "a" * 64, "standard"),
        Place("dualtrack.local/harbour/main", 7, "b" * 64, "standard"),
        Place("dualtrack.local/harbour/main", 7, "a" * 64, "short"),
    ],
)
def test_a_row_in_another_place_does_not_open(other):
    with pytest.raises(StoreCorruptError):
        VAULT.open(other, VAULT.seal(PLACE, SALT, b"x"), erased=False)


def test_held_and_erased_never_pass_for_each_other():
    with pytest.raises(StoreCorruptError):
        VAULT.open(PLACE, VAULT.seal(PLACE, SALT, b"x"), erased=True)
    tombstone = VAULT.seal_erasure(PLACE, Erasure("2026-11-22T08:00:00Z", "asked"))
    assert VAULT.open(PLACE, tombstone, erased=True) == Erasure("2026-11-22T08:00:00Z", "asked")
    with pytest.raises(StoreCorruptError):
        VAULT.open(PLACE, tombstone, erased=False)
    with pytest.raises(StoreCorruptError):
        VAULT.open(PLACE, b"", erased=False)


def test_another_key_opens_nothing():
    with pytest.raises(StoreCorruptError):
        Vault(VaultKey.generate()).open(PLACE, VAULT.seal(PLACE, SALT, b"x"), erased=False)


def test_a_key_file_is_private_and_comes_back(tmp_path):
    key, path = VaultKey.generate(), tmp_path / "vault.key"
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert VaultKey.load(path).key_id == key.key_id
    with pytest.raises(KeyFileError):
        key.save(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError) as caught:
        VaultKey.load(path)
    assert caught.value.code == "key.mode"


@pytest.mark.parametrize("text", ["", "x", "dualtrack-vault-key/1 " + "g" * 64 + "\n", "dualtrack-vault-key/1 00\n"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "k"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        VaultKey.load(path)


def test_a_key_shows_nothing_of_itself():
    key = VaultKey(b"\x07" * 32)
    assert "0707" not in repr(key)
