"""Trains the weights of the check of generated sentences and prints, by cross-validation by source, found changes against dropped fair sentences.

    python benchmarks/grounding.py --train [--write] [--found 0.90]

A logistic regression with weights that are never negative (each finding speaks against a sentence, so a closer wording can not make one worse) on the findings of
`checks.findings_of`; sentences with a finding that fails alone are left out of the fit and count as dropped. Data: both parts of the starter's claims.yaml, and
benchmarks/grounding_dev.yaml at half weight, whose author had the checker in view. The curve is of claims.yaml only. Sources are drawn to ten folds by name, so all sentences
of a passage, in both languages and files, are held out together. `--write` replaces weights.yaml; its limits are the highest at which `--found` of the changed sentences fall.
The lists and rules were developed on the same sentences, so the curve is an upper bound; a set made later by another writer is the measure.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from grounding import CLAIMS, DEV, LANGUAGES, ROOT, load, sentences
from scipy.optimize import minimize

from dualtrack.apps.service.grounding.checks import findings_of
from dualtrack.apps.service.grounding.reading import quoted, read_part, read_source
from dualtrack.apps.service.grounding.weighing import load_weights
from dualtrack.evidence.intervals.wilson import wilson_limits

WEIGHTS_FILE = ROOT / "src" / "dualtrack" / "apps" / "service" / "grounding" / "weights.yaml"
FOLDS = 10
STRENGTH = 3.0
DEV_WEIGHT = 0.5
RATES = (0.02, 0.05, 0.08, 0.10, 0.15, 0.20, 0.25, 0.30)
ALONE = 1e6


def rows():
    """Return of each sentence: language, whether it was changed, fold, weight in the fit, whether it counts for the curve, and its findings."""
    found = []
    for claims, weight in ((load(CLAIMS, "dev") + load(CLAIMS, "test"), 1.0), (load(DEV), DEV_WEIGHT)):
        for language in LANGUAGES:
            for source, text, kind, name in sentences(claims, language):
                known = read_source(source)
                against = [] if quoted(text) in known.quotes else findings_of(read_part(text), known)
                place = name.removeprefix("claim-").removesuffix("-zh")
                fold = int(sha256(place.encode()).hexdigest(), 16) % FOLDS
                found.append(
                    (language, bool(kind), fold, weight, weight == 1.0, {each.name: each.value for each in against})
                )
    return found


def fit(x, changed, weight):
    """Return weights and constant of a logistic regression with weights of zero or more."""
    size = x.shape[1]
    sign = np.where(changed, 1.0, -1.0)

    def loss(point):
        margin = sign * (x @ point[:size] + point[size])
        slope = -weight * sign / (1 + np.exp(margin))
        value = (weight * np.logaddexp(0, -margin)).sum() + (point[:size] ** 2).sum() / (2 * STRENGTH)
        return value, np.append(x.T @ slope + point[:size] / STRENGTH, slope.sum())

    bounds = [(0, None)] * size + [(None, None)]
    return minimize(loss, np.zeros(size + 1), jac=True, method="L-BFGS-B", bounds=bounds).x[:size]


def rounded(hits, n):
    low, high = wilson_limits(int(hits), int(n), 0.95)
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}] of {n}"


def train(at_least, *, keep):
    """Print the curves of held-out sources and fit the weights; the limits are the highest at which that share of changed sentences falls."""
    data = rows()
    alone = set(load_weights().alone)
    names = sorted({name for row in data for name in row[5]} - alone)
    x = np.array([[row[5].get(name, 0.0) for name in names] for row in data])
    language = np.array([row[0] for row in data])
    changed, fold, weight, counts = (np.array([row[at] for row in data]) for at in (1, 2, 3, 4))
    fails = np.array([not alone.isdisjoint(row[5]) for row in data])
    score = np.full(len(data), ALONE)
    for held in range(FOLDS):
        train, test = (fold != held) & ~fails, (fold == held) & ~fails
        score[test] = x[test] @ fit(x[train], changed[train], weight[train])
    limits = {}
    for each in LANGUAGES:
        mine = counts & (language == each)
        fair, other = score[mine & ~changed], score[mine & changed]
        print(f"{each}: held-out sources, {len(fair)} fair and {len(other)} changed sentences")
        ordered = np.sort(fair)[::-1]
        for rate in RATES:
            limit = float(ordered[int(rate * len(fair))]) + 1e-3
            print(
                f"  limit {limit:6.2f}: found {rounded((other >= limit).sum(), len(other))}, dropped {rounded((fair >= limit).sum(), len(fair))}"
            )
        limit = limits[each] = round(float(np.sort(other)[::-1][int(np.ceil(at_least * len(other))) - 1]) - 1e-3, 2)
        print(
            f"  chosen {limit:5.2f}: found {rounded((other >= limit).sum(), len(other))}, "
            f"dropped {rounded((fair >= limit).sum(), len(fair))}"
        )
    final = fit(x[~fails], changed[~fails], weight[~fails])
    found = {name: round(float(value), 2) for name, value in zip(names, final, strict=True) if value >= 0.01}
    if keep:
        write(found, limits, len(data))


def write(found, limits, n):
    """Replace limits and weights in weights.yaml; the rest of it is written by hand."""
    head = WEIGHTS_FILE.read_text(encoding="utf-8").split("limit:")[0]
    lines = [f"limit: {{en: {limits['en']}, zh-Hant: {limits['zh-Hant']}}}", "weights:"]
    lines += [f"  {name}: {value}" for name, value in sorted(found.items(), key=lambda each: -each[1])]
    WEIGHTS_FILE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {len(found)} weights from {n} sentences to {WEIGHTS_FILE.name}")
