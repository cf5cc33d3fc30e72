"""Bundles: everything an outsider needs to recompute one verdict, in one deterministic archive (section 12).

Trust anchors are never in it: they reach the verifier by another way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack import __version__
from dualtrack.domain import canonical
from dualtrack.domain.entry import make_entry
from dualtrack.domain.records import Record, read_record, to_plain
from dualtrack.errors import BundleError, DualtrackError
from dualtrack.permit.archive import read_archive, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dualtrack.domain.entry import Entry

__all__ = ["BUNDLE_FORMAT", "Bundle", "EntryDigest", "Manifest", "build_bundle", "read_bundle"]

BUNDLE_FORMAT = "dualtrack.bundle/1"


class EntryDigest(Record, frozen=True):
    """An entry by index, and the digest of its content."""

    index: int
    digest: str


class Manifest(Record, frozen=True):
    """What the bundle is about, and the digest of every other member."""

    format: str
    institution: str
    use: str | None
    release: str | None
    at: str
    demo: bool
    assessment: EntryDigest
    permit: EntryDigest | None
    members: dict[str, str]
    made_by: str


class Bundle(NamedTuple):
    """A bundle as read: its form is checked, its signatures, proofs and verdict are the verifier's business."""

    manifest: Manifest
    entries: list[Entry]
    packs: dict[str, bytes]
    assessment: bytes
    permit: bytes | None
    checkpoint: bytes


class _BundledEntry(Record, frozen=True):
    index: int
    leaf: str
    salt: str
    content: str
    proof: list[str]


def build_bundle(
    entries: Sequence[Entry],
    packs: Mapping[str, bytes],
    *,
    assessment: Entry,
    permit: Entry | None,
    checkpoint: bytes,
    prove: Callable[[int], Sequence[bytes]],
) -> bytes:
    """Return the archive.

    `entries` are those that `assess` was given; `packs` the adopted ones by digest; `prove` gives an entry's inclusion
    proof in the tree of the checkpoint.
    """
    verdict = canonical.decode(assessment.content, where="assessment")
    recorded = [assessment, *([permit] if permit else [])]
    given = [entry for entry in entries if entry.index < assessment.index]
    members = {
        "assessment.json": assessment.content,
        "checkpoint": checkpoint,
        "entries.json": canonical.encode([_bundled(entry, prove(entry.index)) for entry in [*given, *recorded]]),
        **{f"packs/{digest}.json": packs[digest] for digest in (line["digest"] for line in verdict["packs"])},
    }
    if permit:
        members["permit.json"] = permit.content
    manifest = Manifest(
        format=BUNDLE_FORMAT,
        institution=verdict["institution"],
        use=verdict["use"],
        release=verdict["release"],
        at=verdict["at"],
        demo=verdict["demo"],
        assessment=EntryDigest(index=assessment.index, digest=canonical.digest(assessment.content)),
        permit=EntryDigest(index=permit.index, digest=canonical.digest(permit.content)) if permit else None,
        members={name: canonical.digest(data) for name, data in members.items()},
        made_by=f"dualtrack {__version__}",
    )
    return write_archive({**members, "manifest.json": canonical.encode(to_plain(manifest))})


def _bundled(entry: Entry, proof: Sequence[bytes]) -> dict[str, object]:
    return {
        "index": entry.index,
        "leaf": entry.leaf.decode(),
        "salt": entry.salt.hex(),
        "content": entry.content.decode(),
        "proof": [node.hex() for node in proof],
    }


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle's members; raises BundleError when they are not what the manifest says."""
    members = read_archive(data)
    try:
        manifest = read_record(canonical.decode(members["manifest.json"]), Manifest, where="manifest.json")
        listed = read_record(canonical.decode(members["entries.json"]), list[_BundledEntry], where="entries.json")
        entries = [
            make_entry(item.index, item.leaf.encode(), bytes.fromhex(item.salt), item.content.encode())
            for item in listed
        ]
        assessment, checkpoint = members["assessment.json"], members["checkpoint"]
    except (KeyError, ValueError) as error:
        raise BundleError(f"incomplete: {error}", where="bundle", fix="ask for the bundle again") from error
    except DualtrackError as error:
        raise BundleError(error.found, where=error.where or "bundle", fix="ask for the bundle again") from error
    others = {name: canonical.digest(content) for name, content in members.items() if name != "manifest.json"}
    if manifest.format != BUNDLE_FORMAT or others != manifest.members:
        raise BundleError("the members are not those of the manifest", where="bundle", fix="ask for the bundle again")
    packs = {
        name.removeprefix("packs/").removesuffix(".json"): content
        for name, content in members.items()
        if name.startswith("packs/")
    }
    return Bundle(manifest, entries, packs, assessment, members.get("permit.json"), checkpoint)
