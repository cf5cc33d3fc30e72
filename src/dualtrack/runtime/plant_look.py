"""What a planted item takes from an ordinary held decision, so that nobody tells it by its marks, and what both kinds share.

Of a conversation that carries tools it takes what the firm's own program sent: tools, parameters, texts of the system. One in
which a tool was called before, and answered, holds what a person's data gave; it lends nothing.
"""

from __future__ import annotations

import secrets
import time
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import select

from dualtrack.domain.records import Text
from dualtrack.errors import NotFoundError, ReviewError
from dualtrack.runtime.call import Call
from dualtrack.runtime.faces.chat_tools import Extra, read_output
from dualtrack.runtime.guards.base import Piece
from dualtrack.runtime.lookup import contents_of, find_decision
from dualtrack.runtime.reasons import is_directed, read_reasons
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from dualtrack.domain.decision import Decision, UpstreamCall
    from dualtrack.domain.planting import KnownWrong
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.journal import Prepared
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.reasons import Reason
    from dualtrack.store.register import Register

__all__ = ["DONORS_MAX", "WAIT_S_MAX", "Dressed", "Look", "Tools", "begin_call", "looks", "refused", "wait_as"]

DONORS_MAX = 50
"""Newest held reviews of which one lends its look: upstream calls, tools, and whether a person is named."""

WAIT_S_MAX = 20.0
"""Longest wait for the model that is not asked: the time between two entries would otherwise tell."""

_LOW, _HIGH = 0.8, 1.25
_chance = secrets.SystemRandom()


class Tools(NamedTuple):
    """What a program sent beside its texts, as guards read it: tools and parameters; and the calls that the model asked for."""

    extras: tuple[Extra, ...] = ()
    called: tuple[dict[str, Any], ...] = ()

    @property
    def offered(self) -> list[dict[str, Any]]:
        """The tools that were offered."""
        return [extra.value for extra in self.extras if extra.part.startswith("tools[")]

    @property
    def names(self) -> frozenset[str]:
        """Their names."""
        return frozenset(str(tool["function"]["name"]) for tool in self.offered)


class Look(NamedTuple):
    """What a planted item takes from an ordinary one; `system` is what the firm's program said before the person did.

    `reasoned` tells whether it has reasons of a model, `bilingual` whether these are kept in both languages, and `directed`
    whether they say which way they moved the output.
    """

    upstream: list[UpstreamCall]
    named: bool
    reasoned: bool
    system: tuple[Piece, ...] = ()
    bilingual: bool = False
    tools: Tools = Tools()
    directed: bool = False

    def fits(self, item: KnownWrong) -> bool:
        """Tell whether an item can be taken for such a decision: reasons stand where they are expected, and nowhere else.

        A planted item's person is nobody, who has no earlier decisions: where people are named, it must not speak of any.
        Its draft asks for tools where this one did, as many times, and only for those that were offered here.
        """
        earlier = isinstance(item.asked, list) and len(item.asked) > 1
        reasoned = self.reasoned and isinstance(
            item.asked, dict
        )  # those of a conversation are titles: the program's own
        called = len(item.calls) == len(self.tools.called) and self.tools.names >= {call.tool for call in item.calls}
        return bool(item.reasons) == reasoned and called and not (self.named and earlier)

    @property
    def seconds(self) -> float:
        """How long its models took."""
        return min(sum(call.us for call in self.upstream) / 1_000_000, WAIT_S_MAX)


class Dressed(NamedTuple):
    """The record of a call that stands in for an ordinary one, and the review opened with it."""

    record: Prepared
    review: str


