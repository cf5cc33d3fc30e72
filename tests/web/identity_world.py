"""A small world for the tests of identity: a store on either database, a clock that is set, and cheap hashing."""

from __future__ import annotations

from datetime import UTC, datetime

from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.web.identity.accounts import Accounts, NewAccount
from dualtrack.web.identity.api_keys import ApiKeys
from dualtrack.web.identity.links import CustomerLinks
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.passwords import HashCost, PasswordHasher
from dualtrack.web.identity.rate_limits import Attempts
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.secret import ServerSecret
from dualtrack.web.identity.sessions import Lifetimes, Sessions

FIRM = "harbour"
START_S = int(datetime(2026, 11, 22, 8, 0, tzinfo=UTC).timestamp())
CHEAP = HashCost(memory_kib=64, passes=1, lanes=1)
HASHER = PasswordHasher(CHEAP)
PASSWORD = "quiet harbour lantern ninety"
OTHER_PASSWORD = "seven plain wooden ferries"
SOURCE = "192.0.2.7"


class IdentityWorld:
    """Everything of identity over one database. `now_s` moves only when a test moves it."""

    def __init__(self, folder, url) -> None:
        self.now_s = START_S
        self.workspace = Workspace.create(folder / "work", database=url)
        self.store = Store.open(self.workspace)
        self.backend = self.store.backend
        self.secret = ServerSecret.generate()
        self.attempts = Attempts(self.backend, self.secret.key("rate"), self.clock)
        self.login = Login(self.backend, HASHER, self.attempts, self.clock)
        self.accounts = Accounts(self.backend, self.clock)
        self.sessions = Sessions(self.backend, self.clock, Lifetimes(idle_s=1800, absolute_s=7200, touch_s=60))
        self.api_keys = ApiKeys(self.backend, self.clock)
        self.links = CustomerLinks(self.backend, self.secret.key("link"), self.clock)

    def clock(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def add(self, name="ann", *, roles=(ConsoleRole.DEVELOPER,), institution=FIRM, key=None) -> None:
        new = NewAccount(name, institution, name, name.title(), "en", frozenset(roles))
        self.login.add(new, PASSWORD, key=key)

    def rows(self, statement):
        with self.backend.read() as connection:
            return connection.execute(statement).all()
