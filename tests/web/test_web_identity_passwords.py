import json
import stat

import argon2
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_world import HASHER, OTHER_PASSWORD, PASSWORD

from dualtrack.errors import AuthenticationError, FieldError, KeyFileError, StoreCorruptError
from dualtrack.keys.ed25519 import key_id, verify
from dualtrack.web.identity.passwords import (
    PASSWORD_BYTES_MAX,
    RFC_9106_MEMORY_CONSTRAINED,
    HashCost,
    PasswordHasher,
    check_password,
)
from dualtrack.web.identity.sealed_key import SEALED_KEY_BYTES_MAX, open_sealed, read_private_key, reseal, seal
from dualtrack.web.identity.secret import ServerSecret

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()
KEYID = key_id(PUBLIC)


@pytest.fixture(scope="module")
def sealed():
    return seal(KEY, "ann", PASSWORD, HASHER)


def test_the_cost_is_that_of_the_rfc():
    assert RFC_9106_MEMORY_CONSTRAINED == (64 * 1024, 3, 4)
    assert PasswordHasher().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "Password123456",
        "P@ssw0rd!!!!!!",
        "  PASSWORD 2026  ",
        "qwertyuiopasdfgh",
        "123456789012",
        "welcome2026!!!",
        "Hong Kong 2026!",
        "correct horse battery staple",
        "ann-lee-chan",
        "Ann-Lee-Chan-2026",
        "x" * (PASSWORD_BYTES_MAX + 1) + "abcde",
        "內" * (PASSWORD_BYTES_MAX // 3) + "abcdefg",
    ],
)
def test_a_weak_password_is_refused_without_repeating_it(password):
    with pytest.raises(FieldError) as caught:
        check_password(password, names=("ann-lee-chan",))
    assert caught.value.code == "input.field.password"
    assert password.strip() not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, OTHER_PASSWORD, "九條安靜的木渡輪在港口慢慢駛過", "passwordless harbour 9", "123456789012 ferries"],
)
def test_a_good_password_is_taken(password):
    check_password(password, names=("ann", "", "Ann Lee"))


def test_a_hash_verifies_its_password_only():
    stored = HASHER.hash(PASSWORD)
    assert HASHER.verify(PASSWORD, stored)
    assert not HASHER.verify(PASSWORD + " ", stored)
    assert not HASHER.verify("no account has this password", None)
    assert not HASHER.verify(PASSWORD, "not a hash")
    assert not HASHER.verify(PASSWORD * 100, stored)
    assert HASHER.hash(PASSWORD) != stored


def test_the_same_characters_are_the_same_password():
    assert HASHER.verify("café de l’été 99", HASHER.hash("café de l’été 99"))


def test_another_cost_still_verifies_and_is_stale():
    dearer = PasswordHasher(HashCost(memory_kib=128, passes=2, lanes=1))
    stored = HASHER.hash(PASSWORD)
    assert dearer.verify(PASSWORD, stored)
    assert dearer.is_stale(stored)
    assert not HASHER.is_stale(stored)


def test_a_sealed_key_opens_with_its_password(sealed):
    signer = open_sealed(sealed, "ann", KEYID, PASSWORD, HASHER, holder="ann")
    assert (signer.key_id, signer.public_key, signer.name) == (KEYID, PUBLIC, "ann")
    assert verify(PUBLIC, signer.sign(b"x"), b"x")
    plain = KEY.private_bytes_raw()
    assert plain not in sealed
    assert plain.hex() not in repr(signer)


@settings(max_examples=40, deadline=None)
@given(first=st.text(max_size=60), second=st.text(max_size=60), wrong=st.text(max_size=60))
def test_sealing_goes_round_and_resealing_changes_the_password(first, second, wrong):
    again = reseal(seal(KEY, "ann", first, HASHER), "ann", KEYID, first, second, HASHER)
    assert open_sealed(again, "ann", KEYID, second, HASHER, holder="ann").key_id == KEYID
    if HASHER.derive(wrong, b"0" * 16) != HASHER.derive(second, b"0" * 16):
        with pytest.raises(AuthenticationError):
            open_sealed(again, "ann", KEYID, wrong, HASHER, holder="ann")


def test_each_seal_has_salt_and_nonce_of_its_own(sealed):
    other = json.loads(seal(KEY, "ann", PASSWORD, HASHER))
    assert all(json.loads(sealed)[name] != other[name] for name in ("salt", "nonce", "sealed"))


