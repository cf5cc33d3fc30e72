"""`dualtrack declare --interactive`: the declaration by questions, each with the paragraph that makes it matter.

Starts from a template or from nothing and writes the YAML file that `declare` then reads, so that what was answered can
be read, corrected and kept like any other declaration.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import yaml

from dualtrack.cli.files import write_new
from dualtrack.domain.questions import questions
from dualtrack.domain.vocabulary import Area, Sector

if TYPE_CHECKING:
    from dualtrack.domain.questions import Question
    from dualtrack.domain.records import Value

__all__ = ["interview"]

_UNKNOWN = "?"


def interview(file: Path | None) -> Path:
    """Ask for a declaration and write it; returns the file."""
    click.echo("Answer ? where you do not know: an unknown answer counts as a rule that applies. 不知道請答 ?。\n")
    use = click.prompt("Use id (institution/use)")
    title, purpose = _text("Title"), _text("Purpose")
    area = click.prompt("Opportunity area", type=click.Choice([item.value for item in Area]))
    sector = click.prompt("Sector", type=click.Choice([item.value for item in Sector]))
    affected = click.prompt("People affected (customers, staff, members, investors, applicants, public, none)")
    holders = {
        name: click.prompt(label, default=default)
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
        "affected": [item.strip() for item in affected.split(",") if item.strip()],
        "accountable_executive": holders.pop("accountable_executive"),
        "lines": holders,
        "builders": [click.prompt("Who builds it (holder)", default="developer")],
        "scope": {"does": _text("What it does"), "does_not": _text("What it does not do")},
        "facts": facts,
        "tasks": [],
        "components": [],
        "claims": _claims(),
    }
    path = file or Path(f"{use.replace('/', '-')}.yaml")
    write_new(path, yaml.safe_dump(declaration, allow_unicode=True, sort_keys=False).encode())
    click.echo(f"\nwrote {path}: add tasks, components and their licences there")
    return path


def _text(label: str) -> dict[str, str]:
    english = click.prompt(f"{label} (English)")
    return {"en": english, "zh-Hant": click.prompt(f"{label}（繁體中文）", default=english)}


def _ask(item: Question) -> Value | None:
    click.echo(f"\n{item.ask.en}\n{item.ask.zh}")
    cited = "; ".join(cite.paragraph for cite in item.cites)
    if cited:
        click.echo(click.style(f"  {cited}", dim=True))
    if item.type == "bool":
        answer = click.prompt("yes / no / ?", type=click.Choice(["yes", "no", _UNKNOWN]), show_choices=False)
        return None if answer == _UNKNOWN else answer == "yes"
    choices = sorted(item.choices or {})
    if item.type == "string":
        answer = click.prompt("one of", type=click.Choice([*choices, _UNKNOWN]))
        return None if answer == _UNKNOWN else str(answer)
    answer = click.prompt(f"some of {', '.join(choices)} (comma), or ?")
    return None if answer == _UNKNOWN else [word.strip() for word in answer.split(",") if word.strip()]


def _claims() -> list[dict[str, object]]:
    click.echo("\nWhat shows that it helps? The claim is registered now, before it is measured.")
    if not click.confirm("Is there a benefit claim?", default=True):
        return []
    return [
        {
            "id": click.prompt("Claim id", default="benefit"),
            "track": "benefit",
            "topic": "benefit",
            "primary": True,
            "statement": _text("Claim"),
            "baseline": click.prompt("Non-AI baseline (id)"),
            "design": click.prompt("Design", type=click.Choice(["superiority", "non_inferiority"])),
            "minimum": click.prompt("Smallest effect worth having", type=float),
            "margin": click.prompt("Non-inferiority margin (0 for superiority)", type=float, default=0.0),
            "unit": click.prompt("Unit"),
        }
    ]
