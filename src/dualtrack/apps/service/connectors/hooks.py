"""One connector as it is set up: its chat, where it sends to, its secrets, and the names that its conversations and people have with us."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import structlog

from dualtrack.apps.service.settings import SETTINGS_NAME, read_settings
from dualtrack.errors import DualtrackError, FieldError, NotFoundError, OverloadError
from dualtrack.runtime.upstream.request import read_target
from dualtrack.runtime.upstream.secrets import SecretFolder

if TYPE_CHECKING:
    from dualtrack.apps.service.conversations import Conversation
    from dualtrack.apps.service.settings import ChatSettings, WebhookSetting
    from dualtrack.runtime.engine import Runtime

__all__ = ["Hook", "find_hook", "hook_of", "read_secret"]

_ACCOUNT = re.compile(r"/api/v1/accounts/([1-9][0-9]{0,18})")
_log = structlog.get_logger("dualtrack.service")


class Hook(NamedTuple):
    """A connector and the chat that it belongs to."""

    chat: ChatSettings
    setting: WebhookSetting

    @property
    def id(self) -> str:
        """Return its id, which stands in its address."""
        return self.setting.id

    @property
    def account(self) -> int:
        """Return the account of the desk that its url names; raises FieldError where it names none."""
        found = _ACCOUNT.search(self.setting.url or "")
        if found is None or not (self.setting.url or "").endswith(found[0]):
            raise FieldError(
                "no address of an account", where=f"{SETTINGS_NAME}, webhook {self.id}, field url",
                expected="https://desk.example/api/v1/accounts/3", fix="copy it from the desk's own address",
            )  # fmt: skip
        return int(found[1])

    @property
    def origin(self) -> str:
        """Return where it sends to, without the path: what may stand in a log."""
        return read_target(self.setting.url or "").origin

    def external(self, conversation: int | str) -> str:
        """Return the name of one of its conversations: no other connector's can have it."""
        return f"{self.id}:{conversation}"

    def theirs(self, found: Conversation) -> str:
        """Return what the desk calls a conversation of ours."""
        return str(found.row["external"]).partition(":")[2]

    def person(self, *parts: int | str) -> str:
        """Return the identifier of a customer, which is kept only as a pseudonym."""
        return f"{self.id}:{':'.join(map(str, parts))}"

    def agent(self, name: int | str) -> str:
        """Return the name of somebody who answers at the desk: by number, for their name is the desk's to keep."""
        return f"{self.id}:{name}"


def find_hook(runtime: Runtime, name: str) -> Hook:
    """Return the connector of an address; raises NotFoundError in words that repeat nothing of what was asked."""
    for chat in read_settings(runtime.store.workspace).chats:
        for setting in chat.webhooks:
            if setting.id == name:
                return Hook(chat, setting)
    raise NotFoundError("no such connector", where="address", fix=f"set it up in {SETTINGS_NAME} of the workspace")


def hook_of(runtime: Runtime, found: Conversation) -> Hook | None:
    """Return the connector that a conversation came by, or None: it came by none, or by one that is set up no more."""
    name, colon, _ = str(found.row["external"] or "").partition(":")
    if not colon:
        return None
    try:
        hook = find_hook(runtime, name)
    except NotFoundError:
        return None
    return hook if hook.chat.use == found.use else None


def read_secret(runtime: Runtime, name: str | None, hook: Hook) -> str:
    """Return a secret of a connector as its file has it now; raises OverloadError (503), which names no file to who asks from outside."""
    try:
        if name is None:
            raise FieldError("no token", where=f"webhook {hook.id}", fix="name a file of secrets/")
        return SecretFolder(runtime.store.workspace.path("secrets"), (name,)).get(name).reveal()
    except DualtrackError as error:
        _log.warning("connector without its secret", hook=hook.id, code=error.code)
        raise OverloadError(
            "this connector cannot be used now", where="connector", fix="look into the log of the server"
        ) from error
