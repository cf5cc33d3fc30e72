"""What a message is about: the intent that the released model names, or none, with the probability that it is right.

A name decides nothing: no answer rests on it. It goes with the answer for whoever takes over, and where no passage answers, the passages of the
named intent stand first among the near questions. The model is a component of the release, so that a permit pins it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import DualtrackError, MissingExtraError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.apps.service.intents.classifier import IntentModel
    from dualtrack.apps.service.settings import ChatSettings
    from dualtrack.domain.records import Text
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse

__all__ = ["Named", "check_intents", "name_intent"]

_MODELS = 8
"""Models kept in memory: one for each chat of a firm, and the one before a new release."""


class Named(NamedTuple):
    """A named intent: its id, the probability that it is right, what people call it where known, and the passages that answer it."""

    id: str
    score: float
    title: Text | None
    passages: tuple[str, ...]


def name_intent(runtime: Runtime, chat: ChatSettings, live: LiveUse, text: str) -> Named | None:
    """Name the intent of a message; None where the chat has no model, or its model names none.

    Raises RefusedError where the model is not what the release pins: nothing runs that was not released.
    """
    if chat.intents is None:
        return None
    try:
        model = _model(runtime, chat, live)
    except MissingExtraError as error:
        raise _changed(live.use, "the intent model cannot run: an optional part is not installed") from error
    found = model.classify(text)
    if found.id is None:
        return None
    title = next((each for each in model.card.titles if each.id == found.id), None)
    return Named(found.id, found.score, title.title if title else None, title.passages if title else ())


def check_intents(runtime: Runtime, chat: ChatSettings) -> None:
    """Read the model of a chat whose use is open, before the first customer comes; raises what is wrong with it."""
    closed = runtime.gate.closed(chat.use)
    if chat.intents is not None and closed is None:
        _model(runtime, chat, runtime.gate.enter(chat.use))


def _model(runtime: Runtime, chat: ChatSettings, live: LiveUse) -> IntentModel:
    digest = next((part.digest for part in live.released.components if part.id == chat.intents), None)
    if digest is None:
        raise _changed(live.use, f"the release has no component {chat.intents!r:.70} for intents")
    try:
        return _load(runtime.store.workspace.path("models"), digest)
    except MissingExtraError:
        raise
    except (OSError, DualtrackError) as error:
        raise _changed(live.use, f"the intent model {digest[:16]} is missing, or not what was released") from error


@lru_cache(_MODELS)
def _load(folder: Path, digest: str) -> IntentModel:
    from dualtrack.apps.service.intents.stored import load  # noqa: PLC0415 - needs the optional part

    return load((folder / digest).read_bytes(), digest=digest, where=f"intent model {digest[:16]}")


def _changed(use: str, found: str) -> RefusedError:
    return RefusedError(
        found,
        where=use,
        fix="put the released model back, or release what runs now",
        code="permit.component-changed",
    )
