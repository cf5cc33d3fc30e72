"""The chats and the research desk of the demo: set up, and a few conversations of fictional customers through the whole path, so that a desk has something to do."""

from __future__ import annotations

import asyncio
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.settings import SETTINGS_NAME as RESEARCH_NAME
from dualtrack.apps.service.answering import take_turn
from dualtrack.apps.service.conversations import begin
from dualtrack.apps.service.settings import SETTINGS_NAME, find_chat, read_settings
from dualtrack.domain.records import Text
from dualtrack.keys.files import replace_file, replace_private
from dualtrack.runtime.upstream.client import UpstreamClient

if TYPE_CHECKING:
    from dualtrack.runtime.engine import Runtime

__all__ = ["CHATS_NAME", "Chatted", "hold_conversations"]


CHATS_NAME = "demo-chats.txt"
"""The file with the addresses of the conversations, in the demo's folder, mode 0600: a real one is with its customer alone."""

_HEAD = Text(
    en="Conversations of this demonstration. Every customer in them is fictional. Serve the workspace, then open the address.",
    zh="此示範的對話，所有客戶均屬虛構。啟動工作區的服務後，開啟所列網址。",
)


class Chatted(NamedTuple):
    """A conversation as it was left: its address, its use, what was asked, how the last message ended, and who answers now."""

    path: str
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
    """Write the settings of chats and research desk into the workspace and hold one conversation with each fictional customer."""
    workspace = runtime.store.workspace
    data = (resources.files("dualtrack.demo") / "data" / "chats.yaml").read_bytes()
    replace_file(workspace.path(SETTINGS_NAME), data)
    replace_file(
        workspace.path(RESEARCH_NAME), (resources.files("dualtrack.demo") / "data" / "research-desk.yaml").read_bytes()
    )
    held = asyncio.run(_hold(runtime))
    lines = [f"{item.path}  {item.use}\n    {item.asked}" for item in held]
    replace_private(workspace.path(CHATS_NAME), "\n".join((_HEAD.en, _HEAD.zh, "", *lines, "")).encode())
    return held


async def _hold(runtime: Runtime) -> list[Chatted]:
    settings = read_settings(runtime.store.workspace)
    held = []
    async with UpstreamClient() as client:
        for use, asked in _CUSTOMERS:
            language = "en" if asked.isascii() else "zh-Hant"
            token, found = await asyncio.to_thread(begin, runtime, use, channel="page", language=language)
            after, lines = await take_turn(runtime, client, find_chat(settings, use), found, asked)
            held.append(Chatted(f"/apps/service/c/{token}", use, asked, str(lines[-1].row["outcome"]), after.status))
    return held
