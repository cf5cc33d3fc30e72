"""Plants known-wrong items among held reviews, so that it shows whether people as a group catch what is wrong.

A planted item goes the way of a real call: real guards, the same record and review, an intent where real calls have one. Only
no model is asked, no quota is taken, nobody waits for an answer, and its receipt code is thrown away. The decision is recorded
in the use's own mode: people who review may read the ledger, and any other mode there would tell them. That it was planted is
committed to by the review's seal and lies sealed on the shelf, by which counts and signals leave it out.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog
from sqlalchemy import func, select

from dualtrack.domain.planting import Planted
from dualtrack.domain.records import Text
from dualtrack.errors import ConflictError, DualtrackError, NotFoundError, RefusedError, ReviewError
from dualtrack.runtime.call import Call
from dualtrack.runtime.decide import Ended, Scoring, check_row, conclude_row
from dualtrack.runtime.faces.chat import Turn, check_output, disclosure_due
from dualtrack.runtime.faces.chat_reasons import cited_titles
from dualtrack.runtime.faces.chat_request import ChatRequest, language_in
from dualtrack.runtime.guards.base import Checked, Piece
from dualtrack.runtime.guards.chain import run_guards
from dualtrack.runtime.guards.tipping_off import without_suspicion
from dualtrack.runtime.lookup import contents_of, decision_row, id_floor, record_at
from dualtrack.runtime.once import request_key
from dualtrack.runtime.plant_shelf import newest_stock, read_shelf, seal_plant
from dualtrack.runtime.reasons import read_reasons
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.domain.decision import Decision, UpstreamCall
    from dualtrack.domain.planting import KnownWrong
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.journal import Prepared
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.reasons import Reason
    from dualtrack.store.register import Register

__all__ = ["DONORS_MAX", "WAIT_S_MAX", "Planter", "plant", "plant_within_share"]

DONORS_MAX = 50
"""Newest held reviews of which one lends its look: upstream calls, and whether a person is named."""

WAIT_S_MAX = 20.0
"""Longest wait for the model that is not asked: the time between two entries would otherwise tell."""

_LOW, _HIGH = 0.8, 1.25
_PERCENT = 100
_chance = secrets.SystemRandom()
_encode = msgspec.json.Encoder(order="sorted").encode
_log = structlog.get_logger("dualtrack.runtime")


class _Look(NamedTuple):
    """What a planted item takes from an ordinary one; `system` is what the firm's program said before the person did.

    `reasoned` tells whether it has reasons of a model, and `bilingual` whether these are kept in both languages.
    """

    upstream: list[UpstreamCall]
    named: bool
    reasoned: bool
    system: tuple[Piece, ...] = ()
    bilingual: bool = False

    def fits(self, item: KnownWrong) -> bool:
        """Tell whether an item can be taken for such a decision: reasons stand where they are expected, and nowhere else.

        A planted item's person is nobody, who has no earlier decisions: where people are named, it must not speak of any.
        """
        earlier = isinstance(item.asked, list) and len(item.asked) > 1
        reasoned = self.reasoned and isinstance(
            item.asked, dict
        )  # those of a conversation are titles: the program's own
        return bool(item.reasons) == reasoned and not (self.named and earlier)

    @property
    def seconds(self) -> float:
        """How long its models took."""
        return min(sum(call.us for call in self.upstream) / 1_000_000, WAIT_S_MAX)


class _Dressed(NamedTuple):
    """The record of a call that stands in for an ordinary one, and the review opened with it."""

    record: Prepared
    review: str


def plant_within_share(runtime: Runtime, use: str, *, by: str | None = None) -> str:
    """As `plant`, unless the share that the firm set is reached, or another is being planted, here or in another process.

    `by` is who does it by hand: their name is sealed with it. Raises ReviewError also for these two.
    """
    institution = use.partition("/")[0]
    asked = request_key(institution, "planting", use, b"")
    try:
        runtime.once.begin(asked)
    except ConflictError:
        raise _refused(
            use, "one is being planted", "wait until it is, which takes as long as the model does", "under-way"
        ) from None
    try:
        register = runtime.registers.get(institution)
        stock = newest_stock(register, use) if register else None
        if register is None or stock is None:
            raise _no_item(use)
        if not _within(register, use, read_shelf(register).plants, stock.share_percent / _PERCENT):
            raise _refused(
                use, f"{stock.share_percent} of a hundred are planted already",
                "wait until more ordinary reviews have opened, or lay items in with a larger share", "share",
            )  # fmt: skip
        return plant(runtime, use, by=by)
    finally:
        runtime.once.end(asked, None)


def plant(runtime: Runtime, use: str, *, by: str | None = None) -> str:
    """Plant one of a use's unused items now, drawn by chance and whatever the share; returns the review.

    Raises NotFoundError without an item, RefusedError where the use is closed, and ReviewError where its outputs are not held
    for people, where no ordinary review was opened yet that this one could be taken for, or where a guard stops the item.
    """
    live = runtime.gate.enter(use)
    register = runtime.registers[live.institution]
    if live.review != "hold" or live.mode not in {"live", "trial"}:
        raise _refused(use, "its outputs are not held for people", "plant where every output waits for a person")
    shelf = read_shelf(register)
    unused = shelf.unused(use)
    if not unused:
        raise _no_item(use)
    look = _look(register, live, shelf.plants)
    fit = [digest for digest in unused if look.fits(shelf.items[digest].item)]
    if not fit:
        raise _refused(
            use, "no item looks like the ordinary ones",
            "give reasons where the model does, and only there; where calls name people, ask one question and no more",
        )  # fmt: skip
    digest = _chance.choice(fit)
    item = shelf.items[digest].item
    dressed = (
        _as_row(runtime, live, item, look) if isinstance(item.asked, dict) else _as_chat(runtime, live, item, look)
    )
    recorder, row = runtime.recorder(live.institution), dressed.record.row
    assert row is not None, "every ended call has a row"
    planted = Planted(use=use, review=dressed.review, decision=row.id, item=digest, at=row.at, by=by)
    sealed = seal_plant(recorder.contents, planted)
    record = dressed.record._replace(contents=(*dressed.record.contents, sealed))
    waiting = recorder.put(record, durable=True)
    assert waiting is not None, "durable records are waited for"
    waiting.result()
    return dressed.review


class Planter:
    """Plants by itself at random moments: each ordinary held review draws with the share that the firm set, never above it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: dict[str, str] = {}
        self._mutex = threading.Lock()

    def look(self) -> int:
        """Draw for the reviews that opened since the last look; returns how many items were planted."""
        count = 0
        with self._mutex:
            for register in self._runtime.registers.values():
                try:
                    count += self._look(register)
                except DualtrackError as error:  # the next look draws again
                    _log.warning("nothing planted", institution=register.institution, code=error.code)
        return count

    def _look(self, register: Register) -> int:
        shelf, count = read_shelf(register), 0
        for use in sorted({found.use for found in shelf.items.values()}):
            if not shelf.unused(use):
                continue
            floor = id_floor(register.clock().timestamp())
            since = self._seen.get(use)
            self._seen[use] = floor
            stock = newest_stock(register, use)
            if since is None or stock is None:  # what opened before this process looked draws nothing
                continue
            share = stock.share_percent / _PERCENT
            new = _held(register, use, since, floor)
            if any(_chance.random() < share for _ in range(new)):
                count += self._planted(use)
        return count

    def _planted(self, use: str) -> int:
        try:
            plant_within_share(self._runtime, use)
        except DualtrackError as error:
            _log.warning("nothing planted", use=use, code=error.code)
            return 0
        return 1


