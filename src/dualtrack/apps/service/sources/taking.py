"""Takes passages from a file, a folder of documents or a saved site: all of them, or an error that says where and what to do."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from dualtrack.apps.refusals import refused
from dualtrack.apps.service.gaps import Finding, found_hidden
from dualtrack.apps.service.sources.about import ABOUT_NAME, ABOUT_SUFFIX, make_about, read_about
from dualtrack.apps.service.sources.building import build_passages, make_id, pair_sections
from dualtrack.apps.service.sources.docx import read_docx
from dualtrack.apps.service.sources.markup import read_page
from dualtrack.apps.service.sources.pdf import read_pdf
from dualtrack.apps.service.sources.site import SITEMAP_NAME, site_pages
from dualtrack.apps.service.sources.written import read_corpus, read_markdown, read_rows, read_values
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError, PathError
from dualtrack.runtime.passages.corpus import CORPUS_FORMAT, Corpus, check_corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dualtrack.apps.service.sources.sections import Source
    from dualtrack.runtime.passages.corpus import Passage
    from dualtrack.runtime.passages.slots import Value

__all__ = ["DOCUMENTS", "FORMS", "PAIR", "VALUES_NAME", "Taken", "take_files"]

_READERS: dict[str, Callable[[bytes, str], Source]] = {".docx": read_docx, ".pdf": read_pdf}

DOCUMENTS = frozenset(_READERS)
"""Endings of documents that hold passages under headings."""

VALUES_NAME = "values.csv"
"""What stands in the slots of a folder's passages; beside one file it is NAME.values.csv."""

FORMS = ".csv, .yaml, .md, .docx or .pdf, or a folder of .md, .docx and .pdf, or of a site with its sitemap.xml"

_TABLES = frozenset({".csv", ".yaml", ".yml"})
PAIR = re.compile(r"(.+)\.(en|zh|tc|zh-hant|zh-hk)", re.IGNORECASE)


class Taken(NamedTuple):
    """The corpus, and what was left out of it because nobody sees it in the documents."""

    corpus: Corpus
    findings: tuple[Finding, ...]


class _Document(NamedTuple):
    english: str
    chinese: str | None
    stem: str
    provenance: str | None = None


class _Given(NamedTuple):
    """A passage and the file it is from."""

    passage: Passage
    file: str


def take_files(files: Mapping[str, bytes], *, use: str, where: str, fields: Mapping[str, Any] | None = None) -> Taken:
    """Return the passages of files, given by their paths; `fields` are said of every document that has no own word on them.

    `values.csv` fills the slots of their texts. Raises DocumentError, FieldError or PathError naming file, section and field. Nothing is
    half taken.
    """
    if not files:
        raise PathError("no document", where=where, expected=FORMS)
    values = [each for name in files if _is_values(name) for each in read_values(files[name], name)]
    files = {name: data for name, data in files.items() if not _is_values(name)}
    tables = [name for name in files if _ending(name) in _TABLES and not _is_about(name)]
    if tables and SITEMAP_NAME not in files:
        return Taken(_of_table(tables[0], files, values, use, where), ())
    common = {**_about_of(ABOUT_NAME, files), **(fields or {})}
    if SITEMAP_NAME in files:
        parts = [_of_site(page, files, common) for page in _site(files)]
    else:
        parts = [_of_document(found, files, common) for found in _documents(files, where)]
    given = [each for part, _ in parts for each in part]
    _refuse_twice(given)
    corpus = _checked(_corpus(use, [each.passage for each in given]), values, where)
    return Taken(corpus, tuple(each for _, findings in parts for each in findings))


def _of_table(name: str, files: Mapping[str, bytes], values: list[Value], use: str, where: str) -> Corpus:
    if len(files) > 1:
        others = sorted(set(files) - {name})
        raise PathError(f"{name} beside {others[0]}", where=where, expected=FORMS, fix="give a table by itself")
    table = _ending(name) == ".csv"
    corpus = _corpus(use, read_rows(files[name], name)) if table else read_corpus(files[name], name)
    return _checked(corpus, values, name)


def _checked(corpus: Corpus, values: list[Value], where: str) -> Corpus:
    """Return a corpus with the values of its slots, checked; what it says of itself comes first."""
    if values:
        corpus = replace(corpus, values=[*(corpus.values or []), *values])
    check_corpus(corpus, where=where)
    return corpus


def _corpus(use: str, passages: list[Passage]) -> Corpus:
    return Corpus(format=CORPUS_FORMAT, use=use, firm=Text(en=use, zh=use), passages=passages)


