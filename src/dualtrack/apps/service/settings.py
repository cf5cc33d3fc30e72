"""What an operator sets of their chats: `service.yaml` in the workspace, one chat for each use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.domain.business_time import BusinessHours, default_hours
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.forms import Slug, UseName
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import FieldError, NotFoundError, PathError

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.store.workspace import Workspace

__all__ = [
    "SETTINGS_FORMAT",
    "SETTINGS_NAME",
    "ChatSettings",
    "ComplaintDays",
    "ServiceSettings",
    "WebhookSetting",
    "find_chat",
    "read_settings",
]

SETTINGS_NAME = "service.yaml"
SETTINGS_FORMAT = "dualtrack.service/1"

_FILES = 8
"""Files kept read: a process serves one workspace, tests a few."""

_DAYS_MAX = 366
"""Longest clock of a complaint: a year."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,200}(?::\d{1,5})?")


class WebhookSetting(Record, frozen=True):
    """A connector to a help desk: `id` stands in the address that the desk calls, `secret` names a file of the secrets folder.

    `url` is where messages are sent to: for chatwoot the address of the account (https://desk.example/api/v1/accounts/3).
    """

    id: Slug
    kind: Literal["chatwoot", "signed"]
    secret: Slug
    url: str | None = None
    token: Slug | None = None


class ComplaintDays(Record, frozen=True):
    """Calendar days within which a firm acknowledges a complaint and replies to it, and which of its rules says so."""

    acknowledge: Annotated[int, Meta(ge=0, le=_DAYS_MAX)]
    reply: Annotated[int, Meta(ge=1, le=_DAYS_MAX)]
    source: Text


class ChatSettings(Record, frozen=True):
    """One chat. `cannot` says what it can't do, `team` who takes over, `answer_minutes` how soon in business time.

    `framed_by` are the origins of the firm's own pages that may show it in a frame. `complaints` are the firm's own days; without them the
    shipped ones run (complaints.yaml).
    """

    use: UseName
    title: Text
    welcome: Text
    cannot: Text
    team: Text
    answer_minutes: Annotated[int, Meta(ge=1, le=100_000)] = 30
    hours: BusinessHours | None = None
    call_back: bool = True
    framed_by: list[str] = []
    webhooks: list[WebhookSetting] = []
    intents: str | None = None
    complaints: ComplaintDays | None = None

    @property
    def open_hours(self) -> BusinessHours:
        """The team's hours; the usual office hours where none are given."""
        return self.hours or default_hours()


class ServiceSettings(Record, frozen=True):
    """All chats of a workspace."""

    format: str
    chats: list[ChatSettings]


def read_settings(workspace: Workspace) -> ServiceSettings:
    """Read the settings; none where the file is missing. Raises FieldError naming the chat and field."""
    path = workspace.path(SETTINGS_NAME)
    try:
        found = path.stat()
        return _read(path, found.st_mtime_ns, found.st_size, found.st_ino)
    except FileNotFoundError:
        return ServiceSettings(format=SETTINGS_FORMAT, chats=[])
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=SETTINGS_NAME, fix="check the file") from error


@lru_cache(_FILES)
def _read(path: Path, *_as_of: int) -> ServiceSettings:
    """Read the file as it stands: every turn asks for it, and a changed file has another time, size or number."""
    data = path.read_bytes()
    found = read_record(read_yaml(data, where=SETTINGS_NAME), ServiceSettings, where=SETTINGS_NAME)
    if found.format != SETTINGS_FORMAT:
        raise FieldError(f"format {found.format!r:.60}", where=SETTINGS_NAME, expected=SETTINGS_FORMAT)
    seen: set[str] = set()
    hooks: set[str] = set()
    for chat in found.chats:
        place = f"{SETTINGS_NAME}, chat {chat.use}"
        if chat.use in seen:
            raise FieldError("two chats of one use", where=place, fix="keep one of them")
        seen.add(chat.use)
        odd = [origin for origin in chat.framed_by if _ORIGIN.fullmatch(origin) is None]
        if odd:
            raise FieldError(
                f"{odd[0]!r:.80}", where=f"{place}, field framed_by", expected="https://host, without a path"
            )
        days = chat.complaints
        if days is not None and days.reply < days.acknowledge:
            raise FieldError(
                f"a reply in {days.reply} days, before it is acknowledged in {days.acknowledge}",
                where=f"{place}, field complaints", expected="reply not shorter than acknowledge",
            )  # fmt: skip
        for hook in chat.webhooks:
            if hook.id in hooks:
                raise FieldError(f"two webhooks {hook.id!r}", where=place, fix="give each its own id")
            hooks.add(hook.id)
    return found


def find_chat(settings: ServiceSettings, use: str) -> ChatSettings:
    """Return the chat of a use; raises NotFoundError in words that repeat nothing of what was asked."""
    found = next((chat for chat in settings.chats if chat.use == use), None)
    if found is None:
        raise NotFoundError(
            "no chat of this use", where=SETTINGS_NAME, fix="set it up in service.yaml of the workspace"
        )
    return found
