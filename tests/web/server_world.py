"""A served workspace for tests: one firm with a permitted use, an account for each role, and browsers over ASGI."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx
import msgspec
from identity_world import HASHER, PASSWORD

from dualtrack.web.app import create_app
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.api_keys import NewApiKey
from dualtrack.web.identity.roles import ACCOUNT_ROLES, SIGNING_ROLES, ConsoleRole
from dualtrack.web.identity.sealed_key import read_private_key
from dualtrack.web.services import Services
from dualtrack.web.settings import WebSettings
from permit.firm import FIRM, ROLES, USE, known_key
from runtime.runtime_world import World

ORIGIN = "http://dualtrack.test"
TOKEN = re.compile(r'name="token" value="([A-Za-z0-9_-]{64})"')
CHEAP_RATES = {"burst": 100_000, "a_second": 10_000.0}


def holder_of(role):
    """The test firm's holder with this role, or None."""
    wanted = SIGNING_ROLES[role]
    return next((name for name, roles in ROLES.items() if wanted is not None and wanted.value in roles), None)


class ServerWorld:
    """The workspace, its runtime and its application. `browser()` makes a browser of its own."""

    def __init__(self, folder, *, pages=None, prepare=None, database="sqlite:///main.db", **settings) -> None:
        self.world = World(folder, database=database)
        self.world.permit()
        if prepare is not None:
            prepare(self.world.workspace)
        self.runtime = self.world.open()
        plain = {"public_address": ORIGIN, "rate": CHEAP_RATES} | settings
        self.settings = msgspec.convert(plain, WebSettings)
        self.services = Services(self.runtime, self.settings, hasher=HASHER)
        for role in sorted(ACCOUNT_ROLES):
            self.add(role)
        self.app = create_app(self.runtime, self.settings, pages=pages, services=self.services)
        self.runner = asyncio.Runner()
        self._browsers = []

    def add(self, role: ConsoleRole, name: str | None = None, *, language="en") -> str:
        """Make an account of a role; its key is the test firm's holder's."""
        holder, folder = holder_of(role), self.world.workspace.root
        key = None
        if holder is not None and name is None:
            path = folder / f"{holder}-{role.value}.pem"
            known_key(holder).save(path)
            key = read_private_key(path.read_bytes())
            path.unlink()
        account = name or role.value.replace("_", "-")
        new = NewAccount(account, FIRM, holder or account, account.title(), language, frozenset({role}))
        self.services.login.add(new, PASSWORD, key=key)
        return account

    def key(self, *roles: ConsoleRole, uses=None) -> str:
        """Make an API key."""
        _, key = self.services.api_keys.make(NewApiKey(FIRM, "test", frozenset(roles), uses, "test", 5))
        self.services.keys.refresh()
        return key

    def browser(self, *, peer=("192.0.2.7", 5000)) -> Browser:
        """Return a browser at an address."""
        made = Browser(self, peer)
        self._browsers.append(made)
        return made

    def signed_in(self, role: ConsoleRole) -> Browser:
        """Return a browser in which the role's account is signed in."""
        made = self.browser()
        made.sign_in(role.value.replace("_", "-"))
        return made

    def later(self, **passed) -> None:
        """Move the clock on."""
        self.world.offset += timedelta(**passed)

    def close(self) -> None:
        for browser in self._browsers:
            self.runner.run(browser.http.aclose())
        self.runner.run(self._close_hot())
        self.runner.close()
        self.services.close()
        self.runtime.close()
        self.world.close()

    async def _close_hot(self) -> None:
        await self.app._hot.close()


class Browser:
    """A browser: cookies, its origin with every form, and HTML. With `api`, a program that takes JSON."""

    def __init__(self, world: ServerWorld, peer) -> None:
        self.world = world
        transport = httpx.ASGITransport(world.app, client=peer)
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"accept": "text/html"})

    def ask(self, method: str, address: str, **more) -> httpx.Response:
        return self.world.runner.run(self.http.request(method, address, **more))

    def get(self, address: str, **more) -> httpx.Response:
        return self.ask("GET", address, **more)

    def post(self, address: str, form=None, *, headers=None, **more) -> httpx.Response:
        """Send a form from a page of ours."""
        data = dict(form or {}) | {"token": self.token()}
        return self.ask("POST", address, data=data, headers={"origin": ORIGIN} | (headers or {}), **more)

    def token(self) -> str:
        """Return a form token from a page."""
        page = self.get("/account")
        if page.status_code == 303:
            page = self.get("/sign-in")
        return TOKEN.search(page.text)[1]

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/sign-in", {"name": name, "password": password})

    def api(self, method: str, path: str, body=None, *, key=None, headers=None) -> httpx.Response:
        """Ask the API: with a key, or as the person who is signed in."""
        sent = {"accept": "application/json", **(headers or {})}
        if key is not None:
            sent["authorization"] = f"Bearer {key}"
        elif method not in {"GET", "HEAD"}:
            sent = {"origin": ORIGIN, "x-csrf-token": self.token(), **sent}
        return self.ask(method, f"/api/v1{path}", json=body, headers=sent)


__all__ = ["FIRM", "ORIGIN", "PASSWORD", "TOKEN", "USE", "Browser", "ServerWorld", "holder_of"]
