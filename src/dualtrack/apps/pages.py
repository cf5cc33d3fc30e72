"""Pages and routes of an application: what it is given and what it gives back. The web room mounts them, and applies roles and CSRF."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping  # noqa: TC003 - named tuples are made from their annotations
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from dualtrack.domain.records import Text
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.faces.callers import Caller
    from dualtrack.runtime.upstream.client import UpstreamClient
    from dualtrack.store.register import Register

__all__ = ["AppPage", "AppRequest", "Download", "HotCall", "HotRoute", "Redirect", "View", "Visitor"]


class View(NamedTuple):
    """A page to render: template, its data, title in the page's language; `status` for refusals that are pages.

    `framed_by` are the origins that may show it in a frame; nobody otherwise.
    """

    template: str
    context: Mapping[str, Any]
    title: str
    status: int = 200
    framed_by: tuple[str, ...] = ()


class Redirect(NamedTuple):
    """Go to another page (303), with a message to show there."""

    to: str
    message: str | None = None


class Download(NamedTuple):
    """A file: its bytes, media type and name."""

    data: bytes
    media_type: str
    name: str


class Visitor(Protocol):
    """Who is signed in: their account's name and institution; `holder` is who signs, where their account has a key."""

    @property
    def name(self) -> str:
        """The account's name."""

    @property
    def institution(self) -> str:
        """The institution that they belong to."""

    @property
    def holder(self) -> str | None:
        """Who signs, where the account has a key."""


class AppRequest(NamedTuple):
    """A request that was let in. `visitor` is None on public pages only; `form` is empty unless it was posted.

    `root` is where the application's pages are mounted. `run` runs a coroutine function that takes the client of upstreams, in the
    server's event loop, and waits for what it returns: how a page calls the governed runtime.
    """

    runtime: Runtime
    visitor: Visitor | None
    language: Literal["en", "zh-Hant"]
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    files: Mapping[str, Any]
    source: str
    root: str
    run: Callable[[Callable[[UpstreamClient], Coroutine[Any, Any, Any]]], Any]

    @property
    def register(self) -> Register:
        """The register of the institution that the visitor belongs to."""
        assert self.visitor is not None
        return self.runtime.registers[self.visitor.institution]

    def said(self, text: Text) -> str:
        """Return a text in the language that the page is read in."""
        return text.zh if self.language == "zh-Hant" else text.en


class AppPage(NamedTuple):
    """A page under the application's root: path with `{names}`, method, and the role of the application that opens it.

    `role` None is public. `place` is its name in the console's navigation, if it has a place there. A `capability` page has a token in
    its address that nobody guesses: no form token is asked for, so that it works in a frame of another site.
    """

    path: str
    method: Literal["GET", "POST"]
    role: str | None
    show: Callable[[AppRequest], View | Redirect | Download]
    place: Text | None = None
    capability: bool = False


class HotCall(NamedTuple):
    """A call of a hot route: the runtime, the client of upstreams, who calls (None on a public route), its body, a header by name.

    `tail` is what stands in the address in the place of the last part, where the route's path ends in `{id}`.
    """

    runtime: Runtime
    client: UpstreamClient
    caller: Caller | None
    body: bytes
    header: Callable[[bytes], str | None]
    tail: str = ""


class HotRoute(NamedTuple):
    """A route of the hot path, `/v1/<application>/…`. It answers with a status and plain data; errors of ours become problem documents.

    `public` takes calls without an API key: it checks a token or a signature itself. A path may end in `/{id}`, one part of small
    letters, digits and hyphens, which the call has as its `tail`.
    """

    path: str
    answer: Callable[[HotCall], Awaitable[tuple[int, Mapping[str, Any]]]]
    public: bool = False
