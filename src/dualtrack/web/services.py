"""What the doors share: accounts, sessions, keys and counters of one workspace, made once when a process starts."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from anyio import from_thread

from dualtrack.domain.records import Text
from dualtrack.errors import StoreError
from dualtrack.runtime.holders import holder_of
from dualtrack.store.projections import Projections
from dualtrack.web.asking import AGAIN_COOKIE
from dualtrack.web.identity.accounts import Accounts
from dualtrack.web.identity.api_keys import ApiKeys
from dualtrack.web.identity.assertion import ASSERTION_KIND
from dualtrack.web.identity.buckets import Limit
from dualtrack.web.identity.custody import CustodyKeys
from dualtrack.web.identity.links import CustomerLinks
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.passwords import PasswordHasher
from dualtrack.web.identity.rate_limits import Attempts, RateLimiter
from dualtrack.web.identity.secret import SECRET_NAME, ServerSecret
from dualtrack.web.identity.sessions import Lifetimes, Sessions
from dualtrack.web.key_ring import KeyRing
from dualtrack.web.settings import WebSettings, own_origins
from dualtrack.web.views.rendering import Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import httpx

    from dualtrack.keys.signer import Signer
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.upstream.client import UpstreamClient
    from dualtrack.web.asking import Asking
    from dualtrack.web.identity.assertion import CountersignedAssertion
    from dualtrack.web.identity.oidc import OidcClient
    from dualtrack.web.identity.who import Identity

__all__ = ["DEFAULT_ADDRESS", "PUBLIC_CLAIMS", "Services"]

DEFAULT_ADDRESS = "http://127.0.0.1:8181"
"""Where browsers find a server that was told nothing else."""

PUBLIC_CLAIMS = Limit(20, 0.2)
"""Idempotency keys of one source without an account: each costs a commit, and who asks about a receipt needs one or two."""


class Services:
    """Everything behind the pages and the API. `hasher` and `oidc` are given by tests; a server makes its own."""

    def __init__(
        self,
        runtime: Runtime,
        settings: WebSettings,
        *,
        hasher: PasswordHasher | None = None,
        oidc_http: httpx.Client | None = None,
    ) -> None:
        self.runtime, self.settings = runtime, settings
        backend, clock = runtime.store.backend, runtime.clock
        workspace = runtime.store.workspace
        secret = ServerSecret.load_or_make(workspace.key_folder / SECRET_NAME)
        self.csrf_key = secret.key("csrf")
        self.flash_key = hmac.digest(self.csrf_key, b"dualtrack/web/flash/v1", "sha256")
        self.hasher = hasher or PasswordHasher()
        self.attempts = Attempts(backend, secret.key("rate"), clock)
        self.login = Login(backend, self.hasher, self.attempts, clock)
        self.accounts = Accounts(backend, clock)
        self.custody = CustodyKeys(backend, secret.key("custody"), clock)
        lifetimes = Lifetimes(settings.session.idle_s, settings.session.absolute_s)
        self.sessions = Sessions(backend, clock, lifetimes)
        self.api_keys = ApiKeys(backend, clock)
        self.links = CustomerLinks(backend, secret.key("link"), clock)
        self.keys = KeyRing(backend, clock)
        self.limiter = RateLimiter(Limit(settings.rate.burst, settings.rate.a_second))
        self.claims = RateLimiter(PUBLIC_CLAIMS)
        self.renderer = Renderer()
        self.address = settings.public_address or DEFAULT_ADDRESS
        self.origins = own_origins(self.address)
        self._names: dict[str, Text] = {}
        self.upstreams: UpstreamClient | None = None
        """The client of upstreams while the server runs: it belongs to the server's event loop."""
        self.oidc_http = oidc_http
        self.oidc: OidcClient | None = None
        if settings.oidc is not None:
            self._open_oidc(secret.key("oidc"))

    @property
    def https(self) -> bool:
        """Tell whether browsers come by HTTPS."""
        return self.settings.https

    def now_s(self) -> int:
        """Return the instant of the runtime's clock in Unix seconds."""
        return int(self.runtime.clock().timestamp())

    def unlock(self, identity: Identity, password: str, asking: Asking) -> Signer:
        """Return the person's signer for one request: by their password, or by the provider's word of the last minutes.

        Raises AuthenticationError, KeyFileError; SignatureError where a key in custody is not granted: it would write assertions for nothing.
        """
        if identity.custody != "server":
            return self.login.unlock(identity.name, password, source=asking.source)
        account, register = self.accounts.get(identity.name), self.runtime.registers[identity.institution]

        def record(assertion: CountersignedAssertion, key: Signer) -> None:
            register.append_record(ASSERTION_KIND, register.institution, assertion, [key])

        login = self.custody.fresh_login(asking.cookies.get(AGAIN_COOKIE), account.name)
        signer = self.custody.signer(account, login, record)
        holder_of(register, signer)
        return signer

    def ask(self, act: Callable[[UpstreamClient], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - whatever it returns
        """Run a coroutine function in the server's event loop, from a page's thread, and return what it returns."""
        if self.upstreams is None:
            raise StoreError("the server is not open", where="upstreams", fix="ask again in a moment")
        return from_thread.run(act, self.upstreams)

    def name_of(self, institution: str) -> Text:
        """Return the name of an institution for people, from its record; its id where it has none yet."""
        if institution not in self._names:
            register = self.runtime.registers.get(institution)
            rows = Projections(register.repository).rows("institution", id=institution) if register else []
            if not rows:
                return Text(en=institution, zh=institution)
            self._names[institution] = Text(en=rows[0]["name_en"], zh=rows[0]["name_zh"])
        return self._names[institution]

    def close(self) -> None:
        """Write what waits and close what this process alone holds; the runtime is closed by who opened it."""
        self.keys.close()
        if self.oidc_http is not None:
            self.oidc_http.close()

    def _open_oidc(self, key: bytes) -> None:
        import httpx  # noqa: PLC0415 - only where an identity provider is configured

        from dualtrack.web.identity.oidc import OidcClient  # noqa: PLC0415 - as above

        settings = self.settings.oidc
        assert settings is not None
        path = settings.client_secret_file
        client_secret = None
        if path is not None:
            client_secret = self.runtime.store.workspace.path(path).read_text("utf-8").strip()
        self.oidc_http = self.oidc_http or httpx.Client()
        self.oidc = OidcClient(settings, key, self.oidc_http, client_secret=client_secret)
