"""What model answered, as the peer reports it: a hosted model that changes under a permit must be noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["NAME_LENGTH_MAX", "Fingerprint", "fingerprint"]

NAME_LENGTH_MAX = 200
"""Of a reported name: it goes into records, and it comes from outside."""

_MODEL_HEADERS = ("x-model-version", "openai-model")


class Fingerprint(NamedTuple):
    """The model's name and the system fingerprint, each as reported or None. As text: `model/system`, or the one there."""

    model: str | None
    system: str | None

    def __str__(self) -> str:
        return "/".join(part for part in (self.model, self.system) if part)

    def matches(self, expected: str | None) -> bool:
        """Tell whether this is what a policy expects: the text, or either part. Nothing expected always matches."""
        return expected is None or expected in {str(self), self.model, self.system}


def fingerprint(response_json: object, headers: Mapping[str, str]) -> Fingerprint:
    """Return what an answer says about its model: the body's `model` and `system_fingerprint`, else known headers."""
    body = response_json if isinstance(response_json, Mapping) else {}
    model = _name(body.get("model"))
    for header in _MODEL_HEADERS:
        model = model or _name(headers.get(header))
    return Fingerprint(model, _name(body.get("system_fingerprint")))


def _name(value: object) -> str | None:
    """Return a usable name: text that can be printed, cut to its bound."""
    if not isinstance(value, str) or not value or not value.isprintable():
        return None
    return value[:NAME_LENGTH_MAX]
