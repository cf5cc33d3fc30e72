"""The chats of the demo: set up, and a few conversations of fictional customers through the whole path, so that a desk has something to do."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.conversations import begin
from dualtrack.apps.service.settings import SETTINGS_NAME, find_chat, read_settings
from dualtrack.keys.files import replace_file
from dualtrack.runtime.upstream.client import UpstreamClient

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime

__all__ = ["Chatted", "hold_conversations"]


class Chatted(NamedTuple):
    """A conversation as it was left: its use, what was asked, how the last message ended, and who answers now."""

    use: str
    asked: str
    outcome: str
    status: str


_CUSTOMERS = (
    ("harbour-bank-demo/service-answers", "How do I order a new cheque book?"),
    ("harbour-bank-demo/service-answers", "我張信用卡俾人偷咗，點算？"),
    ("peak-securities-demo/client-answers", "I want to complain: my order was placed twice."),
)
"""What fictional customers write: a question, a stolen card in Cantonese, a complaint."""


def hold_conversations(runtime: Runtime) -> list[Chatted]:
    """Write the chats' settings into the workspace and hold one conversation with each fictional customer."""
    workspace = runtime.store.workspace
    data = (resources.files("dualtrack.demo") / "data" / "chats.yaml").read_bytes()
    replace_file(workspace.path(SETTINGS_NAME), data)
    return asyncio.run(_hold(runtime))


async def _hold(runtime: Runtime) -> list[Chatted]:
    settings = read_settings(runtime.store.workspace)
    held = []
    async with UpstreamClient() as client:
        for use, asked in _CUSTOMERS:
            language = "en" if asked.isascii() else "zh-Hant"
            _, found = await asyncio.to_thread(begin, runtime, use, channel="page", language=language)
            after, lines = await take_turn(runtime, client, find_chat(settings, use), found, asked)
            held.append(Chatted(use, asked, str(lines[-1].row["outcome"]), after.status))
    return held