def _documents(files: Mapping[str, bytes], where: str) -> Iterator[_Document]:
    """Return the documents, those of two languages as one; raises PathError for a file that is none."""
    named = sorted(name for name in files if not _is_about(name))
    stems: dict[str, str] = {}
    for name in named:
        if _ending(name) not in DOCUMENTS | {".md"}:
            raise PathError(
                f"{name} holds no passages", where=where, expected=FORMS, fix=f"move {name} out of the folder"
            )
        if _ending(name) in DOCUMENTS:
            stems[_stem(name)] = name
    for name in named:
        match = PAIR.fullmatch(_stem(name)) if _ending(name) in DOCUMENTS else None
        if match is None:
            yield _Document(name, None, _stem(name))
            continue
        english = match[2].casefold() == "en"
        others = [
            other for stem, other in stems.items() for each in [PAIR.fullmatch(stem)] if each and each[1] == match[1]
            and (each[2].casefold() == "en") is not english
        ]  # fmt: skip
        if len(others) != 1:
            wanted = f"{match[1]}.{'zh' if english else 'en'}{_ending(name)}"
            raise refused(
                f"{len(others)} documents in the other language",
                name,
                expected=f"{wanted} beside it",
                fix=f"put {wanted} beside it",
                code="languages",
            )
        if english:
            yield _Document(name, others[0], match[1])


def _of_document(
    found: _Document, files: Mapping[str, bytes], common: Mapping[str, Any]
) -> tuple[list[_Given], list[Finding]]:
    if _ending(found.english) == ".md":
        return [_Given(read_markdown(files[found.english], found.english), found.english)], []
    read = _READERS[_ending(found.english)]
    english = read(files[found.english], found.english)
    chinese = None
    if found.chinese is not None:
        chinese = _READERS[_ending(found.chinese)](files[found.chinese], found.chinese)
    return _built(found, english, chinese, files, common)


def _site(files: Mapping[str, bytes]) -> list[_Document]:
    return [_Document(page.english, page.chinese, page.stem, page.address) for page in site_pages(files)]


def _of_site(
    found: _Document, files: Mapping[str, bytes], common: Mapping[str, Any]
) -> tuple[list[_Given], list[Finding]]:
    english = read_page(files[found.english], found.english)
    chinese = None if found.chinese is None else read_page(files[found.chinese], found.chinese)
    return _built(found, english, chinese, files, common)


def _built(
    found: _Document, english: Source, chinese: Source | None, files: Mapping[str, bytes], common: Mapping[str, Any]
) -> tuple[list[_Given], list[Finding]]:
    beside = _beside(found, files)
    fields = {**common, **(_about_of(beside, files) if beside else {})}
    if found.provenance:
        fields.setdefault("provenance", found.provenance)
    place = beside or f"{_folder(found.english)}{PurePosixPath(found.stem).name}{ABOUT_SUFFIX}"
    about = make_about(fields, found.english, place)
    passages = build_passages(pair_sections(english, chinese), about, make_id(found.stem, ""), about_name=place)
    hidden = [
        found_hidden(tuple(each.id for each in passages), f"{source.name}: {text[:120]}")
        for source in (english, chinese)
        if source is not None
        for text in source.hidden
    ]
    return [_Given(each, found.english) for each in passages], hidden


def _beside(found: _Document, files: Mapping[str, bytes]) -> str | None:
    """Return the file that says what a document does not: by its name without ending, with or without the language."""
    folder = _folder(found.english)
    names = (f"{folder}{PurePosixPath(found.english).stem}", f"{folder}{PurePosixPath(found.stem).name}", found.english)
    return next((name + ABOUT_SUFFIX for name in names if name + ABOUT_SUFFIX in files), None)


def _about_of(name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return read_about(files[name], name) if name in files else {}


def _refuse_twice(given: list[_Given]) -> None:
    seen: dict[str, str] = {}
    for each in given:
        if each.passage.id in seen:
            raise FieldError(
                f"the id {each.passage.id!r} is there twice",
                where=f"{seen[each.passage.id]} and {each.file}",
                fix=f"rename a heading or file, or give one an id under `passages` in its {ABOUT_SUFFIX[1:]}",
            )
        seen[each.passage.id] = each.file


def _is_values(name: str) -> bool:
    return PurePosixPath(name).name == VALUES_NAME or name.endswith(f".{VALUES_NAME}")


def _is_about(name: str) -> bool:
    return name == ABOUT_NAME or name.endswith((ABOUT_SUFFIX, f"/{ABOUT_NAME}"))


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _folder(name: str) -> str:
    folder = str(PurePosixPath(name).parent)
    return "" if folder == "." else f"{folder}/"
