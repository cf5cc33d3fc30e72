"""`evidence measure`: a real callable and a real HTTP endpoint as the model, on a real table, into the ledger."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import duckdb
import numpy as np
import pytest
from cli_world import USE, good, refused, said

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
    names = ", ".join(f"${name} AS {name}" for name in columns)
    with duckdb.connect() as connection:
        parts = ", ".join(f"unnest(${name}) AS {name}" for name in columns)
        connection.execute(
            f"CREATE TABLE t AS SELECT {parts}", {name: values.tolist() for name, values in columns.items()}
        )
        connection.execute(f"COPY t TO '{folder}/t.parquet'")
        connection.execute(f"COPY t TO '{folder}/t.csv' (HEADER)")
    assert names
    return folder


@pytest.fixture
def measure(bank, tmp_path, monkeypatch):
    """Return a function that runs the command in a folder that holds the model's module."""
    (tmp_path / "scoring_of_test.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)

    def call(*arguments, data, how=good):
        base = ["evidence", "measure", USE, "--data", data, "--label", "defaulted", "--workspace", bank]
        return how(bank, *base, *arguments) if how is refused else how(*base, *arguments)

    return call


MODEL_OPTIONS = ["--model", "scoring_of_test:predict", "--feature", "first", "--feature", "second"]
PERFORMANCE = ["--topic", "predictive_performance", "--bound", "0.6"]


def test_callable_and_endpoint_give_the_same_evidence(measure, table, address, bank):
    by_call = measure(*PERFORMANCE, *MODEL_OPTIONS, "--json", "--dry-run", data=table / "t.parquet").json
    by_http = measure(
        *PERFORMANCE, "--endpoint", f"{address}/score", *MODEL_OPTIONS[2:], "--json", data=table / "t.csv"
    ).json
    found, again = by_call["evidence"], by_http["evidence"]
    assert found["fields"] == pytest.approx(again["fields"])
    assert (
        found["data_digest"] == again["data_digest"] == digest_of(table / "t.parquet", "first", "second", "defaulted")
    )
    assert found["n"] == ROWS
    assert 0.7 < found["fields"]["low"] < found["fields"]["estimate"] < found["fields"]["high"] < 0.85
    assert found["method"]["name"]
    lines = good("evidence", "list", USE, "--workspace", bank, "--json").json
    assert [(line["counts"], line["index"]) for line in lines] == [(True, by_http["index"])]
    assert by_call["index"] is None


def digest_of(path, *names):
    loaded = load_table(path)
    return table_digest({name: loaded[name] for name in names})


def test_calibration(measure, table):
    said = measure(
        "--topic", "calibration_performance", "--bound", "0.05", *MODEL_OPTIONS, "--json", data=table / "t.csv"
    ).json
    assert said["evidence"]["fields"]["high"] < 0.05
    assert said["evidence"]["seed"] == 1


def test_benefit_is_tested_as_it_was_declared(measure, table):
    said = measure("--topic", "benefit", "--baseline", "points", *MODEL_OPTIONS, "--json", data=table / "t.csv").json
    fields = said["evidence"]["fields"]
    assert fields["claim"] == said["evidence"]["claim"] == "closer-estimates"
    assert fields["baseline"] == "delinquency-bucket-table"
    assert fields["design"] == "superiority"
    assert fields["low"] > 0.001
    assert said["evidence"]["statistics"]["facts"]["declared_effect"] == 0.001


def test_benefit_by_capture(measure, table):
    options = ["--topic", "benefit", "--baseline", "scoring_of_test:flat", "--metric", "capture", "--capacity", "0.2"]
    fields = measure(*options, *MODEL_OPTIONS, "--json", data=table / "t.csv").json["evidence"]["fields"]
    assert fields["low"] > 0.05


def test_group_outcomes(measure, table):
    options = ["--topic", "group_outcomes", "--group", "sex", "--threshold", "0.5", "--bound", "0.1"]
    said = measure(*options, *MODEL_OPTIONS, "--json", data=table / "t.parquet").json["evidence"]
    assert said["fields"]["attributes"] == ["sex"]
    assert said["fields"]["underpowered"] is False
    assert said["fields"]["gap_high"] < 0.1
    small = measure(*options, "--cell-size-min", "2000", *MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert small.json["evidence"]["fields"]["underpowered"] is True


def test_features_left_open_are_all_numbers_and_are_named(measure, table, bank):
    shown = measure(*PERFORMANCE, "--model", "scoring_of_test:predict", "--dry-run", data=table / "t.csv").out
    assert "features given to the model: first, second, sex, points" in shown
    assert "nothing was added" in shown
    assert good("evidence", "list", USE, "--workspace", bank, "--json").json == []


WRONG = [
    ("no model", PERFORMANCE, ["--model", "--endpoint"]),
    ("two models", [*PERFORMANCE, *MODEL_OPTIONS, "--endpoint", "http://127.0.0.1:9/"], ["give one of the two"]),
    ("no module", [*PERFORMANCE, "--model", "absent_module:predict"], ["absent_module", "module:function"]),
    ("no function", [*PERFORMANCE, "--model", "scoring_of_test:absent"], ["absent"]),
    ("no colon", [*PERFORMANCE, "--model", "scoring_of_test"], ["module:function"]),
    ("a number", [*PERFORMANCE, "--model", "scoring_of_test:number"], ["is no function"]),
    ("too few scores", [*PERFORMANCE, "--model", "scoring_of_test:short"], ["1 scores for 3000 rows"]),
    ("no numbers", [*PERFORMANCE, "--model", "scoring_of_test:nan"], ["not finite"]),
    ("a model that fails", [*PERFORMANCE, "--model", "scoring_of_test:broken"], ["KeyError", "column nobody knows"]),
    ("nobody there", [*PERFORMANCE, "--endpoint", "http://127.0.0.1:9/score"], ["no answer"]),
    ("no address", [*PERFORMANCE, "--endpoint", "file:///etc/passwd"], ["http://"]),
    ("no bound", ["--topic", "predictive_performance", *MODEL_OPTIONS], ["--bound"]),
    ("no column", [*PERFORMANCE, *MODEL_OPTIONS, "--feature", "third"], ["'third'", "first, second"]),
    ("text as feature", [*PERFORMANCE, *MODEL_OPTIONS, "--feature", "note"], ["note"]),
    ("the answer as feature", [*PERFORMANCE, *MODEL_OPTIONS, "--feature", "defaulted"], ["label is among the features"]),
    ("no baseline", ["--topic", "benefit", *MODEL_OPTIONS], ["--baseline"]),
    ("itself as baseline", ["--topic", "benefit", "--baseline", "scoring_of_test:predict", *MODEL_OPTIONS], ["no estimate"]),
    *(
        (f"a bound of {bound}", ["--topic", topic, "--bound", bound, *MODEL_OPTIONS, *more, "--dry-run"], ["--bound", "finite"])
        for bound in ("nan", "inf", "-inf")
        for topic, more in (
            ("predictive_performance", []),
            ("calibration_performance", []),
            ("group_outcomes", ["--group", "sex", "--threshold", "0.5"]),
        )
    ),
    ("no capacity", ["--topic", "benefit", "--baseline", "points", "--metric", "capture", *MODEL_OPTIONS], ["--capacity"]),
    ("no groups", ["--topic", "group_outcomes", "--bound", "0.1", *MODEL_OPTIONS], ["--group"]),
    ("not a collector", [*PERFORMANCE, *MODEL_OPTIONS, "--as", "first-line"], ["roles do not admit"]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_cannot_be_measured_is_refused_in_words(measure, table, options, words):
    said(measure(*options, data=table / "t.parquet", how=refused), *words)


def test_wrong_data_are_refused_in_words(measure, table, tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1nonsense")
    (tmp_path / "gap.csv").write_text("first,second,defaulted\n1,2,0\n3,,1\n")
    (tmp_path / "label.csv").write_text("first,second,defaulted\n1,2,0\n3,4,7\n")
    options = [*PERFORMANCE, *MODEL_OPTIONS]
    for name, words in (
        ("absent.parquet", ["absent.parquet", "no such file"]),
        ("broken.parquet", ["broken.parquet", "not readable as Parquet"]),
        ("gap.csv", ["second", "missing"]),
        ("label.csv", ["defaulted[1]", "0 or 1"]),
    ):
        said(measure(*options, data=tmp_path / name, how=refused), *words)


def test_the_last_measurement_says_which_release(measure, table, address):
    done = measure(*PERFORMANCE, "--endpoint", f"{address}/error", data=table / "t.csv", how=refused)
    said(done, "status 500")