def _within(register: Register, use: str, plants: Mapping[str, Planted], share: float) -> bool:
    """Tell whether one more keeps the planted ones within the share of all held reviews since the first was planted."""
    mine = sorted(review for review, found in plants.items() if found.use == use)
    if not mine:
        return True
    held = _held(register, use, mine[0], id_floor(register.clock().timestamp()))
    return len(mine) + 1 <= share * (held + 1)


def _held(register: Register, use: str, low: str, high: str) -> int:
    """Count a use's held reviews between two ids, which sort by time."""
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(func.count()).where(
        table.c.ledger == register.repository.ledger,
        table.c.id >= low,
        table.c.id < high,
        table.c.use_id == use,
        table.c.why == "hold_before_release",
    )
    with register.repository.backend.read() as connection:
        return int(connection.execute(query).scalar_one())


def _look(register: Register, live: LiveUse, plants: Collection[str]) -> _Look:
    """Draw an ordinary held decision of this release; its figures are varied, so that no two decisions have the same."""
    Projections(register.repository).catch_up()
    table = register.repository.tables.review
    query = select(table.c.id, table.c.decision_id).where(
        table.c.ledger == register.repository.ledger,
        table.c.use_id == live.use,
        table.c.why == "hold_before_release",
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.order_by(table.c.id.desc()).limit(DONORS_MAX)).all()
    found = [record for review, decision in rows if review not in plants for record in [_record(register, decision)]]
    found = [record for record in found if record.release == live.release]
    if not found:
        raise _refused(live.use, "no ordinary review of this release yet", "plant when people have some to review")
    donor = _chance.choice(found)
    calls, named = [_varied(call) for call in donor.upstream], donor.subject is not None
    return _Look(calls, named, donor.reasons is not None, _system_of(register, donor), _is_bilingual(register, donor))


