"""Who calls the hot path: told by the room above, which knows keys and accounts. Nothing here reads a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dualtrack.errors import AuthenticationError, FieldError, ForbiddenError

__all__ = ["USE_CHARACTERS_MAX", "Authenticate", "Caller", "nobody", "use_of"]


class Caller(NamedTuple):
    """A caller of an institution's uses; `uses` None means all of them. `name` is a key's identifier, never the key."""

    name: str
    institution: str
    uses: frozenset[str] | None


USE_CHARACTERS_MAX = 129
"""Two slugs of 64 and the slash: a longer name is no use's, and refusals repeat it."""

Authenticate = Callable[[str | None], Caller]
"""From an `authorization` header to its caller; raises AuthenticationError."""


def use_of(caller: Caller, named: object) -> str:
    """Return the use that a request is about: named whole, by its second part, or the only one the key is for."""
    if named is None and caller.uses is not None and len(caller.uses) == 1:
        return next(iter(caller.uses))
    if type(named) is not str or not named:
        raise FieldError("no use", where="field model", expected="institution/use", fix="name the use as the model")
    if len(named) > USE_CHARACTERS_MAX:
        raise FieldError(
            f"{len(named)} characters", where="field model", expected=f"institution/use, at most {USE_CHARACTERS_MAX}"
        )
    use = named if "/" in named else f"{caller.institution}/{named}"
    if use.partition("/")[0] != caller.institution or (caller.uses is not None and use not in caller.uses):
        raise ForbiddenError(f"this key is not for {use}", where="authorization", fix="ask for a key of that use")
    return use


def nobody() -> AuthenticationError:
    """Return the error for a request without a known key."""
    return AuthenticationError(
        "no known API key", where="authorization", expected="Bearer dt_…", fix="make one with `dualtrack api-key new`"
    )