def test_a_key_sealed_at_another_cost_still_opens(sealed):
    dearer = PasswordHasher(HashCost(memory_kib=128, passes=2, lanes=2))
    assert open_sealed(sealed, "ann", KEYID, PASSWORD, dearer, holder="ann").key_id == KEYID
    raised = json.loads(reseal(sealed, "ann", KEYID, PASSWORD, PASSWORD, dearer))
    assert (raised["memory_kib"], raised["passes"], raised["lanes"]) == (128, 2, 2)


@pytest.mark.parametrize(
    ("account", "keyid", "password"),
    [
        ("bob", KEYID, PASSWORD),
        ("ann", "0" * 64, PASSWORD),
        ("ann", KEYID, OTHER_PASSWORD),
        ("ann", KEYID, ""),
        ("ann", KEYID, "x" * 10_000),
    ],
    ids=["another account", "another key", "another password", "no password", "a long one"],
)
def test_a_key_opens_for_nobody_else(sealed, account, keyid, password):
    with pytest.raises(AuthenticationError) as caught:
        open_sealed(sealed, account, keyid, password, HASHER, holder="ann")
    assert caught.value.code == "authentication.password"


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 1 << 30},
        {"memory_kib": 1},
        {"passes": 0},
        {"lanes": 64},
        {"salt": ""},
        {"format": "x"},
        {"more": 1},
    ],
)
def test_a_foreign_row_is_told_from_a_wrong_password(sealed, change):
    with pytest.raises(StoreCorruptError):
        open_sealed(json.dumps(json.loads(sealed) | change).encode(), "ann", KEYID, PASSWORD, HASHER, holder="ann")


def test_a_long_or_broken_row_is_not_read(sealed):
    for data in (sealed + b" " * SEALED_KEY_BYTES_MAX, b"", b"[]", msgspec.json.encode({"format": 1})):
        with pytest.raises(StoreCorruptError):
            open_sealed(data, "ann", KEYID, PASSWORD, HASHER, holder="ann")


def test_a_key_made_elsewhere_moves_in():
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    pem = KEY.private_bytes(*form, serialization.BestAvailableEncryption(b"a long passphrase"))
    assert read_private_key(pem, passphrase="a long passphrase").public_key() == KEY.public_key()
    other = rsa.generate_private_key(65537, 2048).private_bytes(*form, serialization.NoEncryption())
    for data, secret in [(pem, None), (pem, "wrong"), (b"x", None), (other, None)]:
        with pytest.raises(KeyFileError):
            read_private_key(data, passphrase=secret)


def test_the_servers_secret_is_a_private_file_with_a_key_for_each_purpose(tmp_path):
    path = tmp_path / "web.key"
    first = ServerSecret.load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = ServerSecret.load_or_make(path)
    keys = [first.key(purpose) for purpose in ("csrf", "rate", "link", "oidc")]
    assert keys == [again.key(purpose) for purpose in ("csrf", "rate", "link", "oidc")]
    assert len({*keys, *(ServerSecret.generate().key("csrf"),)}) == 5
    assert repr(first) == "ServerSecret()"
    path.write_bytes(b"dualtrack-web-secret/1 00\n")
    with pytest.raises(KeyFileError):
        ServerSecret.load_or_make(path)


class _Counting(argon2.PasswordHasher):
    """Counts hashes by their parameters."""

    def __init__(self, cost):
        super().__init__(cost.passes, cost.memory_kib, cost.lanes)
        self.work = []

    def verify(self, hash, password):  # noqa: A002 - the name of the class that it stands for
        self.work.append(hash.split("$")[3])
        return super().verify(hash, password)


def test_a_hash_of_a_lower_cost_is_made_up_to_the_present_one():
    dearer = PasswordHasher(HashCost(memory_kib=128, passes=2, lanes=1))
    cheap, present = HASHER.hash(PASSWORD), dearer.hash(PASSWORD)
    low, now = "m=64,t=1,p=1", "m=128,t=2,p=1"
    for stored, work in [(None, [now]), (present, [now]), (cheap, [low, now])]:
        for password in (PASSWORD, OTHER_PASSWORD):
            dearer._argon2 = _Counting(dearer.cost)
            assert dearer.verify(password, stored) is (stored is not None and password == PASSWORD)
            assert dearer._argon2.work == work
    assert HASHER.verify(PASSWORD, present)
