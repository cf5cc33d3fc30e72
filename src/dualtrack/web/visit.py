"""A visit: one request of a browser with who sends it, what it carries, and how its answer looks.

Everything here may wait for the database, so it runs in a worker thread.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.time import HONG_KONG
from dualtrack.web.asking import AGAIN_COOKIE, FLASH_COOKIE, FORM_COOKIE, LANGUAGE_COOKIE, Asking, with_query
from dualtrack.web.flashes import cookie, form_secret, is_form_secret, open_flash, seal_flash
from dualtrack.web.identity.csrf import SAFE_METHODS, check_csrf, csrf_token
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.roles import ROLE_NAMES
from dualtrack.web.navigation import navigation
from dualtrack.web.parts import Account, Choice, Crumb, Flash, Link, ProviderStep, Shell
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dualtrack.domain.records import Text
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.services import Services
    from dualtrack.web.views.rendering import Language

__all__ = ["LANGUAGE_S", "Posted", "Upload", "Visit", "open_visit"]

LANGUAGE_S = 31_536_000
"""Seconds that language and look are remembered: a year."""


class Upload(NamedTuple):
    """A file that was sent with a form."""

    name: str
    data: bytes


class Posted(NamedTuple):
    """What a form sent: one value a name, all values of each name, and files."""

    fields: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]
    files: Mapping[str, Upload]


_NOTHING_POSTED = Posted({}, {}, {})


class Visit:
    """One request. `cookies` gathers what the answer sets."""

    def __init__(
        self, services: Services, asking: Asking, posted: Posted, path: Mapping[str, str], mounted: Collection[str]
    ) -> None:
        self.services, self.asking, self.posted, self.path = services, asking, posted, path
        self.identity: Identity | None = services.sessions.identify(asking.session_token, touch=not asking.by_itself)
        self.language: Language = asking.language(self.identity.language if self.identity else None)
        self.cookies: list[str] = []
        self._mounted = mounted
        self._seen = self._size()
        self._secret = self._find_secret()
        if asking.query.get("lang") == self.language.value:
            self.set_cookie(LANGUAGE_COOKIE, self.language.value, lifetime_s=LANGUAGE_S)

    def say(self, text: Text) -> str:
        """Return a text in the visitor's language."""
        return both(text, self.language)

    @property
    def secret(self) -> str:
        """Return what forms and messages of this browser are bound to: its session, or before login a cookie of its own."""
        return self._secret

    def bind(self, secret: str) -> None:
        """Bind what this answer carries to another secret: the browser is given a new session with it."""
        self._secret = secret

    def set_cookie(self, name: str, value: str | None, *, lifetime_s: int = 0) -> None:
        """Set a cookie with the answer; None forgets it."""
        self.cookies.append(cookie(name, value, https=self.services.https, lifetime_s=lifetime_s))

    def check_form(self) -> None:
        """Raise ForbiddenError unless a request that changes something came from a form of ours."""
        check_csrf(
            self.asking.method,
            key=self.services.csrf_key,
            session_token=self._known_secret,
            form_token=self.posted.fields.get("token"),
            came_from=self.asking.came_from,
            own_origins=self.services.origins,
        )

    def leave_message(self, text: str) -> None:
        """Show a message on the next page."""
        services = self.services
        sealed = seal_flash(services.flash_key, self._secret, text, services.now_s())
        self.set_cookie(FLASH_COOKIE, sealed)

    def shell(self, *, trail: tuple[Crumb, ...] = (), flashes: tuple[Flash, ...] = ()) -> Shell:
        """Return what surrounds the page; a message that waited is shown and forgotten."""
        asking, identity = self.asking, self.identity
        found = open_flash(
            self.services.flash_key, self._secret, asking.cookies.get(FLASH_COOKIE), self.services.now_s()
        )
        if FLASH_COOKIE in asking.cookies and asking.method in SAFE_METHODS:
            self.set_cookie(FLASH_COOKIE, None)
        query = {name: value for name, value in asking.query.items() if name != "lang"}
        path = asking.path if asking.method in SAFE_METHODS else "/"
        shown = query if asking.method in SAFE_METHODS else {}
        return Shell(
            here=with_query(path, shown),
            language_url=with_query(path, {**shown, "lang": self.language.other.value}),
            theme_url="/appearance",
            token=csrf_token(self.services.csrf_key, self._secret),
            nav=navigation(identity, self.language, asking.path, self._mounted) if identity else (),
            institutions=self._institutions(),
            account=self._account(),
            trail=trail,
            flashes=(*found, *flashes),
            demo=self.services.runtime.store.workspace.demo,
            seen=self._seen,
            provider=self._provider(with_query(path, shown)),
        )

    def render(self, template: str, title: str, context: Mapping[str, Any]) -> str:
        """Return the page. The shell is added unless the view gave one; `title` is what the browser shows."""
        given = dict(context)
        shell = given.pop("shell", None) or self.shell(trail=given.pop("trail", ()))
        return self.services.renderer.render(
            template, self.language, self.asking.theme, **{"shell": shell, "title": title, **given}
        )

    @property
    def mounted(self) -> Collection[str]:
        """Return the paths of the pages there are."""
        return self._mounted

    @property
    def _known_secret(self) -> str | None:
        """The secret that the request itself brought; a new one was on no form yet."""
        if self.identity is not None:
            return self.asking.session_token
        found = self.asking.cookies.get(FORM_COOKIE)
        return found if is_form_secret(found) else None

    def _size(self) -> int | None:
        """Return the ledger's size before the page is read. An identity narrowed to some uses is not told it."""
        identity = self.identity
        if identity is None or identity.uses is not None or self.asking.method not in SAFE_METHODS:
            return None
        register = self.services.runtime.registers.get(identity.institution)
        return register.repository.size() if register else None

    def _find_secret(self) -> str:
        known = self._known_secret
        if known is not None:
            return known
        made = form_secret()
        self.set_cookie(FORM_COOKIE, made)
        return made

    def _institutions(self) -> tuple[Choice, ...]:
        if self.identity is None:
            return ()
        name = self.say(self.services.name_of(self.identity.institution))
        return (Choice(self.identity.institution, name, chosen=True),)

    def _provider(self, here: str) -> ProviderStep | None:
        """Return how a person of an identity provider is asked again; None for everybody else."""
        identity = self.identity
        if identity is None or identity.custody != "server":
            return None
        login = self.services.custody.open_login(self.asking.cookies.get(AGAIN_COOKIE), identity.name)
        href = with_query("/sign-in/provider", {"next": here})
        if login is None:
            return ProviderStep(href)
        until = datetime.fromtimestamp(login.asked_s + FRESH_S_MAX, UTC).astimezone(HONG_KONG)
        return ProviderStep(href, f"{until:%H:%M} HKT")

    def _account(self) -> Account | None:
        identity = self.identity
        if identity is None:
            return None
        roles = ", ".join(both(ROLE_NAMES[role], self.language) for role in sorted(identity.roles))
        label = "帳戶與工作階段" if self.language.value != "en" else "Account and sessions"
        return Account(identity.name, roles, (Link("/account", label),), "/sign-out")


def open_visit(
    services: Services,
    asking: Asking,
    *,
    posted: Posted | None = None,
    path: Mapping[str, str] | None = None,
    mounted: Collection[str] = (),
) -> Visit:
    """Return the visit of a request."""
    return Visit(services, asking, posted or _NOTHING_POSTED, path or {}, mounted)
