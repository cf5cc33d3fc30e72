"""`plan` and `measure`: a real callable and a real HTTP endpoint as the model, on a real table, as planned, into the ledger."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import numpy as np
import pytest
import yaml
from cli_world import USE, good, refused, run, said

from dualtrack.evidence.plans.records import RESULT_KIND
from dualtrack.evidence.tables import load_table, table_digest

MODEL = """
import numpy as np

def predict(rows):
    return 1 / (1 + np.exp(-(rows[:, 0] + 0.5 * rows[:, 1])))

def flat(rows):
    return np.full(len(rows), 0.5)

def short(rows):
    return [0.5]

def nan(rows):
    return np.full(len(rows), np.nan)

def broken(rows):
    raise KeyError("column nobody knows")

number = 3
"""
ROWS = 3_000


class Endpoint(BaseHTTPRequestHandler):
    """Scores rows as `predict` does, in plain Python: an independent model behind HTTP."""

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["rows"]
        scores = [1 / (1 + 2.718281828459045 ** -(row[0] + 0.5 * row[1])) for row in rows]
        body = json.dumps({"scores": scores}).encode()
        self.send_response(200 if self.path == "/score" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table whose outcomes follow the model, as Parquet and as CSV."""
    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(7)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    chance = 1 / (1 + np.exp(-(first + 0.5 * second)))
    columns = {
        "first": first,
        "second": second,
        "sex": random.integers(1, 3, ROWS),
        "note": np.array(["text"] * ROWS),
        "points": np.clip(0.5 + 0.05 * first, 0, 1),
        "defaulted": (random.random(ROWS) < chance).astype(np.int64),
    }
    with duckdb.connect() as connection:
        parts = ", ".join(f"unnest(${name}) AS {name}" for name in columns)
        connection.execute(
            f"CREATE TABLE t AS SELECT {parts}", {name: values.tolist() for name, values in columns.items()}
        )
        connection.execute(f"COPY t TO '{folder}/t.parquet'")
        connection.execute(f"COPY t TO '{folder}/t.csv' (HEADER)")
    return folder


PLAN = {
    "format": "dualtrack.measurement-plan/1",
    "use": USE,
    "title": {"en": "What we will measure", "zh-Hant": "將會量度的項目"},
    "data": {"en": "The validation table", "zh-Hant": "驗證用數據表"},
    "columns": {
        "label": "defaulted",
        "score": "model",
        "baseline": "points",
        "attributes": ["sex"],
        "features": ["first", "second"],
    },
    "decision": {"at_least": 0.5},
    "cell_size_min": 100,
    "rows_min": 1000,
    "items": [
        {
            "id": "order",
            "measure": "performance.discrimination",
            "gate": {"topic": "predictive_performance", "target": 0.6},
        },
        {
            "id": "calibration",
            "measure": "performance.calibration",
            "gate": {
                "topic": "calibration_performance",
                "limit": 0.05,
                "pick": {"measure": "calibration.expected-error"},
            },
        },
        {
            "id": "benefit",
            "measure": "benefit.paired",
            "settings": {
                "plan": {"unit": "squared probability", "direction": "lower is better", "effect": 0.001},
                "compare": "brier",
            },
            "gate": {"topic": "benefit"},
        },
        {
            "id": "gap",
            "measure": "fairness.groups",
            "gate": {"topic": "group_outcomes", "limit": 0.1},
        },
        {"id": "lift", "measure": "performance.lift", "settings": {"shares": [0.1, 0.5]}},
    ],
}
MODEL_OPTIONS = ["--model", "scoring_of_test:predict"]


def planned(**changes):
    """Return the plan as plain data; `items` may be given as ids to keep."""
    wanted = changes.pop("only", None)
    items = [item for item in PLAN["items"] if wanted is None or item["id"] in wanted]
    return PLAN | {"items": items} | changes


def altered(item, **changes):
    """Return the plan with only one item, changed."""
    found = next(each for each in PLAN["items"] if each["id"] == item)
    return PLAN | {"items": [found | changes]}


