"""What a customer sees under a receipt code: what decided, why, how to reach a person; public, in plain words.

Every wrong code gives the same page, and each is counted against the address that it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import encode
from dualtrack.errors import FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.asking import ask_for_person
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX, complain_by_receipt
from dualtrack.runtime.opting import opt_out_by_receipt
from dualtrack.runtime.receipts import CODE_CHARACTERS_MAX, find_receipt
from dualtrack.store.projections import Projections
from dualtrack.web.identity.rate_limits import address_prefix
from dualtrack.web.pages.asked import say_of, words_of
from dualtrack.web.pages.base import Download, Page, Redirect, View
from dualtrack.web.parts import Badge, Fact
from dualtrack.web.views.acting import refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from dualtrack.runtime.receipts import ReceiptView
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.acting import Refusal
    from dualtrack.web.views.wording import Say

    T = TypeVar("T")

__all__ = ["PAGES"]

_TONES: dict[str, Tone] = {"served": "good", "blocked": "note", "routed": "low", "fallback": "low", "shadowed": "low"}


def _form(request: PageRequest) -> View:
    say = say_of(request)
    return View("receipt_form.html.j2", {"unknown": False}, say("Your receipt", "你的收據"))


def _go(request: PageRequest) -> Redirect | View:
    """Go to the receipt of a typed code; what could not stand in an address is a wrong code."""
    code = _typed(request.form.get("code", ""))
    if not code:
        return _unknown(request)
    return Redirect(f"/r/{code}")


def _show(request: PageRequest) -> View:
    try:
        found = _find(request, lambda code: find_receipt(request.runtime.registers.values(), code))
    except NotFoundError:
        return _unknown(request)
    return _page(request, found, None)


def _page(request: PageRequest, found: ReceiptView, refused: Refusal | None, *, complaint: str = "") -> View:
    say = say_of(request)
    now = request.runtime.clock()
    context = {
        "receipt": found,
        "address": f"/r/{_typed(request.path['code'])}",
        "badge": Badge(_TONES.get(found.outcome, "note"), say.text(found.mode_says)),
        "observe": found.mode == "observe",
        "when": say.moment(found.at),
        "facts": _facts(found, _firm_name(request, found, say), say),
        "reviews": [
            {
                "says": say.text(item.says),
                "due": say.moment(item.due_at),
                "opened": say.moment(item.opened_at),
                "open": item.open,
                "late": item.open and say.at(item.due_at) < now,
            }
            for item in found.reviews
        ],
        "complaint": complaint,
        "complaint_max": COMPLAINT_CHARACTERS_MAX,
        "waits": any(item.open for item in found.reviews),
        "refused": refused,
    }
    return View("receipt.html.j2", context, say("Your receipt", "你的收據"), refused.status if refused else 200)


def _firm_name(request: PageRequest, found: ReceiptView, say: Say) -> str:
    register = request.runtime.registers[found.institution]
    rows = Projections(register.repository).rows("institution", id=found.institution)
    return say(rows[0]["name_en"], rows[0]["name_zh"]) if rows else found.institution


def _facts(found: ReceiptView, firm: str, say: Say) -> list[Fact]:
    kept = (
        say("before the answer was sent", "在答覆發出前")
        if found.durability == "durable"
        else say("together with others", "與其他決定一併")
    )
    return [
        Fact(say("Receipt code", "收據代碼"), found.code, code=True),
        Fact(say("Firm", "機構"), firm),
        Fact(say("What it is for", "用途"), say.text(found.purpose)),
        Fact(say("When", "時間"), say.moment(found.at)),
        Fact(say("What decided", "由何者決定"), say.listed(found.decided_by)),
        Fact(say("Written into the log", "寫入日誌"), kept),
    ]  # fmt: skip


def _person(request: PageRequest) -> Redirect | View:
    say = say_of(request)
    try:
        asked = _find(request, lambda code: ask_for_person(request.runtime.registers.values(), code))
    except NotFoundError:
        return _unknown(request)
    due = say.moment(asked.due_at)
    said = (
        say(f"A person will look at it by {due}.", f"職員將於{due}前查看。")
        if asked.opened
        else say(f"A person was asked already; due by {due}.", f"先前已要求職員查看，期限為{due}。")
    )
    return Redirect(f"/r/{_typed(request.path['code'])}", said)


def _opt_out(request: PageRequest) -> Redirect | View:
    say = say_of(request)
    try:
        found = _find(request, lambda code: find_receipt(request.runtime.registers.values(), code))
    except NotFoundError:
        return _unknown(request)
    try:
        new = _leave(request, found)
    except FieldError as error:
        return _page(request, found, refusal(error, say.language))
    said = (
        say("From now on no AI is used for you in this. It takes about a second to reach every system.", "由現在起，此事不會再對你使用人工智能。約一秒內於各系統生效。")
        if new
        else say("You had opted out already.", "你先前已選擇退出。")
    )  # fmt: skip
    return Redirect(f"/r/{_typed(request.path['code'])}", said)


def _leave(request: PageRequest, found: ReceiptView) -> bool:
    """Opt out where the use lets people; raises FieldError where it does not, or the receipt is about nobody."""
    if not found.opt_out:
        raise FieldError(
            "this use has no opting out", where="receipt", fix="ask for a person instead", code="input.opt-out.none"
        )
    return opt_out_by_receipt(request.runtime.registers.values(), request.path["code"])


def _complain(request: PageRequest) -> Redirect | View:
    """Record the customer's words; what was wrong with them is said on the receipt itself."""
    say, text = say_of(request), words_of(request)
    runtime = request.runtime
    try:
        found = _find(request, lambda code: find_receipt(runtime.registers.values(), code))
        complain_by_receipt(runtime.registers.values(), runtime.recorders, request.path["code"], text)
    except NotFoundError:
        return _unknown(request)
    except (FieldError, ForbiddenError) as error:
        return _page(request, found, refusal(error, say.language), complaint=text)
    said = say("Your complaint is recorded.", "你的投訴已記錄。")
    return Redirect(f"/r/{_typed(request.path['code'])}", said)


