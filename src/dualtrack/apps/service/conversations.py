"""Conversations: begun, found by what opens them, read, written to. Every word is sealed in the vault and every step is an entry."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.apps.service.records import BEGAN_KIND, MESSAGE_KIND, STEP_KIND, Began, Message, Step
from dualtrack.apps.service.state import PROJECTIONS, TABLES
from dualtrack.apps.state import state_of
from dualtrack.domain.records import encode
from dualtrack.errors import ConflictError, FieldError, NotFoundError
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import contents_of, find_policy, find_release
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from dualtrack.apps.service.records import Channel, StepName, Who
    from dualtrack.runtime.engine import Runtime
    from dualtrack.store.entries import Receipt
    from dualtrack.store.projections import Projections
    from dualtrack.store.register import Register

__all__ = [
    "MESSAGES_MAX",
    "MESSAGE_CHARACTERS_MAX",
    "TOKEN_CHARACTERS",
    "Conversation",
    "Line",
    "begin",
    "conversations",
    "find",
    "find_external",
    "lines",
    "reread",
    "say",
    "state",
    "step",
]

MESSAGE_CHARACTERS_MAX = 20_000
"""Longest message that is taken in at all; a use's policy lets a model read fewer."""

MESSAGES_MAX = 400
"""Messages of one conversation: a day of chat. Who has more to say is called back."""

TOKEN_CHARACTERS = 43
"""Characters of what opens a conversation: 32 random bytes."""

_TRIES = 8
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Conversation(NamedTuple):
    """A conversation as it stands: the register that it lies in, and its row."""

    register: Register
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Return its id."""
        return str(self.row["id"])

    @property
    def use(self) -> str:
        """Return the use that answers in it."""
        return str(self.row["use_id"])

    @property
    def status(self) -> str:
        """Return who answers now: `assistant`, nobody yet (`waiting`), `agent`; or `closed`."""
        return str(self.row["status"])


class Line(NamedTuple):
    """A message with its words; `content` has beside `text` what an answer came with. None where the words were erased."""

    number: int
    who: Who
    at: str
    content: Mapping[str, Any] | None
    row: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Return the words, empty where they were erased."""
        return str(self.content["text"]) if self.content else ""


class _MovedError(ConflictError):
    """Another message of this conversation was recorded at the same moment."""


def state(register: Register) -> Projections:
    """Return the current state of a firm's conversations."""
    return state_of("service", TABLES, PROJECTIONS, register.repository)


def begin(
    runtime: Runtime,
    use: str,
    *,
    channel: Channel,
    language: str,
    person: str | None = None,
    external: str | None = None,
) -> tuple[str, Conversation]:
    """Begin a conversation; return what opens it, which is kept nowhere, and the conversation.

    `person` is the caller's identifier of the customer; who comes without one is known by the conversation alone. `external` is
    the id of the conversation at a help desk.
    """
    register = _register(runtime, use)
    token, made, at = secrets.token_urlsafe(32), new_id(), register.now()
    subject = runtime.subjects.pseudonym(register.institution, person or f"conversation {made}")
    record = Began(
        conversation=made, use=use, token=_digest(token), channel=channel, language=language, subject=subject, at=at,
        external=external,
    )  # fmt: skip
    register.append_plain([(BEGAN_KIND, use, encode(record))])
    return token, _one(register, id=made)


def find(runtime: Runtime, token: str) -> Conversation:
    """Return the conversation that a token opens; raises NotFoundError in the same words whatever is wrong with it."""
    if len(token) == TOKEN_CHARACTERS:
        digest = _digest(token)
        for register in runtime.registers.values():
            rows = state(register).rows("conversation", token=digest)
            if rows:
                return Conversation(register, rows[0])
    raise NotFoundError("no such conversation", where="conversation", fix="begin a new one")


def find_external(runtime: Runtime, use: str, external: str) -> Conversation | None:
    """Return the newest conversation of a help desk's id that is not closed, or None."""
    register = _register(runtime, use)
    rows = [
        row for row in state(register).rows("conversation", use_id=use, external=external) if row["status"] != "closed"
    ]
    return Conversation(register, max(rows, key=lambda row: str(row["begun_at"]))) if rows else None


def conversations(register: Register, *, use: str | None = None, status: str | None = None) -> list[Conversation]:
    """Return the conversations of a firm, narrowed to a use and a status, in the order in which they began."""
    equal = {name: value for name, value in (("use_id", use), ("status", status)) if value is not None}
    return [Conversation(register, row) for row in state(register).rows("conversation", **equal)]