class Bench:
    """A folder with the model's module, a bank, and the commands of a validator."""

    def __init__(self, bank, folder):
        self.bank, self.folder = bank, folder

    def write(self, plan, name="plan.yaml"):
        path = self.folder / name
        path.write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    def register(self, plan=PLAN, how=good):
        arguments = ["plan", "register", self.write(plan), "--workspace", self.bank]
        return how(self.bank, *arguments) if how is refused else how(*arguments, "--json")

    def measure(self, *arguments, data, plan=None, how=run):
        named = [] if plan is None else ["--plan", self.write(plan)]
        line = ["measure", USE, "--data", data, *named, "--workspace", self.bank, *arguments]
        return how(self.bank, *line) if how is refused else how(*line)

    def evidence(self):
        return good("evidence", "list", USE, "--workspace", self.bank, "--json").json

    def kinds(self):
        found = good("ledger", "show", "--workspace", self.bank, "--json").json
        return [entry["kind"] for entry in found["entries"]]


@pytest.fixture
def bench(bank, tmp_path, monkeypatch):
    (tmp_path / "scoring_of_test.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return Bench(bank, tmp_path)


def digest_of(path, *names):
    loaded = load_table(path)
    return table_digest({name: loaded[name] for name in names})


def test_what_was_planned_becomes_evidence(bench, table):
    registered = bench.register().json
    done = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert done.code == 0, done.err or done.out
    results = {result["item"]["id"]: result for result in done.json["results"]}
    assert {name: result["standing"] for name, result in results.items()} == {
        "order": "met",
        "calibration": "met",
        "benefit": "met",
        "gap": "met",
        "lift": "reported",
    }
    assert all(result["plan"]["index"] == registered["index"] for result in results.values())
    assert not any(result["exploratory"] for result in results.values())
    lines = {line["topic"]: line for line in bench.evidence()}
    assert set(lines) == {"predictive_performance", "calibration_performance", "benefit", "group_outcomes"}
    assert all(line["counts"] for line in lines.values())
    assert bench.kinds().count(RESULT_KIND) == len(PLAN["items"])
    assert not list((bench.bank / "measure-runs").glob("*"))  # the journal is gone


def test_every_number_is_computed_again_from_the_bundle_alone(bench, table, tmp_path):
    bench.register()
    assert bench.measure(*MODEL_OPTIONS, data=table / "t.parquet").code == 0
    good("assess", USE, "--workspace", bench.bank)
    bundle = tmp_path / "use.bundle"
    good("prove", USE, "--output", bundle, "--workspace", bench.bank)
    done = good("recompute", bundle, "--json").json
    assert done["counts"] == {"equal": 4, "differs": 0, "cannot": 0}
    shown = good("recompute", bundle).out
    assert "4 equal, 0 differs" in shown


def test_callable_and_endpoint_give_the_same_numbers(bench, table, address):
    bench.register()
    by_call = bench.measure(*MODEL_OPTIONS, "--json", "--dry-run", data=table / "t.parquet").json
    by_http = bench.measure("--model", f"{address}/score", "--json", "--dry-run", data=table / "t.csv").json
    for one, other in zip(by_call["results"], by_http["results"], strict=True):
        assert one["standing"] == other["standing"]
        for first, second in zip(one["measurements"], other["measurements"], strict=True):
            assert first["estimate"] == pytest.approx(second["estimate"], abs=1e-9)
    assert by_call["entries"] is None
    assert bench.evidence() == []


def test_without_a_registered_plan_nothing_counts(bench, table):
    done = bench.measure(*MODEL_OPTIONS, data=table / "t.parquet", plan=PLAN)
    assert done.code == 0, done.err
    assert "these results are exploratory and count for nothing" in done.out
    assert bench.evidence() == []
    assert bench.kinds().count(RESULT_KIND) == len(PLAN["items"])  # they are recorded all the same


def test_a_plan_registered_afterwards_does_not_make_them_count(bench, table):
    bench.measure(*MODEL_OPTIONS, data=table / "t.parquet", plan=PLAN)
    bench.register()
    assert bench.evidence() == []


def test_a_plan_stands_once(bench):
    first, again = bench.register().json, bench.register().json
    assert first == again
    assert good("plan", "list", USE, "--workspace", bench.bank, "--json").json[0]["digest"] == first["digest"]
    assert first["digest"] in good("plan", "check", bench.folder / "plan.yaml", "--json").out


def test_a_missed_threshold_fails_and_is_evidence(bench, table):
    bench.register(altered("order", gate={"topic": "predictive_performance", "target": 0.95}))
    done = bench.measure(*MODEL_OPTIONS, data=table / "t.parquet")
    assert done.code == 1
    assert "order: missed: the whole interval lies below 0.95" in done.out
    (line,) = bench.evidence()
    assert line["topic"] == "predictive_performance"


def test_too_close_to_tell_says_what_sample_would_settle_it(bench, table):
    tried = bench.measure(
        *MODEL_OPTIONS, "--json", "--dry-run", data=table / "t.parquet", plan=planned(only=["order"])
    ).json
    estimate = tried["results"][0]["measurements"][0]["estimate"]
    bench.register(altered("order", gate={"topic": "predictive_performance", "target": estimate - 0.004}))
    done = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert done.code == 1
    (result,) = done.json["results"]
    assert result["standing"] == "underpowered"
    assert result["n_needed"] > ROWS


def test_too_few_rows_are_underpowered_whatever_they_show(bench, table):
    bench.register(planned(only=["order"], rows_min=ROWS + 1))
    done = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert (done.code, done.json["results"][0]["standing"]) == (1, "underpowered")


def test_each_release_measured_on_a_plan_costs_certainty(bench, table):
    bench.register(planned(only=["order"]))
    levels = []
    for number in range(3):
        (bench.folder / f"model{number}.py").write_text(f"NUMBER = {number}\n")
        good("release", USE, "--code", bench.folder / f"model{number}.py", "--workspace", bench.bank)
        (result,) = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet").json["results"]
        levels.append((result["variants"], round(result["level"], 6)))
    assert levels == [(1, 0.95), (2, 0.975), (3, round(1 - 0.05 / 3, 6))]


def test_an_interrupted_run_goes_on_and_leaves_no_evidence(bench, table, monkeypatch):
    from dualtrack.evidence.plans import running

    bench.register()
    made = running._measure

    def stopped(plan, item, *rest):
        if item.id == "benefit":
            raise KeyboardInterrupt
        return made(plan, item, *rest)

    monkeypatch.setattr(running, "_measure", stopped)
    assert bench.measure(*MODEL_OPTIONS, data=table / "t.parquet").code == 130
    assert bench.evidence() == []
    assert RESULT_KIND not in bench.kinds()
    seen = []

    def counted(plan, item, *rest):
        seen.append(item.id)
        return made(plan, item, *rest)

    monkeypatch.setattr(running, "_measure", counted)
    assert bench.measure(*MODEL_OPTIONS, data=table / "t.parquet").code == 0
    assert seen == ["benefit", "gap", "lift"]
    assert len(bench.evidence()) == 4


NOT_MEASURABLE = [
    ("too few scores", "scoring_of_test:short", "1 scores for 3000 rows"),
    ("no numbers", "scoring_of_test:nan", "not finite"),
    ("a model that fails", "scoring_of_test:broken", "KeyError"),
    ("nobody there", "http://127.0.0.1:9/score", "no answer"),
]


@pytest.mark.parametrize(
    ("model", "words"), [case[1:] for case in NOT_MEASURABLE], ids=[case[0] for case in NOT_MEASURABLE]
)
def test_a_model_that_gives_no_scores_gives_no_evidence(bench, table, model, words):
    bench.register()
    said(bench.measure("--model", model, data=table / "t.parquet", how=refused), words)


def test_a_score_that_says_nothing_is_never_green(bench, table):
    bench.register(planned(only=["order", "benefit", "gap"]))
    done = bench.measure("--model", "scoring_of_test:flat", "--json", data=table / "t.parquet")
    assert done.code == 1
    assert "met" not in {result["standing"] for result in done.json["results"]}


WRONG_PLANS = [
    ("no measure", altered("order", measure="performance.nonsense"), ["items[0] order", "performance.discrimination"]),
    ("no family", altered("order", measure="nonsense"), ["no measure 'nonsense'", "fairness"]),
    ("no setting", altered("lift", settings={"depth": 3}), ["settings", "depth"]),
    ("no threshold", altered("order", gate={"topic": "predictive_performance"}), ["no threshold"]),
    ("two thresholds", altered("order", gate={"topic": "predictive_performance", "target": 0.6, "limit": 0.7}), ["several"]),
    ("half a band", altered("order", gate={"topic": "monitoring_run", "limit_low": 0.6}), ["limit_low and limit_high"]),
    ("no topic", altered("order", gate={"topic": "made_up", "target": 0.6}), ["made_up", "evidence topics"]),
    ("a threshold on benefit", altered("benefit", gate={"topic": "benefit", "target": 0.1}), ["declared minimum"]),
    ("another effect than declared", altered("benefit", settings=PLAN["items"][2]["settings"] | {"plan": PLAN["items"][2]["settings"]["plan"] | {"effect": 0.0001}}), ["0.001"]),
    ("twice the same id", PLAN | {"items": [dict(PLAN["items"][4]), {"id": "lift", "measure": "performance.confusion"}]}, ["used twice"]),
    ("no items", PLAN | {"items": []}, ["items"]),
    ("a field nobody knows", PLAN | {"threshold": 0.5}, ["threshold"]),
    ("two decisions", PLAN | {"decision": {"at_least": 0.5, "capacity": 0.2}}, ["decision"]),
    ("not declared", PLAN | {"use": "my-bank/other"}, ["not declared"]),
    ("states what the topic lacks", altered("order", gate={"topic": "predictive_performance", "target": 0.6, "states": {"relevant": True}}), ["relevant"]),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "words"), [case[1:] for case in WRONG_PLANS], ids=[case[0] for case in WRONG_PLANS])