def _is_bilingual(register: Register, donor: Decision) -> bool:
    """Tell whether reasons are kept in both languages: an item's would else be told by a reader of the other one."""
    if donor.reasons is None:
        return False
    try:
        return any(isinstance(item, Text) for item in read_reasons(contents_of(register).open(donor.reasons)))
    except NotFoundError:
        return False


def _system_of(register: Register, donor: Decision) -> tuple[Piece, ...]:
    """Return the leading texts of a conversation that are the firm's own program's; nothing that a person wrote is used."""
    try:
        said = msgspec.json.decode(contents_of(register).open(donor.input))
    except NotFoundError:
        return ()
    if not isinstance(said, list):
        return ()
    if any("part" in item for item in said):
        raise _refused(donor.use, "ordinary calls carry tools, which no item has", "plant in uses without tools")
    texts = takewhile(lambda item: item["role"] == "system", said)
    return tuple(Piece("system", str(item["text"])) for item in texts)


def _record(register: Register, decision: str) -> Decision:
    return record_at(register, int(decision_row(register, decision)["idx"]))[1]


def _varied(call: UpstreamCall) -> UpstreamCall:
    def near(value: int) -> int:
        return round(value * _chance.uniform(_LOW, _HIGH))

    return msgspec.structs.replace(
        call,
        us=near(call.us),
        tokens_in=None if call.tokens_in is None else near(call.tokens_in),
        tokens_out=None if call.tokens_out is None else near(call.tokens_out),
    )


def _call(runtime: Runtime, live: LiveUse, language: Language, look: _Look, content: bytes) -> Call:
    """Begin a call that takes no quota; a pseudonym of nobody stands where ordinary calls name a person."""
    subject = secrets.token_hex(32) if look.named else None
    recorder = runtime.recorder(live.institution)
    call = Call(live, recorder, runtime.clock(), subject=subject, language=language, content=content)
    call.planted = True
    return call


def _wait(call: Call, look: _Look, *, intended: bool) -> None:
    """Do as if the models answered: the intent before, their time, and their calls in the record."""
    if intended:
        waiting = call.recorder.put(call.intent(), durable=True)
        assert waiting is not None, "durable records are waited for"
        waiting.result()
    begun_ns = time.perf_counter_ns()
    time.sleep(look.seconds)
    call.upstream += look.upstream
    call.upstream_us = (time.perf_counter_ns() - begun_ns) // 1000


