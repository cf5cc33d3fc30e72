"""Models that run in this process, loaded from the workspace by the digest that the release pins. Nothing else is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dualtrack.domain import canonical
from dualtrack.errors import RefusedError
from dualtrack.runtime.additive import Scored, load_additive
from dualtrack.runtime.boosted import load_boosted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dualtrack.domain.records import Text
    from dualtrack.runtime.live import LiveUse

__all__ = ["ARTIFACT_BYTES_MAX", "Model", "Models", "keep_artifact"]

ARTIFACT_BYTES_MAX = 256 << 20
"""Largest artifact read into memory."""


_BOOSTED = b"tree\nversion="
"""How LightGBM's text form begins."""


class Model(Protocol):
    """A model of one row."""

    @property
    def says(self) -> Mapping[str, Text]:
        """Words for each feature that can be a reason."""
        ...

    def score(self, row: Mapping[str, object], /) -> Scored:
        """Return output and reasons."""
        ...


class Models:
    """Artifacts of a workspace under `models/DIGEST`, loaded once and checked against their digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[tuple[str, str], Model] = {}

    def of(self, live: LiveUse) -> Model:
        """Return the model of a use's first in-process upstream; raises RefusedError where it is not what was released."""
        upstream = next((item for item in live.upstreams if item.kind == "python"), None)
        pinned = {part.id: part.digest for part in live.released.components}
        digest = pinned.get(upstream.id) if upstream else None
        if digest is None:
            raise _changed(live.use, "the release pins no artifact for its in-process model")
        key = (digest, live.policy_digest)
        found = self._loaded.get(key)
        if found is None:
            found = self._loaded[key] = self._load(live, digest)
        return found

    def _load(self, live: LiveUse, digest: str) -> Model:
        use = live.use
        path = self._folder / digest
        try:
            if path.stat().st_size > ARTIFACT_BYTES_MAX:
                raise _changed(use, "the artifact is larger than the bound")
            data = path.read_bytes()
        except OSError as error:
            raise _changed(use, f"the artifact {digest[:16]} is not in the workspace") from error
        if canonical.digest(data) != digest:
            raise _changed(use, f"the artifact {digest[:16]} is not what was released")
        where = f"models/{digest[:16]}"
        if data.startswith(_BOOSTED):
            return load_boosted(data, live.policy.fields, where=where)
        return load_additive(data, where=where)


def keep_artifact(folder: Path, data: bytes) -> str:
    """Put an artifact in the folder under its digest, whole or not at all; returns the digest."""
    from dualtrack.keys.files import make_folder, replace_private  # noqa: PLC0415 - only when a model is released

    if not folder.exists():
        make_folder(folder)
    digest = canonical.digest(data)
    replace_private(folder / digest, data)
    return digest


def _changed(use: str, found: str) -> RefusedError:
    return RefusedError(
        found,
        where=use,
        fix="put the released artifact back, or release what runs now",
        code="permit.component-changed",
    )
