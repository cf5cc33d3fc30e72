"""`POST /v1/service/hooks/{id}`: where help desks send their events. Each is signed, and nothing of it is read before that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack.apps.pages import HotRoute
from dualtrack.apps.service.connectors.chatwoot import take_event
from dualtrack.apps.service.connectors.hooks import find_hook, read_secret
from dualtrack.apps.service.connectors.signatures import CHATWOOT_HEADERS, OWN_HEADERS, check_signed
from dualtrack.apps.service.connectors.signed import take_signed
from dualtrack.runtime.faces.asgi import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.apps.pages import HotCall

__all__ = ["ROUTES", "answer_hook"]


async def answer_hook(call: HotCall, name: str) -> tuple[int, Mapping[str, Any]]:
    """Answer a delivery to a connector.

    Raises NotFoundError (404) for no such connector, AuthenticationError (401) for a signature that does not hold or is old,
    OverloadError (503) without the secret to check it by, DocumentError (400) for a body that is no JSON.
    """
    hook = find_hook(call.runtime, name)
    names = CHATWOOT_HEADERS if hook.setting.kind == "chatwoot" else OWN_HEADERS
    secret = read_secret(call.runtime, hook.setting.secret, hook)
    sent, signature = call.header(names.time.encode()), call.header(names.signature.encode())
    check_signed(secret, sent, signature, call.body, call.runtime.clock().timestamp())
    plain = read_json(call.body)
    return await (take_event if hook.setting.kind == "chatwoot" else take_signed)(call, hook, plain)


async def _hooks(call: HotCall) -> tuple[int, Mapping[str, Any]]:
    return await answer_hook(call, call.tail)


ROUTES: tuple[HotRoute, ...] = (HotRoute("/v1/service/hooks/{id}", _hooks, public=True),)
