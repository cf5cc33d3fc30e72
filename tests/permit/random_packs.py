"""Random rule packs over the few topics of `firm.TOPICS`: every severity, check, grade, status, tier and kind of fact."""

from __future__ import annotations

import random
from functools import cache

from firm import compiled, rule, text

_DATES = ["2025-01-01", "2026-02-28", "2026-03-01", "2026-03-02", "2027-01-01"]
_ATOMS = [
    "ev.check.estimate >= 0.5",
    "ev.check.low > ev.check.high",
    "ev.check.n * 2 > 150",
    "ev.approval.fit",
    "!ev.approval.fit",
    "ev.benefit.low >= claim.minimum",
    "ev.benefit.claim == claim.id",
    "ev.benefit.estimate - claim.margin > 0.0",
    "ev.monitor.estimate <= 0.9",
    "ev.gauge.high < ev.gauge.limit",
    "ev.monitor.n + 9007199254740991 > 0",
    "ev.strategy.adopted",
    "use.individual_effect",
    "use.language_model",
    'use.decision_effect == "decides"',
    '"rag" in use.development',
    "size(use.affected) > 1",
    "use.builders <= 1",
    "use.hours_released > use.undecided_hours",
    "use.components_without_licence == 0",
    "use.live",
    "use.has_fallback",
    "has(use.phase)",
    "has(firm.has_shop)",
    "firm.staff >= 20",
    "firm.has_shop",
    'firm.type in ["bank", "insurer"]',
    "policy.disclosure",
    '"pii" in policy.guards',
    "sod.validator_independent",
    "sod.approver_independent",
    "sod.monitor_independent",
    'tier == "high"',
    "param.floor < ev.check.estimate",
    "param.most > 2",
    "def.affects",
    "def.odd",
]
_SIMPLE = [atom for atom in _ATOMS if not any(part in atom for part in ("ev.", "sod.", "tier", "def.", "param."))]
_TIER_REASON = text("because")


def expression(pick: random.Random, atoms: list[str], depth: int = 0) -> str:
    """Return a random condition of up to eight atoms that leans left, as the one normal form does."""
    if depth == 3 or pick.random() < 0.4:
        return pick.choice(atoms)
    if pick.random() < 0.2:
        inner = expression(pick, atoms, depth + 1)
        return inner if inner.startswith("!") else f"!({inner})"
    sign, other = pick.choice([("&&", "||"), ("||", "&&")])
    right = pick.choice(atoms)
    if pick.random() < 0.4:
        right = f"({right} {other} {pick.choice(atoms)})"
    return f"({expression(pick, atoms, depth + 1)}) {sign} {right}"


def _rule(pick: random.Random, number: int, grade: str) -> dict[str, object]:
    severity = pick.choice(["S3", "S4"] if grade == "secondary" else ["S1", "S2", "S2", "S2", "S3", "S3", "S4"])
    track = "safety" if severity == "S1" else pick.choice(["safety", "safety", "benefit"])
    checked = pick.choice(["assessment", "assessment", "decision", "operation"])
    weight = pick.choice(["circular", "circular", "circular", "statute", "policy"])
    waivable = severity != "S1" and weight != "statute"
    return rule(
        f"r{number}",
        expression(pick, _ATOMS),
        applies=pick.choice(["true", "true", expression(pick, _SIMPLE), expression(pick, _ATOMS)]),
        severity=severity,
        track=track,
        checked=checked,
        weight=weight,
        binds=pick.choice([["bank"], ["bank", "insurer"], ["insurer"]]),
        valid_days=pick.choice([None, 30, 50, 180]),
        due_days=pick.choice([1, 20, 90]) if checked == "operation" else None,
        clock_days=pick.choice([1, 30]) if severity == "S3" else None,
        proportionality="where practicable" if waivable and pick.random() < 0.5 else None,
        source_grade=grade,
    )


@cache
def random_pack(seed: int) -> bytes:
    """Compile the random pack of this seed; its id is one of three, so that some replace others."""
    pick = random.Random(f"pack {seed}")
    grade = pick.choice(["policy", "policy", "secondary"])
    tiers = [
        {"tier": tier, "when": expression(pick, _SIMPLE), "reason": _TIER_REASON} for tier in ("high", "medium", "low")
    ]
    start = pick.choice(_DATES[:3])
    return compiled(
        [_rule(pick, number, grade) for number in range(pick.randint(1, 7))],
        id=f"pack-{seed % 3}",
        version=f"1.{seed}",
        subject=pick.choice(["use", "use", "use", "institution"]),
        status=pick.choice(["in_force", "in_force", "in_force", "proposed", "superseded"]),
        grade=grade,
        effective_from=start,
        effective_to=pick.choice([None, None, max(start, pick.choice(_DATES))]),
        parameters=_parameters(pick),
        definitions=[
            {"name": "affects", "expr": expression(pick, _SIMPLE), "says": text("affects")},
            {"name": "odd", "expr": f"!def.affects && ({expression(pick, _SIMPLE)})", "says": text("odd")},
        ],
        tiers=tiers[: pick.randint(1, 3)] if seed % 3 == 0 and pick.random() < 0.7 else [],
    )


def _parameters(pick: random.Random) -> list[dict[str, object]]:
    change = pick.choice(_DATES[1:])
    common = {"cites": "1", "basis": "ours"}
    return [
        {"name": "floor", "type": "double", "value": 0.5, "from": "2025-01-01", "to": change, **common},
        {"name": "floor", "type": "double", "value": 0.8, "from": change, "to": None, **common},
        {"name": "most", "type": "int", "value": 3, "from": pick.choice(_DATES), "to": None, **common},
    ]


@cache
def demanding_pack(seed: int) -> bytes:
    """Compile a pack in force whose rules all refuse; its random conditions are those of `random_pack`."""
    pick = random.Random(f"demanding {seed}")
    rules = [
        rule(
            f"r{number}",
            expression(pick, _ATOMS),
            applies=pick.choice(["true", "true", expression(pick, _SIMPLE)]),
            severity=pick.choice(["S1", "S2"]),
            valid_days=pick.choice([None, 30, 180]),
        )
        for number in range(pick.randint(1, 4))
    ]
    definitions = [
        {"name": "affects", "expr": expression(pick, _SIMPLE), "says": text("affects")},
        {"name": "odd", "expr": "!def.affects", "says": text("odd")},
    ]
    return compiled(rules, id=f"pack-{seed % 3}", parameters=_parameters(pick), definitions=definitions)
