"""A served firm with a chat: passages that answer, a policy without any guard for hard triggers, `service.yaml`, and people's accounts."""

from __future__ import annotations

import re
from textwrap import dedent

import msgspec
from server_world import ORIGIN, USE, ServerWorld

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.models import keep_artifact
from permit.firm import declaration, known_key
from runtime.runtime_world import component

FRAMING = "https://www.example.com"
CHAT_PATH = f"/apps/service/chat/{USE}"
NOTICE = {"en": "You are talking to AI. It may be wrong.", "zh-Hant": "你正與人工智能對話，內容可能有誤。"}
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
GUARDS = [
    {"guard": "injection", "stage": "input", "action": "block"},
    {"guard": "opt_out", "stage": "input", "action": "route"},
    {"guard": "personal_data", "stage": "input", "action": "redact"},
    {"guard": "tipping_off", "stage": "output", "action": "block"},
]
SETTINGS = f"""
    format: dualtrack.service/1
    chats:
      - use: {USE}
        title: {{en: "Ask Test Bank", zh-Hant: "測試銀行查詢"}}
        welcome: {{en: "Ask about accounts.", zh-Hant: "可查詢戶口事宜。"}}
        cannot: {{en: "It gives no advice.", zh-Hant: "不提供意見。"}}
        team: {{en: "The service team", zh-Hant: "服務團隊"}}
        framed_by: ["{FRAMING}"]
"""


def chat_policy(**changes):
    return {
        "audience": "customers",
        "opt_out": True,
        "guards": GUARDS,
        "upstreams": [{"id": "model", "kind": "extractive", "provider": "in-house"}],
        "fallback": "extractive",
        "output": {},
        "fields": [],
        "message": {"en": "No answer can be given now.", "zh-Hant": "目前未能作答。"},
        "disclosure": {"text": NOTICE, "every": False},
        "bounds": {"characters": 4000},
    } | changes


class ServiceWorld(ServerWorld):
    """A chat that quotes passages. `start` begins a conversation as a customer and returns its address."""

    def __init__(self, folder, *, policy=None, settings=SETTINGS, **more) -> None:
        super().__init__(folder, **more)
        workspace, register = self.world.workspace, self.world.register
        part = component() | {"id": "model", "type": "index", "name": "passages", "version": "1"}
        register.declare(read_record(declaration(components=[part]), UseCase, where="test"), known_key("owner"))
        corpus = keep_artifact(workspace.path("models"), msgspec.json.encode(CORPUS, order="sorted"))
        self.world.again(model=corpus, **chat_policy(**(policy or {})))
        workspace.path("service.yaml").write_text(dedent(settings), encoding="utf-8")
        self.runtime.snapshots.refresh()
        self.runner.run(self._open_hot())
        self.register = self.runtime.registers[register.institution]

    async def _open_hot(self) -> None:
        self.app._hot.open()

    def start(self, *, wants="assistant", lang="en", frame=False):
        """Begin as a customer; returns the browser and the conversation's address."""
        browser = self.browser()
        browser.get(f"{CHAT_PATH}?lang={lang}")
        form = {"wants": wants} | ({"framed": "1"} if frame else {})
        moved = browser.ask("POST", CHAT_PATH, data=form, headers={"origin": ORIGIN})
        assert moved.status_code == 303, moved.text
        return browser, moved.headers["location"]

    def write(self, browser, address, text):
        """Send a message; returns the page as it stands then, or the refusal."""
        sent = browser.ask("POST", address, data={"message": text}, headers={"origin": ORIGIN})
        return browser.get(address) if sent.status_code == 303 else sent


def plain(page) -> str:
    """Return the words of a page, without marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