def _proof(request: PageRequest) -> Download | View:
    try:
        found = _find(request, lambda code: find_receipt(request.runtime.registers.values(), code))
    except NotFoundError:
        return _unknown(request)
    return Download(encode(found.proof), "application/json", f"receipt-{found.code}-proof.json")


def _find(request: PageRequest, look: Callable[[str], T]) -> T:
    """Look a code up; a wrong one costs the address one of its tries. Raises NotFoundError, RateLimitError."""
    attempts = request.services.get("attempts")
    if attempts is None:
        return look(request.path["code"][:CODE_CHARACTERS_MAX])
    taken = attempts.reserve(("receipt_source", address_prefix(request.source)))
    wrong = False
    try:
        return look(request.path["code"][:CODE_CHARACTERS_MAX])
    except NotFoundError:
        wrong = True
        raise
    finally:
        if not wrong:
            attempts.succeeded(taken)


def _unknown(request: PageRequest) -> View:
    """Return the one page of every wrong code: it repeats nothing of what was typed."""
    say = say_of(request)
    return View("receipt_form.html.j2", {"unknown": True}, say("Your receipt", "你的收據"), 404)


def _typed(code: str) -> str:
    """Return the letters and digits of a code as an address has them."""
    plain = "".join(
        character for character in code[:CODE_CHARACTERS_MAX] if character.isascii() and character.isalnum()
    )
    return plain.upper()


PAGES: tuple[Page, ...] = (
    Page("/r", "GET", None, _form),
    Page("/r", "POST", None, _go),
    Page("/r/{code}", "GET", None, _show),
    Page("/r/{code}/person", "POST", None, _person),
    Page("/r/{code}/opt-out", "POST", None, _opt_out),
    Page("/r/{code}/complaint", "POST", None, _complain),
    Page("/r/{code}/proof", "GET", None, _proof),
)
