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
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from sqlalchemy import func, select

from dualtrack.domain.planting import Planted
from dualtrack.errors import ConflictError, DualtrackError, NotFoundError, RefusedError
from dualtrack.runtime.decide import Ended, Scoring, check_row, conclude_row
from dualtrack.runtime.guards.tipping_off import without_suspicion
from dualtrack.runtime.lookup import id_floor
from dualtrack.runtime.once import request_key
from dualtrack.runtime.plant_chat import dress_chat
from dualtrack.runtime.plant_fetches import look_at_fetches
from dualtrack.runtime.plant_look import Dressed, begin_call, looks, refused, wait_as
from dualtrack.runtime.plant_shelf import newest_stock, read_shelf, seal_plant
from dualtrack.runtime.reasons import directed
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dualtrack.domain.planting import KnownWrong
    from dualtrack.domain.records import Text
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.plant_look import Look
    from dualtrack.runtime.reasons import Reason
    from dualtrack.store.register import Register

__all__ = ["Planter", "plant", "plant_within_share"]

_PERCENT = 100
_chance = secrets.SystemRandom()
_encode = msgspec.json.Encoder(order="sorted").encode
_log = structlog.get_logger("dualtrack.runtime")


def plant_within_share(runtime: Runtime, use: str, *, by: str | None = None) -> str:
    """As `plant`, unless the share that the firm set is reached, or another is being planted, here or in another process.

    `by` is who does it by hand: their name is sealed with it. Raises ReviewError also for these two.
    """
    institution = use.partition("/")[0]
    asked = request_key(institution, "planting", use, b"")
    try:
        runtime.once.begin(asked)
    except ConflictError:
        raise refused(
            use, "one is being planted", "wait until it is, which takes as long as the model does", "under-way"
        ) from None
    try:
        register = runtime.registers.get(institution)
        stock = newest_stock(register, use) if register else None
        if register is None or stock is None:
            raise _no_item(use)
        if not _within(register, use, read_shelf(register).plants, stock.share_percent / _PERCENT):
            raise refused(
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
        raise refused(use, "its outputs are not held for people", "plant where every output waits for a person")
    shelf = read_shelf(register)
    unused = shelf.unused(use)
    if not unused:
        raise _no_item(use)
    digest, look = _fitting(use, {name: shelf.items[name].item for name in unused}, looks(register, live, shelf.plants))
    item = shelf.items[digest].item
    dressed = (
        _as_row(runtime, live, item, look) if isinstance(item.asked, dict) else dress_chat(runtime, live, item, look)
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
                    look_at_fetches(register)
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


def _fitting(use: str, items: Mapping[str, KnownWrong], lent: Iterator[Look]) -> tuple[str, Look]:
    """Return an item, drawn by chance, with the look of an ordinary decision that it can be taken for."""
    for look in lent:
        fit = [digest for digest, item in items.items() if look.fits(item)]
        if fit:
            return _chance.choice(fit), look
    raise refused(
        use, "no item looks like the ordinary ones",
        "give reasons and tool calls where the model does, and only there; where calls name people, ask one question and "
        "no more",
    )  # fmt: skip


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


def _as_row(runtime: Runtime, live: LiveUse, item: KnownWrong, look: Look) -> Dressed:
    assert isinstance(item.asked, dict), "asked of rows only"
    row: dict[str, Any] = dict(item.asked)
    call = begin_call(runtime, live, item.language, look, _encode(without_suspicion(live.policy, row)))
    with call:
        checked = check_row(runtime, call, row)
        if isinstance(checked, Ended):
            raise refused(live.use, "a guard stops the item", "plant what would have come to people")
        wait_as(call, look, intended=live.durable and bool(look.upstream))
        scoring = Scoring(item.draft, _reasons_of(runtime, live, item, look))
        ended = conclude_row(runtime, call, checked.row or {}, scoring)
        if ended.answer.code != "review.hold" or ended.answer.review is None:
            raise refused(live.use, "a guard stops the item", "plant what would have come to people")
        return Dressed(ended.record, ended.answer.review)


def _reasons_of(runtime: Runtime, live: LiveUse, item: KnownWrong, look: Look) -> tuple[Reason, ...]:
    """Return an item's reasons as the model's own are kept: in both languages where it has the words, and with a direction."""
    if not look.bilingual:
        return tuple(item.reasons)
    texts = [field.says for field in live.policy.fields if field.says is not None]
    with contextlib.suppress(RefusedError):  # the use's model runs elsewhere
        texts += runtime.models.of(live).says.values()
    known: dict[str, Text] = {}
    for text in texts:
        up, down = directed(text, raised=True), directed(text, raised=False)
        for form, said in ((text, up if look.directed else text), (up, up), (down, down)):
            known |= {form.en: said, form.zh: said}
    return tuple(known.get(reason, reason) for reason in item.reasons)


def _no_item(use: str) -> NotFoundError:
    return NotFoundError("no item is left to plant", where=use, fix="`dualtrack review plant FILE` lays some in")
