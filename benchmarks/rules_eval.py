"""Evaluations per cpu-second of compiled rules, beside the CEL library on the same texts and facts in the same run.

Usage: python benchmarks/rules_eval.py
"""

import time
from datetime import date

from cel_expr_python import cel

from dualtrack.rules.shipped import shipped_packs

ROUNDS = 30
TYPES = {"bool": cel.Type.BOOL, "int": cel.Type.INT, "double": cel.Type.DOUBLE, "string": cel.Type.STRING}


def best(run, times=5):
    """Return the least cpu-seconds of several runs."""
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def main():
    """Print three rates and the ratio."""
    load_s = time.process_time()
    packs = shipped_packs()
    load_s = time.process_time() - load_s
    facts = {}
    for pack in packs:
        for rule in pack.rules:
            for test in rule.data.tests:
                facts |= test.facts if test.expect == "met" else {}
    for pack in packs:
        facts |= pack.with_own_facts(facts, date(2026, 11, 22))
    programs = [program for pack in packs for rule in pack.rules for program in (rule.applies, rule.requires)]
    plain = [program for program in programs if "has(" not in program.text]
    expressions = []
    for program in plain:
        variables = {n: TYPES.get(program.schema[n]) or cel.Type.List(cel.Type.STRING) for n in program.names}
        environment = cel.NewEnv(variables=variables)
        expressions.append((environment.compile(program.text), {n: facts[n] for n in program.names if n in facts}))
    compile_s = best(lambda: [program(facts) for program in programs], times=1)
    ours_s = best(lambda: [[program(facts) for program in programs] for _ in range(ROUNDS)]) / ROUNDS
    theirs_s = best(lambda: [expression.eval(data=data).value() for expression, data in expressions])
    ours, theirs = len(programs) / ours_s, len(plain) / theirs_s
    print(
        f"load {len(packs)} packs: {load_s * 1e3:.0f} ms; compile {len(programs)} expressions: {compile_s * 1e3:.0f} ms"
    )
    print(f"compiled: {ours:,.0f} evaluations/cpu-s; CEL library: {theirs:,.0f}; ratio {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
