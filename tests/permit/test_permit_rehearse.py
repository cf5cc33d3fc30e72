"""One pack in place of another, without recording; and a way to green that needs two thresholds at once."""

import json

import pytest

from dualtrack.domain.vocabulary import Verdict
from dualtrack.errors import PackError
from dualtrack.permit.assess import conclude
from dualtrack.permit.rehearse import with_pack_instead
from dualtrack.permit.to_green import to_green
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.rules.pack import load_pack
from dualtrack.rules.source import compile_pack
from permit.firm import TOPICS, Firm, compiled, pack_source, rule

INTERVAL = {"estimate": 0.006, "low": -0.025, "high": 0.035, "n": 1878}


def measured(requires, **fields):
    firm = Firm()
    firm.adopt(compiled([rule("R-1", requires)]))
    firm.declare()
    firm.freeze()
    firm.evidence("check", INTERVAL | fields, n=1878)
    return firm


def test_a_stricter_pack_refuses_what_the_looser_permits_and_nothing_else_changes():
    firm = measured("ev.check.estimate > 0.0")
    case = firm.case()
    stricter = load_pack(compiled([rule("R-1", "ev.check.low > 0.0")], version="2.0"))
    assert conclude(case).verdict is Verdict.PERMITTED
    after = conclude(with_pack_instead(case, "test-pack", stricter))
    assert after.verdict is Verdict.REFUSED
    assert [(line.version, line.digest) for line in after.packs] == [("2.0", stricter.digest)]
    assert conclude(firm.case()) == conclude(case)


def test_another_pack_takes_the_place_of_the_one_removed():
    case = measured("ev.check.low > 0.0").case()
    other = load_pack(compiled([rule("S-1", "ev.check.n > 100")], id="other-pack"))
    after = conclude(with_pack_instead(case, "test-pack", other))
    assert [line.id for line in after.packs] == ["other-pack"]
    assert after.verdict is Verdict.PERMITTED


def test_a_pack_whose_topics_clash_is_refused():
    firm = measured("ev.check.low > 0.0")
    topics = read_catalogue(TOPICS.replace(b"hours: 3", b"hours: 4"), where="topics")
    source = json.dumps(pack_source([rule("S-1", "ev.check.n > 100")], id="other-pack")).encode()
    with pytest.raises(PackError, match="defined otherwise"):
        with_pack_instead(firm.case(), "nothing", load_pack(compile_pack(source, topics)))


def test_two_thresholds_within_an_alternative_are_found_together():
    """As in the benefit gate: neither a better low limit nor a better estimate helps alone."""
    gate = (
        'claim.design == "superiority" && ev.check.low > 0.0 && ev.check.estimate >= 0.05'
        ' || claim.design == "non_inferiority" && ev.check.low + claim.margin > 0.0'
    )
    way = to_green(measured(gate).case())
    assert way.reached
    assert [step.name for step in way.steps] == ["check"]
    fields = way.steps[0].fields
    assert fields["low"] > 0
    assert fields["estimate"] >= 0.05
    assert fields["high"] >= fields["estimate"]


def test_an_example_bends_what_no_rule_asks_to_what_one_does():
    """A limit on the high end alone: the estimate of the example must lie under it, not push it up."""
    firm = Firm()
    firm.adopt(compiled([rule("R-1", "ev.check.high <= 0.2 && ev.check.high >= 0.0")]))
    firm.declare()
    firm.freeze()
    way = to_green(firm.case())
    assert way.reached
    fields = way.steps[0].fields
    assert fields["low"] <= fields["estimate"] <= fields["high"] <= 0.2