def reread(found: Conversation) -> Conversation:
    """Return a conversation as it stands now."""
    return _one(found.register, id=found.id)


def lines(found: Conversation, *, after: int = 0) -> list[Line]:
    """Return the messages of a conversation in order, with their words."""
    rows = state(found.register).rows("message", conversation=found.id)
    contents = contents_of(found.register)
    read = []
    for row in rows:
        if row["number"] <= after:
            continue
        try:
            content = _decode(contents.open(row["text"]))
        except NotFoundError:
            content = None  # erased
        read.append(Line(row["number"], row["who"], row["at"], content, row))
    return read


def say(
    runtime: Runtime,
    found: Conversation,
    who: Who,
    content: Mapping[str, Any],
    *,
    by: str | None = None,
    **about: str | None,
) -> int:
    """Record a message; return its number. `content` has the words as `text`; `about` are further members of `Message`.

    Raises FieldError for no words, or too many, ConflictError in a closed conversation.
    """
    text = str(content["text"])
    if not text.strip() or len(text) > MESSAGE_CHARACTERS_MAX:
        raise FieldError(
            "no words" if not text.strip() else f"{len(text)} characters", where="message",
            expected=f"1 to {MESSAGE_CHARACTERS_MAX} characters", fix="write a shorter message",
        )  # fmt: skip
    register, contents = found.register, runtime.recorder(found.register.institution).contents
    sealed = contents.seal(str(found.row["subject"]), _encode(content), _retention(register, found.use))
    keys = contents.new_keys([sealed])
    for _ in range(_TRIES):
        size = register.repository.size()
        number = _next_number(found)
        record = Message(
            conversation=found.id, number=number, who=who, text=sealed.digest, at=register.now(), by=by, **about
        )

        def beside(
            connection: Connection, _receipts: Sequence[Receipt], *, size: int = size, at: str = record.at
        ) -> None:
            if _came_since(found, size):
                raise _MovedError("another message came at the same moment", where=f"conversation {found.id}")
            contents.write(connection, [sealed], keys, at)

        try:
            register.append_with([NewEntry(MESSAGE_KIND, register.institution, found.use, encode(record))], beside)
        except _MovedError:
            continue
        contents.written(keys)
        return number
    raise ConflictError("many messages came at the same moment", where=f"conversation {found.id}", fix="send it again")


def step(
    found: Conversation,
    name: StepName,
    *,
    by: str,
    number: int = 0,
    why: Sequence[str] = (),
    urgent: bool = False,
    due: str | None = None,
    complaint: int | None = None,
) -> Conversation:
    """Record a step of a conversation; return the conversation as it stands then."""
    register = found.register
    record = Step(
        conversation=found.id, step=name, by=by, at=register.now(), number=number, why=list(why), urgent=urgent, due=due,
        complaint=complaint,
    )  # fmt: skip
    register.append_plain([(STEP_KIND, found.use, encode(record))])
    return reread(found)


def _next_number(found: Conversation) -> int:
    rows = state(found.register).rows("message", conversation=found.id)
    if len(rows) >= MESSAGES_MAX:
        raise ConflictError(
            f"{len(rows)} messages",
            where=f"conversation {found.id}",
            fix="begin a new conversation, or ask for a person",
        )
    return max((int(row["number"]) for row in rows), default=0) + 1


def _came_since(found: Conversation, size: int) -> bool:
    entries = found.register.repository.every(kinds=(MESSAGE_KIND,), ids=(found.use,), start=size)
    return any(found.id.encode() in entry.content for entry in entries if hasattr(entry, "content"))


def _register(runtime: Runtime, use: str) -> Register:
    found = runtime.registers.get(use.partition("/")[0])
    if found is None:
        raise NotFoundError("no such institution here", where="use", fix="name the use as `institution/use`")
    return found


def _one(register: Register, **equal: str) -> Conversation:
    rows = state(register).rows("conversation", **equal)
    if not rows:
        raise NotFoundError("no such conversation", where="conversation", fix="begin a new one")
    return Conversation(register, rows[0])


def _retention(register: Register, use: str) -> str:
    newest = register.latest_release(use)
    if newest is None:
        return "standard"
    return find_policy(register, use, find_release(register, use, newest).policy.runtime).retention


def _digest(token: str) -> str:
    return hashlib.sha256(b"dualtrack/service/v1\x00" + token.encode()).hexdigest()