def _as_row(runtime: Runtime, live: LiveUse, item: KnownWrong, look: _Look) -> _Dressed:
    assert isinstance(item.asked, dict), "asked of rows only"
    row: dict[str, Any] = dict(item.asked)
    call = _call(runtime, live, item.language, look, _encode(without_suspicion(live.policy, row)))
    with call:
        checked = check_row(runtime, call, row)
        if isinstance(checked, Ended):
            raise _refused(live.use, "a guard stops the item", "plant what would have come to people")
        _wait(call, look, intended=live.durable and bool(look.upstream))
        scoring = Scoring(item.draft, _reasons_of(runtime, live, item, look))
        ended = conclude_row(runtime, call, checked.row or {}, scoring)
        if ended.answer.code != "review.hold" or ended.answer.review is None:
            raise _refused(live.use, "a guard stops the item", "plant what would have come to people")
        return _Dressed(ended.record, ended.answer.review)


def _reasons_of(runtime: Runtime, live: LiveUse, item: KnownWrong, look: _Look) -> tuple[Reason, ...]:
    """Return an item's reasons as the model's own are kept: in both languages where it has the words."""
    if not look.bilingual:
        return tuple(item.reasons)
    texts = [field.says for field in live.policy.fields if field.says is not None]
    with contextlib.suppress(RefusedError):  # the use's model runs elsewhere
        texts += runtime.models.of(live).says.values()
    known = {side: text for text in texts for side in (text.en, text.zh)}
    return tuple(known.get(reason, reason) for reason in item.reasons)


def _as_chat(runtime: Runtime, live: LiveUse, item: KnownWrong, look: _Look) -> _Dressed:
    assert not isinstance(item.asked, dict), "asked of conversations only"
    pieces = (*look.system, *(Piece(said.role, said.text) for said in item.asked))
    turn = sum(piece.role == "user" for piece in pieces)
    content = _encode([{"role": piece.role, "text": piece.text} for piece in pieces])
    call = _call(runtime, live, language_in(pieces), look, content)
    with call:
        asked = ChatRequest([], pieces, stream=False, person=None, turn=turn, tools=[], passed={})
        all_pieces = (*runtime.shelf.retrieve(live, pieces, call.language), *pieces)
        begun_ns = time.perf_counter_ns()
        checked = Checked("input", live.use, live.policy, call.language, pieces=all_pieces, turn=turn)
        found = run_guards(live.guards, "input", checked)
        call.input_us = (time.perf_counter_ns() - begun_ns) // 1000
        call.verdicts += found.verdicts
        if found.action in {"route", "block"}:
            raise _refused(live.use, "a guard stops the item", "plant what would have come to people")
        _wait(call, look, intended=live.durable)
        under_way = Turn(asked, call, found.pieces, None)
        notice, draft = disclosure_due(under_way), str(item.draft)
        text = f"{notice}\n\n{draft}" if notice else draft
        judged = check_output(under_way, text, ())
        if judged.action in {"route", "block", "redact"} or not runtime.gate.still(live):
            raise _refused(live.use, "a guard stops the item", "plant what would have come to people")
        output = _encode(text)
        record, _, review = call.end(
            "routed", code="review.hold", output=output, reasons=cited_titles(runtime, call, output),
            review=runtime.review("hold_before_release", live), shown=notice is not None,
        )  # fmt: skip
        assert review is not None, "a review was asked for"
        return _Dressed(record, review)


def _no_item(use: str) -> NotFoundError:
    return NotFoundError("no item is left to plant", where=use, fix="`dualtrack review plant FILE` lays some in")


def _refused(use: str, found: str, fix: str, kind: str = "") -> ReviewError:
    return ReviewError(found, where=f"{use}, planting", fix=fix, code="review.plant" + (f".{kind}" if kind else ""))
