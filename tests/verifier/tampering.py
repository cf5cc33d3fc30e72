"""Kinds of tampering, each with the one reason for which it must be refused.

`ARCHIVE_CASES` change the bytes of any valid bundle whose verdict has a permit; whoever does them has no key.
`tampering_keys.BUILDER_CASES` are hooks for `bundle_builder.build`; whoever does them holds keys of the institution.
All are judged with anchors that trust the standard institution and ask for one witness.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import bundle_builder as made

Change = Callable[[bytes], bytes]
Members = dict[str, bytes]


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resealed(data: bytes, change: Callable[[Members], None], manifest_too: bool = True) -> bytes:
    """Change the members, then make manifest and archive agree again, as a forger would."""
    members = members_of(data)
    change(members)
    if manifest_too:
        manifest = json.loads(members["manifest.json"])
        manifest["members"] = {n: made.digest(d) for n, d in members.items() if n != "manifest.json"}
        members["manifest.json"] = made.canonical(manifest)
    return made.archive(members)


def on_json(name: str, edit: Callable[[Any], None]) -> Change:
    """Return the change that edits one JSON member and seals the bundle again."""

    def change(members: Members) -> None:
        value = json.loads(members[name])
        edit(value)
        members[name] = made.canonical(value)

    return lambda data: resealed(data, change)


def on_bytes(name: str, edit: Callable[[bytes], bytes]) -> Change:
    """Return the change that edits the bytes of one member and seals the bundle again."""

    def change(members: Members) -> None:
        members[name] = edit(members[name])

    return lambda data: resealed(data, change, manifest_too=name != "manifest.json")


def row_of(rows: list[Any], kind: str, nth: int = 0) -> Any:
    return [row for row in rows if json.loads(row["leaf"])["kind"] == kind][nth]


# --- the archive itself ---


def first_size(data: bytes) -> int:
    """Return the offset after the first member."""
    size, name = struct.unpack_from("<I", data, 18)[0], struct.unpack_from("<H", data, 26)[0]
    return 30 + name + size


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def central_at(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, len(data) - 6)[0])


def deflated(data: bytes) -> bytes:
    """Return the same members written by the standard library, deflated."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in members_of(data).items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def extra_field(data: bytes) -> bytes:
    name = struct.unpack_from("<H", data, 26)[0]
    widened = patched(data, 28, struct.pack("<H", 4))
    return widened[: 30 + name] + b"\xfe\xca\0\0" + widened[30 + name :]


def data_descriptor(data: bytes) -> bytes:
    end = first_size(data)
    crc_and_sizes = data[14:26]
    flagged = patched(patched(data, 6, struct.pack("<H", 8)), 14, bytes(12))
    return flagged[:end] + b"PK\x07\x08" + crc_and_sizes + flagged[end:]


def gap(data: bytes) -> bytes:
    end = first_size(data)
    return data[:end] + b"\0" * 7 + data[end:]


def pairs(data: bytes) -> list[tuple[str, bytes]]:
    return sorted(members_of(data).items())


def hidden_member(data: bytes) -> bytes:
    """Put in a member that the directory does not list."""
    at = central_at(data)
    body = b"x"
    fixed = (20, 0, 0, 0, 33, zlib.crc32(body), 1, 1, 10, 0)
    return data[:at] + b"PK\3\4" + struct.pack("<5H3I2H", *fixed) + b"permit.jso" + body + data[at:]


