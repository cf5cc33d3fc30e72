"""Write the shared test vectors of the assessment: input entries and packs, and the verdict that they give.

    python scripts/make_vectors.py            # writes tests/vectors/*.json
    python scripts/make_vectors.py --check    # says whether they are what this would write

Somebody who writes another implementation from docs/assessment.md holds it to these files. Every key in them is derived
from its holder's name (`known_key` in tests/permit/firm.py), for tests only.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
OUT = ROOT / "tests" / "vectors"
sys.path.insert(0, str(ROOT / "tests" / "permit"))

from firm import AT, CHECK, FIRM, GAUGE, PASSES, USE, Firm, compiled, declaration, known_key, ready, rule, text  # noqa: E402

from dualtrack.domain import canonical  # noqa: E402 - after the path to the test firm
from dualtrack.domain.records import encode  # noqa: E402
from dualtrack.permit.assess import verdict_digest  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

Case = tuple[Firm, str, str | None]

WORSE = {"estimate": 0.3, "low": 0.2, "high": 0.4, "n": 100}
CONDITION: dict[str, Any] = {"severity": "S3", "clock_days": 30}
FEBRUARY = "2026-02-01T00:00:00Z"
KEYS = (
    "every key is Ed25519 from the seed SHA-256('dualtrack test key ' + name): for tests only, worth nothing elsewhere"
)


def permitted() -> Case:
    """Give a live permit: two signatures on one statement, a tier, an approval by somebody independent."""
    tiers = [{"tier": "high", "when": "use.language_model", "reason": text("a language model")},
             {"tier": "medium", "when": "use.individual_effect", "reason": text("people are affected")}]  # fmt: skip
    both = rule("both", PASSES + " && ev.approval.fit && sod.approver_independent && sod.validator_independent")
    firm = ready(both, rule("tiered", 'tier == "medium"'), tiers=tiers)
    firm.evidence("check", CHECK, "validator collector")
    firm.approve()
    return firm, AT, USE


def nothing_measured() -> Case:
    """Refuse for want of any evidence about the use, though the firm has some."""
    firm = ready(rule("r", PASSES), rule("s", "ev.strategy.adopted"), rule("t", "true", applies="use.generative"))
    firm.evidence("strategy", {"adopted": True}, "compliance", kind="document", about="firm")
    return firm, AT, USE


def newest_counts() -> Case:
    """Refuse although earlier evidence was better; evidence of an earlier release and older evidence stay outside."""
    firm = ready(rule("r", PASSES, valid_days=60))
    firm.evidence("check", CHECK)
    firm.freeze(note="second")
    firm.evidence("check", CHECK)
    firm.evidence("check", WORSE)
    firm.evidence("check", CHECK, taken_at="2026-01-09T00:00:00Z")
    return firm, AT, USE


def condition_overdue() -> Case:
    """Refuse live use because a condition of an earlier permit has fallen due."""
    firm = ready(
        rule("r", PASSES, **CONDITION), rule("s", "ev.approval.fit", **CONDITION), rule("o", "use.individual_effect")
    )
    firm.approve()
    firm.record_permit(FEBRUARY)
    firm.approve(fit=False)
    return firm, "2026-03-03T00:00:00Z", USE


def condition_running() -> Case:
    """Permit with a condition that keeps the due of the permit before, and an operation rule still to come."""
    firm = ready(
        rule("r", PASSES, **CONDITION),
        rule("o", "ev.monitor.estimate <= 0.9", checked="operation", due_days=90),
        rule("a", "ev.approval.fit", severity="S4"),
    )
    firm.record_permit(FEBRUARY)
    return firm, AT, USE


def trial() -> Case:
    """Give a trial on a registered plan: live use is refused for want of benefit."""
    firm = ready(rule("b", "ev.benefit.low > claim.minimum", track="benefit"), rule("r", PASSES, severity="S1"))
    firm.evidence("check", CHECK)
    firm.plan("2026-06-01", decisions=250)
    return firm, AT, USE


def trial_used_up() -> Case:
    """Refuse a second trial: nothing of the claim was measured since the first."""
    firm, _, use = trial()
    firm.record_permit(FEBRUARY)
    firm.evidence("check", CHECK)
    firm.plan("2026-07-01")
    return firm, AT, use


def waivers() -> Case:
    """Waive what may be waived, by a decision on proportionality too; leave S1, statute and benefit as they are."""
    firm = ready(
        rule("plain", PASSES),
        rule("qualified", PASSES, proportionality="where practicable"),
        rule("unqualified", PASSES),
        rule("grave", PASSES, severity="S1"),
        rule("statute", PASSES, weight="statute"),
        rule("benefit", PASSES, track="benefit"),
        rule("withdrawn", PASSES),
    )
    for name in ("plain", "grave", "statute", "benefit", "withdrawn"):
        firm.waive(f"test-pack/{name}", "2026-04-01")
    for name in ("qualified", "unqualified"):
        firm.waive(f"test-pack/{name}", "2026-04-01", proportionality=True)
    firm.waive("test-pack/withdrawn", "2026-02-01")
    return firm, AT, USE


def everything_refused() -> Case:
    """Admit nothing: an entry for each reason of step 1 that one ledger can show."""
    firm = ready(
        rule("r", PASSES), rule("approve", "ev.approval.fit"), rule("gauge", "ev.gauge.high <= ev.gauge.limit")
    )
    firm.keys |= {name: known_key(name) for name in ("stranger", "actor", "late")}
    firm.append("evidence/1", USE, b"{}")
    firm.evidence("check", CHECK, "stranger")
    firm.evidence("check", CHECK, "late")
    firm.grant("late", ["validator"])
    firm.grant("actor", ["validator"], demo=True)
    good = firm.evidence("check", CHECK, "late")
    firm.append("evidence/1", USE, good.content)
    forged = canonical.decode(firm.evidence("check", CHECK, "collector").content)
    forged["signatures"][0]["sig"] = "A" * 86 + "=="
    firm.append("evidence/1", USE, canonical.encode(forged))
    firm.revoke("late")
    firm.evidence("check", CHECK, "late")
    firm.evidence("check", CHECK, demo=True)
    firm.evidence("unheard", CHECK)
    firm.evidence("check", CHECK, kind="drill")
    firm.evidence("check", CHECK, "owner")
    firm.evidence("check", {**CHECK, "n": 100.0})
    firm.evidence("check", CHECK, about="firm")
    firm.evidence("check", CHECK, digest="1" * 64)
    firm.evidence("check", CHECK, claim="undeclared")
    firm.evidence("check", CHECK, claim="found-earlier")
    firm.evidence("gauge", GAUGE, statistics={"plan": firm.measurement_plan(by="owner")})
    firm.approve()
    firm.evidence("check", CHECK, taken_at="2026-01-10T09:05:01Z")
    firm.evidence("check", CHECK, taken_at="2016-01-13T08:59:59Z")
    firm.declare(claims=[declaration()["claims"][0] | {"minimum": 0.5}])
    return firm, AT, USE


def hong_kong_midnight() -> Case:
    """Judge at midnight in Hong Kong: one pack begins, one ends, a parameter changes."""
    limit = {"name": "limit", "type": "double", "cites": "1", "basis": "ours"}
    dated = [limit | {"value": 0.5, "from": "2026-02-01", "to": "2026-03-01"},
             limit | {"value": 0.9, "from": "2026-03-01", "to": None}]  # fmt: skip
    firm = ready(rule("r", "ev.check.estimate >= param.limit"), parameters=dated)
    firm.adopt(compiled([rule("begins", PASSES)], id="pack-b", effective_from="2026-03-01"))
    firm.adopt(compiled([rule("ends", PASSES)], id="pack-c", effective_to="2026-02-28"))
    firm.adopt(compiled([rule("proposed", PASSES)], id="pack-d", status="proposed"))
    firm.evidence("check", CHECK)
    return firm, "2026-02-28T16:00:00Z", USE


def numbers_and_words() -> Case:
    """Derive facts from sums that round once, whole numbers that are doubles, and text beyond ASCII."""
    task = {"name": text("電話 𠮷野 é"), "hours_per_month": 40, "destination": "undecided"}
    hours: list[float] = [0.1, 0.2, 0.3, 3, 1e-300]
    rules = [
        rule("sum", "use.hours_released == 3.6 && use.undecided_hours <= 3.6"),
        rule("claim", "claim.minimum == 1.0"),
        rule("large", "ev.check.n + 9007199254740991 > 0"),
        rule("tiny", "ev.check.low * 1e-300 * 1e-300 >= 0.0"),
        rule("words", '!("人" in policy.guards) && size(use.affected) == 2'),
    ]
    firm = ready(*rules)
    firm.declare(
        tasks=[task | {"hours_released": hour} for hour in hours],
        claims=[declaration()["claims"][0] | {"minimum": 1}],
        affected=["customers", "staff"],
    )
    firm.freeze(guards=["資料", "ａ"])
    firm.evidence("check", CHECK, note="量度 – 𠮷")
    return firm, AT, USE


def institution() -> Case:
    """Assess a firm: requirements evidenced, n of m, and never a licence."""
    firm = Firm(profile={"has_shop": True, "remits_money": False})
    rules = [rule("shop", "firm.has_shop"), rule("asked", "has(firm.changes_money)"), rule("strategy", "ev.strategy.adopted"),
             rule("remits", "ev.strategy.adopted", applies="firm.remits_money")]  # fmt: skip
    firm.adopt(compiled(rules, subject="institution"))
    firm.evidence("strategy", {"adopted": True}, "compliance", kind="document", about="firm")
    return firm, AT, None


CASES: list[Callable[[], Case]] = [
    permitted,
    nothing_measured,
    newest_counts,
    condition_overdue,
    condition_running,
    trial,
    trial_used_up,
    waivers,
    everything_refused,
    hong_kong_midnight,
    numbers_and_words,
    institution,
]


def vector(make: Callable[[], Case]) -> bytes:
    """Return one file: input, and the verdict with the digest of its bytes."""
    firm, at, use = make()
    found = firm.assess(at, use)
    document = {
        "name": make.__name__.replace("_", "-"),
        "what": (make.__doc__ or "").strip(),
        "keys": KEYS,
        "institution": FIRM,
        "use": use,
        "release": firm.release_digest if use else None,
        "at": at,
        "entries": [
            {"index": e.index, "leaf": e.leaf.decode(), "salt": e.salt.hex(), "content": e.content.decode()}
            for e in firm.entries
        ],
        "packs": {digest: data.decode() for digest, data in sorted(firm.packs.items())},
        "assessment": encode(found).decode(),
        "digest": verdict_digest(found),
        "verdict": found.verdict.value,
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def main() -> int:
    """Write the files, or with --check compare them; return 1 on a difference."""
    made = {f"{make.__name__.replace('_', '-')}.json": vector(make) for make in CASES}
    if "--check" in sys.argv[1:]:
        present = {path.name: path.read_bytes() for path in OUT.glob("*.json")}
        differing = sorted(name for name in {*made, *present} if made.get(name) != present.get(name))
        print("\n".join([*differing, "differ: run scripts/make_vectors.py"] if differing else ["as committed"]))
        return int(bool(differing))
    OUT.mkdir(exist_ok=True)
    for name, data in made.items():
        (OUT / name).write_bytes(data)
    print(f"{len(made)} files, {sum(map(len, made.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
