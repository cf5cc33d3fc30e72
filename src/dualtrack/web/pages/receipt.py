"""What a customer sees under a receipt code: what decided, why, how to reach a person; public, in plain words.

Every wrong code gives the same page, and each is counted against the address that it came from. What is done here is done in
the customer's name, so nothing is done for who is signed in as staff, and what they read was not fetched by the customer.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - a type alias is made of it
from typing import TYPE_CHECKING, Literal

import msgspec

from dualtrack.domain.records import encode
from dualtrack.errors import AuthenticationError, FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.asking import ask_for_person
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX, complain_by_receipt
from dualtrack.runtime.opting import has_opted_out, opt_out_by_receipt
from dualtrack.runtime.receipts import (
    BY_CODE,
    CODE_CHARACTERS_MAX,
    ReceiptHolder,
    ReceiptKey,
    find_receipt,
    locate_receipt,
)
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.pages.asked import say_of, words_of
from dualtrack.web.pages.base import Download, Page, PageRequest, Redirect, View
from dualtrack.web.parts import Badge, Fact
from dualtrack.web.receipt_guesses import look_up
from dualtrack.web.views.acting import refusal

if TYPE_CHECKING:
    from dualtrack.runtime.receipts import ReceiptView
    from dualtrack.web.identity.links import CustomerLinks
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.acting import Refusal
    from dualtrack.web.views.wording import Say

__all__ = ["LINK_DOORS", "PAGES"]

_Answer = View | Redirect | Download

_TONES: dict[str, Tone] = {"served": "good", "blocked": "note", "routed": "low", "fallback": "low", "shadowed": "low"}


def _form(request: PageRequest) -> View:
    say = say_of(request)
    return View("receipt_form.html.j2", {"unknown": False, "ended": None}, say("Your receipt", "你的收據"))


def _go(request: PageRequest) -> Redirect | View:
    """Go to the receipt of a typed code; what could not stand in an address is a wrong code."""
    code = _typed(request.form.get("code", ""))
    if not code:
        return _unknown(request)
    return Redirect(f"/r/{code}")


def _show(request: PageRequest) -> View:
    only_looks = _is_staff(request) or request.services.get("method") == "HEAD"
    return _page(request, _read(request, None if only_looks else _holder(request)), None)


def _read(request: PageRequest, shown_to: ReceiptHolder | None = None) -> ReceiptView:
    runtime = request.runtime
    return find_receipt(runtime.registers.values(), _named(request), runtime.gate, shown_to=shown_to)


def _is_staff(request: PageRequest) -> bool:
    return request.identity is not None


def _page(request: PageRequest, found: ReceiptView, refused: Refusal | None, *, complaint: str = "") -> View:
    say = say_of(request)
    now = request.runtime.clock()
    if (
        refused is not None and found.fetched_at is None
    ):  # an answer is given by the receipt alone, where that is recorded
        found = msgspec.structs.replace(found, answer=None, message=None)
    context = {
        "receipt": found,
        "address": _address(request),
        "badge": Badge(_TONES.get(found.outcome, "note"), say.text(found.mode_says)),
        "observe": found.mode == "observe",
        "when": say.moment(found.at),
        "reasons": [
            say.text(item.says) if item.says is not None else say.quoted(item.given) for item in found.explained
        ],
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
        "fetched": say.moment(found.fetched_at) if found.fetched_at else None,
        "opted_out": _opted_out(request, found),
        "waits": any(item.open for item in found.reviews),
        "refused": refused,
        "staff": _is_staff(request),
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
        *([Fact(say("Receipt code", "收據代碼"), found.code, code=True)] if found.code else []),
        Fact(say("Firm", "機構"), firm),
        Fact(say("What it is for", "用途"), say.text(found.purpose)),
        Fact(say("When", "時間"), say.moment(found.at)),
        Fact(say("What decided", "由何者決定"), say.listed([say.text(item) for item in found.deciders])),
        Fact(say("Written into the log", "寫入日誌"), kept),
    ]  # fmt: skip


def _person(request: PageRequest) -> Redirect:
    say = say_of(request)
    asked = ask_for_person(request.runtime.registers.values(), _named(request))
    due = say.moment(asked.due_at)
    said = (
        say(f"A person will look at it by {due}.", f"職員將於{due}前查看。")
        if asked.opened
        else say(f"A person was asked already; due by {due}.", f"先前已要求職員查看，期限為{due}。")
    )
    return Redirect(_address(request), said)


def _opted_out(request: PageRequest, found: ReceiptView) -> bool:
    """Tell whether whom the receipt is about wants no AI in this use, however they said so."""
    if not found.opt_out:
        return False
    register, row = locate_receipt(request.runtime.registers.values(), _named(request))
    return row["subject"] is not None and has_opted_out(register, row["use_id"], row["subject"])


def _opt_out(request: PageRequest) -> Redirect | View:
    """Opt out, or take that back where the form says so."""
    say = say_of(request)
    found, leaves = _read(request), request.form.get("do") != "back"
    try:
        new = _leave(request, found, active=leaves)
    except FieldError as error:
        return _page(request, found, refusal(error, say.language))
    if not leaves:
        back = (
            say("AI may be used for you in this again, from now on. It takes about a second to reach every system.", "由現在起，此事可再次對你使用人工智能。約一秒內於各系統生效。")
            if new
            else say("You had not opted out.", "你並未選擇退出。")
        )  # fmt: skip
        return Redirect(_address(request), back)
    said = (
        say("From now on no AI is used for you in this. It takes about a second to reach every system.", "由現在起，此事不會再對你使用人工智能。約一秒內於各系統生效。")
        if new
        else say("You had opted out already.", "你先前已選擇退出。")
    )  # fmt: skip
    return Redirect(_address(request), said)


def _leave(request: PageRequest, found: ReceiptView, *, active: bool) -> bool:
    """Opt out, or back in, where the use lets people; raises FieldError where it does not, or the receipt is about nobody."""
    if not found.opt_out:
        raise FieldError(
            "this use has no opting out", where="receipt", fix="ask for a person instead", code="input.opt-out.none"
        )
    registers = request.runtime.registers.values()
    return opt_out_by_receipt(registers, _named(request), active=active, holder=_holder(request))


def _complain(request: PageRequest) -> Redirect | View:
    """Record the customer's words; what was wrong with them is said on the receipt itself."""
    say, text = say_of(request), words_of(request)
    runtime, found = request.runtime, _read(request)
    registers = runtime.registers.values()
    try:
        complain_by_receipt(registers, runtime.recorders, _named(request), text, holder=_holder(request))
    except (FieldError, ForbiddenError) as error:
        return _page(request, found, refusal(error, say.language), complaint=text)
    said = say("Your complaint is recorded.", "你的投訴已記錄。")
    return Redirect(_address(request), said)


