"""What an application is: one frozen value that says everything the rest of the system takes from it."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - a named tuple is made from its annotations
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.forms import ENTRY_KIND
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.usecase import UseCase, check_use_case
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from dualtrack.apps.pages import AppPage, HotRoute
    from dualtrack.apps.state import AppProjections, AppTables
    from dualtrack.domain.records import Record
    from dualtrack.evidence.registry import AnyMeasure

__all__ = ["API", "Application", "EntryKind", "check_application", "declarations_of", "words_of"]

API = 1
"""The one form of an application that there is; another one is refused and not guessed at."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
_COMMAND = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PATH = re.compile(r"(?:/[a-z0-9{}_.-]+)*")


class EntryKind(NamedTuple):
    """A kind of entry that an application adds to the ledger: the record in it, and what people call it."""

    record: type[Record]
    said: Text


class Application(NamedTuple):
    """An application. Everything in it is named by its own name, so that two of them never meet.

    - `package` is where its files lie: the declarations, `words.yaml`, the folder `templates`.
    - `declaration` are file names of draft declarations, one for each use that it offers, of the institution `your-firm`.
    - `entry_kinds` are what it writes to the ledger, `<name>-<what>/1`; `projections` say what such an entry does to its `tables`, whose
      columns are given without the ledger's own; key columns are those marked as primary keys.
    - `roles` name who of the console may do what: by role of its own, the console's roles that have it.
    - `pages` are mounted under `/apps/<name>`, `hot_routes` are `/v1/<name>/…`.
    - `commands` are click commands by name, as `module:function`, loaded when they are called.
    - `measures` are classes of `dualtrack.evidence.measure.Measure`.
    - `locale` is the file of its pages' own words: by key, English and Traditional Chinese.
    """

    api: int
    name: str
    title: Text
    package: str
    declaration: tuple[str, ...] = ()
    entry_kinds: Mapping[str, EntryKind] = {}
    projections: AppProjections = {}
    tables: AppTables = {}
    roles: Mapping[str, frozenset[str]] = {}
    pages: tuple[AppPage, ...] = ()
    hot_routes: tuple[HotRoute, ...] = ()
    commands: Mapping[str, str] = {}
    measures: tuple[type[AnyMeasure], ...] = ()
    locale: str | None = None


def check_application(found: object, *, where: str) -> Application:
    """Return an application whose parts fit together; raises FieldError naming the part that does not."""
    if not isinstance(found, Application):
        raise FieldError(f"a {type(found).__name__}", where=where, expected="a dualtrack.apps.application.Application")
    if found.api != API:
        raise FieldError(
            f"api {found.api!r}", where=where, expected=str(API), fix="install a version made for this one"
        )
    if _NAME.fullmatch(found.name) is None:
        raise FieldError(f"name {found.name!r:.60}", where=where, expected="small letters, digits and hyphens")
    _check_kinds(found, where)
    _check_doors(found, where)
    return found


def _check_doors(found: Application, where: str) -> None:
    for page in found.pages:
        place = f"{where}, page {page.method} {page.path}"
        if _PATH.fullmatch(page.path) is None:
            raise FieldError(f"path {page.path!r:.60}", where=place, expected="'' or /words/{names}")
        if page.role is not None and page.role not in found.roles:
            raise FieldError(f"role {page.role!r:.60}", where=place, expected=", ".join(found.roles) or "a role of it")
        if page.role is None and page.place is not None:
            raise FieldError("a public page in the navigation", where=place, fix="give it a role, or no place")
    for route in found.hot_routes:
        if not route.path.startswith(f"/v1/{found.name}/"):
            raise FieldError(f"path {route.path!r:.60}", where=where, expected=f"/v1/{found.name}/…")
    for name, target in found.commands.items():
        if _COMMAND.fullmatch(name) is None or target.count(":") != 1:
            raise FieldError(f"command {name!r:.40} = {target!r:.60}", where=where, expected="name = module:function")


def _check_kinds(found: Application, where: str) -> None:
    for kind in found.entry_kinds:
        if re.fullmatch(ENTRY_KIND, kind, re.ASCII) is None or not kind.startswith(f"{found.name}-"):
            raise FieldError(f"kind {kind!r:.60}", where=where, expected=f"{found.name}-…/1")
    odd = sorted(set(found.projections) - set(found.entry_kinds))
    if odd:
        raise FieldError(
            f"projects {odd[0]!r:.60}", where=where, expected=", ".join(found.entry_kinds) or "its own kinds"
        )
    if found.projections and not found.tables:
        raise FieldError("projections without a table", where=where, fix="name the tables that they change")


def declarations_of(found: Application) -> dict[str, UseCase]:
    """Return the draft declarations by the part of the use's name behind the institution; raises FieldError for a bad one."""
    drafts = {}
    for name in found.declaration:
        where = f"{found.name}: {name}"
        data = resources.files(found.package).joinpath(name).read_bytes()
        record = read_record(read_yaml(data, where=where), UseCase, where=where)
        check_use_case(record, where=where)
        drafts[record.use.partition("/")[2]] = record
    return drafts


def words_of(found: Application) -> dict[str, Text]:
    """Return the words of its pages by key; none where it names no file."""
    if found.locale is None:
        return {}
    where = f"{found.name}: {found.locale}"
    data = resources.files(found.package).joinpath(found.locale).read_bytes()
    return read_record(read_yaml(data, where=where), dict[str, Text], where=where)
