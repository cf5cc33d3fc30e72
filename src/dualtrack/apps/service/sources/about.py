"""What a document does not say of itself: owner, version, days of validity, topic. It stands in a YAML file beside it.

`fees.about.yaml` is of `fees.docx` (and of the pair `fees.en.docx`, `fees.zh.docx`); `about.yaml` is of every document in its folder that
has no own word on a field. Under `passages` a section may have its own id, topic, title, keys or dates, by the id that it would get.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import DocumentError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ABOUT_NAME", "ABOUT_SUFFIX", "About", "SectionAbout", "make_about", "read_about"]

ABOUT_NAME = "about.yaml"
ABOUT_SUFFIX = ".about.yaml"

_NEEDED = ("owner", "version", "valid_from", "topic")


class SectionAbout(Record, frozen=True):
    """What one section has of its own; what is not given is the document's."""

    id: str | None = None
    topic: str | None = None
    title: Text | None = None
    keys: Text | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    supersedes: str | None = None


class About(Record, frozen=True):
    """What is said of a document. `title` is of what stands before its first heading, or of all of it where it has no heading."""

    owner: str
    version: str
    valid_from: str
    topic: str
    valid_to: str | None = None
    provenance: str | None = None
    high_risk: bool = False
    title: Text | None = None
    passages: dict[str, SectionAbout] = {}


def read_about(data: bytes, where: str) -> dict[str, Any]:
    """Read a file about documents as plain fields; raises DocumentError or FieldError naming the file."""
    plain = read_yaml(data, where=where)
    if not isinstance(plain, dict):
        raise DocumentError("no mapping", where=where, expected="lines of name: value", fix=_example())
    known = set(About.__struct_fields__)
    odd = [str(name) for name in plain if name not in known]
    if odd:
        raise FieldError(
            f"field {odd[0]!r:.60}",
            where=where,
            expected=", ".join(sorted(known)),
            fix="correct its name, or take it out",
        )
    return plain


def make_about(fields: Mapping[str, Any], document: str, where: str) -> About:
    """Return what is said of a document; raises FieldError that names the field that is missing, and where to write it."""
    for name in _NEEDED:
        if name not in fields or fields[name] in ("", None):
            raise FieldError(
                f"no {name} of {document}",
                where=f"{where}, field {name}",
                expected="owner, version, valid_from and topic",
                fix=f"write `{name}: …` in {where} beside the document, or in {ABOUT_NAME} of its folder",
            )
    return read_record(dict(fields), About, where=where)


def _example() -> str:
    return 'write owner: client-desk, version: "1", valid_from: "2026-01-01" and topic: fees, each on its line'
