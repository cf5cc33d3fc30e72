"""The closed list of answers that a declaration gives: names, types and choices (docs/assessment.md, section 3).

The questions themselves, in both languages and with the paragraph that makes each matter, are in `questions.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value

__all__ = ["ANSWER_TYPES", "CHOICES", "answer_problem"]

_YES_NO = (
    "after_sales_only",
    "agent_tools",
    "browser_extension",
    "client_interface",
    "critical_operation",
    "customer_facing",
    "generative",
    "gives_advice",
    "group_delegated",
    "individual_effect",
    "language_model",
    "learns_in_production",
    "mpf_choice",
    "non_public_data",
    "opt_out_offered",
    "personal_data",
    "provides_service",
    "regulated_activity",
    "review_channel",
    "screening_duty",
    "third_party",
    "training_data_personal",
)

CHOICES: dict[str, frozenset[str]] = {
    "decision_effect": frozenset({"informs", "recommends", "decides"}),
    "development": frozenset({"fine_tuning", "rag", "content_filter", "tools", "prompt_management", "none"}),
    "model_origin": frozenset({"own", "group", "vendor", "open_source"}),
    "phase": frozenset({"early", "mature"}),
}
"""Words allowed in answers that are not yes or no."""

ANSWER_TYPES: dict[str, str] = dict.fromkeys(_YES_NO, "bool") | {
    "decision_effect": "string",
    "development": "list",
    "model_origin": "string",
    "phase": "string",
}
"""Type of each answer, in the words of the rule language."""


def answer_problem(facts: Mapping[str, Value]) -> tuple[str, str] | None:
    """Return the first answer that is not in the closed list or of the wrong form, and what was expected."""
    for name, value in facts.items():
        kind = ANSWER_TYPES.get(name)
        if kind is None:
            return name, "one of the questions of a declaration"
        choices = CHOICES.get(name)
        if kind == "bool" and type(value) is not bool:
            return name, "yes or no (true or false)"
        if kind == "string" and (type(value) is not str or value not in choices):  # type: ignore[operator]
            return name, _one_of(name)
        if kind == "list" and not (type(value) is list and set(value) <= (choices or set())):
            return name, f"a list of {_one_of(name)}"
    return None


def _one_of(name: str) -> str:
    return ", ".join(sorted(CHOICES[name]))
