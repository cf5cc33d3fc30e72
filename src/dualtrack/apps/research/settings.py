"""What a firm sets of its research desk: `research.yaml` in the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.forms import Slug, UseName
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError, NotFoundError, PathError

if TYPE_CHECKING:
    from dualtrack.store.workspace import Workspace

__all__ = ["SETTINGS_FORMAT", "SETTINGS_NAME", "DeskSettings", "ResearchSettings", "desk_settings", "read_settings"]

SETTINGS_NAME = "research.yaml"
SETTINGS_FORMAT = "dualtrack.research/1"


class DeskSettings(Record, frozen=True):
    """One desk: the use under whose permit it answers, who is qualified to release to clients, and how much may be quoted by licence.

    `qualified` are holders by the names of their keys: for a firm of Hong Kong its licensed representatives for advising on securities.
    `quote_characters` are characters of a document that an answer or a note may quote, by the licence that it was loaded under, none for no
    limit; a licence that is not listed has those of `quoting.yaml`.
    `meaning` names the component of the release that puts pages in order (the model of `dualtrack.runtime.passages.vectors`); without it
    words alone do. `model` says whether the language models of the use's released policy, where it names any, are asked what rules leave unanswered.
    """

    use: UseName
    qualified: list[str]
    quote_characters: dict[str, Annotated[int, Meta(ge=0)] | None] = {}
    meaning: Slug | None = None
    model: Literal["unanswered", "never"] = "unanswered"


class ResearchSettings(Record, frozen=True):
    """All desks of a workspace."""

    format: str
    desks: list[DeskSettings]


def read_settings(workspace: Workspace) -> ResearchSettings:
    """Read the settings; none where the file is missing. Raises FieldError naming the desk and field."""
    path = workspace.path(SETTINGS_NAME)
    if not path.is_file():
        return ResearchSettings(format=SETTINGS_FORMAT, desks=[])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=SETTINGS_NAME, fix="check the file") from error
    found = read_record(read_yaml(data, where=SETTINGS_NAME), ResearchSettings, where=SETTINGS_NAME)
    if found.format != SETTINGS_FORMAT:
        raise FieldError(f"format {found.format!r:.60}", where=SETTINGS_NAME, expected=SETTINGS_FORMAT)
    firms = [desk.use.partition("/")[0] for desk in found.desks]
    if len(set(firms)) != len(firms):
        raise FieldError("two desks of one firm", where=SETTINGS_NAME, fix="keep one of them")
    return found


def desk_settings(workspace: Workspace, institution: str) -> DeskSettings:
    """Return the desk of a firm; raises NotFoundError where it has none."""
    for desk in read_settings(workspace).desks:
        if desk.use.partition("/")[0] == institution:
            return desk
    raise NotFoundError(
        "no research desk of this firm", where=SETTINGS_NAME, fix="set it up in research.yaml of the workspace"
    )
