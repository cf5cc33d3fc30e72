"""How rule packs look in a terminal and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from dualtrack.cli.explain_lines import Lines
from dualtrack.domain.records import Text
from dualtrack.present.phrases import our_test
from dualtrack.present.terms import GRADE_WORDS, ROLE_WORDS, SEVERITY_WORDS, STATUS_WORDS, WEIGHT_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from dualtrack.rules.pack import Pack, Rule

__all__ = ["pack_head", "plain_pack", "print_pack"]


def pack_head(pack: Pack) -> dict[str, object]:
    """Return what identifies a pack."""
    data = pack.data
    return {
        "pack": data.id,
        "version": data.version,
        "title": data.title,
        "issuer": data.issuer,
        "status": data.status,
        "grade": data.grade,
        "subject": data.subject,
        "effective_from": data.effective_from,
        "effective_to": data.effective_to,
        "rules": len(pack.rules),
        "source": data.source,
        "digest": pack.digest,
    }


def plain_pack(pack: Pack, rules: Sequence[Rule]) -> dict[str, object]:
    """Return a pack with some of its rules as plain data; expressions as text, which says the same as their trees."""
    return pack_head(pack) | {
        "parameters": pack.data.parameters,
        "definitions": [{"name": item.name, "text": item.text, "says": item.says} for item in pack.data.definitions],
        "rules": [_plain_rule(rule) for rule in rules],
    }


def _plain_rule(rule: Rule) -> dict[str, object]:
    data = rule.data
    return {
        "rule": data.id,
        "our_test_for": data.cites,
        "title": data.title,
        "says": data.says,
        "todo": data.todo,
        "owner": data.owner,
        "binds": data.binds,
        "track": data.track,
        "severity": data.severity,
        "checked": data.checked,
        "valid_days": data.valid_days,
        "due_days": data.due_days,
        "clock_days": data.clock_days,
        "weight": data.weight,
        "basis": data.basis,
        "proportionality": data.proportionality,
        "source_grade": data.source_grade,
        "checked_source": data.checked_source,
        "applies": rule.applies.text,
        "requires": rule.requires.text,
        "evidence": list(rule.topics),
        "crosswalk": data.crosswalk,
        "tests": data.tests,
    }


def print_pack(out: Console, pack: Pack, rules: Sequence[Rule], lang: str, *, whole: bool) -> None:
    """Print a pack's source, parameters and rules; `whole`, for one rule, expressions and tests instead of parameters."""
    lines, data = Lines(out, lang), pack.data
    source = data.source
    out.print(f"[bold]{lines.text(data.title)}[/]  [dim]{data.id} {data.version}[/]")
    ends = f" to {data.effective_to}" if data.effective_to else ""
    status = lines.text(STATUS_WORDS[data.status])
    out.print(
        f"  {escape(data.issuer)}; {status} from {data.effective_from}{ends}; {lines.text(GRADE_WORDS[data.grade])}"
    )
    out.print(f"  {escape(source.document)}, {escape(source.reference)}, {source.date}")
    out.print(f"  checked: {source.checked} on {source.checked_on}; {escape(source.address)}")
    out.print(f"  file digest {source.file_digest or 'none: no file was read'}")
    if source.note:
        out.print(f"  note: {escape(' '.join(source.note.split()))}")
    out.print(f"  pack digest {pack.digest}; transcribed by {escape(data.transcriber)}\n")
    if not whole:
        _print_parameters(lines, pack)
    for rule in rules:
        _print_rule(lines, rule, whole=whole)


_UNREAD = Text(en="for information, read by no rule", zh="僅供參考，沒有規則讀取")


def _print_parameters(lines: Lines, pack: Pack) -> None:
    """Print every dated value with where it comes from; one that decides nothing is marked, or it would look like a test."""
    read = pack.names
    for item in pack.data.parameters:
        value = ", ".join(item.value) if isinstance(item.value, list) else str(item.value)
        ends = f" to {item.to}" if item.to else ""
        mark = "" if f"param.{item.name}" in read else f"; {lines.text(_UNREAD)}"
        lines.out.print(
            f"  parameter {item.name}: {escape(value)} from {item.from_}{ends} ({item.basis}: {escape(item.cites)}){mark}"
        )
    if pack.data.parameters:
        lines.out.print()


def _print_rule(lines: Lines, rule: Rule, *, whole: bool) -> None:
    data, out = rule.data, lines.out
    out.print(f"[bold]{escape(data.id)}[/]  {lines.text(data.title)}")
    weight = lines.text(WEIGHT_WORDS[data.weight])
    out.print(f"  {lines.text(our_test(data.cites))}; {lines.text(SEVERITY_WORDS[data.severity])}; {weight}")
    when = f"checked at {data.checked.value}" + (
        f", due {data.due_days} days after going live" if data.due_days else ""
    )
    age = f"evidence good for {data.valid_days} days" if data.valid_days else "evidence does not expire"
    out.print(f"  {when}; {age}; source: {data.checked_source}; threshold basis: {data.basis}")
    out.print(f"  {lines.text(data.says)}")
    if whole:
        out.print(f"  to do ({lines.text(ROLE_WORDS[data.owner])}): {lines.text(data.todo)}")
        if data.proportionality:
            out.print(f"  the source's own qualifier: {escape(data.proportionality)}")
        out.print(f"  binds    {', '.join(item.value for item in data.binds)}")
        out.print(f"  applies  {escape(rule.applies.text)}")
        out.print(f"  requires {escape(rule.requires.text)}")
        out.print(f"  evidence {', '.join(rule.topics) or 'none'}")
        for test in data.tests:
            out.print(f"  test     {escape(test.name)}: {test.expect}")
    out.print()
