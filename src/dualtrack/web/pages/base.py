"""What a page is: its path and verb, what it is given, and what it gives back. Roles and CSRF are applied outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping  # noqa: TC003 - named tuples are made from their annotations
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.apps.pages import Download, Redirect, View

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime
    from dualtrack.store.register import Register
    from dualtrack.web.identity.permissions import Verb
    from dualtrack.web.identity.who import Identity

__all__ = ["Download", "Language", "Page", "PageRequest", "Redirect", "View"]

Language = Literal["en", "zh-Hant"]


class PageRequest(NamedTuple):
    """A request that was let in. `identity` is None on public pages only; `form` is empty unless it was posted.

    `unlock(password)` returns the Signer of the person's own key after asking for the password again; it raises
    AuthenticationError. `source` is the address that failures are counted against.
    """

    runtime: Runtime
    identity: Identity | None
    language: Language
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    unlock: Callable[[str], Any]
    source: str
    services: Mapping[str, Any]

    @property
    def register(self) -> Register:
        """The register of the institution that the person is looking at."""
        assert self.identity is not None
        return self.runtime.registers[self.identity.institution]


class Page(NamedTuple):
    """A page: path with `{names}`, method, the verb a person must have (None: public), and its function.

    `capability`: a token in its address lets in, so that no form token is asked for.
    """

    path: str
    method: Literal["GET", "POST"]
    verb: Verb | None
    show: Callable[[PageRequest], View | Redirect | Download]
    capability: bool = False
