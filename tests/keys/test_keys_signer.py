import copy
import pickle
import stat

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from dualtrack.errors import KeyFileError
from dualtrack.keys.ed25519 import check_public_key, key_id, verify
from dualtrack.keys.keyfile import KEY_FILE_BYTES_MAX
from dualtrack.keys.signer import FileSigner

PASSPHRASE = "correct horse battery"

# RFC 8032, section 7.1, TEST 3: public key, message, signature.
RFC8032 = (
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
)


def test_rfc8032_vector_holds_and_any_change_fails():
    public, message, signature = map(bytes.fromhex, RFC8032)
    assert verify(public, signature, message)
    assert not verify(public, signature, message + b"\0")
    assert not verify(public, signature[:-1], message)
    assert not verify(public, bytes([signature[0] ^ 1]) + signature[1:], message)


def test_a_signature_with_s_beyond_the_group_order_is_refused():
    public, message, signature = map(bytes.fromhex, RFC8032)
    order = 2**252 + 27742317777372353535851937790883648493
    larger = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not verify(public, signature[:32] + larger, message)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_saved_key_is_private_and_loads_again(tmp_path, passphrase):
    path = tmp_path / "officer.pem"
    signer = FileSigner.generate("Officer")
    signer.save(path, passphrase=passphrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["officer.pem"]
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)
    loaded = FileSigner.load(path, passphrase=passphrase)
    assert (loaded.name, loaded.key_id, loaded.public_key) == ("officer", signer.key_id, signer.public_key)
    assert verify(signer.public_key, loaded.sign(b"message"), b"message")
    assert loaded.key_id == key_id(signer.public_key)


def test_saving_never_overwrites(tmp_path):
    path = tmp_path / "k.pem"
    FileSigner.generate("a").save(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError) as caught:
        FileSigner.generate("b").save(path)
    assert caught.value.code == "key.exists"
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["k.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path, mode):
    path = tmp_path / "k.pem"
    FileSigner.generate("a").save(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="other users") as caught:
        FileSigner.load(path)
    assert caught.value.code == "key.mode"
    assert "chmod 600" in str(caught.value)


def private_file(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_unfit_files_are_refused_with_their_reason(tmp_path):
    rsa = generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cases = {
        "key.absent": tmp_path / "none.pem",
        "key.kind": private_file(tmp_path / "rsa.pem", rsa),
        "key.unreadable": private_file(tmp_path / "junk.pem", b"junk"),
        "key.size": private_file(tmp_path / "big.pem", b"x" * (KEY_FILE_BYTES_MAX + 1)),
    }
    for code, path in cases.items():
        with pytest.raises(KeyFileError) as caught:
            FileSigner.load(path)
        assert caught.value.code == code
    with pytest.raises(KeyFileError) as caught:
        FileSigner.load(tmp_path)
    assert caught.value.code == "key.kind"


def test_passphrases_missing_unneeded_wrong_and_short(tmp_path):
    plain, sealed = tmp_path / "plain.pem", tmp_path / "sealed.pem"
    signer = FileSigner.generate("a")
    signer.save(plain)
    signer.save(sealed, passphrase=PASSPHRASE)
    for path, passphrase, code in (
        (plain, PASSPHRASE, "key.passphrase"),
        (sealed, None, "key.passphrase"),
        (sealed, "wrong passphrase", "key.unreadable"),
    ):
        with pytest.raises(KeyFileError) as caught:
            FileSigner.load(path, passphrase=passphrase)
        assert caught.value.code == code
        assert PASSPHRASE not in str(caught.value)
    with pytest.raises(KeyFileError, match="too short"):
        signer.save(tmp_path / "short.pem", passphrase="short")
    assert not (tmp_path / "short.pem").exists()


def test_nothing_shows_or_copies_the_private_key():
    signer = FileSigner.generate("a")
    secret = signer._key.private_bytes_raw()
    assert secret.hex() not in repr(signer)
    assert repr(secret)[2:-1] not in repr(signer)
    for copier in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(KeyFileError, match="pickled or copied"):
            copier(signer)


# The canonical encodings of the eight points of small order, and non-canonical ones (Chalkias et al., 2020, table 1).
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("encoded", SMALL_ORDER)
def test_small_order_and_non_canonical_keys_are_refused(encoded):
    with pytest.raises(KeyFileError) as caught:
        check_public_key(bytes.fromhex(encoded))
    assert caught.value.code == "key.public"
    # The identity as key and commitment with s = 0 satisfies the bare equation for every message.
    assert not verify(bytes.fromhex(encoded), bytes([1]) + bytes(63), b"any message")


def test_good_keys_pass_and_other_bytes_do_not():
    for _ in range(20):
        check_public_key(FileSigner.generate("a").public_key)
    with pytest.raises(KeyFileError, match="no point"):
        check_public_key(bytes([2]) + bytes(31))
    for length in (0, 31, 33):
        with pytest.raises(KeyFileError, match="bytes"):
            check_public_key(bytes(length))
