"""Release: the frozen digest of the components, code and policy that run together. Evidence is about a release."""

from __future__ import annotations

from dualtrack.domain.forms import Digest, Durability, Slug, UseName
from dualtrack.domain.records import Record

__all__ = ["Policy", "Release", "ReleaseComponent"]


class ReleaseComponent(Record, frozen=True):
    """A component of the declaration, pinned by digest."""

    id: Slug
    digest: Digest


class Policy(Record, frozen=True):
    """What the runtime is configured to enforce on every decision of this release.

    `runtime` is the digest of the RuntimePolicy in which it stands in detail; without one nothing runs here.
    """

    guards: list[str] = []
    disclosure: bool = False
    review_before_release: bool = False
    opt_out: bool = False
    durability: Durability = "durable"
    runtime: Digest | None = None


class Release(Record, frozen=True):
    """One release; its id is the SHA-256 of its signed payload bytes. `builders` are holders who built it."""

    use: UseName
    components: list[ReleaseComponent]
    code: Digest
    policy: Policy
    builders: list[Slug] = []
    note: str = ""
