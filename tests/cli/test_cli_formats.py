"""`export` and `mlflow`: a measured and assessed use in three formats of others, each checked by what its makers publish."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from cli_world import BANK, USE, good, refused, run, said
from formats_world import ROWS, SECRET, measured_bank, values

from dualtrack.domain.vocabulary import Outcome
from house_tree import ROOT

OPENLINEAGE = ROOT / "tests" / "supervisor" / "data" / "openlineage"
MLFLOW = ROOT / "tests" / "evidence" / "data" / "mlflow"


@pytest.fixture(scope="module")
def measured(bank_master, tmp_path_factory):
    """The measured and assessed bank."""
    return measured_bank(bank_master, tmp_path_factory.mktemp("formats"))


@pytest.fixture(scope="module")
def exported(measured):
    """The bytes of each format."""
    return {kind: _export(measured, kind) for kind in ("cyclonedx", "openlineage", "oscal")}


def _export(bank, kind):
    return good("export", USE, "--format", kind, "--workspace", bank).out


@pytest.fixture(scope="module")
def bom(exported):
    return json.loads(exported["cyclonedx"])


@pytest.fixture(scope="module")
def assessed(exported):
    return json.loads(exported["oscal"])["assessment-results"]


@pytest.fixture(scope="module")
def events(exported):
    return [json.loads(line) for line in exported["openlineage"].splitlines()]


# --- all of them ---


def test_the_same_ledger_gives_the_same_bytes(measured, exported, tmp_path):
    for kind, text in exported.items():
        assert _export(measured, kind) == text
        good("export", USE, "--format", kind, "--output", tmp_path / kind, "--workspace", measured)
        assert (tmp_path / kind).read_text(encoding="utf-8") == text


def test_no_export_says_complies_or_tells_of_a_small_group(exported):
    for text in exported.values():
        without = text.replace("no statement that any law or rule is complied with", "")
        assert not re.search(r"\b(compl(y|ies|iant|ied)|conform(s|ing)|certified)\b", without)
        assert SECRET not in text
    assert "our test for " in exported["cyclonedx"]
    assert "Our test for " in exported["oscal"]


def test_as_json_it_says_what_was_written(measured, exported, tmp_path):
    done = good("export", USE, "--format", "openlineage", "--json", "--workspace", measured).json
    assert [json.dumps(each) for each in done["document"]] == [
        json.dumps(json.loads(line)) for line in exported["openlineage"].splitlines()
    ]
    done = good("export", USE, "--format", "oscal", "--json", "--output", tmp_path / "o", "--workspace", measured).json
    assert (done["bytes"], done["output"]) == (len((tmp_path / "o").read_bytes()), str(tmp_path / "o"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([f"{BANK}/nobody", "--format", "oscal"], "not declared"),
        (["no-use", "--format", "oscal"], "institution/use"),
        ([USE, "--format", "oscal", "--release", "ab" * 32], "no release abab"),
        ([USE, "--format", "oscal", "--release", "short"], "64"),
        ([USE, "--format", "word"], "word"),
    ],
)
def test_what_cannot_be_exported_ends_with_2(measured, arguments, words):
    said(refused(measured, "export", *arguments, "--workspace", measured), words)


def test_a_file_that_is_there_stays(measured, tmp_path):
    (tmp_path / "bom.json").write_text("mine")
    line = ["export", USE, "--format", "cyclonedx", "--output", tmp_path / "bom.json", "--workspace", measured]
    said(refused(measured, *line), "exists")
    assert (tmp_path / "bom.json").read_text() == "mine"
    good(*line, "--force")
    assert (tmp_path / "bom.json").read_text().startswith("{")


def test_what_was_never_assessed_or_measured(ws):
    said(refused(ws, "export", USE, "--format", "oscal", "--workspace", ws), "has no verdict", "dualtrack assess")
    said(refused(ws, "export", USE, "--format", "openlineage", "--workspace", ws), "no result", "dualtrack measure")
    found = json.loads(_export(ws, "cyclonedx"))
    assert "attestations" not in found["declarations"]
    assert "definitions" not in found
    model = next(part for part in found["components"] if part["type"] == "machine-learning-model")
    assert "quantitativeAnalysis" not in model["modelCard"]


# --- CycloneDX ---


def test_the_bill_of_materials_fits_the_published_schema(bom):
    schema = pytest.importorskip("cyclonedx.schema", reason="the schema is read from cyclonedx-python-lib")
    jsonschema = pytest.importorskip("jsonschema", reason="the schema is checked with jsonschema")
    from referencing import Registry, Resource

    folder = Path(schema.__file__).parent / "_res"
    if not (folder / "bom-1.7.SNAPSHOT.schema.json").exists():
        pytest.skip("this cyclonedx-python-lib has no schema of version 1.7")
    found = {path.name: json.loads(path.read_bytes()) for path in folder.glob("*.schema.json")}
    base = "http://cyclonedx.org/schema/"
    registry = Registry().with_resources([(base + name, Resource.from_contents(each)) for name, each in found.items()])
    validator = jsonschema.Draft7Validator(found["bom-1.7.SNAPSHOT.schema.json"], registry=registry)
    assert [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(bom)] == []
    assert list(validator.iter_errors(bom | {"nonsense": 1})), "it must be able to refuse"


def test_every_reference_in_it_leads_somewhere(bom):
    known = set(values(bom, "bom-ref"))
    assert len(known) == len(list(values(bom, "bom-ref"))), "a reference stands for one thing"
    claims = bom["declarations"]["claims"]
    used = {
        *values(bom["dependencies"], "ref"),
        *values(bom, "requirement"),
        *values(bom, "target"),
        *values(bom, "assessor"),
    }
    for name in ("evidence", "counterEvidence"):
        used |= {each for claim in claims for each in claim.get(name, [])}
    for attestation in bom["declarations"]["attestations"]:
        used |= {
            each for row in attestation["map"] for name in ("claims", "counterClaims") for each in row.get(name, [])
        }
    assert used <= known


def test_parts_have_their_declared_licence_and_provider_and_no_other(bom):
    parts = {part["bom-ref"].removeprefix("component-"): part for part in bom["components"]}
    assert {name: part["type"] for name, part in parts.items()} == {
        "model": "machine-learning-model",
        "training-data": "data",
        "lightgbm": "library",
        "code": "application",
    }
    assert parts["lightgbm"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert parts["model"]["licenses"] == [{"license": {"name": "own work"}}], (
        "a name that is no SPDX identifier stays a name"
    )
    assert parts["lightgbm"]["supplier"] == {"name": "Microsoft and contributors"}
    assert [name for name, part in parts.items() if "modelCard" in part] == ["model"]


def test_the_card_has_the_planned_figures_with_intervals(bom):
    card = next(part["modelCard"] for part in bom["components"] if "modelCard" in part)
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    auc = [each for each in metrics if each["type"] == "order:discrimination.auc"]
    assert len(auc) == 1, "the exploratory one does not count"
    low, high = (float(auc[0]["confidenceInterval"][name]) for name in ("lowerBound", "upperBound"))
    assert low < float(auc[0]["value"]) < high
    slices = {each["slice"] for each in metrics if each["type"].startswith("groups:groups.") and "slice" in each}
    assert slices == {"branch=north", "branch=south"}
    properties = {each["name"]: each["value"] for each in card["properties"]}
    assert properties["dualtrack:exploratory-results-left-out"] == "1"
    assert properties["dualtrack:result:order"].startswith("met; threshold: target 0.6; plan: entry ")
    assert properties["dualtrack:result:calibration"].startswith("missed; threshold: limit 0.0001")
    assert properties["dualtrack:result:no-such-rows"].startswith("not measurable")
    assert any(name.startswith("dualtrack:small-groups-withheld:groups") for name in properties)


# --- OSCAL ---


def test_the_assessment_results_pass_the_validator(exported, tmp_path):
    validator = os.environ.get("DUALTRACK_OSCAL_VALIDATE") or shutil.which("oscal-validate")
    if not validator:
        pytest.skip("no oscal-validate: name it in DUALTRACK_OSCAL_VALIDATE (a package for Python 3.12)")
    file = tmp_path / "results.json"
    file.write_text(exported["oscal"], encoding="utf-8")
    done = subprocess.run(
        [validator, "--format", "json", file], capture_output=True, text=True, check=False, timeout=60
    )
    findings = json.loads(done.stdout)["findings"]
    assert [each for each in findings if each["severity"] in {"ERROR", "WARNING"}] == []
    assert done.returncode == 0
    file.write_text(exported["oscal"].replace('"reviewed-controls"', '"controls"'), encoding="utf-8")
    broken = subprocess.run([validator, file], capture_output=True, check=False, timeout=60)
    assert broken.returncode == 1, "it must be able to refuse"


def test_each_applicable_rule_is_a_finding_with_its_evidence(assessed):
    (result,) = assessed["results"]
    observations = {each["uuid"] for each in result["observations"]}
    outcomes = {}
    for finding in result["findings"]:
        outcome = next(prop["value"] for prop in finding["props"] if prop["name"] == "outcome")
        state = finding["target"]["status"]["state"]
        assert (state == "satisfied") == (outcome == Outcome.MET.value)
        assert {each["observation-uuid"] for each in finding.get("related-observations", [])} <= observations
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert outcomes["met"] > 0
    assert outcomes["no_evidence"] > 0, "what was never measured is not satisfied"


def test_identifiers_are_of_version_5_and_stand_for_one_thing(assessed):
    uuids = list(values(assessed, "uuid"))
    assert len(set(uuids)) == len(uuids)
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in uuids
    )


def test_observations_name_the_signed_entries_by_digest(measured, assessed):
    entries = good("ledger", "show", "--workspace", measured, "--json").json["entries"]
    results = [each for each in assessed["results"][0]["observations"] if each["title"].startswith("Result: ")]
    assert len(results) == sum(entry["kind"] == "measurement-result/1" for entry in entries) == 6
    resources = {each["uuid"]: each for each in assessed["back-matter"]["resources"]}
    for each in results:
        (evidence,) = each["relevant-evidence"]
        (link,) = resources[evidence["href"][1:]]["rlinks"]
        digest = next(prop["value"] for prop in each["props"] if prop["name"] == "result")
        assert link["hashes"] == [{"algorithm": "SHA-256", "value": digest}]


# --- OpenLineage ---


def test_events_and_facets_fit_the_specification(events):
    jsonschema = pytest.importorskip("jsonschema", reason="the schemas are checked with jsonschema")
    from referencing import Registry, Resource

    schemas = [json.loads(path.read_bytes()) for path in OPENLINEAGE.glob("*.json")]
    registry = Registry().with_resources([(each["$id"], Resource.from_contents(each)) for each in schemas])

    def wrong(address, plain):
        return [
            error.message
            for error in jsonschema.Draft202012Validator({"$ref": address}, registry=registry).iter_errors(plain)
        ]

    checked = 0
    for event in events:
        assert wrong(event["schemaURL"], event) == []
        for facet in _facets(event):
            if facet["_schemaURL"].startswith("https://"):
                assert wrong(facet["_schemaURL"], facet) == []
                checked += 1
    assert checked > 50
    assert wrong(events[0]["schemaURL"], events[0] | {"run": {}}), "it must be able to refuse"


def _facets(event):
    held = [event["run"], event["job"], *event["inputs"], *event["outputs"]]
    return [facet for each in held for name in ("facets", "inputFacets") for facet in each.get(name, {}).values()]


def test_each_result_starts_and_ends_once(events):
    by_run = {}
    for event in events:
        by_run.setdefault(event["run"]["runId"], []).append(event)
    assert len(by_run) == 6
    for start, end in by_run.values():
        assert start["eventType"] == "START"
        assert end["eventTime"] >= start["eventTime"]
    ends = {end["job"]["name"].rpartition(".")[2]: end for _, end in by_run.values() if ".plan-" in end["job"]["name"]}
    assert {name: end["eventType"] for name, end in ends.items()} == {
        "order": "COMPLETE",
        "calibration": "COMPLETE",
        "groups": "COMPLETE",
        "filled": "COMPLETE",
        "no-such-rows": "FAIL",
    }
    assert len(ends["order"]["outputs"]) == 2, "a result and the evidence it became"
    assert len(ends["groups"]["outputs"]) == 1


def test_inputs_name_the_data_by_digest_with_columns_and_what_was_measured_of_them(events):
    end = next(event for event in events if event["job"]["name"].endswith(".filled") and event["outputs"])
    (data,) = end["inputs"]
    assert data["name"] == f"data/{data['facets']['version']['datasetVersion']}"
    assert {each["inputs"][0]["name"] for each in events} == {data["name"]}, "every item was given the same table"
    assert [field["name"] for field in data["facets"]["schema"]["fields"]][:2] == ["defaulted", "score"]
    metrics = data["inputFacets"]["dataQualityMetrics"]
    assert metrics["rowCount"] == ROWS
    assert metrics["columnMetrics"]["second"] == {"nullCount": 0, "count": ROWS}
    assert "first" not in metrics["columnMetrics"], "three empty cells are a small group"
    plan = end["run"]["facets"]["dualtrack_measurement"]
    assert (plan["standing"], plan["exploratory"]) == ("reported", False)


# --- MLflow ---


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    text = (MLFLOW / "registry.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(text.replace("@ARTIFACTS@", str(MLFLOW / "artifacts")))
    return file


def test_a_registered_model_goes_into_a_declaration(registry, bank, tmp_path):
    good("mlflow", "components", registry, "credit-scorer@champion", "--output", tmp_path / "parts.yaml")
    found = yaml.safe_load((tmp_path / "parts.yaml").read_text(encoding="utf-8"))
    declared = yaml.safe_load(good("template", "show", "risk-bank", "--institution", BANK).out) | found
    (tmp_path / "use.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    (tmp_path / "code.py").write_text("pass\n")
    good("declare", tmp_path / "use.yaml", "--workspace", bank)
    part = [
        f"--component={part['id']}={tmp_path / 'code.py'}" for part in found["components"] if part["digest"] is None
    ]
    good("release", USE, "--code", tmp_path / "code.py", *part, "--workspace", bank)
    exported = json.loads(_export(bank, "cyclonedx"))
    model = next(each for each in exported["components"] if each["type"] == "machine-learning-model")
    assert model["hashes"] == [{"alg": "SHA-256", "content": found["components"][0]["digest"]}]
    assert "licenses" not in model, "what MLflow does not know stays unknown"
    assert {each["name"]: each["value"] for each in model["properties"]}["dualtrack:undeclared"].startswith(
        "provider, licence"
    )


def test_its_metrics_are_shown_as_no_evidence(registry):
    said(good("mlflow", "show", registry, "credit-scorer/1").out, "credit-scorer version 1", "not evidence", "auc 0.71")
    told = good("mlflow", "show", registry, "credit-scorer", "--json").json
    assert told["metrics_are_evidence"] is False
    assert told["version"]["version"] == "2"
    printed = good("mlflow", "components", registry, "credit-scorer").out
    assert yaml.safe_load(printed)["components"] == [
        {name: value for name, value in part.items() if value is not None or name in {"digest", "licence", "provider"}}
        for part in told["components"]
    ]


@pytest.mark.parametrize(
    ("model", "words"), [("nobody", "no version"), ("a/b/c", "name@alias"), ("credit-scorer@x", "no alias")]
)
def test_a_model_that_is_not_there_ends_with_2(registry, model, words):
    done = run("mlflow", "components", registry, model)
    assert (done.code, done.out) == (2, "")
    said(done.err, words)
