"""All applications by name: those that are shipped and those that other packages register.

A package adds one through the entry-point group `dualtrack.apps`; the entry's name is the application's.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from dualtrack.apps.application import check_application
from dualtrack.errors import FieldError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from dualtrack.apps.application import Application

__all__ = ["GROUP", "applications", "find_application", "load_applications"]

GROUP = "dualtrack.apps"
"""The entry-point group."""


@cache
def applications() -> dict[str, Application]:
    """Return every installed application by name, sorted; raises FieldError for an entry that is none."""
    return load_applications(entry_points(group=GROUP))


def load_applications(points: Iterable[EntryPoint]) -> dict[str, Application]:
    """Load applications; raises FieldError where one cannot be, has another name than its entry, or takes what another has."""
    found: dict[str, Application] = {}
    commands: dict[str, str] = {}
    for point in sorted(points, key=lambda each: each.name):
        where = f"entry point {GROUP}, {point.name} = {point.value}"
        application = check_application(_loaded(point, where), where=where)
        if application.name != point.name:
            raise FieldError(f"its application is named {application.name!r}", where=where, fix="give both one name")
        if application.name in found:
            raise FieldError(f"two applications {application.name!r}", where=where, fix="remove one of the packages")
        for command in application.commands:
            if command in commands:
                raise FieldError(
                    f"the command {command!r} is that of {commands[command]}", where=where, fix="rename it"
                )
            commands[command] = application.name
        found[application.name] = application
    return found


def find_application(name: str) -> Application:
    """Return an application by name; raises NotFoundError with those there are."""
    found = applications().get(name)
    if found is None:
        raise NotFoundError(
            f"no application {name!r:.60}", expected=", ".join(applications()), fix="see `dualtrack apps`"
        )
    return found


def _loaded(point: EntryPoint, where: str) -> object:
    try:
        return point.load()
    except Exception as error:  # a foreign module may raise anything while it is imported; named with its package
        raise FieldError(
            f"cannot be loaded: {type(error).__name__}: {error!s:.200}", where=where, fix="repair or remove the package"
        ) from error
