"""A firm with a chat, a help desk on a port of its own that notes what it is told, and a webhook of each kind."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import msgspec

from dualtrack.apps.pages import HotCall
from dualtrack.apps.service.connectors.delivering import Deliveries, deliveries_of
from dualtrack.apps.service.connectors.hooks import find_hook
from dualtrack.apps.service.connectors.routes import answer_hook
from dualtrack.apps.service.connectors.signatures import CHATWOOT_HEADERS, OWN_HEADERS, sign
from dualtrack.apps.service.connectors.taking import open_conversation
from dualtrack.apps.service.conversations import conversations, lines, reread
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import DualtrackError
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.upstream.client import UpstreamClient
from permit.firm import FIRM, USE, declaration, known_key
from runtime.runtime_world import World, component

DATA = Path(__file__).parent / "data" / "chatwoot"
SECRETS = {
    "desk-secret": "desk-hmac-0123456789",
    "desk-token": "bot-token-9876543210",
    "own-secret": "own-hmac-0123456789",
}
QUESTION = "What is the monthly account fee?"
CORPUS = {
    "format": "dualtrack.corpus/1",
    "use": USE,
    "firm": {"en": "Test Bank", "zh-Hant": "測試銀行"},
    "passages": [
        {
            "id": "fee-monthly",
            "topic": "fees",
            "owner": "retail",
            "version": "1",
            "valid_from": "2026-01-01",
            "title": {"en": "Monthly account fee", "zh-Hant": "戶口月費"},
            "text": {"en": "The monthly account fee is HK$50.", "zh-Hant": "戶口月費為港幣50元。"},
            "keys": {"en": "charge", "zh-Hant": "收費"},
            "provenance": "Written for this test.",
        }
    ],
}
POLICY = {
    "audience": "customers",
    "opt_out": True,
    "guards": [
        {"guard": "opt_out", "stage": "input", "action": "route"},
        {"guard": "personal_data", "stage": "input", "action": "redact"},
        {"guard": "tipping_off", "stage": "output", "action": "block"},
    ],
    "upstreams": [{"id": "model", "kind": "extractive", "provider": "in-house"}],
    "fallback": "extractive",
    "output": {},
    "fields": [],
    "disclosure": {"text": {"en": "You are talking to AI.", "zh-Hant": "你正與人工智能對話。"}, "every": False},
    "bounds": {"characters": 4000},
}
SETTINGS = """
    format: dualtrack.service/1
    chats:
      - use: {use}
        title: {{en: "Ask Test Bank", zh-Hant: "測試銀行查詢"}}
        welcome: {{en: "Ask about accounts.", zh-Hant: "可查詢戶口事宜。"}}
        cannot: {{en: "It gives no advice.", zh-Hant: "不提供意見。"}}
        team: {{en: "The service team", zh-Hant: "服務團隊"}}
        webhooks:
          - {{id: desk, kind: chatwoot, secret: desk-secret, token: desk-token, url: "{desk}/api/v1/accounts/3"}}
          - {{id: own, kind: signed, secret: own-secret, url: "{desk}/events"}}
          - {{id: silent, kind: signed, secret: own-secret}}
          - {{id: bare, kind: chatwoot, secret: no-such-file, token: desk-token, url: "{desk}/api/v1/accounts/3"}}
"""
_IDS = itertools.count(1000)


class Heard(NamedTuple):
    """A call that the desk got."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self):
        return json.loads(self.raw)


