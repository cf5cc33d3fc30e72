"""The API keys of a workspace in memory, read anew every second or so, so that no call asks a database who calls.

When the database does not answer, the keys known last hold for KEYS_S_MAX. After that none opens anything, and who shows one
is told that it cannot be looked up, not that it is unknown.
"""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from dualtrack.errors import StoreError
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.faces.callers import Caller, nobody
from dualtrack.web.identity.api_keys import ApiKeyUses, api_keys_snapshot, identify_api_key, presented_key
from dualtrack.web.identity.permissions import Verb, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.time import Clock
    from dualtrack.store.backends import Backend
    from dualtrack.web.identity.api_keys import ApiKeyScope
    from dualtrack.web.identity.who import Identity

__all__ = ["KEYS_S_MAX", "POLL_S", "USES_S", "KeyRing"]

POLL_S = 1.0
"""Seconds between readings: a revoked key opens nothing a second later."""

KEYS_S_MAX = 10.0
"""Seconds for which keys hold when the database does not answer; long enough for its restart."""

USES_S = 60.0
"""Seconds between writes of the days on which keys were used."""

_log = structlog.get_logger("dualtrack.web")


class KeyRing:
    """Keeps the snapshot in a thread of its own; `identify` only looks into memory."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend, self._clock = backend, clock
        self._uses = ApiKeyUses()
        self._keys: Mapping[bytes, ApiKeyScope] = MappingProxyType({})
        self._read_s = 0.0
        self._written_s = steady_s()
        self._stop = threading.Event()
        self._mutex = threading.Lock()
        self.refresh()
        self._thread = threading.Thread(target=self._run, name="api keys", daemon=True)
        self._thread.start()

    def refresh(self) -> None:
        """Read now: after a key was made or revoked here, it counts at once in this process."""
        with self._mutex:  # an older reading of the other thread must not come last
            begun_s = steady_s()
            with self._backend.read() as connection:
                self._keys = api_keys_snapshot(connection, now_s=self._now_s())
            self._read_s = begun_s

    def identify(self, authorization: str | None) -> Identity | None:
        """Return who an `Authorization` header is of, or None; raises StoreError while keys cannot be looked up."""
        if authorization is None:
            return None
        if steady_s() - self._read_s > KEYS_S_MAX:
            raise StoreError(
                "API keys cannot be looked up",
                where="authorization",
                fix="see whether the database answers; calls go on by themselves when it does",
                code="store.keys",
            )
        now_s = self._now_s()
        scope = identify_api_key(self._keys, presented_key(authorization), now_s)
        if scope is None:
            return None
        self._uses.note(scope.id, now_s)
        return scope.identity

    def caller(self, authorization: str | None) -> Caller:
        """Return the caller of the hot path; raises AuthenticationError or ForbiddenError."""
        found = self.identify(authorization)
        if found is None:
            raise nobody()
        require(found, Verb.CALL_MODEL, institution=found.institution, listed=True)
        return Caller(found.name, found.institution, found.uses)

    def close(self) -> None:
        """Stop reading and write which keys were used."""
        self._stop.set()
        self._thread.join()
        self._uses.write(self._backend)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
                if steady_s() - self._written_s > USES_S:
                    self._written_s = steady_s()
                    self._uses.write(self._backend)
            except Exception as error:  # noqa: BLE001 - whatever failed: the keys known grow old and hold no longer
                _log.warning("API keys not read", fault=type(error).__name__)

    def _now_s(self) -> int:
        return int(self._clock().timestamp())
