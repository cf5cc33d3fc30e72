import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.errors import DocumentError, DualtrackError, FieldError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.signer import FileSigner

TYPE = "application/vnd.in-toto+json"
SIGNERS = sorted((FileSigner.generate(name) for name in "abc"), key=lambda signer: signer.key_id)
KEYS = {signer.key_id: signer.public_key for signer in SIGNERS}
ENVELOPE = dsse.sign(b'{"x":1}', TYPE, SIGNERS[:2])


def changed(**fields):
    return canonical.encode(json.loads(ENVELOPE) | fields)


def test_published_pre_authentication_encoding():
    # secure-systems-lab/dsse, protocol.md, test vectors.
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_sign_parse_verify():
    envelope = dsse.parse(ENVELOPE)
    assert (envelope.payload, envelope.payload_type) == (b'{"x":1}', TYPE)
    assert envelope.encode() == ENVELOPE
    assert envelope.verify(KEYS) == [signer.key_id for signer in SIGNERS[:2]]
    assert envelope.verify({SIGNERS[1].key_id: SIGNERS[1].public_key}) == [SIGNERS[1].key_id]


def test_order_of_signers_does_not_matter():
    assert dsse.sign(b'{"x":1}', TYPE, reversed(SIGNERS[:2])) == ENVELOPE


def test_no_trusted_key_and_misfiled_key():
    envelope = dsse.parse(ENVELOPE)
    for keys in ({}, {SIGNERS[2].key_id: SIGNERS[2].public_key}):
        with pytest.raises(SignatureError) as caught:
            envelope.verify(keys)
        assert caught.value.code == "signature.untrusted"
    with pytest.raises(SignatureError) as caught:
        envelope.verify({SIGNERS[0].key_id: SIGNERS[2].public_key})
    assert caught.value.code == "signature.key"


@pytest.mark.parametrize(
    "fields", [{"payload": b64_encode(b'{"x":2}')}, {"payloadType": "application/json"}], ids=["payload", "type"]
)
def test_a_changed_payload_or_type_does_not_verify(fields):
    with pytest.raises(SignatureError) as caught:
        dsse.parse(changed(**fields)).verify(KEYS)
    assert caught.value.code == "signature.wrong"


def signatures(edit):
    found = json.loads(ENVELOPE)["signatures"]
    return changed(signatures=edit(found))


MALFORMED = {
    "white space": ENVELOPE.replace(b",", b", "),
    "unknown field": changed(extra=1),
    "missing field": canonical.encode({"payload": "", "payloadType": TYPE}),
    "payload not base64": changed(payload="e30"),
    "payload with loose padding bits": changed(payload="e31="),
    "url alphabet": changed(payload="_-8="),
    "payload not text": changed(payload=1),
    "type not text": changed(payloadType=1),
    "type empty": changed(payloadType=""),
    "type with space": changed(payloadType="a b"),
    "type too long": changed(payloadType="a" * 256),
    "signatures not a list": changed(signatures={}),
    "no signature": changed(signatures=[]),
    "too many": signatures(lambda s: s * 9),
    "one key twice": signatures(lambda s: [s[0], s[0]]),
    "not in order": signatures(lambda s: s[::-1]),
    "unknown field in signature": signatures(lambda s: [s[0] | {"cert": ""}]),
    "short key id": signatures(lambda s: [s[0] | {"keyid": "ab"}]),
    "upper-case key id": signatures(lambda s: [s[0] | {"keyid": "A" * 64}]),
    "short signature": signatures(lambda s: [s[0] | {"sig": b64_encode(bytes(63))}]),
    "signature not an object": changed(signatures=["x"]),
    "not an object": b"[]",
    "not JSON": b"\xff",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_envelopes_are_refused(name):
    with pytest.raises((DocumentError, FieldError)):
        dsse.parse(MALFORMED[name])


def test_bounds_hold_on_both_sides():
    payload = bytes(dsse.ENVELOPE_BYTES_MAX)
    with pytest.raises(DocumentError, match="bytes"):
        dsse.sign(payload, TYPE, SIGNERS[:1])
    with pytest.raises(DocumentError, match="bytes"):
        dsse.parse(b" " * (dsse.ENVELOPE_BYTES_MAX + 1))
    with pytest.raises(FieldError, match="0 signatures"):
        dsse.sign(b"", TYPE, [])
    with pytest.raises(FieldError, match="twice"):
        dsse.sign(b"", TYPE, [SIGNERS[0], SIGNERS[0]])
    sixteen = [FileSigner.generate("x") for _ in range(dsse.SIGNATURES_MAX)]
    assert len(dsse.parse(dsse.sign(b"", TYPE, sixteen)).signatures) == dsse.SIGNATURES_MAX
    with pytest.raises(FieldError, match="17 signatures"):
        dsse.sign(b"", TYPE, [*sixteen, SIGNERS[0]])


@settings(max_examples=150, deadline=None)
@given(position=st.integers(0, len(ENVELOPE) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_refused_or_unlinks_a_signer(position, bit):
    data = bytearray(ENVELOPE)
    data[position] ^= 1 << bit
    try:
        verified = dsse.parse(bytes(data)).verify(KEYS)
    except DualtrackError:
        return
    # Only a flip inside a key identifier can pass: that signature is then by a key nobody knows.
    assert len(verified) == 1


@given(st.binary(max_size=40))
def test_base64_has_one_spelling(data):
    text = b64_encode(data)
    assert b64_decode(text) == data
    assert b64_decode(text + "\n") is None
    assert b64_decode(text.rstrip("=")) in ({data} if not text.endswith("=") else {None})


def test_base64_refuses_other_spellings():
    for text in ("e31=", "e3", "e30=e30=", " e30=", "é", "_-8="):
        assert b64_decode(text) is None
