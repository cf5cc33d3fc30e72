"""Time to assess: one use under all shipped packs, a portfolio after a change of pack, one bundle made and verified.

    python benchmarks/assess.py             # 10,000 uses; some two minutes
    python benchmarks/assess.py --smoke     # 200 uses

Limits in cpu time (exit 1 where one is missed): one use 5 ms; 10,000 uses 60 s; a bundle of 80 signatures made 2 s, verified 2 s.
The baseline is the same assessment with every expression run by the CEL library in place of our compiled functions.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "permit"), str(ROOT / "src")]

from cel_expr_python import cel  # noqa: E402 - after the paths
from firm import AT, USE, Firm, known_key  # noqa: E402
from sealing import seal  # noqa: E402

import dualtrack_verify as verifier  # noqa: E402
from dualtrack.domain import canonical  # noqa: E402
from dualtrack.permit import keytable, opening  # noqa: E402
from dualtrack.rules.catalogue import shipped_topics  # noqa: E402
from dualtrack.rules.evaluate import Program  # noqa: E402
from dualtrack.rules.shipped import shipped_packs  # noqa: E402

ONE_MS, PORTFOLIO_S, BUNDLE_S = 5.0, 60.0, 2.0
SIGNATURES = 80
BLANK = {"bool": True, "int": 1, "double": 0.5, "string": "stated", "list": ["stated"]}
TYPES = {"bool": cel.Type.BOOL, "int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING}
SIGNER = "everybody"  # one holder with every role: the figures do not depend on who signs


def firm_with_packs():
    """Return a bank that adopted every shipped pack, and what evidence of each topic its packs ask for."""
    firm = Firm()
    firm.keys[SIGNER] = known_key(SIGNER)
    firm.grant(SIGNER, ["validator", "approver", "collector", "compliance", "owner", "developer", "auditor", "officer"])
    fields = {}
    for pack in shipped_packs():
        firm.adopt(pack.compiled)
        for rule in pack.rules:
            met = next(test.facts for test in rule.data.tests if test.expect == "met")
            for name, value in met.items():
                if name.startswith("ev."):
                    _, topic, field = name.split(".")
                    fields.setdefault(topic, {})[field] = value
    for topic, declared in ((name, shipped_topics()[name]) for name in fields):
        for field, kind in declared.fields.items():
            fields[topic].setdefault(field, BLANK[kind.rstrip("?")])
        if "claim" in declared.fields:
            fields[topic]["claim"] = "found-earlier"
    return firm, fields


def observe(firm, fields, only=None):
    """Append evidence: about the firm where `only` is "firm", else about the use and its release."""
    for topic, found in fields.items():
        declared = shipped_topics()[topic]
        if (declared.about == "firm") == (only == "firm"):
            measured = declared.kind == "measurement"
            values = ordered(found)
            firm.evidence(
                topic, values, SIGNER, kind=declared.kind.value, about=declared.about, claim=values.get("claim"),
                n=values.get("n", 1) if measured else None,
            )  # fmt: skip


def ordered(values):
    """Return the fields with low <= estimate <= high, as a measurement must have."""
    interval = [name for name in ("low", "estimate", "high") if isinstance(values.get(name), float)]
    return values | dict(zip(interval, sorted(values[name] for name in interval), strict=True))


def forget():
    """Empty the caches of verified signatures and opened contents, as in a fresh process."""
    keytable._verified.cache_clear()  # noqa: SLF001 - there is no other way to be a fresh process
    opening.open_record.cache_clear()


def one_use(rounds):
    """Return milliseconds to assess one use with a cold and a warm cache, its firm, and the signatures checked."""
    firm, fields = firm_with_packs()
    observe(firm, fields, "firm")
    firm.declare(facts={"individual_effect": True, "language_model": True, "generative": True, "personal_data": True})
    firm.freeze(disclosure=True)
    observe(firm, fields)
    while len(firm.entries) < SIGNATURES:
        firm.evidence("benefit", ordered(fields["benefit"]), SIGNER, claim="found-earlier", n=fields["benefit"]["n"])
    firm.assess()  # packs are loaded and compiled once in a process
    cold, warm = [], []
    for _ in range(rounds):
        forget()
        cold.append(timed(firm.assess))
        warm.append(timed(firm.assess))
    return min(cold) * 1e3, min(warm) * 1e3, firm


def timed(run):
    """Return the cpu-seconds of a call: what else runs on the machine does not count."""
    start = time.process_time()
    run()
    return time.process_time() - start


def portfolio(uses):
    """Return seconds to assess that many uses after a new version of a pack; each use's own entries are read anew."""
    firm, fields = firm_with_packs()
    observe(firm, fields, "firm")
    newer = canonical.decode(max(firm.packs.values(), key=len))
    newer["version"] += ".1"
    firm.adopt(canonical.encode(newer))
    shared = len(firm.entries)
    few = {topic: fields[topic] for topic in sorted(fields) if shipped_topics()[topic].about != "firm"}
    few = dict(list(few.items())[:8])
    total = 0.0
    for number in range(uses):
        del firm.entries[shared:]
        firm.declare(facts={"individual_effect": number % 2 == 0, "language_model": number % 3 == 0})
        firm.freeze(note=str(number))
        observe(firm, few)
        total += timed(firm.assess)
    return total, len(firm.entries) - shared


