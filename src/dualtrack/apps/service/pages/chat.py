"""The customer's chat: told first that it is AI, a choice of AI or a person, answers with their sources, and every way out on each page.

The address of a conversation is what opens it; nothing about it lies in a cookie, so that it works in a frame of the firm's own page.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.apps.pages import AppPage, Download, Redirect, View
from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.complaints import file_complaint
from dualtrack.apps.service.conversations import MESSAGE_CHARACTERS_MAX, MESSAGES_MAX, begin, find, lines, say, step
from dualtrack.apps.service.gaps import said_differing
from dualtrack.apps.service.handing_over import HELD, wait_for_person
from dualtrack.apps.service.settings import find_chat, read_settings
from dualtrack.apps.service.triggers import find_triggers
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import ConflictError, DualtrackError, FieldError, NotFoundError, RateLimitError
from dualtrack.runtime.complaints import COMPLAINT_CHARACTERS_MAX
from dualtrack.runtime.lookup import decision_row
from dualtrack.runtime.receipts import BY_CODE, ReceiptKey, find_receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.service.conversations import Conversation, Line
    from dualtrack.apps.service.records import Channel
    from dualtrack.apps.service.settings import ChatSettings
    from dualtrack.runtime.engine import Runtime

__all__ = ["PAGES", "Bubble", "bubbles"]

_CALL_BACK_CHARACTERS_MAX = 200
"""A telephone number and when: what somebody needs to be called back."""


_UNANSWERED_S = 60.0
"""Age of a last message without an answer from which on the page says that it got none: its turn broke off. Models time out sooner."""


class _GoneError(NotFoundError):
    """Nothing is at the address of a chat or a conversation."""


class Bubble(NamedTuple):
    """A message as the page shows it. `offers` says that help is offered: read from the customer's own words each time, and kept nowhere."""

    number: int
    who: str
    text: str
    time: str
    at: str
    sources: list[Text]
    receipt: str | None
    held: bool
    offers: bool
    answered: bool
    nearest: list[Text]
    differs: Text | None
    language: str


def bubbles(runtime: Runtime, found: Conversation) -> list[Bubble]:
    """Return the messages of a conversation as they are shown: a held answer by what became of it."""
    said = lines(found)
    return [_bubble(runtime, found, line, before) for before, line in zip((None, *said), said, strict=False)]


def _bubble(runtime: Runtime, found: Conversation, line: Line, before: Line | None) -> Bubble:
    content = line.content or {}
    text, held = line.text, line.row["code"] == HELD
    if held:
        later = _later(runtime, found, str(line.row["decision"]), str(line.row["language"]))
        text, held = later or text, later is None
    at = parse_instant(line.at).astimezone(HONG_KONG)
    return Bubble(
        number=line.number,
        who=line.who,
        text=text,
        time=f"{at:%H:%M}",
        at=line.at,
        sources=[Text(en=item["en"], zh=item["zh-Hant"]) for item in content.get("sources", ())],
        receipt=content.get("receipt"),
        held=held,
        offers=line.who == "assistant" and before is not None and _offers(before),
        answered=line.row["outcome"] in {"served", "fallback"} and bool(content.get("sources")),
        nearest=[Text(en=item["en"], zh=item["zh-Hant"]) for item in content.get("nearest", ())],
        differs=said_differing(content.get("differs", ())),
        language=line.row["language"] or "",
    )


def _offers(asked: Line) -> bool:
    """Say whether a customer's message has a cue by which help is offered beside the answer."""
    return asked.who == "customer" and any(each.action == "offer" for each in find_triggers(asked.text))


def _later(runtime: Runtime, found: Conversation, decision: str, language: str) -> str | None:
    """Return what a person released of a held answer, or what is said in its place; None while one has yet to decide."""
    row = decision_row(found.register, decision)
    if row["receipt"] is None:
        return None
    seen = find_receipt(runtime.registers.values(), ReceiptKey(row["receipt"]), runtime.gate, shown_to=BY_CODE)
    if seen.answer is not None:
        return seen.answer
    if seen.message is None:
        return None
    return seen.message.zh if language == "zh-Hant" else seen.message.en


def _chat(request: AppRequest) -> ChatSettings:
    return _set_up(request, f"{request.path['institution']}/{request.path['use']}")


def _opened(request: AppRequest) -> tuple[Conversation, ChatSettings]:
    try:
        found = find(request.runtime, request.path["token"])
    except NotFoundError as error:
        raise _GoneError(error.found, where=error.where, fix=error.fix) from None
    return found, _set_up(request, found.use)