def test_a_plan_that_cannot_run_is_never_registered(bench, plan, words):
    said(bench.register(plan, how=refused), *words)


def test_who_may_not_measure_may_not_plan(bench):
    path = bench.write(PLAN)
    said(refused(bench.bank, "plan", "register", path, "--as", "first-line", "--workspace", bench.bank), "validator")


WRONG_RUNS = [
    ("no model", [], ["no model was given", "--model"]),
    ("no module", ["--model", "absent_module:predict"], ["absent_module", "module:function"]),
    ("no function", ["--model", "scoring_of_test:absent"], ["absent"]),
    ("no colon", ["--model", "scoring_of_test"], ["module:function"]),
    ("a number", ["--model", "scoring_of_test:number"], ["int"]),
    ("no address", ["--model", "file:///etc/passwd"], ["http"]),
    ("not a collector", [*MODEL_OPTIONS, "--as", "first-line"], ["roles do not admit", "collector"]),
    ("nobody's key", [*MODEL_OPTIONS, "--as", "nobody"], ["nobody"]),
    ("no release", [*MODEL_OPTIONS, "--release", "ab" * 32], ["no release"]),
]


@pytest.mark.parametrize(("options", "words"), [case[1:] for case in WRONG_RUNS], ids=[case[0] for case in WRONG_RUNS])
def test_what_cannot_be_run_is_refused_in_words(bench, table, options, words):
    bench.register()
    said(bench.measure(*options, data=table / "t.parquet", how=refused), *words)


