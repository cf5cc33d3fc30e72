"""Logs: JSON lines on standard error, with a closed list of fields.

An access line holds the pattern of the path, never the path: receipts and names stand in paths. No query, body, header,
address, account or code is written anywhere; a request is found again by its random id, which the client is given.
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
    access = logging.getLogger("uvicorn.access")  # it writes whole paths: ours replaces it
    access.handlers, access.propagate, access.disabled = [], False, True


class _Lines(logging.Formatter):
    """A record of the standard library as one of our lines: its message may hold anything, so only its kind is written."""

    def format(self, record: logging.LogRecord) -> str:
        fault = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname.lower()
        line = {"event": "server", "logger": record.name, "fault": fault, "at": f"{record.module}:{record.lineno}"}
        return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", line))


def _only_listed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: value for name, value in event.items() if name in LOG_FIELDS}
