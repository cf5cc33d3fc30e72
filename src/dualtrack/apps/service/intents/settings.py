"""Settings of a training: the rejection that the operator accepts, with the reason, from a dated file."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REJECT_MOST", "IntentSettings", "load_settings"]

REJECT_MOST = 0.5
"""Largest share of fitting messages that may be rejected: above it the assistant serves fewer than it turns away."""

_FILE = "settings.yaml"


class IntentSettings(Record, frozen=True):
    """What an operator states. `reject_in_scope` is a share of messages that fit an intent; `reason` says why this much."""

    format: Literal["dualtrack.intents.settings/1"]
    checked_on: str
    reject_in_scope: float
    examples_wanted: int
    reason: Text


def load_settings(path: Path | None = None) -> IntentSettings:
    """Read the operator's settings, or the shipped ones; raises DocumentError or FieldError naming the field."""
    return _shipped() if path is None else _read(path.read_bytes(), path.name)


@cache
def _shipped() -> IntentSettings:
    return _read((resources.files("dualtrack.apps.service.intents") / _FILE).read_bytes(), _FILE)


def _read(data: bytes, where: str) -> IntentSettings:
    settings = read_record(read_yaml(data, where=where), IntentSettings, where=where)
    if not 0 <= settings.reject_in_scope <= REJECT_MOST:
        raise FieldError(
            f"reject_in_scope {settings.reject_in_scope}", where=where, expected=f"a share from 0 to {REJECT_MOST}"
        )
    return settings
