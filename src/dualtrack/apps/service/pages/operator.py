"""The operator's page: the passages of each live chat, what is wrong with them, a message tried, and a file looked over. Nothing is kept."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dualtrack.apps.pages import AppPage, View
from dualtrack.apps.refusals import shown_refusal
from dualtrack.apps.service.gaps import SOON_DAYS, find_gaps
from dualtrack.apps.service.settings import find_chat, read_settings
from dualtrack.apps.service.sources.taking import DOCUMENTS, take_files
from dualtrack.apps.service.standing import standing_of
from dualtrack.apps.service.triggers import CHARACTERS_READ
from dualtrack.apps.service.trying import try_message
from dualtrack.domain.records import Text
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import DualtrackError, FieldError, NotFoundError, RefusedError
from dualtrack.runtime.passages.corpus import asked_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.refusals import Shown
    from dualtrack.apps.service.gaps import Finding
    from dualtrack.apps.service.settings import ChatSettings
    from dualtrack.apps.service.standing import Standing
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.passages.corpus import Language, Passage

__all__ = ["FINDINGS_SHOWN", "PAGES", "ROLES"]

ROLES = {"operator": frozenset({"owner", "developer", "validator", "compliance", "officer"})}
"""Who looks over passages: those who write, check and answer for them."""

FINDINGS_SHOWN = 50
"""Findings of one page: who has more begins with these."""

_SIDE_BY_SIDE = 4
_PASSAGES_SHOWN = 20
_FIELDS = ("owner", "version", "valid_from", "topic")
_LANGUAGES = ("en", "zh-Hant")


class _Released(NamedTuple):
    """A chat with the corpus that its live release pins; without both where it is not open, or quotes no passages."""

    chat: ChatSettings
    live: LiveUse | None
    standing: Standing | None


def _list(request: AppRequest) -> View:
    return _overview(request)


def _overview(
    request: AppRequest, *, looked: dict[str, Any] | None = None, wrong: Shown | None = None, status: int = 200
) -> View:
    context = {
        "chats": [_summary(_released(request, chat)) for chat in _chats(request)],
        "looked": looked,
        "wrong": wrong,
        "typed": {name: request.form.get(name, "") for name in _FIELDS},
    }
    return View("operator.html.j2", context, request.said(_TITLE), status)


def _summary(found: _Released) -> dict[str, Any]:
    standing = found.standing
    return {
        "title": found.chat.title,
        "use": found.chat.use,
        "passages": None if standing is None else len(standing.corpus.passages),
        "serving": 0 if standing is None else len(standing.serving),
        "findings": 0 if standing is None else len(standing.findings),
    }


def _show(request: AppRequest) -> View:
    return _one(request, _asked(request))


def _one(request: AppRequest, found: _Released, *, tried: Any = None, wrong: str = "", status: int = 200) -> View:  # noqa: ANN401 - passed on to the template
    standing = found.standing
    context: dict[str, Any] = {
        "chat": found.chat,
        "standing": standing,
        "tried": tried,
        "wrong": wrong,
        "message": request.form.get("message", ""),
        "chosen": request.form.get("language", ""),
        "characters": CHARACTERS_READ,
    }
    if standing is not None:
        context |= {
            "ending": _ending(standing),
            "topics": _topics(standing),
            "findings": _shown(standing.findings, standing.corpus.filled(standing.on)),
        }
    return View("operator_one.html.j2", context, request.said(_TITLE), status)


def _try(request: AppRequest) -> View:
    found = _asked(request)
    if found.live is None or found.standing is None:
        return _one(request, found)
    language = request.form.get("language", "")
    chosen = cast("Language | None", language if language in _LANGUAGES else None)
    try:
        tried = try_message(request.runtime, found.live, found.standing, request.form.get("message", ""), chosen)
    except FieldError as error:
        return _one(request, found, wrong=request.said(_WRITE), status=error.status)
    return _one(request, found, tried=tried)


def _look_over(request: AppRequest) -> View:
    """Read a file as the command does and show what is wrong with it; it is not kept."""
    try:
        files = _uploaded(request)
        fields = {name: value for name in _FIELDS if (value := request.form.get(name, "").strip())}
        taken = take_files(files, use="my-firm/service", where=next(iter(files)), fields=fields)
    except DualtrackError as error:
        return _overview(request, wrong=shown_refusal(error, _NOT_TAKEN, request.language), status=error.status)
    gaps = [*taken.findings, *find_gaps(taken.corpus, on=_today(request))]
    passages = taken.corpus.passages
    looked = {
        "name": " + ".join(files),
        "count": len(gaps),
        "findings": _shown(gaps, taken.corpus.filled(_today(request))),
        "passages": passages[:_PASSAGES_SHOWN],
        "all": len(passages),
        "serving": len(taken.corpus.serving(_today(request))),
    }
    return _overview(request, looked=looked)


def _uploaded(request: AppRequest) -> dict[str, bytes]:
    """Return the file, or the two of one document, by their names."""
    upload, partner = request.files.get("file"), request.files.get("partner")
    if upload is None or not upload.data:
        raise FieldError("no file", where="form, field file", fix="choose a file")
    name = PurePosixPath(upload.name or "document")
    if partner is None or not partner.data:
        return {str(name): upload.data}
    other = PurePosixPath(partner.name or "document")
    if not {name.suffix.lower(), other.suffix.lower()} <= DOCUMENTS:
        raise FieldError(
            "two files that are no pair", where="form, field partner", expected=" or ".join(sorted(DOCUMENTS)),
            fix="give a table or a page of Markdown by itself",
        )  # fmt: skip
    stem = name.stem.removesuffix(".en") or "document"
    return {f"{stem}.en{name.suffix}": upload.data, f"{stem}.zh{other.suffix}": partner.data}


def _asked(request: AppRequest) -> _Released:
    """Return the chat of the address; raises NotFoundError for one of another firm."""
    use = f"{request.path['institution']}/{request.path['use']}"
    if use not in {chat.use for chat in _chats(request)}:
        raise NotFoundError("no chat of this use", where="address", fix="choose one from the list")
    return _released(request, find_chat(read_settings(request.runtime.store.workspace), use))


def _chats(request: AppRequest) -> list[ChatSettings]:
    assert request.visitor is not None, "the page is not public"
    chats = read_settings(request.runtime.store.workspace).chats
    return [chat for chat in chats if chat.use.startswith(f"{request.visitor.institution}/")]


def _released(request: AppRequest, chat: ChatSettings) -> _Released:
    try:
        live = request.runtime.gate.enter(chat.use, standby=True)
        corpus = request.runtime.shelf.corpus(live.policy, live.released)
    except RefusedError:
        return _Released(chat, None, None)
    return _Released(chat, live, None if corpus is None else standing_of(corpus, on=_today(request)))


def _topics(standing: Standing) -> list[dict[str, Any]]:
    """Return by topic how many passages are in force, how many are not, and how many other ways of asking each language has."""
    serving = {passage.id for passage in standing.serving}
    rows: dict[str, dict[str, Any]] = defaultdict(lambda: {"serving": 0, "resting": 0, "en": 0, "zh": 0})
    for passage in standing.corpus.passages:
        row = rows[passage.topic]
        row["serving" if passage.id in serving else "resting"] += 1
        row["en"] += len(asked_of(passage, "en"))
        row["zh"] += len(asked_of(passage, "zh-Hant"))
    return [{"topic": topic, **row} for topic, row in sorted(rows.items())]


def _ending(standing: Standing) -> int:
    until = standing.on + timedelta(days=SOON_DAYS)
    return sum(each.valid_to is not None and parse_date(each.valid_to) <= until for each in standing.serving)


def _shown(findings: Iterable[Finding], passages: Iterable[Passage]) -> list[dict[str, Any]]:
    """Return the first findings, each with its passages side by side."""
    known = {passage.id: passage for passage in passages}
    return [
        {
            "said": each.said,
            "shown": each.shown,
            "passages": [known[name] for name in each.passages[:_SIDE_BY_SIDE] if name in known],
            "more": max(0, len(each.passages) - _SIDE_BY_SIDE),
        }
        for each in list(findings)[:FINDINGS_SHOWN]
    ]


def _today(request: AppRequest) -> date:
    return hong_kong_date(request.runtime.clock())


_TITLE = Text(en="Approved passages", zh="核准文本")
_WRITE = Text(en="Write a message, and not too long.", zh="請輸入訊息，並避免過長。")
_NOT_TAKEN = Text(en="The file cannot be taken.", zh="檔案未能採用。")

PAGES: tuple[AppPage, ...] = (
    AppPage("/passages", "GET", "operator", _list, place=_TITLE),
    AppPage("/passages/file", "POST", "operator", _look_over),
    AppPage("/passages/{institution}/{use}", "GET", "operator", _show),
    AppPage("/passages/{institution}/{use}", "POST", "operator", _try),
)
