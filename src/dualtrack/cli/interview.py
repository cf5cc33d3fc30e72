"""`dualtrack declare --interactive`: the declaration by questions, each with the paragraph that makes it matter.

It writes the YAML file that `declare` then reads, so that what was answered can be read, corrected and kept like any
other declaration.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from dualtrack.cli.files import check_new, write_new
from dualtrack.domain.ids import check_slug, parse_use
from dualtrack.domain.questions import questions
from dualtrack.domain.usecase import AFFECTED
from dualtrack.domain.vocabulary import Area, Design, Sector
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualtrack.domain.questions import Question
    from dualtrack.domain.records import Value

__all__ = ["interview"]

_UNKNOWN = "?"


def interview(file: Path | None, institution: str | None) -> Path:
    """Ask for a declaration and write it; returns the file. Questions go to standard error, so that output stays output."""
    if file is not None:
        check_new(file)
    _say("Answer ? where you do not know: an unknown answer counts as a rule that applies. 不知道請答 ?。\n")
    use = _prompt("Use id (institution/use)", value_proc=lambda text: _use(text, institution))
    path = file or Path(f"{use.replace('/', '-')}.yaml")
    check_new(path)
    title, purpose = _text("Title"), _text("Purpose")
    area = _prompt("Opportunity area", type=click.Choice([item.value for item in Area]))
    sector = _prompt("Sector", type=click.Choice([item.value for item in Sector]))
    groups = frozenset(AFFECTED)
    affected = _prompt(
        f"People affected, some of {', '.join(sorted(groups))}", value_proc=lambda text: _some(text, groups)
    )
    holders = {
        name: _prompt(label, default=default, value_proc=lambda text: check_slug(text.strip(), where="holder"))
        for name, label, default in (
            ("accountable_executive", "Accountable executive", "executive"),
            ("first", "First-line owner", "first-line"),
            ("second", "Second-line owner", "second-line"),
            ("third", "Third-line owner", "third-line"),
        )
    }
    facts = {name: value for name, item in questions().items() if (value := _ask(item)) is not None}
    declaration = {
        "use": use,
        "title": title,
        "purpose": purpose,
        "area": area,
        "sector": sector,
        "affected": affected,
        "accountable_executive": holders.pop("accountable_executive"),
        "lines": holders,
        "builders": [_prompt("Who builds it (holder)", default="developer")],
        "scope": {"does": _text("What it does"), "does_not": _text("What it does not do")},
        "facts": facts,
        "tasks": [],
        "components": [],
        "claims": _claims(),
    }
    write_new(path, yaml.safe_dump(declaration, allow_unicode=True, sort_keys=False).encode())
    _say(f"\nwrote {path}: add tasks, components and their licences there")
    return path


def _say(text: str) -> None:
    click.echo(text, err=True)


def _prompt(label: str, **options: Any) -> Any:  # noqa: ANN401 - as click's own
    """Ask on standard error; an answer of the wrong form is asked again, with the reason."""
    check = options.pop("value_proc", None)
    if check is not None:
        options["value_proc"] = lambda text: _checked(check, text)
    return click.prompt(label, err=True, **options)


def _checked(check: Callable[[str], Any], text: str) -> Any:  # noqa: ANN401 - what the check makes of it
    try:
        return check(text)
    except FieldError as error:
        raise click.UsageError(f"{error.found}; expected {error.expected}") from error


def _use(text: str, institution: str | None) -> str:
    found = parse_use(text.strip())
    if institution is not None and found.institution != institution:
        raise FieldError(f"{text!r}", expected=f"{institution}/…")
    return str(found)


def _some(text: str, choices: frozenset[str]) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in choices]
    if wrong or not words:
        raise FieldError(f"{wrong[0]!r}" if wrong else "nothing", expected=f"some of {', '.join(sorted(choices))}")
    return words


def _text(label: str) -> dict[str, str]:
    english = _prompt(f"{label} (English)")
    return {"en": english, "zh-Hant": _prompt(f"{label}（繁體中文）", default=english)}


def _ask(item: Question) -> Value | None:
    _say(f"\n{item.ask.en}\n{item.ask.zh}")
    cited = "; ".join(f"{cite.pack} {cite.paragraph}" if cite.pack else cite.paragraph for cite in item.cites)
    if cited:
        _say(click.style(f"  {cited}", dim=True))
    if item.type == "bool":
        answer = _prompt("yes / no / ?", type=click.Choice(["yes", "no", _UNKNOWN]), show_choices=False)
        return None if answer == _UNKNOWN else answer == "yes"
    choices = sorted(item.choices or {})
    if item.type == "string":
        answer = _prompt("one of", type=click.Choice([*choices, _UNKNOWN]))
        return None if answer == _UNKNOWN else str(answer)
    label = f"some of {', '.join(choices)} (comma), or ?"
    allowed = frozenset({*choices, _UNKNOWN})
    found: list[str] = _prompt(label, value_proc=lambda text: _some(text, allowed))
    return None if _UNKNOWN in found else found


def _claims() -> list[dict[str, object]]:
    _say("\nWhat shows that it helps? The claim is registered now, before it is measured.")
    if not click.confirm("Is there a benefit claim?", default=True, err=True):
        return []
    design = _prompt("Design", type=click.Choice([item.value for item in Design]))
    return [
        {
            "id": _prompt("Claim id", default="benefit", value_proc=lambda text: check_slug(text, where="claim")),
            "track": "benefit",
            "topic": "benefit",
            "primary": True,
            "statement": _text("Claim"),
            "baseline": _prompt("Non-AI baseline (id)", value_proc=lambda text: check_slug(text, where="baseline")),
            "design": design,
            "minimum": _above_zero("Smallest effect worth having"),
            "margin": _above_zero("Non-inferiority margin") if design == Design.NON_INFERIORITY else None,
            "unit": _prompt("Unit"),
        }
    ]


def _above_zero(label: str) -> float:
    found: float = _prompt(label, type=click.FloatRange(min=0, min_open=True))
    return found
