"""`dualtrack price`: the table and its JSON, values and labels from files, a plot, evidence that is signed, and refusals."""

from __future__ import annotations

import json

import pytest
import yaml
from cli_world import good, run

from dualtrack.cli import price as price_command
from dualtrack.domain.evidence import Statement
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError
from dualtrack.evidence.pricing.counts import ControlCounts
from dualtrack.evidence.pricing.prices import Pricing, price_control
from dualtrack.evidence.pricing.recomputing import recompute_price
from dualtrack.keys import dsse
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.rules.source import compile_pack
from permit.firm import FIRM, USE, known_key, pack_source, rule
from runtime.pricing_log import log_decisions
from runtime.service_desk import ServiceDesk

TOPIC = {
    "control_price": {
        "kind": "measurement", "about": "release", "roles": ["validator", "developer", "collector"], "duty": None, "hours": 4,
        "title": {"en": "Price of a control", "zh-Hant": "監控措施的代價"},
        "fields": {
            "control": "string", "setting": "string", "harm_averted": "double", "harm_averted_low": "double",
            "harm_averted_high": "double", "benefit_withheld": "double", "benefit_withheld_low": "double",
            "benefit_withheld_high": "double", "unit": "string", "n": "int", "labelled": "double",
        },
    }
}  # fmt: skip
GUARDS = [
    {"guard": "injection", "stage": "input", "action": "block", "threshold": 500},
    {"guard": "opt_out", "stage": "input", "action": "route", "threshold": 500},
]


class Priced:
    """A workspace with 40 decisions, of which a guard stopped 20, and the labels of all that it stopped."""

    def __init__(self, folder) -> None:
        self.desk = ServiceDesk(folder, guards=GUARDS)
        keys = self.desk.workspace.path(f"{self.desk.workspace.config.key_dir}/{FIRM}")
        keys.mkdir(mode=0o700, exist_ok=True)
        for holder in ("log", "validator"):
            known_key(holder).save(keys / f"{holder}.pem")
        scores = [{"injection/input": 900 if n < 20 else 100, "opt_out/input": 0} for n in range(40)]
        self.names = log_decisions(self.desk, scores)
        log_decisions(self.desk, scores[:3], mode="observe")
        self.labels = folder / "labels.csv"
        self.labels.write_text(
            "decision,harmful\n" + "".join(f"{name},{int(n < 15)}\n" for n, name in enumerate(self.names[:20]))
        )
        self.values = folder / "values.yaml"
        self.values.write_text("currency: HKD\nharm: 100\ngood: 10\nreview: {minutes: 5, cost: 40}\n")
        self.root = self.desk.workspace.root

    def __call__(self, *more):
        return good("price", USE, "--workspace", self.root, *more)

    def close(self) -> None:
        self.desk.store.close()


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    made = Priced(tmp_path_factory.mktemp("priced"))
    yield made
    made.close()


def test_it_prints_a_row_a_control_and_what_was_left_out(priced):
    said = priced().out
    assert "40 decisions compared (decided)" in said
    assert "apart: 3 in mode observe" in said
    assert "cannot tell: label 20 decisions on which it acted" in said
    assert "cannot tell: it made no difference in 40 decisions" in said
    said = priced("--labels", priced.labels).out
    assert "averts more than it withholds" in said
    assert "items per 1,000 decisions" in said
    assert "20 of 20" in said


def test_its_json_has_everything_to_compute_a_price_again(priced):
    found = priced("--labels", priced.labels, "--values", priced.values, "--json").json
    assert (found["decisions"], found["other_modes"], found["truth"]["sources"]) == (40, {"observe": 3}, {"labels": 20})
    price = found["controls"][0]
    assert price["unit"] == "HKD per 1,000 decisions"
    assert price["marginal"]["averted"]["estimate"] == pytest.approx(15 * 100 * 25)
    assert price["marginal"]["withheld"]["estimate"] == pytest.approx(5 * 10 * 25)
    counts = read_record(price["measurement"]["statistics"]["counts"], ControlCounts, where="json")
    again = price_control(counts, None, Pricing(data_digest=found["data_digest"]))
    assert again.marginal.averted.estimate == pytest.approx(15 * 25)
    assert found["frontiers"][0]["chosen"]


def test_one_control_another_threshold_another_set_and_a_plot(priced, tmp_path):
    assert "opt_out" not in priced("--control", "injection").out
    said = priced("--against", "injection/input=950").out
    assert "block >= 500, against >= 950" in said
    assert "3 decisions compared (observe)" in priced("--mode", "observe").out
    plot = tmp_path / "frontier.html"
    priced("--labels", priced.labels, "--plot", plot)
    assert plot.read_text("utf-8").count("<svg") == 2
    assert run("price", USE, "--workspace", priced.root, "--plot", plot).code == 2, "it is there already"


