"""Canonical bytes, keys, envelopes, notes, trees and archives, written from the published formats alone."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- keys, envelopes, notes ---


class Signer:
    """A key made from its name, so that every run builds the same bytes."""

    def __init__(self, name: str) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"test key " + name.encode()).digest())
        self.public = self.private.public_key().public_bytes_raw()
        self.keyid = digest(self.public)

    @property
    def b64(self) -> str:
        return base64.b64encode(self.public).decode()

    def vkey(self, name: str, kind: int) -> str:
        material = bytes([kind]) + self.public
        short = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
        return f"{name}+{short.hex()}+{base64.b64encode(material).decode()}"

    def note_line(self, name: str, text: bytes) -> bytes:
        return mark(name, self.vkey(name, 1), self.private.sign(text))

    def cosign_line(self, name: str, text: bytes, time: int) -> bytes:
        message = b"cosignature/v1\ntime " + str(time).encode() + b"\n" + text
        return mark(name, self.vkey(name, 4), struct.pack(">Q", time) + self.private.sign(message))


def mark(name: str, vkey: str, signature: bytes) -> bytes:
    short = bytes.fromhex(vkey.split("+")[1])
    return f"— {name} {base64.b64encode(short + signature).decode()}\n".encode()


NAMES = ("root", "owner", "developer", "validator", "approver", "compliance", "collector", "stranger")
KEYS = {name: Signer(name) for name in NAMES}
LOG, WITNESS, SECOND_WITNESS = Signer("log"), Signer("witness"), Signer("second witness")
WITNESS_NAME = "witness.example/one"


def envelope(payload: object, kind: str, *signers: Signer) -> bytes:
    return raw_envelope(canonical(payload), kind, *signers)


def raw_envelope(body: bytes, kind: str, *signers: Signer) -> bytes:
    payload_type = "application/vnd.in-toto+json" if kind == "evidence" else f"application/vnd.dualtrack.{kind}.v1+json"
    pae = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(body), body)
    signatures = [
        {"keyid": signer.keyid, "sig": base64.b64encode(signer.private.sign(pae)).decode()}
        for signer in sorted(signers, key=lambda signer: signer.keyid)
    ]
    encoded = base64.b64encode(body).decode()
    return canonical({"payload": encoded, "payloadType": payload_type, "signatures": signatures})


# --- Merkle tree (RFC 6962, section 2.1, written as defined there) ---


def tree_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = split_point(len(leaves))
    return hashlib.sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def tree_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = split_point(len(leaves))
    if index < split:
        return [*tree_path(index, leaves[:split]), tree_root(leaves[split:])]
    return [*tree_path(index - split, leaves[split:]), tree_root(leaves[:split])]


def split_point(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


# --- archive ---


def archive(members: dict[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    pairs = sorted(members.items()) if isinstance(members, dict) else members
    body = directory = b""
    for name, data in pairs:
        fixed = (20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<6H3I5H2I", 20, *fixed, 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\3\4" + struct.pack("<5H3I2H", *fixed) + name.encode() + data
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, len(pairs), len(pairs), len(directory), len(body), 0)
    return body + directory + end
