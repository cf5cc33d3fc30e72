"""The page by which evidence is written down and signed: a topic is chosen, its form filled in, the person's key signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import DualtrackError, EvidenceError, FieldError, NotFoundError
from dualtrack.present.terms import KIND_WORDS, ROLE_WORDS
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.built_in_topics import built_in_problems
from dualtrack.store.statements import make_statement
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb
from dualtrack.web.views.acting import language_of, person, refusal, say, use_of
from dualtrack.web.views.evidence_in import control_problems, form_fields, planned_items, read_observation
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.rules.records import Topic
    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_TITLE = Text(en="Add evidence", zh="加入證據")
_ABOUT = {
    "release": Text(en="about the newest release", zh="關於最新版本"),
    "use": Text(en="about the use, whatever its release", zh="關於用途，不論版本"),
    "firm": Text(en="about the institution", zh="關於機構"),
}


def _show(request: PageRequest) -> View:
    use = use_of(request, Verb.ADD_EVIDENCE)
    name = request.query.get("topic", "")
    topics = request.register.case(use, None).topics
    if name in topics:
        now = request.register.clock().astimezone(HONG_KONG)
        return _form_view(request, use, name, topics[name], {"taken_at": f"{now:%Y-%m-%dT%H:%M}"}, {}, None)
    return _list_view(request, use, topics)


def _list_view(request: PageRequest, use: str, topics: Mapping[str, Topic]) -> View:
    language, roles = language_of(request), _roles(request)
    groups: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for name, topic in sorted(topics.items(), key=lambda pair: (pair[1].kind.value, pair[0])):
        groups[bool(roles & set(topic.roles))].append(
            {
                "name": name,
                "title": both(topic.title, language),
                "kind": both(KIND_WORDS[topic.kind], language),
                "about": both(_ABOUT[topic.about], language),
                "roles": ", ".join(both(ROLE_WORDS[role], language) for role in topic.roles),
                "hours": f"{topic.hours:g}",
            }
        )
    context = {
        "view": "list",
        "use": use,
        "trail": _trail(request, use),
        "yours": groups[True],
        "others": groups[False],
        "refused": None,
    }
    return View("evidence_in.html.j2", context, say(request, _TITLE))


def _form_view(
    request: PageRequest,
    use: str,
    name: str,
    topic: Topic,
    form: Mapping[str, str],
    problems: Mapping[str, str],
    error: DualtrackError | None,
) -> View:
    language = language_of(request)
    claims = _claims(request, use)
    needed = topic.fields.get("claim") == "string"
    none = Choice("", say(request, Text(en="none", zh="沒有")), not form.get("claim"))
    context = {
        "view": "form",
        "use": use,
        "trail": _trail(request, use, both(topic.title, language)),
        "name": name,
        "topic": topic,
        "kind": both(KIND_WORDS[topic.kind], language),
        "about": both(_ABOUT[topic.about], language),
        "roles": ", ".join(both(ROLE_WORDS[role], language) for role in topic.roles),
        "fields": form_fields(name, topic, language),
        "yes_no": (("yes", say(request, Text(en="Yes", zh="是"))), ("no", say(request, Text(en="No", zh="否")))),
        "claims": [none, *(Choice(key, label, key == form.get("claim")) for key, label in claims.items())],
        "ask_claim": bool(claims) and (needed or topic.kind is EvidenceKind.MEASUREMENT),
        "planned": topic.planned,
        "items": [
            Choice(key, say(request, _item_words(key)), key == form.get("planned_item"))
            for key in planned_items(name, request.register.case(use, None).found.plans)
        ],
        "measured": topic.kind is EvidenceKind.MEASUREMENT,
        "document": topic.kind is EvidenceKind.DOCUMENT,
        "form": form,
        "problems": problems,
        "refused": refusal(error, language) if error else None,
    }
    return View("evidence_in.html.j2", context, both(topic.title, language), error.status if error else 200)


def _add(request: PageRequest) -> View | Redirect:
    use, form, language = use_of(request, Verb.ADD_EVIDENCE), dict(request.form), language_of(request)
    name = form.get("topic", "")
    topic = request.register.case(use, None).topics.get(name)
    if topic is None:
        raise NotFoundError("no adopted pack knows this topic", where="topic", fix="choose one from the list")
    claims = _claims(request, use)
    items = planned_items(name, request.register.case(use, None).found.plans)
    found = read_observation(name, topic, form, claims, items, language)
    problems = found.problems
    if found.predicate is not None:
        problems = control_problems(built_in_problems(request.register, use, found.predicate), language)
    try:
        if found.predicate is None or problems:
            raise FieldError(f"{len(problems)} fields", where="form", fix="correct them", code="input")
        if topic.kind is EvidenceKind.APPROVAL:
            require(person(request), Verb.APPROVE, institution=request.register.institution, use=use)
        statement = make_statement(request.register, use, found.predicate)
        receipt = request.register.add_evidence(statement, [request.unlock(form.get("password", ""))])
    except DualtrackError as error:
        return _form_view(request, use, name, topic, form, problems, _without_command(error))
    said = Text(
        en=f"Signed and recorded as entry {receipt.index:,}. Assess the use to see what it changes.",
        zh=f"已簽署並記錄為第{receipt.index:,}項。請重新評估，以查看有何改變。",
    )
    return Redirect(f"/uses/{use}", say(request, said))


def _item_words(key: str) -> Text:
    index, _, item = key.partition("/")
    return Text(en=f"{item}, plan of entry {int(index):,}", zh=f"{item}，第{int(index):,}項的計劃")


def _without_command(error: DualtrackError) -> DualtrackError:
    """Return an evidence error with what to do on a page: its own words speak of files and commands."""
    if not isinstance(error, EvidenceError):
        return error
    return EvidenceError(error.found, expected=error.expected, code=error.code)


def _claims(request: PageRequest, use: str) -> dict[str, str]:
    language = language_of(request)
    return {claim.id: both(claim.statement, language) for claim in find_declaration(request.register, use).claims}


def _roles(request: PageRequest) -> set[Any]:
    """Return the domain roles that the person's key has in force."""
    grants = request.register.case(None, None).found.keys.grants()
    return {role for grant in grants if grant.keyid == person(request).key_id for role in grant.roles}


def _trail(request: PageRequest, use: str, topic: str = "") -> tuple[Crumb, ...]:
    title = both(find_declaration(request.register, use).title, language_of(request))
    first = (Crumb(say(request, Text(en="Uses", zh="用途")), "/uses"), Crumb(title, f"/uses/{use}"))
    if not topic:
        return (*first, Crumb(say(request, _TITLE)))
    return (*first, Crumb(say(request, _TITLE), f"/uses/{use}/evidence/new"), Crumb(topic))


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}/evidence/new", "GET", Verb.ADD_EVIDENCE, _show),
    Page("/uses/{institution}/{use}/evidence/new", "POST", Verb.ADD_EVIDENCE, _add),
)
"""Approvals ask for the verb of approving beside."""
