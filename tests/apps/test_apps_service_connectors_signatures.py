"""Signatures of deliveries: the published form, and that nothing but the secret's holder at that time passes."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.service.connectors.signatures import SIGNED_WITHIN_S, check_signed, sign
from dualtrack.errors import AuthenticationError

PUBLISHED = "sha256=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
BODY, SENT = '{"event":"message_created","content":"戶口"}'.encode(), 1_793_582_130


def passes(secret, sent, signature, body, now_s) -> bool:
    try:
        check_signed(secret, sent, signature, body, now_s)
    except AuthenticationError:
        return False
    return True


def test_the_string_that_is_signed_is_the_time_a_full_stop_and_the_body():
    expected = hmac.new(b"key", str(SENT).encode() + b"." + BODY, hashlib.sha256).hexdigest()
    assert sign("key", SENT, BODY) == f"sha256={expected}"


def test_a_signature_that_was_worked_out_apart_from_this_code():
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    assert sign("secret", 1_700_000_000, b"{}") == PUBLISHED


@given(
    st.binary(max_size=200),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.integers(0, 10**11),
)
def test_what_was_signed_passes(body, secret, sent):
    assert passes(secret, str(sent), sign(secret, sent, body), body, sent)


@settings(max_examples=40)
@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 10**11), st.integers(0, 10**11))
def test_another_body_or_time_does_not_pass(body, other, sent, later):
    signature = sign("key", sent, body)
    assert passes("key", str(later), signature, other, later) == ((body, sent) == (other, later))


@pytest.mark.parametrize(
    ("off", "good"), [(0, True), (SIGNED_WITHIN_S, True), (-SIGNED_WITHIN_S, True), (301, False), (-301, False)]
)
def test_the_time_is_near_now_in_both_directions(off, good):
    assert passes("key", str(SENT), sign("key", SENT, BODY), BODY, SENT + off) is good


@pytest.mark.parametrize(
    ("sent", "signature"),
    [
        (None, sign("key", SENT, BODY)),
        (str(SENT), None),
        (str(SENT), ""),
        (str(SENT), sign("key", SENT, BODY).removeprefix("sha256=")),
        (str(SENT), sign("key", SENT, BODY).upper()),
        (str(SENT), sign("key", SENT, BODY) + "0"),
        (str(SENT), "sha256=" + "é" * 64),
        ("", sign("key", "", BODY)),
        ("-1", sign("key", "-1", BODY)),
        ("1e9", sign("key", "1e9", BODY)),
        (" 1", sign("key", " 1", BODY)),
        ("٣" * 10, sign("key", "٣" * 10, BODY)),
        (f"{SENT}\n", sign("key", f"{SENT}\n", BODY)),
        (str(SENT), sign("another", SENT, BODY)),
    ],
)
def test_a_malformed_or_foreign_signature_does_not_pass(sent, signature):
    assert not passes("key", sent, signature, BODY, SENT)


def test_a_wrong_signature_is_not_told_that_its_time_is_old_as_well():
    with pytest.raises(AuthenticationError, match="does not hold") as told:
        check_signed("key", "1", sign("another", 1, BODY), BODY, SENT)
    assert (told.value.status, told.value.where) == (401, "signature")