def test_a_file_that_was_not_released_is_not_measured(bench, table):
    bench.register()
    (bench.folder / "other.txt").write_text("tree\n")
    said(bench.measure("--model", "other.txt", data=table / "t.parquet", how=refused), "none that the release pins")


def test_wrong_data_are_refused_in_words(bench, table, tmp_path):
    bench.register()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1nonsense")
    (tmp_path / "lacking.csv").write_text("first,second,defaulted\n1,2,0\n3,1,1\n")
    for name, words in (
        ("absent.parquet", ["absent.parquet", "no such file"]),
        ("broken.parquet", ["broken.parquet", "not readable as Parquet"]),
        ("lacking.csv", ["points"]),
    ):
        said(bench.measure(*MODEL_OPTIONS, data=tmp_path / name, how=refused), *words)


def test_rows_that_cannot_be_measured_yield_no_number(bench, tmp_path):
    bench.register(planned(only=["order", "benefit"], rows_min=1))
    (tmp_path / "label.csv").write_text("first,second,points,sex,defaulted\n1,2,0.5,1,0\n3,4,0.5,1,7\n")
    done = bench.measure(*MODEL_OPTIONS, "--json", data=tmp_path / "label.csv")
    assert done.code == 1
    assert "met" not in {result["standing"] for result in done.json["results"]}
    assert "defaulted" in done.out
    assert bench.evidence() == []


def test_measures_are_listed_with_what_they_need(bench):
    listed = {each["measure"]: each for each in good("measures", "--json").json}
    assert {item["measure"] for item in PLAN["items"]} <= set(listed)
    assert listed["performance.discrimination"]["misleads"]["zh-Hant"]
    shown = good("measures", "benefit.paired").out
    assert "plan: must be given" in shown
    assert "source" in shown
    said(run("measures", "fairness.nothing").err, "fairness.groups")
