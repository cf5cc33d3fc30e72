"""A firm with a running use whose console pages are rendered through their `show`, with the keys of its people."""

from __future__ import annotations

import re

from identity_world import HASHER

from dualtrack.errors import AuthenticationError
from dualtrack.runtime.engine import Runtime
from dualtrack.web import parts
from dualtrack.web.identity.accounts import Accounts
from dualtrack.web.identity.api_keys import ApiKeys
from dualtrack.web.identity.custody import CustodyKeys
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.rate_limits import Attempts
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.secret import ServerSecret
from dualtrack.web.identity.who import Identity
from dualtrack.web.pages.base import PageRequest, View
from dualtrack.web.settings import WebSettings
from dualtrack.web.views.rendering import Language, Renderer, Theme
from permit.firm import FIRM, known_key
from runtime.service_desk import ServiceDesk

HOSTILE = "<script>alert(1)</script>\"'&" + "長" * 300
LANGUAGES = ("en", "zh-Hant")
PASSWORD = "quiet harbour lantern ninety"


class ActingWorld:
    """Pages over one firm. `show` finds a page by its method and path pattern and renders what it returns."""

    def __init__(self, folder, pages, **changes) -> None:
        self.desk = ServiceDesk(folder, **changes)
        workspace = self.desk.workspace
        folder = workspace.path(f"{workspace.config.key_dir}/{FIRM}")
        folder.mkdir(mode=0o700, exist_ok=True)
        known_key("log").save(folder / "log.pem")
        self.runtime = Runtime.open(workspace, lambda: self.desk.time)
        self.pages = pages
        backend = self.runtime.store.backend
        attempts = Attempts(backend, ServerSecret.generate().key("rate"), lambda: self.desk.time)
        self.services = {
            "accounts": Accounts(backend, lambda: self.desk.time),
            "attempts": attempts,
            "custody": CustodyKeys(backend, ServerSecret.generate().key("custody"), lambda: self.desk.time),
            "settings": WebSettings(),
            "api_keys": ApiKeys(backend, lambda: self.desk.time),
            "login": Login(backend, HASHER, attempts, lambda: self.desk.time),
            "files": {},
            "lists": {},
        }
        self.renderer = Renderer()

    def close(self) -> None:
        self.runtime.close()
        self.desk.store.close()

    def answer(
        self, method, pattern, *, by="reviewer", roles=None, language="en", path=None, query=None, form=None, **services
    ):
        """Return what the page gives, as this holder with these console roles."""
        page = next(page for page in self.pages if (page.method, page.path) == (method, pattern))
        found = frozenset(ConsoleRole(role) for role in roles or (by,))
        identity = Identity(
            name=by, institution=FIRM, roles=found, means="session", holder=by, key_id=known_key(by).key_id, auth_s=0
        )
        request = PageRequest(
            runtime=self.runtime,
            identity=identity,
            language=language,
            path=path or {},
            query=query or {},
            form=form or {},
            unlock=lambda password: unlocked(by, password),
            source="192.0.2.7",
            services=self.services | {"lists": {name: [value] for name, value in (form or {}).items()}} | services,
        )
        return page.show(request)

    def html(self, view: View, language="en") -> str:
        """Return a view as the console would send it, checked as every page is."""
        assert isinstance(view, View), view
        shell = parts.Shell("/here", "/?lang", "/appearance", token="form-token")
        given = {"shell": shell, "title": view.title, **view.context}
        text = self.renderer.render(view.template, Language(language), Theme.AUTO, **given)
        check_page(text)
        return text

    def show(self, method, pattern, *, language="en", **given) -> str:
        return self.html(self.answer(method, pattern, language=language, **given), language)

    def both(self, method, pattern, **given) -> tuple[str, str]:
        """Return the page in both languages."""
        english, chinese = (self.show(method, pattern, language=language, **given) for language in LANGUAGES)
        assert english != chinese
        return english, chinese


def unlocked(by: str, password: str):
    """Return the person's signer for the right password, as signing in does."""
    if password != PASSWORD:
        raise AuthenticationError("the name or the password is wrong", code="authentication.password")
    return known_key(by)


def check_page(text: str) -> None:
    """Hold a page to what every page is held to: ids once, labels for what is there, every form with the token, no markup of users."""
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert sorted(ids) == sorted(set(ids)), sorted({item for item in ids if ids.count(item) > 1})
    for name in re.findall(r'(?:for|aria-labelledby)="([^"]+)"', text):
        assert set(name.split()) <= set(ids), name
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, flags=re.DOTALL):
        assert 'name="token" value="form-token"' in form
    assert "<script>alert" not in text
    assert not re.search(r"\{\{|\}\}|None<|Undefined", text)
    assert text.count("<h1") == 1


def words(text: str) -> str:
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())