def _proof(request: PageRequest) -> Download:
    found = _read(request)
    return Download(encode(found.proof), "application/json", f"receipt-{found.code or found.decision}-proof.json")


def _address(request: PageRequest) -> str:
    """Return the address of this receipt, by its code or by the customer's link."""
    token = request.path.get("token")
    return f"/r/{_typed(request.path['code'])}" if token is None else f"/c/{token}"


def _named(request: PageRequest) -> str | ReceiptKey:
    """Return the receipt that the address names; raises AuthenticationError for a link that opens nothing."""
    if "token" not in request.path:
        return request.path["code"][:CODE_CHARACTERS_MAX]
    return ReceiptKey(_link(request).receipt or "")


def _holder(request: PageRequest) -> ReceiptHolder:
    """Return in whose name something is done: the customer who has the code, or the link that one was given."""
    return ReceiptHolder(_link(request).name, "link") if "token" in request.path else BY_CODE


def _link(request: PageRequest) -> Identity:
    """Return who holds the link of the address; raises AuthenticationError."""
    links: CustomerLinks = request.services["links"]
    return links.open(request.path["token"])


def _of_receipt(method: str, verb: Verb, show: Callable[[PageRequest], _Answer]) -> Callable[[PageRequest], _Answer]:
    """Return a page of one receipt; a link to it needs the verb, and a wrong code or link costs the address one of its tries."""

    def find(request: PageRequest) -> None:
        if "token" in request.path:
            holder = _link(request)
            require(holder, verb, institution=holder.institution, receipt=holder.receipt)
        locate_receipt(request.runtime.registers.values(), _named(request))

    def shown(request: PageRequest) -> _Answer:
        if method == "POST" and _is_staff(request):
            raise ForbiddenError(
                "a receipt is the customer's, and staff are signed in", where="receipt",
                fix="act in your own name on the staff pages", code="forbidden.customer-page",
            )  # fmt: skip
        try:
            look_up(request.services.get("attempts"), request.source, lambda: find(request))
        except AuthenticationError:
            return _closed(request)
        except NotFoundError:
            return _unknown(request)
        return show(request)

    return shown


def _unknown(request: PageRequest) -> View:
    """Return the one page of every wrong code: it repeats nothing of what was typed."""
    say = say_of(request)
    return View("receipt_form.html.j2", {"unknown": True, "ended": None}, say("Your receipt", "你的收據"), 404)


def _closed(request: PageRequest) -> View:
    """Return the one page of every link that opens nothing: not ours, over, or ended."""
    say = say_of(request)
    ended = (
        say("This link is over, or was not copied whole.", "此連結已失效，或未有完整複製。"),
        say("Ask the firm for another one, or type the code of your receipt here.", "請向機構索取新連結，或在此輸入收據代碼。"),
    )  # fmt: skip
    return View("receipt_form.html.j2", {"unknown": False, "ended": ended}, say("Your receipt", "你的收據"), 404)


def _typed(code: str) -> str:
    """Return the letters and digits of a code as an address has them."""
    plain = "".join(
        character for character in code[:CODE_CHARACTERS_MAX] if character.isascii() and character.isalnum()
    )
    return plain.upper()


_OF_ONE: tuple[tuple[str, Literal["GET", "POST"], Verb, Callable[[PageRequest], _Answer]], ...] = (
    ("", "GET", Verb.SEE_RECEIPT, _show),
    ("/person", "POST", Verb.REQUEST_PERSON, _person),
    ("/opt-out", "POST", Verb.OPT_OUT, _opt_out),
    ("/complaint", "POST", Verb.COMPLAIN, _complain),
    ("/proof", "GET", Verb.SEE_RECEIPT, _proof),
)
"""What one receipt has, with the verb that a customer's link needs for it. Who has the code itself needs none."""

LINK_DOORS: dict[str, Verb] = {f"/c/{{token}}{end}": verb for end, _, verb, _ in _OF_ONE}
"""What a customer's link opens, and nothing else: pages by the verb that each asks for."""

PAGES: tuple[Page, ...] = (
    Page("/r", "GET", None, _form),
    Page("/r", "POST", None, _go),
    *(
        Page(f"{under}{end}", method, None, _of_receipt(method, verb, show))
        for under in ("/r/{code}", "/c/{token}")
        for end, method, verb, show in _OF_ONE
    ),
)
