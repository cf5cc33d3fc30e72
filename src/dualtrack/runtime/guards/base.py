"""What a guard is given and what it gives back: the form that every guard has, ours and a firm's own."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - named tuples are made from their annotations
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from dualtrack.domain.policy import RuntimePolicy, Stage
    from dualtrack.domain.records import Value

__all__ = ["CLEAR", "SCORE_MAX", "Checked", "Finding", "Guard", "GuardResult", "Piece", "Role"]

SCORE_MAX = 1000
"""Scores are per mille, whole, so that they are logged exactly."""

Role = Literal["system", "user", "assistant", "tool", "retrieved"]


class Piece(NamedTuple):
    """A text with the authority it has: only `system` is the firm's own, `tool` and `retrieved` have none."""

    role: Role
    text: str


class Checked(NamedTuple):
    """What is checked. For a conversation `pieces` are its texts in order; for a tabular decision `row` is its fields.

    `answer` is what the model gave (stage output): a text is then the last piece, anything else stands in `answer`.
    `tools` are names of the tools it asks for; the texts of these `calls` are the pieces before the last. `opted_out` tells that this person wants no AI; `turn` counts from 1.
    """

    stage: Stage
    use: str
    policy: RuntimePolicy
    language: Literal["en", "zh-Hant"]
    pieces: tuple[Piece, ...] = ()
    row: Mapping[str, Any] | None = None
    answer: object = None
    reasons: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    turn: int = 1
    opted_out: bool = False
    calls: int = 0


class Finding(NamedTuple):
    """One thing found: its kind, place in piece number `piece` (code points, end excluded), score and reason."""

    kind: str
    piece: int
    start: int
    end: int
    score: int
    why: str


class GuardResult(NamedTuple):
    """Score 0 to 1000, what was found, and for `redact` the pieces or row with the findings taken out."""

    score: int
    findings: tuple[Finding, ...] = ()
    pieces: tuple[Piece, ...] | None = None
    row: Mapping[str, Any] | None = None


CLEAR = GuardResult(0)
"""Nothing found."""


class Guard(Protocol):
    """A guard. It is made once for a policy and then called on every decision, from several threads.

    `name` stands in policies and logs; `stages` says where it may be used; `source` names the rule or paper it serves.
    `settings` of the policy are given to the constructor, which raises FieldError for one it does not know.
    """

    name: ClassVar[str]
    stages: ClassVar[frozenset[str]]
    source: ClassVar[str]

    def __init__(self, settings: Mapping[str, Value]) -> None: ...

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the score of what is checked; raises nothing for bad content: an exception counts as fired."""
        ...
