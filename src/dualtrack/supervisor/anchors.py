"""Trust anchors of a supervisor: keys of institutions that reached it by another way than their bundles.

They lie in the workspace as `anchors.json`, in the form that the single-file verifier reads (docs/assessment.md, section 12).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import dualtrack_verify
from dualtrack.errors import InputError
from dualtrack.keys.files import replace_private
from dualtrack.keys.vkey import VerifierKey
from dualtrack.supervisor.plain import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.workspace import Workspace

__all__ = ["ANCHORS_NAME", "Anchors", "keep_anchors", "kept_anchors", "read_anchors"]

ANCHORS_NAME = "anchors.json"
"""File of the workspace in which a supervisor keeps the anchors it entered."""


_FORMAT = "dualtrack.anchors/1"


class Anchors(NamedTuple):
    """Anchors as checked, with the bytes that are given to the verifier; `logs` maps institutions to their log keys."""

    data: bytes
    logs: Mapping[str, VerifierKey]


def read_anchors(data: bytes, *, own: VerifierKey | None = None) -> Anchors:
    """Read anchors; raises InputError. A quorum is not asked of `own`: a witness does not wait for its own word."""
    try:
        institutions = dualtrack_verify.read_anchors(data)
    except dualtrack_verify.Refused as error:
        raise InputError(
            plain_text(": ".join(map(str, error.args))),
            where=ANCHORS_NAME,
            fix="compare with docs/verification.md",
            code="input.anchors",
        ) from error
    logs = {name: VerifierKey.parse(item["log"]) for name, item in institutions.items()}
    if own is not None:
        institutions = {name: _without(item, own.format()) for name, item in institutions.items()}
    document = {"format": _FORMAT, "institutions": institutions}
    return Anchors(json.dumps(document, sort_keys=True).encode(), logs)


def keep_anchors(workspace: Workspace, data: bytes) -> None:
    """Enter anchors into the workspace, in place of those there; raises InputError for a broken file."""
    read_anchors(data)
    replace_private(workspace.path(ANCHORS_NAME), data)


def kept_anchors(workspace: Workspace) -> bytes | None:
    """Return the anchors that were entered, or None."""
    path = workspace.path(ANCHORS_NAME)
    return path.read_bytes() if path.is_file() else None


def _without(anchor: Mapping[str, object], own: str) -> dict[str, object]:
    witnesses, quorum = anchor["witnesses"], anchor["quorum"]
    assert isinstance(witnesses, list)
    assert isinstance(quorum, int)
    if own not in witnesses:
        return dict(anchor)
    return {**anchor, "witnesses": [key for key in witnesses if key != own], "quorum": max(0, quorum - 1)}