ARCHIVE_FORM: list[tuple[str, Change, str]] = [
    ("prefix", lambda data: b"#!/bin/sh\n" + data, "zip-stray"),
    ("suffix", lambda data: data + b"\n", "zip-stray"),
    ("comment", lambda data: patched(data, len(data) - 2, b"\5\0") + b"hello", "zip-directory"),
    ("extra field", extra_field, "zip-header"),
    ("extra field in the directory", lambda data: patched(data, central_at(data) + 30, b"\1"), "zip-directory"),
    ("external attributes", lambda data: patched(data, central_at(data) + 38, b"\1"), "zip-directory"),
    ("deflate", deflated, "zip-header"),
    ("duplicate name", lambda data: made.archive([*pairs(data), pairs(data)[-1]]), "zip-duplicate"),
    ("unsorted", lambda data: made.archive(pairs(data)[::-1]), "zip-order"),
    ("wrong CRC", lambda data: patched(data, 14, bytes([data[14] ^ 1])), "zip-crc"),
    ("directory entry", lambda data: made.archive([*pairs(data)[:4], ("packs/", b""), *pairs(data)[4:]]), "zip-name"),
    ("path outside", lambda data: made.archive([("../manifest.json", b"{}"), *pairs(data)]), "zip-name"),
    ("name that is not ASCII", lambda data: patched(data, 30, b"\xc3\xa9"), "zip-name"),
    ("data descriptor", data_descriptor, "zip-header"),
    ("flag for UTF-8 names", lambda data: patched(data, 6, b"\0\x08"), "zip-header"),
    ("encrypted flag", lambda data: patched(data, 6, b"\1"), "zip-header"),
    ("zip64 sizes", lambda data: patched(data, 18, b"\xff" * 8), "zip-truncated"),
    ("a date", lambda data: patched(data, 12, b"\x22"), "zip-header"),
    ("gap between members", gap, "zip-stray"),
    ("member outside the directory", hidden_member, "zip-name"),
    ("directory counts one less", lambda data: patched(data, len(data) - 14, b"\1\0\1\0"), "zip-directory"),
    ("disk number", lambda data: patched(data, len(data) - 18, b"\1"), "zip-directory"),
    ("cut in a member", lambda data: data[:100], "zip-truncated"),
    ("cut in the directory", lambda data: data[:-30], "zip-truncated"),
    ("cut by one byte", lambda data: data[:-1], "zip-truncated"),
    ("empty file", lambda _data: b"", "zip-truncated"),
    ("empty archive", lambda _data: made.archive({}), "zip-directory"),
    ("no archive", lambda _data: b"not an archive at all", "zip-stray"),
]

# --- the members, by somebody without a key ---


def swap_contents(rows: list[Any]) -> None:
    first, second = row_of(rows, "evidence/1", 0), row_of(rows, "evidence/1", 1)
    first["content"], second["content"] = second["content"], first["content"]


def swap_proofs(rows: list[Any]) -> None:
    first, second = row_of(rows, "evidence/1", 0), row_of(rows, "evidence/1", 1)
    first["proof"], second["proof"] = second["proof"], first["proof"]


def swap_indices(rows: list[Any]) -> None:
    """Let two entries change places in the log, each with its own leaf, content and proof."""
    first, second = row_of(rows, "evidence/1", 0), row_of(rows, "evidence/1", 1)
    saved = dict(first)
    first.update({**second, "index": first["index"]})
    second.update({**saved, "index": second["index"]})


def alter_verdict_everywhere(members: Members) -> None:
    """Change the verdict in the member and in the entry's content, with commitment and digest: the proof stays."""
    assessment = json.loads(members["assessment.json"])
    assessment["verdict"] = "permitted"
    altered = made.canonical(assessment)
    rows, manifest = json.loads(members["entries.json"]), json.loads(members["manifest.json"])
    row = next(row for row in rows if row["index"] == manifest["assessment"]["index"])
    leaf = json.loads(row["leaf"])
    leaf["commitment"] = made.digest(b"dualtrack/commitment/v1\0" + bytes.fromhex(row["salt"]) + altered)
    row["leaf"], row["content"] = made.canonical(leaf).decode(), altered.decode()
    manifest["assessment"]["digest"] = made.digest(altered)
    members |= {"assessment.json": altered, "entries.json": made.canonical(rows)}
    members["manifest.json"] = made.canonical(manifest)


def rename_pack(members: Members) -> None:
    name = next(name for name in members if name.startswith("packs/"))
    members[f"packs/{'0' * 64}.json"] = members.pop(name)


def drop_pack(members: Members) -> None:
    del members[next(name for name in members if name.startswith("packs/"))]


def alter_pack(members: Members) -> None:
    name = next(name for name in members if name.startswith("packs/"))
    members[name] = members[name].replace(b'"transcriber":"Dualtrack"', b'"transcriber":"Somebody"')


def add_pack(members: Members) -> None:
    members[f"packs/{made.digest(b'{}')}.json"] = b"{}"


def drop_permit(members: Members) -> None:
    del members["permit.json"]
    manifest = json.loads(members["manifest.json"])
    manifest["permit"] = None
    members["manifest.json"] = made.canonical(manifest)


def drop_permit_member(members: Members) -> None:
    del members["permit.json"]


def edit_leaf(rows: list[Any], **changes: object) -> None:
    row = row_of(rows, "evidence/1")
    row["leaf"] = made.canonical(json.loads(row["leaf"]) | changes).decode()


def note_change(edit: Callable[[bytes, bytes], bytes]) -> Change:
    """Return the change of the checkpoint, given its text and its signature lines."""

    def change(note: bytes) -> bytes:
        text, _, marks = note.rpartition(b"\n\n")
        return edit(text + b"\n", marks)

    return on_bytes("checkpoint", change)


