"""DSSE envelopes, version 1: a payload, its type, and signatures over both (secure-systems-lab/dsse, protocol.md).

What is signed is the pre-authentication encoding of the exact payload bytes, so nothing has to be encoded again to
verify. An envelope has one legal form: canonical JSON, signatures in ascending order of key identifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.domain import canonical
from dualtrack.errors import DocumentError, FieldError, SignatureError
from dualtrack.keys.b64 import b64_decode, b64_encode
from dualtrack.keys.ed25519 import SIGNATURE_BYTES, key_id, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.keys.signer import Signer

__all__ = [
    "ENVELOPE_BYTES_MAX",
    "PAYLOAD_TYPE_CHARACTERS_MAX",
    "SIGNATURES_MAX",
    "DsseSignature",
    "Envelope",
    "pae",
    "parse",
    "sign",
]

ENVELOPE_BYTES_MAX = 1_048_576
"""Largest envelope (1 MiB): a ledger leaf is under 64 KiB and our largest statement, a bundle's index, far below."""

SIGNATURES_MAX = 16
"""Most signatures: three lines of defence, provider and authority with rotation need fewer; each costs a verification."""

PAYLOAD_TYPE_CHARACTERS_MAX = 255
"""Longest payload type; a media type has at most 127 characters on each side (RFC 6838, section 4.2)."""

_KEY_ID_DIGITS = 64


class DsseSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One signature: key identifier (64 hexadecimal digits) and 64 bytes."""

    keyid: str
    sig: bytes


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An envelope as parsed. Its payload must not be used before `verify` has returned."""

    payload: bytes
    payload_type: str
    signatures: tuple[DsseSignature, ...]

    def verify(self, public_keys: Mapping[str, bytes]) -> list[str]:
        """Return the key identifiers, in the envelope's order, whose signatures hold.

        `public_keys` maps key identifier to 32 raw bytes and is the caller's trust. Signatures under other keys are
        passed over. Raises SignatureError if a known key's signature does not hold or no known key signed.
        """
        message = pae(self.payload_type, self.payload)
        held: list[str] = []
        for signature in self.signatures:
            public_key = public_keys.get(signature.keyid)
            if public_key is None:
                continue
            if key_id(public_key) != signature.keyid:
                raise _refused("the trusted key is filed under another key's identifier", signature.keyid, "key")
            if not verify(public_key, signature.sig, message):
                raise _refused("the signature does not hold for these bytes", signature.keyid, "wrong")
            held.append(signature.keyid)
        if not held:
            raise SignatureError(
                f"none of the {len(self.signatures)} signatures is by a trusted key",
                expected=f"a signature by one of {len(public_keys)} trusted keys",
                code="signature.untrusted",
            )
        return held

    def encode(self) -> bytes:
        """Return the canonical bytes of the envelope."""
        return canonical.encode(
            {
                "payload": b64_encode(self.payload),
                "payloadType": self.payload_type,
                "signatures": [{"keyid": s.keyid, "sig": b64_encode(s.sig)} for s in self.signatures],
            }
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: "DSSEv1", then type and payload, each after its length in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, signers: Iterable[Signer]) -> bytes:
    """Return the canonical bytes of an envelope over the payload, signed by each signer.

    Raises FieldError for a type that is not printable ASCII, no or too many signers, one key twice, or a result beyond
    ENVELOPE_BYTES_MAX.
    """
    _check_type(payload_type)
    message = pae(payload_type, payload)
    made = [DsseSignature(keyid=signer.key_id, sig=signer.sign(message)) for signer in signers]
    signatures = tuple(sorted(made, key=lambda signature: signature.keyid))
    _check_order(signatures)
    data = Envelope(payload=payload, payload_type=payload_type, signatures=signatures).encode()
    _check_size(data)
    return data


def parse(data: bytes) -> Envelope:
    """Read an envelope that must be in its one legal form; raises DocumentError or FieldError. Verifies nothing."""
    _check_size(data)
    value = canonical.decode(data, where="DSSE envelope")
    payload, payload_type, signatures = _members(value, ("payload", "payloadType", "signatures"), "DSSE envelope")
    if not isinstance(payload_type, str):
        raise FieldError("is not text", where="payloadType", code="input.field.type")
    _check_type(payload_type)
    if not isinstance(signatures, list) or len(signatures) > SIGNATURES_MAX:
        raise FieldError("is not a list of signatures", where="signatures", expected=f"1 to {SIGNATURES_MAX}")
    parsed = tuple(_signature(item, f"signatures[{position}]") for position, item in enumerate(signatures))
    _check_order(parsed)
    return Envelope(payload=_bytes(payload, "payload"), payload_type=payload_type, signatures=parsed)


def _signature(value: object, where: str) -> DsseSignature:
    keyid, sig = _members(value, ("keyid", "sig"), where)
    if not isinstance(keyid, str) or len(keyid) != _KEY_ID_DIGITS or not set(keyid) <= set("0123456789abcdef"):
        raise FieldError("is not a key identifier", where=f"{where}.keyid", expected="64 lower-case hexadecimal digits")
    data = _bytes(sig, f"{where}.sig")
    if len(data) != SIGNATURE_BYTES:
        raise FieldError(f"has {len(data)} bytes", where=f"{where}.sig", expected=f"{SIGNATURE_BYTES} bytes")
    return DsseSignature(keyid=keyid, sig=data)


def _members(value: object, names: tuple[str, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(value, dict) or tuple(sorted(value)) != names:
        found = f"fields {', '.join(sorted(value))}" if isinstance(value, dict) else "not an object"
        raise FieldError(found[:200], where=where, expected=f"exactly the fields {', '.join(names)}")
    return tuple(value[name] for name in names)


def _bytes(value: object, where: str) -> bytes:
    data = b64_decode(value) if isinstance(value, str) else None
    if data is None:
        raise FieldError("is not standard Base 64", where=where, expected="padded, RFC 4648 section 4")
    return data


def _check_size(data: bytes) -> None:
    if len(data) > ENVELOPE_BYTES_MAX:
        raise DocumentError(
            f"{len(data)} bytes", where="DSSE envelope", expected=f"at most {ENVELOPE_BYTES_MAX}", code="input.size"
        )


def _check_type(payload_type: str) -> None:
    fits = 0 < len(payload_type) <= PAYLOAD_TYPE_CHARACTERS_MAX
    if not (fits and payload_type.isascii() and payload_type.isprintable() and " " not in payload_type):
        raise FieldError(
            "is not a payload type", where="payloadType", expected="1 to 255 printable ASCII characters, no space"
        )


def _check_order(signatures: Sequence[DsseSignature]) -> None:
    ids = [signature.keyid for signature in signatures]
    if not 0 < len(ids) <= SIGNATURES_MAX:
        raise FieldError(f"{len(ids)} signatures", where="signatures", expected=f"1 to {SIGNATURES_MAX}")
    if len(set(ids)) != len(ids):
        raise FieldError("one key signed twice", where="signatures", expected="each key once")
    if ids != sorted(ids):
        raise FieldError("not in order", where="signatures", expected="ascending key identifiers")


def _refused(problem: str, keyid: str, code: str) -> SignatureError:
    return SignatureError(problem, where=f"key {keyid[:16]}", fix="obtain the original", code=f"signature.{code}")
