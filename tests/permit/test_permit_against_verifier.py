"""Two implementations, one verdict: the verifier recomputes what `assess` gave, byte for byte.

Thousands of further seeds are run by `python tests/permit/test_permit_against_verifier.py FIRST LAST`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "verifier"))

import tampering
from firm import USE, known_key
from random_firms import RandomFirm
from sealing import difference, seal

import dualtrack_verify as verifier
from dualtrack.domain import canonical
from dualtrack.errors import PackError
from dualtrack.keys.ed25519 import verify
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.cosign import cosign
from dualtrack.ledger.note import parse_note
from dualtrack.permit.archive import read_archive, write_archive
from dualtrack.rules.facts import firm_facts

BLOCK, BLOCKS = 60, 6  # random ledgers in a test, and tests
SLOW_SEEDS = range(5)  # with the verifier's own Ed25519 routine, which costs some milliseconds a signature


def compare(seed: int, counted: Counter[str]) -> None:
    """Assess and bundle one random ledger, for the use and for the firm, and have both recomputed."""
    for use in (USE, None):
        try:
            random_firm = RandomFirm(seed)
            sealed = seal(random_firm.firm, random_firm.at, use=use)
        except PackError:
            counted["no verdict"] += 1  # adopted bytes of another pack: broken input, there is nothing to bundle
            continue
        result = verifier.verify(sealed.bundle, sealed.anchors)
        assert (result.exit, result.reason) == (0, None), f"seed {seed}, {use}: {result.detail}"
        plain = canonical.decode(sealed.assessment)
        counted["trial or shadow" if plain["plan"] else plain["verdict"]] += 1
        counted.update(f"effect {line['effect']}" for line in plain["rules"])
        counted.update(f"outcome {line['outcome']}" for line in plain["rules"])
        counted.update(f"evidence {line['reason']}" for line in plain["evidence"])
        counted.update(f"entry {line['reason']}" for line in plain["rejected"])


@pytest.fixture
def quick_signatures(monkeypatch):
    """Let a compiled library check the signatures; what is compared here is everything else."""

    def holds(public_key, message, signature):
        return verify(bytes(public_key), bytes(signature), bytes(message))

    monkeypatch.setattr(verifier, "signature_holds", holds)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_ledgers_give_the_same_bytes(block, quick_signatures):
    counted: Counter[str] = Counter()
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        compare(seed, counted)
    assert sum(counted[name] for name in VERDICTS) >= BLOCK


ENTRY_REASONS = ["malformed", "unknown-key", "bad-signature", "replayed", "demo-key", "wrong-role"]
EVIDENCE_REASONS = list(verifier.ADMISSION_REASONS)
VERDICTS = ["permitted", "permitted_with_conditions", "trial or shadow", "refused", "nothing_measured"]
VERDICTS += ["requirements_evidenced"]


def test_the_random_ledgers_reach_everything(quick_signatures):
    """A comparison of cases in which nothing happens would prove nothing."""
    counted: Counter[str] = Counter()
    for seed in range(BLOCK * BLOCKS, BLOCK * BLOCKS + 160):
        compare(seed, counted)
    effects = ["refuses", "refuses_live", "condition", "advice", "due_later", "none"]
    outcomes = ["met", "not_met", "no_evidence", "not_applicable", "waived"]
    expected = [*VERDICTS, *(f"effect {name}" for name in effects), *(f"outcome {name}" for name in outcomes)]
    expected += [f"evidence {code}" for code in EVIDENCE_REASONS]
    expected += [f"entry {code}" for code in ENTRY_REASONS]
    assert [name for name in expected if not counted[name]] == []


@pytest.mark.parametrize("seed", SLOW_SEEDS)
def test_random_ledgers_under_the_verifiers_own_signatures(seed):
    compare(seed, Counter())


def test_the_verifier_notices_a_verdict_that_does_not_follow(quick_signatures):
    """The comparison can fail: an assessment changed by one count is refused."""
    random_firm = RandomFirm(1)
    sealed = seal(random_firm.firm, random_firm.at)
    plain = canonical.decode(sealed.assessment)
    plain["counts"]["safety"]["met"] += 1
    assert list(difference(sealed.assessment, plain)) == ["counts"]


def test_the_verifier_knows_the_questions_to_a_firm():
    """It shares no file with the package, so its list is held equal here."""
    listed = {name: {"flag": "bool"}[kind] for name, kind in verifier.RECORDS["firm-answers"].items()}
    assert listed == {name: fact.type for name, fact in firm_facts().items()}


# The demo's bundles: real measurements, all shipped packs, every kind of firm.


def test_every_bundle_of_the_demo_is_verified(demo_folder):
    anchors = (demo_folder / "anchors.json").read_bytes()
    bundles = sorted((demo_folder / "bundles").glob("*.zip"))
    assert len(bundles) >= 20
    for path in bundles:
        result = verifier.verify(path.read_bytes(), anchors)
        assert (path.name, result.exit, result.detail) == (path.name, 0, "")
        assert result.facts["demo"] is True


@pytest.fixture(scope="session")
def witnessed(demo_folder):
    """The bundle of the use permitted with conditions, its head co-signed by a witness that the anchors ask for."""
    data = (demo_folder / "bundles" / "harbour-bank-demo.early-contact-order.zip").read_bytes()
    members = read_archive(data)
    note = parse_note(members["checkpoint"])
    witness, name = known_key("witness"), tampering.made.WITNESS_NAME
    members["checkpoint"] = note.with_signatures([cosign(note.text, name, witness, int(time.time()))]).encode()
    manifest = json.loads(members.pop("manifest.json"))
    manifest["members"] = {name: canonical.digest(content) for name, content in members.items()}
    anchors = json.loads((demo_folder / "anchors.json").read_bytes())
    anchor = anchors["institutions"]["harbour-bank-demo"]
    anchor["witnesses"] = [VerifierKey.of(name, witness.public_key, NoteKeyType.COSIGNATURE).format()]
    anchor["quorum"] = 1
    bundle = write_archive({**members, "manifest.json": canonical.encode(manifest)})
    return bundle, json.dumps(anchors).encode()


def test_a_witnessed_bundle_of_the_demo_is_verified(witnessed):
    result = verifier.verify(*witnessed)
    assert (result.exit, result.facts["verdict"]) == (0, "permitted_with_conditions")


ALSO_REFUSED_AS = {
    "tree head grown": "log-signature",  # in a long log most proofs also fit a tree one leaf longer
    "later time of assessment": "entries-time",  # where it is later by more than clocks may differ
}


@pytest.mark.parametrize(
    ("name", "change", "reason"), tampering.ARCHIVE_CASES, ids=[case[0] for case in tampering.ARCHIVE_CASES]
)
def test_a_tampered_bundle_of_the_demo_is_refused(name, change, reason, witnessed):
    bundle, anchors = witnessed
    changed = change(bundle)
    assert changed != bundle
    result = verifier.verify(changed, anchors)
    assert result.exit == 1
    assert result.reason in {reason, ALSO_REFUSED_AS.get(name)}, result.detail


if __name__ == "__main__":
    verifier.signature_holds = lambda key, message, signature: verify(bytes(key), bytes(signature), bytes(message))
    tally: Counter[str] = Counter()
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        compare(number, tally)
    sys.stdout.write(json.dumps(dict(sorted(tally.items())), indent=1) + "\n")
