"""Conversations: begun, found by what opens them, read, written to. Every word is sealed in the vault and every step is an entry."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from dualtrack.apps.service.records import BEGAN_KIND, MESSAGE_KIND, STEP_KIND, Began, Message, Step
from dualtrack.apps.service.state import PROJECTIONS, TABLES, begun, written
from dualtrack.apps.state import state_of
from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant
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
    "Said",
    "Seen",
    "begin",
    "conversations",
    "find",
    "find_external",
    "lines",
    "moved",
    "record_steps",
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


class Seen(NamedTuple):
    """The last message of a conversation by its number (0: none yet), and the ledger's size when there was no later one."""

    number: int
    size: int


class Said(NamedTuple):
    """A message that was recorded, and what is known of the conversation since."""

    line: Line
    seen: Seen


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
    token, made, at = secrets.token_urlsafe(32), new_id(), format_instant(runtime.clock())
    subject = runtime.subjects.pseudonym(register.institution, person or f"conversation {made}")
    record = Began(
        conversation=made, use=use, token=_digest(token), channel=channel, language=language, subject=subject, at=at,
        external=external,
    )  # fmt: skip
    register.append_plain([(BEGAN_KIND, use, encode(record))])
    return token, Conversation(register, {"id": made, **begun(record)})


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
    rows = [row for row in state(found.register).rows("message", conversation=found.id) if row["number"] > after]
    words = contents_of(found.register).open_many([row["text"] for row in rows])
    return [
        Line(row["number"], row["who"], row["at"], _decode(words[row["text"]]) if row["text"] in words else None, row)
        for row in rows
    ]


def say(
    runtime: Runtime,
    found: Conversation,
    who: Who,
    content: Mapping[str, Any],
    *,
    by: str | None = None,
    seen: Seen | None = None,
    steps: Sequence[Step] = (),
    **about: str | None,
) -> Said:
    """Record a message and return it. `content` has the words as `text`; `about` are further members of `Message`.

    `steps` are recorded with it: all or none.

    `seen` is what the caller knows to be the last message; it is looked for where nothing is given, or another came since.
    Raises FieldError for no words, or too many, ConflictError in a closed conversation.
    """
    text = str(content["text"])
    if not text.strip() or len(text) > MESSAGE_CHARACTERS_MAX:
        raise FieldError(
            "no words" if not text.strip() else f"{len(text)} characters", where="message",
            expected=f"1 to {MESSAGE_CHARACTERS_MAX} characters", fix="write a shorter message",
        )  # fmt: skip
    register, contents = found.register, runtime.recorder(found.register.institution).contents
    sealed = contents.seal(str(found.row["subject"]), _encode(content), _retention(runtime, register, found.use))
    keys, of_steps = contents.new_keys([sealed]), [_entry(found, STEP_KIND, each) for each in steps]
    for _ in range(_TRIES):
        size = register.repository.size()
        if seen is None or (seen.size < size and _came_since(found, seen.size)):
            seen = Seen(_last_number(found), size)
        if seen.number >= MESSAGES_MAX:
            raise ConflictError(
                f"{seen.number} messages",
                where=f"conversation {found.id}",
                fix="begin a new conversation, or ask for a person",
            )
        at = format_instant(runtime.clock())
        record = Message(
            conversation=found.id, number=seen.number + 1, who=who, text=sealed.digest, at=at, by=by, **about
        )

        def beside(connection: Connection, receipts: Sequence[Receipt], *, size: int = size, at: str = at) -> None:
            if receipts[0].index > size and _came_since(found, size):
                raise _MovedError("another message came at the same moment", where=f"conversation {found.id}")
            contents.write(connection, [sealed], keys, at)

        try:
            written_at = register.append_with([_entry(found, MESSAGE_KIND, record), *of_steps], beside)
        except _MovedError:
            continue
        contents.written(keys)
        row = {"conversation": found.id, "number": record.number, **written(record)}
        return Said(Line(record.number, who, at, content, row), Seen(record.number, written_at[-1].index + 1))
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
    record = Step(
        conversation=found.id, step=name, by=by, at=found.register.now(), number=number, why=list(why), urgent=urgent, due=due,
        complaint=complaint,
    )  # fmt: skip
    return record_steps(found, [record])


def record_steps(found: Conversation, steps: Sequence[Step]) -> Conversation:
    """Record steps of a conversation together; return the conversation as it stands then."""
    found.register.append_plain([(STEP_KIND, found.use, encode(each)) for each in steps])
    return reread(found)


def _entry(found: Conversation, kind: str, record: Message | Step) -> NewEntry:
    return NewEntry(kind, found.register.institution, found.use, encode(record))


def _last_number(found: Conversation) -> int:
    rows = state(found.register).rows("message", conversation=found.id)
    return max((int(row["number"]) for row in rows), default=0)


def moved(found: Conversation, since: int) -> bool:
    """Say whether a step of the conversation was recorded since the ledger had this size."""
    return _about(found, STEP_KIND, since)


def _came_since(found: Conversation, size: int) -> bool:
    return _about(found, MESSAGE_KIND, size)


def _about(found: Conversation, kind: str, size: int) -> bool:
    """Say whether an entry of a kind about this conversation came since the ledger had this size."""
    entries = found.register.repository.every(kinds=(kind,), ids=(found.use,), start=size)
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


def _retention(runtime: Runtime, register: Register, use: str) -> str:
    """Return the class of a use's contents: by its policy in force, else by that of its newest release."""
    live = runtime.gate.known(use)
    if live is not None:
        return live.policy.retention
    newest = register.latest_release(use)
    if newest is None:
        return "standard"
    return find_policy(register, use, find_release(register, use, newest).policy.runtime).retention


def _digest(token: str) -> str:
    return hashlib.sha256(b"dualtrack/service/v1\x00" + token.encode()).hexdigest()