def grow(text: bytes, marks: bytes) -> bytes:
    """Claim a far larger tree. (A slightly larger one can have the same proofs: there the log's signature tells.)"""
    origin, size, rest = text.split(b"\n", 2)
    return b"\n".join([origin, b"%d" % (int(size) * 1000), rest]) + b"\n" + marks


def flip_mark(marks: bytes, line: int) -> bytes:
    """Flip a bit in the signature of a line."""
    lines = marks.splitlines(keepends=True)
    head, _, body = lines[line].rpartition(b" ")
    raw = bytearray(base64.b64decode(body))
    raw[-20] ^= 4
    lines[line] = head + b" " + base64.b64encode(bytes(raw)) + b"\n"
    return b"".join(lines)


def unknown_witness(text: bytes, marks: bytes) -> bytes:
    log_line = marks.splitlines(keepends=True)[0]
    return text + b"\n" + log_line + made.KEYS["stranger"].cosign_line(made.WITNESS_NAME, text, 1767657660)


def resigned(text: bytes, marks: bytes) -> bytes:
    name = text.split(b"\n")[0].decode()
    return text + b"\n" + made.KEYS["stranger"].note_line(name, text) + marks.splitlines(keepends=True)[1]


def set_in(**changes: object) -> Callable[[Any], None]:
    return lambda value: value.update(changes)


