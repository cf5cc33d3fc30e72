"""A language model behind an endpoint of the OpenAI chat form: prompts in, answers out.

Asked for one answer at temperature 0 with a seed, so that a repeat is as like as the provider allows (many do not promise it: see
`determinism`). The key is named by its environment variable, read when a question is sent, and stands in no error and no record.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.transport import PATIENCE, TIMEOUT_S, Patience, Transport
from dualtrack.evidence.models import Answer, checked_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ANSWER_BYTES_MAX", "TOKENS_MAX", "ChatAnswerer"]

ANSWER_BYTES_MAX = 1_000_000
"""Most bytes of one answer: some hundred pages, of which a measurement asks for a few lines."""

TOKENS_MAX = 512
"""Most tokens of one answer unless a caller asks otherwise."""


class ChatAnswerer:
    """An endpoint that answers `POST .../chat/completions`; give the address up to and with `/v1`."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str,
        release_digest: str,
        key_variable: str | None = None,
        tokens_max: int = TOKENS_MAX,
        seed: int = 1,
        system: str | None = None,
        timeout_s: float = TIMEOUT_S,
        patience: Patience = PATIENCE,
    ) -> None:
        if not model or tokens_max < 1:
            raise FieldError(
                f"model {model!r}, {tokens_max} tokens", where="endpoint", expected="a model's name, at least one token"
            )
        self.release_digest = checked_digest(release_digest)
        self._transport = Transport(
            base_url.rstrip("/") + "/chat/completions", timeout_s=timeout_s, patience=patience, headers={}
        )
        if key_variable is not None and not self._transport.private:
            raise FieldError(
                "a key over a line that others can read",
                where=self._transport.where,
                expected="https:// or this machine",
            )
        self._key_variable = key_variable
        self._settings: dict[str, Any] = {"model": model, "max_tokens": tokens_max, "temperature": 0, "seed": seed}
        self._system = [{"role": "system", "content": system}] if system else []

    def answer(self, prompts: Sequence[str]) -> tuple[Answer, ...]:
        """Return one answer a prompt; raises EvidenceError naming the address and the prompt's number."""
        headers, deadline = self._headers(), self._transport.deadline()
        return tuple(self._one(prompt, number, headers, deadline) for number, prompt in enumerate(prompts))

    def _headers(self) -> dict[str, str]:
        if self._key_variable is None:
            return {}
        key = os.environ.get(self._key_variable, "")
        if not key or not key.isascii() or not key.isprintable():
            raise FieldError("no key", where=f"environment variable {self._key_variable}", fix="set it to the key")
        return {"Authorization": f"Bearer {key}"}

    def _one(self, prompt: str, number: int, headers: dict[str, str], deadline: float) -> Answer:
        where = f"{self._transport.where}, prompt {number}"
        question = self._settings | {"messages": [*self._system, {"role": "user", "content": prompt}]}
        found = self._transport.ask(
            question, bytes_max=ANSWER_BYTES_MAX, deadline=deadline, where=where, headers=headers
        )
        try:
            choice = found["choices"][0]  # type: ignore[index]  # any other form is caught below
            text, reason = choice["message"]["content"], choice.get("finish_reason")
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise _formless(where) from error
        if not isinstance(text, str):
            raise _formless(where)
        return Answer(text, cut_short=reason == "length")


def _formless(where: str) -> EvidenceError:
    return EvidenceError(
        "answer without choices[0].message.content",
        where=where,
        expected="a chat completion with a text",
        code="evidence.model-answer",
    )