def _set_up(request: AppRequest, use: str) -> ChatSettings:
    try:
        return find_chat(read_settings(request.runtime.store.workspace), use)
    except NotFoundError:  # whoever comes here sets up nothing: they are not told of files
        raise _GoneError("no such chat", where="address", fix="go by the firm's own page") from None


def _or_gone(show: Callable[[AppRequest], View | Redirect]) -> Callable[[AppRequest], View | Redirect]:
    """Return a page that says in the customer's language where nothing is at its address."""

    @wraps(show)
    def shown(request: AppRequest) -> View | Redirect:
        try:
            return show(request)
        except _GoneError as error:
            return View("gone.html.j2", {}, request.said(_GONE), error.status)

    return shown


def _ancestors(chat: ChatSettings) -> tuple[str, ...]:
    return ("'self'", *chat.framed_by) if chat.framed_by else ()


def _framed(request: AppRequest) -> View:
    return _start(request, framed=True)


def _start(request: AppRequest, *, framed: bool = False, wrong: str = "", status: int = 200) -> View:
    chat = _chat(request)
    closed = request.runtime.gate.closed(chat.use)
    context = {"chat": chat, "closed": closed, "action": _here(request), "framed": framed, "wrong": wrong}
    return View("start.html.j2", context, request.said(chat.title), status, framed_by=_ancestors(chat))


def _here(request: AppRequest) -> str:
    return f"{request.root}/chat/{request.path['institution']}/{request.path['use']}"


def _begin(request: AppRequest) -> View | Redirect:
    chat = _chat(request)
    wants = request.form.get("wants", "")
    if wants not in {"assistant", "person"}:
        return _start(request, framed=bool(request.form.get("framed")), wrong=request.said(_CHOOSE), status=400)
    channel: Channel = "frame" if request.form.get("framed") else "page"
    token, found = begin(request.runtime, chat.use, channel=channel, language=request.language)
    if wants == "person":
        wait_for_person(request.runtime, chat, found, why=("person",), by="customer")
    return Redirect(f"{request.root}/c/{token}")


def _show(request: AppRequest) -> View:
    found, chat = _opened(request)
    return _view(request, found, chat)


def _view(
    request: AppRequest, found: Conversation, chat: ChatSettings, *, typed: str = "", wrong: str = "", status: int = 200
) -> View:
    shown = bubbles(request.runtime, found)
    context = {
        "chat": chat,
        "found": found.row,
        "bubbles": shown,
        "last": shown[-1].number if shown else 0,
        "token": request.path["token"],
        "due": _hong_kong(found.row["due_at"]),
        "typed": typed,
        "wrong": wrong,
        "unanswered": _unanswered(request.runtime, found, shown),
        "characters": MESSAGE_CHARACTERS_MAX,
        "framed": found.row["channel"] == "frame",
    }
    return View("chat.html.j2", context, request.said(chat.title), status, framed_by=_ancestors(chat))


def _unanswered(runtime: Runtime, found: Conversation, shown: list[Bubble]) -> bool:
    """Say whether the last message will get no answer: the process that took it in is gone."""
    if found.status != "assistant" or not shown or shown[-1].who != "customer":
        return False
    return (runtime.clock() - parse_instant(shown[-1].at)).total_seconds() >= _UNANSWERED_S


def _say(request: AppRequest) -> View | Redirect:
    found, chat = _opened(request)
    text = request.form.get("message", "").replace("\r\n", "\n")  # a form sends line ends as two characters
    try:
        request.run(lambda client: take_turn(request.runtime, client, chat, found, text))
    except (FieldError, RateLimitError, ConflictError) as error:
        return _view(request, found, chat, typed=text, wrong=_wrong(error, request, found), status=error.status)
    return Redirect(f"{request.root}/c/{request.path['token']}#latest")


def _wrong(error: DualtrackError, request: AppRequest, found: Conversation) -> str:
    """Return what a customer is told of a message that was not taken in; it stays in the field."""
    if isinstance(error, RateLimitError):
        said = Text(en="You write faster than we can answer. Please wait a moment.", zh="訊息過於頻密，請稍候再傳送。")
    elif isinstance(error, ConflictError) and not _full(found):
        said = Text(
            en="Several messages came at the same moment. Please look above, and send again what is missing.",
            zh="同一時間收到多個訊息。請查看以上對話，如有遺漏請重新傳送。",
        )
    elif isinstance(error, ConflictError):
        said = Text(en="This conversation is full. Please begin a new one.", zh="此對話已達上限，請開始新的對話。")
    else:
        said = Text(
            en=f"Please write something, up to {MESSAGE_CHARACTERS_MAX:,} characters.",
            zh=f"請輸入內容，最多{MESSAGE_CHARACTERS_MAX:,}個字元。",
        )
    return request.said(said)