def test_a_guard_is_tried_with_a_key_and_a_reason(priced):
    tried = ("--try", "personal_data/input=500:redact", "--as", "validator", "--sample", "5")
    assert "say why contents are opened" in run("price", USE, "--workspace", priced.root, *tried).err
    said = priced(*tried, "--reason", "before it is released").out
    assert "run again over a sample of 5 (seed 1): 0 erased" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--control", "wall"), "no control 'wall'"),
        (("--against", "injection/input"), "NAME=SCORE"),
        (("--try", "personal_data=x"), "GUARD/STAGE=SCORE:ACTION"),
        (("--try", "personal_data/input=\u00b2:block", "--reason", "a look"), "GUARD/STAGE=SCORE:ACTION"),
        (("--against", "injection/input=nan"), "NAME=SCORE of 0 to 1000"),
        (("--against", "injection/input=-5"), "NAME=SCORE of 0 to 1000"),
        (("--against", "injection/input=1001"), "NAME=SCORE of 0 to 1000"),
        (("--reason", "a look"), "--reason without --try"),
        (("--plot", "nowhere/plot.html"), "no such folder"),
        (("--since", "yesterday"), "since"),
        (("--labels", "nowhere.csv"), "no such file"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(priced, more, said):
    done = run("price", USE, "--workspace", priced.root, *more)
    assert done.code == 2
    assert said in done.err


def test_values_without_the_cost_of_people_are_refused_where_people_are_needed(priced, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("currency: HKD\nharm: 100\ngood: 10\n")
    done = run("price", USE, "--workspace", priced.root, "--values", values)
    assert (done.code, "no cost of a review" in done.err) == (2, True)


def carry_topic(priced):
    topics = read_catalogue(yaml.safe_dump(TOPIC, allow_unicode=True).encode(), where="test")
    source = pack_source([rule("priced", "ev.control_price.labelled >= 0.1")])
    priced.desk.register.adopt(compile_pack(json.dumps(source).encode(), topics), known_key("compliance"))


def test_a_price_is_added_as_signed_evidence_where_a_pack_carries_its_topic(priced):
    done = run("price", USE, "--workspace", priced.root, "--labels", priced.labels, "--control", "injection", "--add")
    assert (done.code, "not known to any adopted pack" in done.err) == (2, True)
    carry_topic(priced)
    found = priced("--labels", priced.labels, "--control", "injection", "--add", "--json").json
    (added,) = found["added"]
    entry = priced.desk.register.repository.entry(added["index"])
    statement = read_record(json.loads(dsse.parse(entry.content).payload), Statement, where="test")
    fields, kept = statement.predicate.fields, statement.predicate.statistics["sufficient"]["counts"]
    assert (fields["control"], fields["n"], fields["labelled"]) == ("injection/input", 40, 0.5)
    assert fields["harm_averted"] == pytest.approx(375)
    assert fields["harm_averted_low"] < 375 < fields["harm_averted_high"]
    again = price_control(
        read_record(kept, ControlCounts, where="kept"), None, Pricing(data_digest=statement.predicate.data_digest)
    )
    assert again.marginal.averted.low == pytest.approx(fields["harm_averted_low"])
    assert recompute_price(statement.predicate) == ("equal", "")


def test_the_price_of_what_nobody_knows_is_not_added(priced):
    assert priced("--control", "injection", "--add", "--json").json["added"] == []


@pytest.fixture
def carried(tmp_path):
    made = Priced(tmp_path)
    carry_topic(made)
    yield made
    made.close()


def test_what_cannot_be_plotted_or_added_leaves_no_evidence(carried, tmp_path, monkeypatch):
    taken = tmp_path / "plot.html"
    taken.write_text("there already")
    before = carried.desk.register.repository.size()
    line = ("price", USE, "--workspace", carried.root, "--labels", carried.labels, "--add")
    assert run(*line, "--plot", taken).code == 2
    made, asked = price_command.make_statement, []

    def fails_for_the_second(*arguments):
        asked.append(arguments)
        if len(asked) > 1:
            raise FieldError("the second of two")
        return made(*arguments)

    monkeypatch.setattr(price_command, "make_statement", fails_for_the_second)
    assert run(*line).code == 2
    assert len(asked) == 2
    assert (carried.desk.register.repository.size(), taken.read_text()) == (before, "there already")
    monkeypatch.undo()
    assert len(good(*line, "--json").json["added"]) == 2


def test_it_says_what_it_wrote_and_that_nothing_was_added(priced, tmp_path):
    plot = tmp_path / "plot.html"
    said = priced("--control", "injection", "--add", "--plot", plot).out
    assert "nothing was added" in said
    assert f"wrote {plot}" in said
