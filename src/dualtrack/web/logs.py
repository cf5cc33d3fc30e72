"""Logs: JSON lines on standard error, with a closed list of fields.

An access line holds the pattern of the path, never the path: receipts and names stand in paths. No query, body, header,
address of a client, account or receipt code is written anywhere; a request is found again by its random id, which the
client is given. `where` is the store's own place: a ledger, a file, a database's address without its password.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["ACCESS_FIELDS", "LOG_FIELDS", "configure_logs"]

ACCESS_FIELDS = ("method", "route", "status", "ms", "request")
"""What an access line says."""

LOG_FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        *ACCESS_FIELDS,
        "fault",
        "at",
        "code",
        "institution",
        "count",
        "recovered",
        "where",
    }
)
"""Every field that is ever written; others are dropped, so that a slip elsewhere writes nothing personal."""


def configure_logs(*, level: int = logging.INFO) -> None:
    """Send structlog and the server's own messages to standard error, one JSON object a line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _only_listed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Stderr,
        cache_logger_on_first_use=False,
    )
    handler = _Lines()
    for name in ("uvicorn", "uvicorn.error", "psycopg", "sqlalchemy"):  # a database that breaks off makes drivers talk
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
    access = logging.getLogger("uvicorn.access")  # it writes whole paths: ours replaces it
    access.handlers, access.propagate, access.disabled = [], False, True


class _Stderr:
    """Writes whole lines to what standard error is now: a test, or a supervisor, may have put another in its place."""

    def __init__(self, *_names: object) -> None:
        self.debug = self.info = self.warning = self.error = self.critical = self.msg

    def msg(self, line: str) -> None:
        """Write a line."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class _Lines(logging.Handler):
    """Records of the standard library as our lines: a message may hold anything, so only kind and place are written."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        fault = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname.lower()
        line = {"event": "server", "logger": record.name, "fault": fault, "at": f"{record.module}:{record.lineno}"}
        _Stderr().msg(str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", line)))


def _only_listed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if name in LOG_FIELDS}
