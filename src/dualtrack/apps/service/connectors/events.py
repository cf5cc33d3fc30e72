"""Chatwoot's events as they come, as far as they are read here. Members that we do not know are passed over: each version has more of them.

Forms: app/models/message.rb `webhook_data` and app/presenters/conversations/event_data_presenter.rb `push_data` of Chatwoot 4, and
events recorded from it (tests/apps/data/chatwoot/README.md). `id` of a conversation is its number in the account, which the API takes.
"""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["ChangeEvent", "Inbox", "MessageEvent", "Owner", "Sender", "TheirConversation"]


class Owner(msgspec.Struct, frozen=True):
    """The account, or another thing that is known by its id."""

    id: int


class Sender(msgspec.Struct, frozen=True):
    """Who wrote: `type` is user or agent_bot; newer versions give none for a contact, older ones `contact`."""

    id: int
    type: str | None = None


class Inbox(msgspec.Struct, frozen=True):
    """The customer at one inbox."""

    contact_id: int
    inbox_id: int


class _Last(msgspec.Struct, frozen=True):
    """The newest message of a conversation, for the account that it names."""

    account_id: int | None = None


class TheirConversation(msgspec.Struct, frozen=True):
    """A conversation: `status` is pending (a bot's), open or snoozed (people's), or resolved."""

    id: int
    status: str
    contact_inbox: Inbox | None = None
    messages: list[_Last] = []


class MessageEvent(msgspec.Struct, frozen=True):
    """A message was made: incoming (of a contact), outgoing (of a user or bot) or template. `content` is null for a picture alone."""

    id: int
    message_type: str
    account: Owner
    conversation: TheirConversation
    content: str | None = None
    private: bool = False
    sender: Sender | None = None
    content_attributes: dict[str, Any] | None = None


class ChangeEvent(msgspec.Struct, frozen=True):
    """A conversation changed its status. Versions of 2025 name the account only in the newest message, if there is one."""

    id: int
    status: str
    account: Owner | None = None
    account_id: int | None = None
    messages: list[_Last] = []

    @property
    def accounts(self) -> set[int]:
        """Return every account that is named."""
        named = {last.account_id for last in self.messages} | {self.account_id}
        return {each for each in named if each is not None} | ({self.account.id} if self.account else set())