def _full(found: Conversation) -> bool:
    said = lines(found)
    return bool(said) and said[-1].number >= MESSAGES_MAX


def _person(request: AppRequest) -> Redirect:
    found, chat = _opened(request)
    wait_for_person(request.runtime, chat, found, why=("person",), by="customer")
    return Redirect(f"{request.root}/c/{request.path['token']}#latest")


def _solved(request: AppRequest) -> View | Redirect:
    """Record what a customer says of an answer that they got in this conversation; of anything else nothing is recorded."""
    found, chat = _opened(request)
    solved, number = request.form.get("solved") == "yes", request.form.get("number", "")
    answer = next(
        (item for item in bubbles(request.runtime, found) if item.answered and str(item.number) == number), None
    )
    if answer is None:
        return _view(request, found, chat, wrong=request.said(_NO_ANSWER), status=400)
    step(found, "solved" if solved else "unsolved", by="customer", number=answer.number)
    if not solved:
        wait_for_person(request.runtime, chat, found, why=("unsolved",), by="customer")
    return Redirect(f"{request.root}/c/{request.path['token']}#latest")


def _complain(request: AppRequest) -> View | Redirect:
    found, chat = _opened(request)
    text = request.form.get("complaint", "").strip()
    if not 0 < len(text) <= COMPLAINT_CHARACTERS_MAX:
        wrong = Text(
            en=f"Please say what went wrong, in up to {COMPLAINT_CHARACTERS_MAX:,} characters.",
            zh=f"請說明問題所在，最多{COMPLAINT_CHARACTERS_MAX:,}個字元。",
        )
        return _view(request, found, chat, wrong=request.said(wrong), status=400)
    file_complaint(request.runtime, found, text, lines(found), by="customer")
    wait_for_person(request.runtime, chat, found, why=("complaint",), by="customer")
    return Redirect(f"{request.root}/c/{request.path['token']}", request.said(_COMPLAINED))


def _call_back(request: AppRequest) -> View | Redirect:
    found, chat = _opened(request)
    text = request.form.get("contact", "").strip()
    if not chat.call_back or not 0 < len(text) <= _CALL_BACK_CHARACTERS_MAX:
        wrong = Text(en="Please give a telephone number and when to call.", zh="請提供電話號碼及方便致電的時間。")
        return _view(request, found, chat, wrong=request.said(wrong), status=400)
    say(request.runtime, found, "customer", {"text": text, "call_back": True})
    step(found, "call_back", by="customer")
    wait_for_person(request.runtime, chat, found, why=("call-back",), by="customer")
    return Redirect(f"{request.root}/c/{request.path['token']}#latest")


def _new(request: AppRequest) -> Download:
    """Say how many messages there are and who answers: what the page asks every few seconds."""
    found, _ = _opened(request)
    shown = bubbles(request.runtime, found)
    state = [found.status, str(len(shown)), str(sum(item.held for item in shown))]
    return Download(msgspec.json.encode({"state": " ".join(state)}), "application/json", "state.json")


def _hong_kong(at: str | None) -> str | None:
    return None if at is None else f"{parse_instant(at).astimezone(HONG_KONG):%Y-%m-%d %H:%M}"


_GONE = Text(en="There is no such conversation", zh="沒有這個對話")
_CHOOSE = Text(en="Please choose one of the two.", zh="請選擇其中一項。")
_NO_ANSWER = Text(
    en="This is no answer of this conversation. Please look at the page again.",
    zh="此對話沒有該項答覆，請重新查看本頁。",
)
_COMPLAINED = Text(en="Your complaint is recorded. A person will reply.", zh="你的投訴已記錄，將由職員回覆。")

_OF_ONE = (
    ("", _say),
    ("/person", _person),
    ("/solved", _solved),
    ("/complaint", _complain),
    ("/call-back", _call_back),
)

PAGES: tuple[AppPage, ...] = (
    AppPage("/chat/{institution}/{use}", "GET", None, _or_gone(_start)),
    AppPage("/chat/{institution}/{use}", "POST", None, _or_gone(_begin), capability=True),
    AppPage("/frame/{institution}/{use}", "GET", None, _or_gone(_framed)),
    AppPage("/c/{token}", "GET", None, _or_gone(_show)),
    AppPage("/c/{token}/new", "GET", None, _new),
    *(AppPage(f"/c/{{token}}{end}", "POST", None, _or_gone(show), capability=True) for end, show in _OF_ONE),
)