def with_cel(rounds):
    """Return milliseconds of the same assessment with the CEL library in place of compiled functions."""
    compiled, run = {}, Program.__call__

    def theirs(program, facts):
        if "has(" in program.text:  # presence of flat names is no question to the library
            return run(program, facts)
        if id(program) not in compiled:
            variables = {n: TYPES.get(program.schema[n]) or cel.Type.List(cel.Type.STRING) for n in program.names}
            compiled[id(program)] = cel.NewEnv(variables=variables).compile(program.text)
        try:
            value = compiled[id(program)].eval(data={n: facts[n] for n in program.names if n in facts}).value()
        except (RuntimeError, ValueError, TypeError):
            return None
        return value if isinstance(value, bool) else None

    Program.__call__ = theirs
    try:
        _, warm, _ = one_use(rounds)
    finally:
        Program.__call__ = run
    return warm


def bundle(firm):
    """Return seconds to assess, record and bundle a use, seconds the verifier takes, and the bundle's size."""
    made = {}
    build_s = timed(lambda: made.update(sealed=seal(firm, AT, use=USE)))
    sealed = made["sealed"]
    verify_s = timed(lambda: made.update(result=verifier.verify(sealed.bundle, sealed.anchors)))
    if made["result"].exit:
        raise SystemExit(f"the bundle is refused: {made['result'].reason} {made['result'].detail}")
    return build_s, verify_s, len(sealed.bundle)


def main():
    """Print the figures; return 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="little data: to see that it runs")
    smoke = parser.parse_args().smoke
    rounds, uses = (3, 200) if smoke else (30, 10_000)
    cold, warm, firm = one_use(rounds)
    rules = sum(len(pack.rules) for pack in shipped_packs())
    print(f"one use, {len(shipped_packs())} packs, {rules} rules, {len(firm.entries)} signed entries:")
    print(f"  warm {warm:.2f} ms (limit {ONE_MS:.0f}), no signature verified before {cold:.2f} ms")
    theirs = with_cel(rounds)
    print(f"  baseline, expressions run by the CEL library: {theirs:.2f} ms; ratio {theirs / warm:.1f}")
    seconds, own = portfolio(uses)
    scaled = seconds / uses * 10_000
    print(f"{uses} uses of one firm after a change of pack, {own} entries of their own each: {seconds:.1f} s")
    print(f"  {seconds / uses * 1e3:.2f} ms a use; 10,000 in {scaled:.1f} s (limit {PORTFOLIO_S:.0f})")
    build_s, verify_s, size = bundle(firm)
    print(
        f"bundle of {size / 1e6:.2f} MB: made {build_s:.3f} s, verified by dualtrack_verify.py {verify_s:.3f} s (limit 2)"
    )
    missed = [warm > ONE_MS, scaled > PORTFOLIO_S, build_s > BUNDLE_S, verify_s > BUNDLE_S]
    return int(any(missed))


if __name__ == "__main__":
    sys.exit(main())
