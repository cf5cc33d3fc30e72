"""How many changed claims the check of generated sentences finds, and how many fair rewordings it drops, by language and kind; microseconds a check.

    python benchmarks/grounding.py [CLAIMS.yaml ...] [--split dev|test] [--dev] [--misses]
    python benchmarks/grounding.py --train [--write] [--found 0.90]

A list of claims names passages of the starter pack and has parts. Without a name it is the starter's claims.yaml, of which both parts are spent: lists, rules and
weights of the check were set on them and on benchmarks/grounding_dev.yaml (`--dev`), so rates there are upper bounds. Only a set by a writer who has not seen the
checker, scored once, measures it: `grounding.py PATH/claims_blind.yaml --split test`. Shares carry n and a 95 per cent Wilson interval; sentences of one source are not
independent, so the intervals are somewhat narrow. The curve tells, for several limits of the score, what would be found and dropped: the shipped limits are those of
weights.yaml. The peer is the share of a sentence's tokens that stand in its source, at the threshold that on grounding_dev.yaml drops 5 per cent of the fair rewordings.
Time is processor time of this process, with the source read before (as in service, where passages are read once) and with reading it for each check.
Limits: 90 per cent of changed claims in each language, at most 5 per cent of the fair ones, 300 µs a check.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from pathlib import Path

from dualtrack.apps.service.grounding.checks import check_sentence, findings_of
from dualtrack.apps.service.grounding.prompt import source_text
from dualtrack.apps.service.grounding.reading import quoted, read_part, read_source
from dualtrack.apps.service.grounding.sentences import Sentence
from dualtrack.apps.service.grounding.weighing import fails_alone, load_weights, score
from dualtrack.apps.service.passages import load_passages
from dualtrack.domain.documents import read_yaml
from dualtrack.evidence.intervals.wilson import wilson_limits

ROOT = Path(__file__).parent.parent
DEV = Path(__file__).parent / "grounding_dev.yaml"
STARTER = ROOT / "src" / "dualtrack" / "apps" / "service" / "starter"
CLAIMS = STARTER / "claims.yaml"
SECTORS = ("bank", "broker", "insurer", "mpf")
DETECTED_LEAST = 0.90
FALSE_MOST = 0.05
US_MAX = 300.0
LIMITS = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)
ALONE = 1e6
LANGUAGES = ("en", "zh-Hant")
_TOKEN = re.compile(r"[a-z]+|\d[\d,.:]*|[\u3400-\u9fff]")


def load(path, split="dev"):
    """Return claims with the texts of their sources; a list names passages of the starter pack and has parts."""
    data = read_yaml(path.read_bytes(), where=path.name)
    if isinstance(data, dict):
        return data["claims"]
    passages = {each.id: each for sector in SECTORS for each in load_passages(STARTER / f"{sector}.yaml").passages}
    return [
        claim | {"source": source_text(passages[claim["source"]], claim["language"])}
        for claim in data
        if claim["split"] == split
    ]


def sentences(claims, language):
    """Yield source, sentence, kind of change ("" where there is none) and id."""
    for claim in claims:
        if claim["language"] == language:
            yield from ((claim["source"], text, "", claim["id"]) for text in claim["faithful"])
            yield from ((claim["source"], item["text"], item["kind"], claim["id"]) for item in claim["altered"])


def share(label, hits, n):
    low, high = wilson_limits(hits, n, 0.95)
    print(f"    {label:<34}{hits:>5} of {n:<5}{hits / n:7.3f} [{low:.3f}, {high:.3f}]")
    return hits / n


def overlap(text, source):
    known = set(_TOKEN.findall(source.lower()))
    tokens = _TOKEN.findall(text.lower())
    return sum(token in known for token in tokens) / max(len(tokens), 1)


def peer_threshold(language):
    fair = sorted(overlap(text, source) for source, text, kind, _ in sentences(load(DEV), language) if not kind)
    return fair[int(FALSE_MOST * len(fair))]


def measure(claims, language, *, misses):
    items = list(sentences(claims, language))
    found = [check_sentence(Sentence(text, (1,)), [source], language) for source, text, _, _ in items]
    altered = [(item, checked) for item, checked in zip(items, found, strict=True) if item[2]]
    fair = [(item, checked) for item, checked in zip(items, found, strict=True) if not item[2]]
    print(f"  {language}: {len({item[0] for item in items})} sources")
    detected = share("changed claims found", sum(not checked.passed for _, checked in altered), len(altered))
    false = share("fair sentences dropped", sum(not checked.passed for _, checked in fair), len(fair))
    threshold = peer_threshold(language)
    share(
        f"peer, overlap < {threshold:.2f}: found",
        sum(overlap(i[1], i[0]) < threshold for i, _ in altered),
        len(altered),
    )
    share("peer: fair sentences dropped", sum(overlap(i[1], i[0]) < threshold for i, _ in fair), len(fair))
    for kind, n in sorted(Counter(item[2] for item, _ in altered).items()):
        share(f"kind {kind}", sum(not checked.passed for item, checked in altered if item[2] == kind), n)
    curve(items, language)
    causes = Counter(failure for _, checked in fair for failure in {each.kind for each in checked.failures})
    print(f"    causes of what was dropped unduly: {dict(causes)}")
    if misses:
        for item, _ in ((item, checked) for item, checked in altered if checked.passed):
            print(f"      missed {item[3]} ({item[2]}): {item[1]}")
        for item, checked in ((item, checked) for item, checked in fair if not checked.passed):
            print(f"      unduly {item[3]}: {item[1]} {[tuple(each) for each in checked.failures]}")
    return detected, false


def scored(source, text, language):
    """Return the score of a sentence; ALONE where it fails whatever its score."""
    checked = check_sentence(Sentence(text, (1,)), [source], language)
    if quoted(text) in read_source(source).quotes:
        return 0.0
    found = findings_of(read_part(text), read_source(source))
    if fails_alone(found) or any(each.kind == "language" for each in checked.failures):
        return ALONE
    return score(found)


def curve(items, language):
    fair = [scored(source, text, language) for source, text, kind, _ in items if not kind]
    changed = [scored(source, text, language) for source, text, kind, _ in items if kind]
    for limit in sorted({*LIMITS, load_weights().limit_of(language)}):
        print(f"    limit {limit:.2f}")
        share("changed claims found", sum(each >= limit for each in changed), len(changed))
        share("fair sentences dropped", sum(each >= limit for each in fair), len(fair))


def timed(claims, language):
    """Return microseconds a check with the source read before, and with reading it."""
    items = [(Sentence(text, (1,)), [source]) for source, text, _, _ in sentences(claims, language)]
    for _, sources in items:
        read_source(sources[0])
    begun = time.process_time()
    for sentence, sources in items:
        check_sentence(sentence, sources, language)
    warm = (time.process_time() - begun) / len(items) * 1e6
    begun = time.process_time()
    for sentence, sources in items:
        read_source.cache_clear()
        check_sentence(sentence, sources, language)
    cold = (time.process_time() - begun) / len(items) * 1e6
    print(f"    {language}: {warm:.0f} µs a check, {cold:.0f} µs with reading the source (n {len(items)})")
    return warm


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("files", nargs="*", type=Path)
    asked.add_argument("--split", choices=("dev", "test"), default="test")
    asked.add_argument("--dev", action="store_true")
    asked.add_argument("--misses", action="store_true")
    asked.add_argument("--train", action="store_true", help="fit the weights and print the curves of held-out sources")
    asked.add_argument("--write", action="store_true", help="with --train: replace weights.yaml")
    asked.add_argument("--found", type=float, default=DETECTED_LEAST, help="with --train: share that the limits find")
    given = asked.parse_args()
    if given.train:
        from grounding_weights import train

        train(given.found, keep=given.write)
        return 0
    missed = False
    for path in given.files or [DEV if given.dev else CLAIMS]:
        claims = load(path, given.split)
        print(path.name, "" if path == DEV else given.split)
        languages = [each for each in LANGUAGES if any(claim["language"] == each for claim in claims)]
        for language in languages:
            detected, false = measure(claims, language, misses=given.misses)
            missed |= detected < DETECTED_LEAST or false > FALSE_MOST
        print("  processor time")
        missed |= max(timed(claims, language) for language in languages) > US_MAX
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
