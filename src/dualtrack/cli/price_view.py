"""How prices are printed: a table of controls, what was compared and left out, and the verdict in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from dualtrack.domain.records import to_plain
from dualtrack.evidence.pricing.words import frontier_picture, verdict_words
from dualtrack.present.charts import plain_interval

if TYPE_CHECKING:
    from rich.console import Console

    from dualtrack.evidence.pricing.effects import Effect
    from dualtrack.evidence.pricing.prices import Price, View
    from dualtrack.runtime.pricing.report import Report

__all__ = ["plain_report", "print_report"]

_DIGEST_SHOWN = 12


def print_report(out: Console, report: Report) -> None:
    """Print a report as people read it."""
    for line in _head(report):
        out.print(line)
    if report.prices:
        out.print(_table(report))
        unit = ", ".join(dict.fromkeys(item.worth.unit for item in report.prices))
        out.print(f"unit: {unit}; low..high over what nobody knows; in brackets the 95% interval around both")
    elif not len(report.compared.decisions):
        out.print("nothing to price: no such decision is logged; see --mode, --since and --until")
    for name, why in report.refused.items():
        out.print(f"{name} has no price: {why}")
    if report.rerun is not None:
        run = report.rerun
        out.print(
            f"run again over a sample of {len(run.places)} (seed {run.seed}): {run.erased} erased, "
            f"{run.unreadable} unreadable, {run.without_output} without an output"
        )
    if report.caught is not None:
        out.print(f"planted known-wrong items: {_caught(report)}")


def plain_report(report: Report) -> dict[str, Any]:
    """Return a report as plain data."""
    found = report.compared
    return {
        "use": report.use,
        "population": found.population,
        "decisions": len(found.decisions),
        "release": found.release,
        "policy": found.policy,
        "other_releases_or_policies": [
            {"release": release, "policy": policy, "decisions": count}
            for (release, policy), count in sorted(found.others.items())
        ],
        "other_modes": found.modes,
        "planted": found.planted,
        "erased": found.erased,
        "whole": found.whole,
        "truth": {
            "known": len(report.truths.harmful),
            "sources": report.truths.sources,
            "complaints": report.truths.complaints,
            "labels_of_other_decisions": report.truths.unknown_labels,
        },
        "data_digest": report.data_digest,
        "refused": report.refused,
        "caught": to_plain(report.caught),
        "rerun": None if report.rerun is None else _plain_rerun(report),
        "controls": [_plain_price(item) for item in report.prices],
        "frontiers": [_plain_frontier(report, name) for name in report.frontiers],
    }


def _head(report: Report) -> list[str]:
    found, truths = report.compared, report.truths
    which = (
        f" of release {found.release[:_DIGEST_SHOWN]}, policy {(found.policy or 'none')[:_DIGEST_SHOWN]}"
        if found.release
        else ""
    )
    lines = [f"{report.use}: {len(found.decisions):,} decisions compared ({found.population}){which}"]
    lines += [
        f"left out: {count:,} of release {release[:_DIGEST_SHOWN]}, policy {policy[:_DIGEST_SHOWN] or 'none'}"
        for (release, policy), count in sorted(found.others.items())
    ]
    lines += [f"apart: {count:,} in mode {mode}" for mode, count in sorted(found.modes.items())]
    if found.planted:
        lines.append(f"left out: {found.planted:,} planted known-wrong items")
    if found.erased:
        lines.append(f"left out: {found.erased:,} records whose content was erased")
    if not found.whole:
        lines.append("there are more decisions than were read: narrow them with --since and --until")
    told = ", ".join(f"{count:,} by {source}" for source, count in sorted(truths.sources.items())) or "of none"
    lines.append(f"truth known: {told}; complaints about them: {truths.complaints:,}")
    if truths.unknown_labels:
        lines.append(f"labels of decisions that are not compared: {truths.unknown_labels:,}")
    return lines


def _table(report: Report) -> Table:
    table = Table("control", "setting", "given", "acted", "harm averted", "benefit withheld", "labelled", "verdict")
    for item in report.prices:
        control = item.counts.control
        table.add_row(control.name, control.setting, "others on", *_cells(item.marginal), verdict_words(item).en)
        if item.alone.acted != item.marginal.acted:
            table.add_row("", "", "alone", *_cells(item.alone), "")
    return table


def _cells(view: View) -> tuple[str, str, str, str]:
    labelled = f"{view.acted - view.unknown:,} of {view.acted:,}"
    return f"{view.acted:,}", _shown(view.averted), _shown(view.withheld), labelled


def _shown(effect: Effect) -> str:
    point, low, high = plain_interval(effect.estimate, effect.low, effect.high)
    if effect.bound_low < effect.bound_high:
        least, _, _ = plain_interval(effect.bound_low, effect.low, effect.high)
        most, _, _ = plain_interval(effect.bound_high, effect.low, effect.high)
        point = f"{least}..{most}"
    return f"{point} ({low} – {high})"


def _caught(report: Report) -> str:
    caught = report.caught
    if caught is None or caught.estimate is None or caught.low is None or caught.high is None:
        return f"no figure: {caught.facts.get('refused', '')}" if caught is not None else "none"
    point, low, high = plain_interval(caught.estimate, caught.low, caught.high)
    return f"{point} ({low} – {high}) of {caught.n} caught"


def _plain_rerun(report: Report) -> dict[str, Any]:
    assert report.rerun is not None
    run = report.rerun
    return {
        "sample": len(run.places),
        "seed": run.seed,
        "erased": run.erased,
        "unreadable": run.unreadable,
        "without_output": run.without_output,
    }


def _plain_price(price: Price) -> dict[str, Any]:
    return {
        "control": price.counts.control.name,
        "setting": price.counts.control.setting,
        "kind": price.counts.control.kind,
        "decisions": price.counts.n,
        "unscored": price.counts.unscored,
        "unit": price.worth.unit,
        "marginal": _plain_view(price.marginal),
        "alone": _plain_view(price.alone),
        "minutes_per_1000": price.measurement.facts["minutes_per_1000"],
        "verdict": price.verdict,
        "reason": price.reason,
        "n_needed": price.n_needed,
        "words": to_plain(verdict_words(price)),
        "measurement": to_plain(price.measurement),
    }


def _plain_view(view: View) -> dict[str, Any]:
    named = {"averted": view.averted, "withheld": view.withheld, "work": view.work, "net": view.net}
    effects = {name: {**effect._asdict(), "estimate": effect.estimate} for name, effect in named.items()}
    return {"acted": view.acted, "unknown": view.unknown, **effects}


def _plain_frontier(report: Report, name: str) -> dict[str, Any]:
    found = report.frontiers[name]
    picture = frontier_picture(found, key="frontier")
    return {
        "control": name,
        "unit": found.unit,
        "settings": [
            {
                "at": at,
                "averted": [low, high],
                "withheld": [least, most],
            }
            for at, low, high, least, most, front in zip(
                found.thresholds.tolist(), found.averted_low.tolist(), found.averted_high.tolist(),
                found.withheld_low.tolist(), found.withheld_high.tolist(), found.on_front.tolist(), strict=True,
            )
            if front
        ],
        "chosen": [
            {"label": point.label, "present": point.present, "averted": point.averted, "withheld": point.withheld}
            for point in picture.points
        ],
    }  # fmt: skip
