"""Rule packs: which are adopted, what became of every paragraph, each rule, and what changed between versions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.ids import check_digest
from dualtrack.domain.institution import PackAdoption
from dualtrack.domain.records import read_record
from dualtrack.domain.vocabulary import Grade
from dualtrack.errors import NotFoundError, PackError
from dualtrack.keys import dsse
from dualtrack.present import terms, words
from dualtrack.present.phrases import our_test
from dualtrack.present.text import date_text
from dualtrack.rules.coverage import coverage
from dualtrack.rules.diff import diff
from dualtrack.rules.pack import load_pack
from dualtrack.rules.shipped import shipped_packs
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of
from dualtrack.web.pages.base import Page, View
from dualtrack.web.parts import Badge, Column, Crumb, Fact
from dualtrack.web.views.wording import pack_name

if TYPE_CHECKING:
    from dualtrack.rules.coverage import Coverage
    from dualtrack.rules.pack import Pack
    from dualtrack.store.register import Register
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["CHANGES_SHOWN", "PAGES"]

CHANGES_SHOWN = 400
"""Changes between two versions listed on a page; `dualtrack rules diff` prints every one."""


class _Version(NamedTuple):
    """A version of a pack that is known here: adopted, retired, replaced, or only shipped."""

    pack: Pack
    standing: str
    entry: int | None


def _list(request: PageRequest) -> View:
    say, known = say_of(request), _known(request.register)
    adopted = {pack.id for pack in request.register.adopted_packs()}
    rows = []
    for name in sorted(known, key=lambda item: (item not in adopted, item)):
        pack = known[name][0].pack
        found = _coverage(pack)
        rows.append(
            {
                "id": name,
                "title": say.text(pack.data.title),
                "version": pack.data.version,
                "badge": _standing(known[name][0].standing, say),
                "status": say.capital(terms.STATUS_WORDS[pack.data.status]),
                "grade": say.capital(terms.GRADE_WORDS[pack.data.grade]),
                "rules": len(pack.rules),
                "coverage": say.text(found.line()) if found else "–",
            }
        )
    columns = (
        Column(say("Pack", "規則包")), Column(say("Here", "在此處")), Column(say("Text", "文件")), Column(say("How far we saw it", "所閱文本")),
        Column(say("Rules", "規則"), numeric=True), Column(say("Paragraphs", "段落")),
    )  # fmt: skip
    return View("packs.html.j2", {"rows": rows, "columns": columns}, say("Rule packs", "規則包"))


def _show(request: PageRequest) -> View:
    say, versions = say_of(request), _versions(request)
    chosen = _chosen(versions, request.query.get("digest"))
    pack, data = chosen.pack, chosen.pack.data
    found = _coverage(pack)
    title = pack_name(data, say)
    context = {
        "say": say,
        "terms": terms,
        "words": words,
        "pack": pack,
        "data": data,
        "other": say.language.other,
        "badge": _standing(chosen.standing, say),
        "facts": _facts(pack, say),
        "coverage": found,
        "coverage_line": say.text(found.line()) if found else None,
        "kinds": {name: say.capital(text) for name, text in terms.COVERAGE_WORDS.items()},
        "basis": {
            "text": say("the document", "文件"),
            "firm": say("the firm", "機構"),
            "ours": say("us", "本產品"),
        },
        "tests": {rule.id: say.capital(our_test(rule.data.cites)) for rule in pack.rules},
        "versions": [
            {
                "version": item.pack.data.version,
                "digest": item.pack.digest,
                "badge": _standing(item.standing, say),
                "entry": item.entry,
                "current": item is chosen,
                "diff": f"/packs/{pack.id}/diff?from={item.pack.digest}&to={chosen.pack.digest}"
                if item is not chosen
                else "",
            }
            for item in versions
        ],
        "columns": _columns(say),
        "trail": (Crumb(say("Rule packs", "規則包"), "/packs"), Crumb(title)),
    }
    return View("pack.html.j2", context, title)


def _diff(request: PageRequest) -> View:
    """Show what changed from one version that is known here to another."""
    say, versions = say_of(request), _versions(request)
    before, after = (_chosen(versions, request.query.get(name)).pack for name in ("from", "to"))
    changes = diff(before, after)
    signs = {"added": "+", "removed": "-", "changed": " "}
    name, title = say("Changes", "改動"), pack_name(after.data, say)
    context = {
        "before": before,
        "after": after,
        "n": len(changes),
        "lines": [(signs[change.kind], say.text(change.line())) for change in changes[:CHANGES_SHOWN]],
        "more": max(0, len(changes) - CHANGES_SHOWN),
        "trail": (
            Crumb(say("Rule packs", "規則包"), "/packs"),
            Crumb(title, f"/packs/{after.id}"),
            Crumb(name),
        ),
    }
    return View("pack_diff.html.j2", context, f"{name}: {title}")


def _known(register: Register) -> dict[str, list[_Version]]:
    """Return every version known here by pack: adopted first, then earlier ones, then what only comes with Dualtrack."""
    found: dict[str, dict[str, _Version]] = {}
    in_use = {pack.id: pack.digest for pack in register.adopted_packs()}
    for entry in register.repository.every(kinds=("pack-adoption/1",)):
        if not isinstance(entry, Entry):
            continue
        record = read_record(canonical.decode(dsse.parse(entry.content).payload), PackAdoption, where="pack adoption")
        if record.digest in register.packs:
            standing = "adopted" if in_use.get(record.pack) == record.digest else "before"
            pack = load_pack(register.packs[record.digest])
            found.setdefault(record.pack, {})[record.digest] = _Version(pack, standing, entry.index)
    for pack in shipped_packs():
        found.setdefault(pack.id, {}).setdefault(pack.digest, _Version(pack, "shipped", None))
    order = ("adopted", "shipped", "before")
    return {
        name: sorted(versions.values(), key=lambda item: (order.index(item.standing), -(item.entry or 0)))
        for name, versions in found.items()
    }


def _versions(request: PageRequest) -> list[_Version]:
    found = _known(request.register).get(request.path["id"])
    if found is None:
        raise NotFoundError(
            f"no pack {request.path['id'][:80]!r}", where="rule packs", fix="choose one from the list of packs"
        )
    return found


def _chosen(versions: list[_Version], digest: str | None) -> _Version:
    """Return the version of a digest; without one the adopted, else the newest that is here."""
    if not digest:
        return versions[0]
    check_digest(digest, where="digest")
    found = next((item for item in versions if item.pack.digest == digest), None)
    if found is None:
        raise NotFoundError(f"no version {digest[:16]} of this pack here", where="digest", fix="choose one of the list")
    return found


def _standing(standing: str, say: Say) -> Badge:
    if standing == "adopted":
        return Badge("good", say("Adopted", "已採用"))
    if standing == "before":
        return Badge("low", say("Was adopted", "曾經採用"))
    return Badge("note", say("Not adopted", "未採用"))


def _coverage(pack: Pack) -> Coverage | None:
    """Return the coverage of a pack, or None where none can be claimed."""
    if pack.data.grade is Grade.SECONDARY:
        return None
    try:
        return coverage(pack)
    except PackError:
        return None


def _facts(pack: Pack, say: Say) -> list[Fact]:
    data, source = pack.data, pack.data.source
    seen = {
        "primary text": say("the text itself", "原文"),
        "secondary source": say("a secondary source", "第二手來源"),
        "not seen": say("not seen", "未閱"),
    }
    return [
        Fact(say("Document", "文件"), say.quoted(source.document)),
        Fact(say("Reference", "編號"), say.quoted(source.reference)),
        Fact(say("Dated", "日期"), _day(source.date, say)),
        Fact(say("Where it is", "網址"), source.address),
        Fact(say("What we read", "所閱文本"), f"{seen[source.checked]}, {_day(source.checked_on, say)}"),
        *([Fact(say("Note", "附註"), say.quoted(source.note))] if source.note else []),
        Fact(say("Status", "狀態"), say.capital(terms.STATUS_WORDS[data.status])),
        Fact(
            say("In effect", "生效"), f"{_day(data.effective_from, say)} – {_day(data.effective_to or '', say)}".strip()
        ),
        Fact(say("Written down by", "編寫"), say.quoted(data.transcriber)),
        Fact(say("Version", "版本"), data.version),
        Fact(say("Digest", "摘要值"), pack.digest, code=True),
    ]


def _day(text: str, say: Say) -> str:
    """Return a whole date in words; a source that is dated by its year alone keeps it."""
    try:
        return say.text(date_text(date.fromisoformat(text)))
    except ValueError:
        return text


def _columns(say: Say) -> dict[str, tuple[Column, ...]]:
    return {
        "coverage": (Column(say("Paragraph", "段落")), Column(say("Became", "成為")), Column(say("Our rules", "我們的規則")), Column(say("Note", "附註"))),
        "parameters": (
            Column(say("Name", "名稱")), Column(say("Value", "數值"), numeric=True), Column(say("From", "由"), numeric=True),
            Column(say("To", "至"), numeric=True), Column(say("Source", "來源")), Column(say("Set by", "訂立者")),
        ),
        "versions": (Column(say("Version", "版本")), Column(say("Here", "在此處")), Column(say("Digest", "摘要值")), Column(say("Changes to the one shown", "與所示版本的改動"))),
    }  # fmt: skip


PAGES: tuple[Page, ...] = (
    Page("/packs", "GET", Verb.SEE_PORTFOLIO, _list),
    Page("/rules", "GET", Verb.SEE_PORTFOLIO, _list),
    Page("/packs/{id}", "GET", Verb.SEE_PORTFOLIO, _show),
    Page("/packs/{id}/diff", "GET", Verb.SEE_PORTFOLIO, _diff),
)
