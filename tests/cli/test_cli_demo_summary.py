"""The demo's table of effects: numbers as the pages show them, and the level that each measurement says it has."""

from __future__ import annotations

import io
from types import SimpleNamespace

from rich.console import Console

from dualtrack.cli import demo_summary
from dualtrack.evidence.measurement import Measurement, Method


def measured(slug: str, level: float):
    benefit = Measurement(
        measure="benefit.mean",
        unit="share [of cases]",
        n=4000,
        outcome="measured",
        method=Method(name="m", version="1", source="s"),
        data_digest="a" * 64,
        statistics={},
        level=level,
        estimate=-0.003051,
        low=-0.004,
        high=-0.0021,
        facts={"power_at_declared_effect": 0.9},
    )
    use = SimpleNamespace(slug=slug, plan=SimpleNamespace(effect=0.002))
    return SimpleNamespace(use=use, benefit=benefit)


def test_an_effect_is_shown_in_the_form_of_the_pages_at_its_own_level():
    out = io.StringIO()
    result = SimpleNamespace(measured=[measured("one", 0.9), measured("two", 0.975)])
    demo_summary._show_effects(Console(file=out, width=300), result)
    minus = "\u2212"
    effect = f"{minus}0.00305 ({minus}0.00400 – {minus}0.00210)"
    assert f"{effect}, 90% interval, share [of cases]" in out.getvalue()
    assert f"{effect}, 97.5% interval, share [of cases]" in out.getvalue()
    assert "95%" not in out.getvalue()
