"""`measure`: a real callable and a real HTTP endpoint as the model, on a real table, as planned, into the ledger."""

import json
import signal

import pytest
from cli_world import USE, good, refused, said
from measure_world import MODEL_OPTIONS, PLAN, ROWS, altered, planned
from msgspec.structs import replace

from dualtrack.cli.desk import institution_of, sitting
from dualtrack.errors import ConflictError
from dualtrack.evidence.plans.bench import open_bench
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.recording import newest_plan, record_run, register_plan
from dualtrack.evidence.plans.records import RESULT_KIND
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.evidence.tables import load_table


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
    assert done["counts"] == {"equal": 4, "differs": 0, "cannot": 0, "elsewhere": 0}
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


def test_a_table_that_stays_where_it_is_gives_the_same_numbers(bench, table):
    stored = PLAN["columns"] | {"score": "points", "baseline": "points", "decision": "listed", "features": []}
    plan = planned(only=["order", "calibration", "gap", "lift"], columns=stored)
    del plan["decision"]
    bench.register(plan)
    found = {}
    for engine in ("memory", "duckdb", None):
        named = [] if engine is None else ["--engine", engine]
        done = bench.measure(*named, "--json", "--dry-run", data=table / "t.parquet")
        found[engine] = done.json["results"]
        assert {result["engine"] for result in done.json["results"]} == {engine or "duckdb"}
    for one, other in zip(found["memory"], found["duckdb"], strict=True):
        assert [each["statistics"] for each in one["measurements"]] == [
            each["statistics"] for each in other["measurements"]
        ]
        assert [each["estimate"] for each in one["measurements"]] == [
            each["estimate"] for each in other["measurements"]
        ]
    said(bench.measure("--engine", "duckdb", *MODEL_OPTIONS, data=table / "t.parquet", how=refused), "--engine memory")
    said(bench.measure("--engine", "abacus", data=table / "t.parquet", how=refused), "duckdb")


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


def test_another_plan_or_seed_on_the_same_data_costs_certainty_too(bench, table):
    levels = []
    for seed in (1, 2):
        bench.register(planned(only=["order"], seed=seed))
        (result,) = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet").json["results"]
        levels.append(result["variants"])
    tried = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet", plan=planned(only=["order"], seed=3)).json
    assert tried["results"][0]["exploratory"] is True
    bench.register(planned(only=["order"], seed=4))
    (result,) = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet").json["results"]
    assert [*levels, result["variants"]] == [1, 2, 4]


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


def test_a_kept_item_that_was_edited_or_is_of_another_model_is_measured_again(bench, table, monkeypatch):
    from dualtrack.evidence.plans import running

    bench.register(altered("order", gate={"topic": "predictive_performance", "target": 0.95}))
    monkeypatch.setattr(running, "PlanRun", None)  # ends the run after its last item was kept
    with pytest.raises(TypeError):
        bench.measure(*MODEL_OPTIONS, data=table / "t.parquet")
    monkeypatch.undo()
    (kept,) = (bench.bank / "measure-runs").glob("*/order.json")
    text = kept.read_text(encoding="utf-8")
    estimate = json.loads(text)["measurements"][0]["estimate"]
    kept.write_text(
        text.replace('"standing":"missed"', '"standing":"met"').replace(str(estimate), "0.97"), encoding="utf-8"
    )
    monkeypatch.chdir(bench.folder)
    done = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert (done.code, done.json["results"][0]["standing"]) == (1, "missed")
    assert done.json["results"][0]["measurements"][0]["estimate"] == estimate


def test_a_dry_run_leaves_nothing_to_go_on_from(bench, table):
    bench.register()
    assert bench.measure(*MODEL_OPTIONS, "--dry-run", data=table / "t.parquet").code == 0
    assert not list((bench.bank / "measure-runs").glob("*"))


def test_a_result_says_where_its_scores_came_from(bench, table):
    bench.register(planned(only=["order"]))
    asked = bench.measure(*MODEL_OPTIONS, "--json", "--dry-run", data=table / "t.parquet").json["results"][0]
    assert asked["scores_from"] == "scoring_of_test:predict"
    stored = planned(only=["order"], columns=PLAN["columns"] | {"score": "points"})
    read = bench.measure(*MODEL_OPTIONS, "--json", "--dry-run", data=table / "t.parquet", plan=stored).json["results"][
        0
    ]
    assert read["scores_from"].startswith("column points of the table")


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
    ("no release, in place", ["--engine", "duckdb", "--release", "ab" * 32], ["no release"]),
    ("nothing to time", ["--engine", "duckdb", "--timeout", "1"], ["no model to time"]),
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


def test_a_stop_that_an_engine_turns_into_an_error_of_its_own_leaves_nothing(bench, table, monkeypatch):
    from dualtrack.evidence.plans import running

    bench.register()
    inherited = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a run in the background is given to ignore it

    def stopped_in_a_query(*_):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("Query interrupted") from error

    monkeypatch.setattr(running, "_judge", stopped_in_a_query)
    done = bench.measure(*MODEL_OPTIONS, "--json", data=table / "t.parquet")
    assert (done.code, "stopped" in done.err) == (130, True)
    assert RESULT_KIND not in bench.kinds()
    assert signal.signal(signal.SIGINT, inherited) is signal.default_int_handler


def test_a_try_that_was_recorded_meanwhile_is_counted_or_nothing_is_recorded(bench, table):
    """Two runs at once on the same data would both say one version tried."""
    plan = planned(only=["order", "lift"])
    bench.register(plan)
    with sitting(bench.bank, institution_of(USE, None)) as desk:
        registered = newest_plan(desk.register, USE)
        asked = Asked(desk.register.latest_release(USE), registered.reference, 1, desk.register.now())
        columns = load_table(table / "t.parquet")
        given = Given(columns | {"model": columns["points"]})
        early = run_plan(registered.plan, open_bench(registered.plan, given), asked)
        later = replace(registered.plan, seed=registered.plan.seed + 1)
        register_plan(desk.register, later, desk.signer("collector"))
        asked = asked._replace(plan=newest_plan(desk.register, USE).reference)
        record_run(desk.register, run_plan(later, open_bench(later, given), asked), desk.signer("collector"))
        before = bench.kinds()
        with pytest.raises(ConflictError, match="2 versions were tried"):
            record_run(desk.register, early, desk.signer("collector"))
    assert bench.kinds() == before


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_a_table_without_rows_is_refused_on_every_engine(bench, tmp_path, engine):
    bench.register(
        planned(only=["order", "lift"]) | {"columns": {"label": "defaulted", "score": "points"}, "decision": None}
    )
    (tmp_path / "empty.csv").write_text("defaulted,points\n")
    done = bench.measure("--engine", engine, data=tmp_path / "empty.csv")
    assert done.code == 2, done.out
    assert "row" in done.err
