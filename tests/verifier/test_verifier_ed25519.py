"""The verifier's own Ed25519 against RFC 8032, section 7.1, hostile encodings, and the cryptography package."""

from __future__ import annotations

import hashlib
import time

import bundle_builder as made
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import dualtrack_verify as verifier

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").digest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_published_vectors_hold(key, message, signature):
    assert verifier.signature_holds(bytes.fromhex(key), message, bytes.fromhex(signature))


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_published_vectors_do_not_hold_for_other_messages(key, message, signature):
    assert not verifier.signature_holds(bytes.fromhex(key), message + b"\0", bytes.fromhex(signature))


def test_a_second_form_of_s_is_refused():
    key, message, signature = RFC_8032[1]
    raw = bytes.fromhex(signature)
    larger = int.from_bytes(raw[32:], "little") + verifier.L
    assert not verifier.signature_holds(bytes.fromhex(key), message, raw[:32] + larger.to_bytes(32, "little"))


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NOT_CANONICAL = [
    "0100000000000000000000000000000000000000000000000000000000000080",  # x = 0 with a sign
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000",  # on no point of the curve
]


@pytest.mark.parametrize("key", [*SMALL_ORDER, *NOT_CANONICAL, "", "00", "00" * 33])
def test_unsound_keys_are_refused(key):
    assert verifier.negated_key(bytes.fromhex(key)) is None
    assert not verifier.signature_holds(bytes.fromhex(key), b"", bytes(64))


def test_the_trivial_forgery_under_a_small_order_key_is_refused():
    """R = identity, S = 0 holds for every message when the key is the identity."""
    identity = bytes.fromhex(SMALL_ORDER[0])
    assert not verifier.signature_holds(identity, b"anything", identity + bytes(32))


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_signatures_of_another_length_are_refused(length):
    assert not verifier.signature_holds(made.LOG.public, b"", bytes(length))


@pytest.mark.parametrize("seed", range(40))
def test_agrees_with_the_cryptography_package(seed):
    signer = made.Signer(f"differential {seed}")
    message = hashlib.sha256(b"%d" % seed).digest() * (seed % 5)
    signature = bytearray(signer.private.sign(message))
    assert verifier.signature_holds(signer.public, message, bytes(signature))
    signature[seed % 64] ^= 1 << seed % 8
    try:
        Ed25519PublicKey.from_public_bytes(signer.public).verify(bytes(signature), message)
        holds = True
    except InvalidSignature:
        holds = False
    assert verifier.signature_holds(signer.public, message, bytes(signature)) is holds is False


def test_eighty_signatures_take_less_than_two_seconds_of_one_core():
    signers = [made.Signer(f"speed {number}") for number in range(8)]
    work = [(signer.public, b"m%d" % n, signer.private.sign(b"m%d" % n)) for n in range(10) for signer in signers]
    verifier.negated_key.cache_clear()
    began = time.process_time()
    assert all(verifier.signature_holds(*item) for item in work)
    assert time.process_time() - began < 2
