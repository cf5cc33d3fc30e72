"""Forms of the short texts in records, so that a record that was read is well formed wherever it came from.

A pattern is matched to the very end of the text: `$` would let a final line feed through, and then two implementations
could differ about one signed record.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

__all__ = [
    "ENTRY_KIND",
    "Digest",
    "Durability",
    "EntryKind",
    "Group",
    "Holder",
    "RuleName",
    "Slug",
    "SubjectName",
    "TopicName",
    "UseName",
]

_SLUG = r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?"

Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""SHA-256 as 64 lower-case hexadecimal digits."""

Slug = Annotated[str, Meta(pattern=rf"\A{_SLUG}\Z")]
"""An identifier for people: lower-case ASCII letters, digits and inner hyphens, at most 64."""

UseName = Annotated[str, Meta(pattern=rf"\A{_SLUG}/{_SLUG}\Z")]
"""`institution/use`."""

SubjectName = Annotated[str, Meta(pattern=rf"\A{_SLUG}(/{_SLUG})?\Z")]
"""What an entry is about: an institution or a use."""

ENTRY_KIND = r"[a-z][a-z0-9-]{0,62}/[1-9][0-9]{0,5}"
"""Pattern of `EntryKind`, also for the writer: what it takes in must open again."""

EntryKind = Annotated[str, Meta(pattern=rf"\A{ENTRY_KIND}\Z")]
"""Kind and schema version of an entry, as `evidence/1`."""

TopicName = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,62}\Z")]
"""A topic of evidence; the same form as names of fields, parameters and definitions."""

RuleName = Annotated[str, Meta(pattern=r"\A[!-~]{1,200}\Z")]
"""A rule's id as a permit carries it; packs are narrower."""

Holder = Annotated[str, Meta(min_length=1, max_length=200)]
"""Who holds a key, or builds: the name under which separation of duties is judged."""

Group = Literal["customers", "staff", "members", "investors", "applicants", "public", "none"]
"""People a use can affect; closed, so that a register can be counted."""

Durability = Literal["durable", "buffered"]
"""Whether a decision waits until its record is safe."""
