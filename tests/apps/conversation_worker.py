"""A process of its own that takes a customer's message, and dies where it is told to: before it is answered, with an answer not yet kept, or just kept."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from dualtrack.apps.service import answering
from dualtrack.apps.service.conversations import find
from dualtrack.apps.service.settings import find_chat, read_settings
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace


def main() -> None:
    root, token, how, message = Path(sys.argv[1]), *sys.argv[2:5]
    with Runtime.open(Workspace.open(root)) as runtime:
        found = find(runtime, token)
        answer, keep = answering._answer, answering.say

        async def asked(*given):
            if how == "asked":
                os.kill(os.getpid(), signal.SIGKILL)
            return await answer(*given)

        def kept(runtime, found, who, *given, **more):
            if how == "answered" and who == "assistant":
                os.kill(os.getpid(), signal.SIGKILL)
            said = keep(runtime, found, who, *given, **more)
            if how == "told" and who == "assistant":
                os.kill(os.getpid(), signal.SIGKILL)
            return said

        answering._answer, answering.say = asked, kept
        chat = find_chat(read_settings(runtime.store.workspace), found.use)
        asyncio.run(answering.take_turn(runtime, None, chat, found, message))


if __name__ == "__main__":
    main()