class FakeDesk:
    """A help desk on a free port. `answers` are the next statuses, 200 when there are none; `cut` hangs up after hearing a call."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: list[int | str] = []
        self.cut = asyncio.Event()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        self._server.close()

    def of(self, conversation) -> list[Heard]:
        return [call for call in self.heard if f"/conversations/{conversation}/" in call.path]

    async def _serve(self, reader, writer) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = dict(line.split(": ", 1) for line in head[1:] if line)
                raw = await reader.readexactly(int(headers["content-length"]))
                self.heard.append(Heard(head[0].split()[1], headers, raw))
                status = self.answers.pop(0) if self.answers else 200
                if status == "cut":
                    self.cut.set()
                    break
                writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        writer.close()


class ConnectorWorld:
    """The firm's runtime, its desk, and a client in one event loop. `fresh()` gives an id that no other test uses."""

    def __init__(self, folder) -> None:
        self.world = World(folder)
        self.world.permit()
        workspace, register = self.world.workspace, self.world.register
        part = component() | {"id": "model", "type": "index", "name": "passages", "version": "1"}
        register.declare(read_record(declaration(components=[part]), UseCase, where="test"), known_key("owner"))
        corpus = keep_artifact(workspace.path("models"), msgspec.json.encode(CORPUS, order="sorted"))
        self.world.again(model=corpus, **POLICY)
        secrets = workspace.path("secrets")
        secrets.mkdir(mode=0o700, exist_ok=True)
        for name, value in SECRETS.items():
            (secrets / name).write_text(value + "\n", encoding="ascii")
            (secrets / name).chmod(0o600)
        self.runner, self.desk = asyncio.Runner(), FakeDesk()
        self.runner.run(self.desk.open())
        said = dedent(SETTINGS).format(use=USE, desk=self.desk.url)
        workspace.path("service.yaml").write_text(said, encoding="utf-8")
        self.runtime = self.world.open()
        self.runtime.snapshots.refresh()
        self.register = self.runtime.registers[FIRM]
        self.client = self.runner.run(self._made())

    async def _made(self) -> UpstreamClient:
        return UpstreamClient()

    def fresh(self) -> int:
        return next(_IDS)

    def event(self, name, conversation, *, status=None, **changes):
        """Return a recorded event about a conversation, with a message id of its own unless one is given."""
        plain = copy.deepcopy(json.loads((DATA / f"{name}.json").read_text("utf-8")))
        inner = plain.get("conversation", plain)
        inner["id"] = conversation
        if status is not None:
            inner["status"] = status
        if "conversation" in plain:
            plain["id"] = self.fresh()
        if plain.get("message_type") == "incoming":
            plain["sender"]["id"] += conversation  # who opted out in one test is another person than in the next
        return plain | changes

    def begun(self, theirs):
        """Begin the conversation that events about this number are of, without any message."""
        hook = find_hook(self.runtime, "desk")
        person = hook.person(hook.account, 8, 4071 + theirs)
        return open_conversation(self.runtime, hook, hook.external(theirs), person, QUESTION)

    def call(self, body: bytes, headers) -> HotCall:
        return HotCall(self.runtime, self.client, None, body, lambda name: headers.get(name.decode()))

    async def sent(self, plain, hook="desk", *, secret=None, at=0, headers=None):
        """Deliver as the desk does; returns status and answer, or the error's status and itself."""
        body = plain if isinstance(plain, bytes) else json.dumps(plain, ensure_ascii=False).encode()
        names = CHATWOOT_HEADERS if hook in {"desk", "bare"} else OWN_HEADERS
        time = int(self.runtime.clock().timestamp()) + at
        key = secret or SECRETS["desk-secret" if names is CHATWOOT_HEADERS else "own-secret"]
        signed = {names.time: str(time), names.signature: sign(key, time, body), names.delivery: "one"}
        try:
            return await answer_hook(self.call(body, signed | (headers or {})), hook)
        except DualtrackError as error:
            return error.status, error

    def send(self, plain, hook="desk", **more):
        """Deliver, and wait until what comes of it was delivered."""

        async def scenario():
            found = await self.sent(plain, hook, **more)
            await self.deliveries().idle()
            return found

        return self.runner.run(scenario())

    def deliveries(self) -> Deliveries:
        return deliveries_of(self.runtime, self.client)

    def settle(self, found=None) -> None:
        async def scenario():
            if found is not None:
                self.deliveries().soon(found)
            await self.deliveries().idle()

        self.runner.run(scenario())

    def of(self, conversation, hook="desk"):
        """Return our conversations of a desk's, oldest first."""
        found = conversations(self.register, use=USE)
        return [reread(each) for each in found if each.row["external"] == f"{hook}:{conversation}"]

    def one(self, conversation, hook="desk"):
        (found,) = self.of(conversation, hook)
        return found

    def said(self, conversation, hook="desk"):
        return [(line.who, line.text) for line in lines(self.one(conversation, hook))]

    def entries(self) -> int:
        return self.register.repository.size()

    def close(self) -> None:
        async def shut():
            await self.deliveries().idle()
            await self.client.close()
            await self.desk.close()

        self.runner.run(shut())
        self.runner.close()
        self.runtime.close()
        self.world.close()
