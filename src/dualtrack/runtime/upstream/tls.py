"""TLS as the standard library sets it up, with sessions kept: a new connection to a known host saves a round of keys.

asyncio has no way to pass a session, but asks the context for its TLS object; there it is put in.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SESSIONS_MAX", "ResumingContext", "make_context"]

SESSIONS_MAX = 256
"""Hosts whose last session is kept; a firm calls a handful."""


class ResumingContext(ssl.SSLContext):
    """A client context that offers the last session of a host again."""

    sessions: dict[str, ssl.SSLSession]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As the parent, with the kept session where the caller gives none."""
        if session is None and isinstance(server_hostname, str):
            session = self.sessions.get(server_hostname)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def remember(self, host: str, tls_object: object) -> None:
        """Keep the session of a connection, which TLS 1.3 has only after the first answer."""
        if not isinstance(tls_object, ssl.SSLObject | ssl.SSLSocket):
            return
        session = tls_object.session
        if session is not None and session.has_ticket and (host in self.sessions or len(self.sessions) < SESSIONS_MAX):
            self.sessions[host] = session


def make_context(authorities: Path | None = None) -> ResumingContext:
    """Return a context with the checks of `ssl.create_default_context`; `authorities` replaces the system's (PEM)."""
    usual = ssl.create_default_context()
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sessions = {}
    context.verify_flags = usual.verify_flags
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if authorities is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(cafile=str(authorities))
    return context