def looks(register: Register, live: LiveUse, plants: Collection[str]) -> Iterator[Look]:
    """Yield the looks of ordinary held decisions of this release, drawn by chance; raises ReviewError where none can lend.

    Figures are varied, so that no two decisions have the same.
    """
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(table.c.id, table.c.decision_id).where(
        table.c.ledger == register.repository.ledger,
        table.c.use_id == live.use,
        table.c.why == "hold_before_release",
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.order_by(table.c.id.desc()).limit(DONORS_MAX)).all()
    found = [find_decision(register, decision) for review, decision in rows if review not in plants]
    donors = [record for record in found if record.release == live.release]
    if not donors:
        raise refused(live.use, "no ordinary review of this release yet", "plant when people have some to review")
    _chance.shuffle(donors)
    lent = 0
    for donor in donors:
        tools = _tools_of(register, donor)
        if tools is not None:
            lent += 1
            calls, named = [_varied(call) for call in donor.upstream], donor.subject is not None
            said = [item for item in _reasons_of(register, donor) if isinstance(item, Text)]
            yield Look(
                calls, named, donor.reasons is not None, _system_of(register, donor), bool(said), tools,
                any(is_directed(item) for item in said),
            )  # fmt: skip
    if not lent:
        raise refused(
            live.use, "every ordinary conversation goes on from a tool's answer", "plant once some begin anew"
        )


def begin_call(runtime: Runtime, live: LiveUse, language: Language, look: Look, content: bytes) -> Call:
    """Begin a call that takes no quota; a pseudonym of nobody stands where ordinary calls name a person."""
    subject = secrets.token_hex(32) if look.named else None
    recorder = runtime.recorder(live.institution)
    call = Call(live, recorder, runtime.clock(), subject=subject, language=language, content=content)
    call.planted = True
    return call


def wait_as(call: Call, look: Look, *, intended: bool) -> None:
    """Do as if the models answered: the intent before, their time, and their calls in the record."""
    if intended:
        waiting = call.recorder.put(call.intent(), durable=True)
        assert waiting is not None, "durable records are waited for"
        waiting.result()
    begun_ns = time.perf_counter_ns()
    time.sleep(look.seconds)
    call.upstream += look.upstream
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000


def refused(use: str, found: str, fix: str, kind: str = "") -> ReviewError:
    """Return the error where nothing can be planted."""
    return ReviewError(found, where=f"{use}, planting", fix=fix, code="review.plant" + (f".{kind}" if kind else ""))


def _reasons_of(register: Register, donor: Decision) -> list[Reason]:
    """Return its reasons: an item's must be kept as they are, or a reader of the other language tells it by them."""
    if donor.reasons is None:
        return []
    try:
        return read_reasons(contents_of(register).open(donor.reasons))
    except NotFoundError:
        return []


def _system_of(register: Register, donor: Decision) -> tuple[Piece, ...]:
    """Return the leading texts of a conversation that are the firm's own program's; nothing that a person wrote is used."""
    texts = takewhile(lambda item: item["role"] == "system", _asked(register, donor))
    return tuple(Piece("system", str(item["text"])) for item in texts)


def _tools_of(register: Register, donor: Decision) -> Tools | None:
    """Return tools, parameters and calls of a decision; None where a tool was called before it, or its draft is erased."""
    asked = _asked(register, donor)
    extras = [item for item in asked if "part" in item]
    if any(item["role"] == "tool" and "part" not in item for item in asked) or any(
        item["part"].startswith("messages[") for item in extras
    ):
        return None
    if not extras:
        return Tools()
    try:
        called = read_output(contents_of(register).open(donor.output or "")).tool_calls
    except NotFoundError:
        return None
    # The texts as they stand, since they are in the order in which the program wrote its JSON, and the values are not.
    return Tools(
        tuple(Extra(item["part"], item["value"], item["value"], item["text"]) for item in extras), tuple(called)
    )


def _asked(register: Register, donor: Decision) -> list[dict[str, Any]]:
    """Return what a conversation's record keeps of its input; nothing of a row, or of one that was erased."""
    try:
        said = msgspec.json.decode(contents_of(register).open(donor.input))
    except NotFoundError:
        return []
    return said if isinstance(said, list) else []


def _varied(call: UpstreamCall) -> UpstreamCall:
    def near(value: int) -> int:
        return round(value * _chance.uniform(_LOW, _HIGH))

    return msgspec.structs.replace(
        call,
        us=near(call.us),
        tokens_in=None if call.tokens_in is None else near(call.tokens_in),
        tokens_out=None if call.tokens_out is None else near(call.tokens_out),
    )
