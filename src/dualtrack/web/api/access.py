"""Who asks the API: a program by its key, or a person by their session and the form token in a header.

A request with an `Authorization` header stands or falls with it; the session is not looked at then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import Depends, Request

from dualtrack.errors import FieldError, ForbiddenError, NotFoundError
from dualtrack.runtime.faces.callers import nobody
from dualtrack.web.asking import Asking, read_asking
from dualtrack.web.identity.csrf import SAFE_METHODS, check_csrf
from dualtrack.web.identity.permissions import FRESH_VERBS, Verb, require, require_fresh, visible_uses

if TYPE_CHECKING:
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.services import Services

__all__ = ["CSRF_HEADER", "Desk", "desk", "holder_of_desk", "identify", "is_door", "public_desk", "verb_of"]

CSRF_HEADER = "x-csrf-token"
"""Header with the form token, for requests of a session that change something; GET /api/v1/session gives one."""


_DOOR = "dualtrack_verb"


class Desk(NamedTuple):
    """A request that was let in: who asks, and the register of their institution."""

    services: Services
    asking: Asking
    who: Identity | None

    @property
    def identity(self) -> Identity:
        """Return who asks; there is somebody wherever a verb was asked for."""
        assert self.who is not None
        return self.who

    @property
    def register(self) -> Register:
        """Return the register of the institution; raises NotFoundError where its log key is not here."""
        found = self.services.runtime.registers.get(self.identity.institution)
        if found is None:
            raise NotFoundError("this institution keeps no ledger here", where=self.identity.institution)
        return found

    def may_use(self, verb: Verb, use: str) -> str:
        """Return the use if this verb reaches it; raises ForbiddenError."""
        require(self.identity, verb, institution=self.identity.institution, use=use)
        if use.partition("/")[0] != self.identity.institution:
            raise ForbiddenError("this use is of another institution", where=verb, code="forbidden.institution")
        return use

    def listed(self, verb: Verb, use: str | None = None) -> frozenset[str] | None:
        """Return the uses that a list is about: the one asked for, or all that who asks may see (None: the institution's).

        Raises ForbiddenError for a use that the verb does not reach.
        """
        return visible_uses(self.identity) if use is None else frozenset({self.may_use(verb, use)})

    def reaches(self, about: str) -> bool:
        """Tell whether one thing about a use is shown to who asks; what is of no use is hidden from a narrowed key."""
        uses = visible_uses(self.identity)
        return uses is None or about in uses

    def signer(self, password: str | None) -> Signer:
        """Return the signer of the person's own key; raises FieldError, AuthenticationError, KeyFileError."""
        identity = self.identity
        if identity.means != "session" or not (password or identity.custody == "server"):
            raise FieldError(
                "this entry is signed with a person's own key",
                where="field password",
                expected="a session, and the person's password in this request",
                fix="sign in and send the password, or sign with the command line where the key is",
                code="input.field.password",
            )
        return self.services.unlock(identity, password or "", self.asking)


def desk(verb: Verb) -> Any:  # noqa: ANN401 - FastAPI's own type of a dependency
    """Return the dependency that lets in who has a verb; lists are narrowed to the uses of a key by who makes them."""

    def let_in(request: Request) -> Desk:
        services, asking = _asked(request)
        who = identify(services, asking)
        identity = require(who, verb, institution=who.institution if who else "", listed=True)
        if asking.method not in SAFE_METHODS and verb in FRESH_VERBS:
            require_fresh(identity, services.now_s())
        return Desk(services, asking, identity)

    setattr(let_in, _DOOR, verb)
    return Depends(let_in)


def is_door(dependency: object) -> bool:
    """Tell whether a dependency lets in who has a verb, as `desk` makes it: called with a request, it returns the Desk."""
    return hasattr(dependency, _DOOR)


def verb_of(dependency: object) -> Verb | None:
    """Return the verb that a dependency asks for, None where it is no door."""
    return getattr(dependency, _DOOR, None)


def public_desk(request: Request) -> Desk:
    """Let anybody in: what is asked for is shown by a code alone. Cookies open nothing here."""
    services, asking = _asked(request)
    return Desk(services, asking, None)


def identify(services: Services, asking: Asking) -> Identity | None:
    """Return who asks; raises AuthenticationError for a key that is not known, ForbiddenError for a form that is not ours."""
    if asking.authorization is not None:
        found = services.keys.identify(asking.authorization)
        if found is None:
            raise nobody()
        return found
    who = services.sessions.identify(asking.session_token)
    if who is not None:
        check_csrf(
            asking.method,
            key=services.csrf_key,
            session_token=asking.session_token,
            form_token=asking.form_token,
            came_from=asking.came_from,
            own_origins=services.origins,
        )
    return who


def holder_of_desk(found: Desk) -> str:
    """Return the name under which separation of duties is judged."""
    return found.identity.holder or found.identity.name


def _asked(request: Request) -> tuple[Services, Asking]:
    services: Services = request.app.state.services
    return services, read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