MEMBER_CHANGES: list[tuple[str, Change, str]] = [
    ("altered verdict", on_json("assessment.json", set_in(verdict="permitted")), "assessment-entry"),
    ("altered verdict, entry too", lambda data: resealed(data, alter_verdict_everywhere), "proof"),
    ("permit extended", on_json("permit.json", set_in(expires="2031-01-01T00:00:00Z")), "permit-entry"),
    ("permit hidden", lambda data: resealed(data, drop_permit), "entry-position"),
    ("permit member hidden", lambda data: resealed(data, drop_permit_member), "permit-entry"),
    ("evidence swapped", on_json("entries.json", swap_contents), "commitment"),
    ("salt changed", on_json("entries.json", lambda rows: rows[2].update(salt="00" * 32)), "commitment"),
    ("evidence dropped", on_json("entries.json", lambda r: r.remove(row_of(r, "evidence/1"))), "assessment-mismatch"),
    (
        "declaration dropped",
        on_json("entries.json", lambda r: r.remove(row_of(r, "declaration/1"))),
        "assessment-mismatch",
    ),
    ("institution dropped", on_json("entries.json", lambda rows: rows.pop(0)), "institution-entry"),
    (
        "assessment entry dropped",
        on_json("entries.json", lambda r: r.remove(row_of(r, "assessment/1"))),
        "assessment-entry",
    ),
    ("entry twice", on_json("entries.json", lambda rows: rows.insert(3, rows[3])), "entries-order"),
    ("entries out of order", on_json("entries.json", lambda rows: rows.insert(2, rows.pop(4))), "entries-order"),
    ("entry at another index", on_json("entries.json", swap_indices), "proof"),
    ("index beyond the log", on_json("entries.json", lambda rows: rows[-1].update(index=9999)), "proof"),
    ("proof of another entry", on_json("entries.json", swap_proofs), "proof"),
    ("proof cut", on_json("entries.json", lambda rows: rows[1]["proof"].pop()), "proof"),
    ("proof too long", on_json("entries.json", lambda rows: rows[1]["proof"].append("00" * 32)), "proof"),
    ("proof dropped", on_json("entries.json", lambda rows: rows[1].update(proof=[])), "proof"),
    ("short hash in a proof", on_json("entries.json", lambda rows: rows[1]["proof"].append("00")), "entries-shape"),
    ("entry re-dated", on_json("entries.json", lambda r: edit_leaf(r, recorded_at="2026-01-01T00:00:00Z")), "proof"),
    ("leaf with an unknown field", on_json("entries.json", lambda r: edit_leaf(r, extra=1)), "leaf-form"),
    ("leaf of another version", on_json("entries.json", lambda r: edit_leaf(r, v=2)), "leaf-form"),
    (
        "leaf of another institution",
        on_json("entries.json", lambda r: edit_leaf(r, institution="x")),
        "leaf-institution",
    ),
    ("leaf about another use", on_json("entries.json", lambda r: edit_leaf(r, id="harbour-bank/x")), "entry-foreign"),
    ("unknown field in an entry", on_json("entries.json", lambda rows: rows[1].update(note="x")), "entries-shape"),
    ("no entries", on_json("entries.json", lambda rows: rows.clear()), "entries-shape"),
    ("unknown field in the manifest", on_json("manifest.json", set_in(approved=True)), "manifest-shape"),
    ("demo flag stripped", on_json("manifest.json", lambda m: m.update(demo=not m["demo"])), "manifest-mismatch"),
    ("later time of assessment", on_json("manifest.json", set_in(at="2026-03-01T00:00:00Z")), "entries-time"),
    ("another release", on_json("manifest.json", set_in(release="0" * 64)), "assessment-mismatch"),
    ("another institution", on_json("manifest.json", set_in(institution="other-bank")), "checkpoint-origin"),
    (
        "assessment points elsewhere",
        on_json("manifest.json", lambda m: m["assessment"].update(index=2)),
        "assessment-entry",
    ),
    ("pack altered", lambda data: resealed(data, alter_pack), "pack-digest"),
    ("pack under another digest", lambda data: resealed(data, rename_pack), "pack-missing"),
    ("pack dropped", lambda data: resealed(data, drop_pack), "pack-missing"),
    ("pack added", lambda data: resealed(data, add_pack), "pack-extra"),
    ("member not in the manifest", lambda data: resealed(data, add_pack, manifest_too=False), "manifest-members"),
    ("member missing", lambda data: resealed(data, lambda m: m.pop("checkpoint") and None), "manifest-members"),
    ("member not of the manifest", lambda data: resealed(data, alter_pack, manifest_too=False), "manifest-digest"),
    (
        "white space in JSON",
        on_bytes("entries.json", lambda data: data.replace(b'"proof":', b'"proof": ', 1)),
        "json-form",
    ),
    (
        "escaped text in JSON",
        on_bytes("manifest.json", lambda d: d.replace(b"bundle/1", b"bundle\\u002f1")),
        "json-form",
    ),
    ("key order in JSON", on_bytes("manifest.json", lambda d: b'{"zz":1,' + d[1:]), "json-key-order"),
    ("duplicate key in JSON", on_bytes("manifest.json", lambda d: d[:-1] + b',"use":null}'), "json-duplicate-key"),
    ("NaN", on_bytes("entries.json", lambda data: data.replace(b'"index":0', b'"index":NaN', 1)), "json-number"),
    (
        "number in another form",
        on_bytes("entries.json", lambda d: d.replace(b'"index":0', b'"index":0.00', 1)),
        "json-number",
    ),
    (
        "huge number",
        on_bytes("entries.json", lambda d: d.replace(b'"index":0', b'"index":1' + b"0" * 400, 1)),
        "json-number",
    ),
    ("deep nesting", on_bytes("entries.json", lambda _data: b"[" * 100_000 + b"]" * 100_000), "json-depth"),
    ("text not in NFC", on_bytes("entries.json", lambda d: d[:-1] + ',{"e\u0301":1}]'.encode()), "json-text"),
    ("half a character", on_bytes("entries.json", lambda d: d[:-1] + b',"\\ud800"]'), "json-text"),
    ("not UTF-8", on_bytes("entries.json", lambda data: data + b"\xff"), "json-syntax"),
    ("not JSON", on_bytes("entries.json", lambda _data: b"hello"), "json-syntax"),
    ("tree head grown", note_change(grow), "proof"),
    ("checkpoint without signature", note_change(lambda text, _marks: text + b"\n"), "checkpoint-form"),
    ("checkpoint not a note", on_bytes("checkpoint", lambda _data: b"hello"), "checkpoint-form"),
    ("extension line added", note_change(lambda text, marks: text + b"ext\n\n" + marks), "log-signature"),
    ("log signature flipped", note_change(lambda text, m: text + b"\n" + flip_mark(m, 0)), "log-signature"),
    ("checkpoint signed again by another", note_change(resigned), "log-signature"),
    ("cosignature flipped", note_change(lambda text, m: text + b"\n" + flip_mark(m, 1)), "cosignature"),
    ("cosignature dropped", note_change(lambda t, m: t + b"\n" + m.splitlines(keepends=True)[0]), "quorum"),
    ("cosigned by a stranger", note_change(unknown_witness), "quorum"),
]

ARCHIVE_CASES = ARCHIVE_FORM + MEMBER_CHANGES


def flipped(data: bytes, seed: int) -> bytes:
    """Flip one bit, at a position that depends on the seed alone."""
    draw = int.from_bytes(hashlib.sha256(b"flip %d" % seed).digest()[:8], "big")
    position, bit = divmod(draw % (len(data) * 8), 8)
    return patched(data, position, bytes([data[position] ^ 1 << bit]))
