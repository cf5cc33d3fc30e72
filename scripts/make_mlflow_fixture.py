"""Make the MLflow registry that tests read: run with an interpreter that has MLflow, `python scripts/make_mlflow_fixture.py FOLDER`.

It logs a run of made-up figures, registers its model, asks a server about it, and leaves in FOLDER: `registry.sql` (the tables that
matter, as SQL), `answers.json` (what the server answered, by path) and `artifacts/` (the model's files). Paths of the machine are
replaced by `@ARTIFACTS@`. No data but these few numbers are used, and none are anybody's.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

TABLES = (
    "alembic_version",
    "datasets",
    "experiments",
    "input_tags",
    "inputs",
    "latest_metrics",
    "logged_models",
    "model_version_tags",
    "model_versions",
    "params",
    "registered_model_aliases",
    "registered_models",
    "runs",
    "tags",
)
"""The tables that say what a model version is and where it comes from; a real registry has about seventy."""

QUESTIONS = (
    "/version",
    "/api/2.0/mlflow/registered-models/get?name=credit-scorer",
    "/api/2.0/mlflow/registered-models/get?name=nobody",
    "/api/2.0/mlflow/registered-models/alias?name=credit-scorer&alias=champion",
    "/api/2.0/mlflow/registered-models/alias?name=credit-scorer&alias=nobody",
    "/api/2.0/mlflow/model-versions/get?name=credit-scorer&version=1",
    "/api/2.0/mlflow/model-versions/get?name=credit-scorer&version=2",
    "/api/2.0/mlflow/model-versions/get?name=credit-scorer&version=9",
)

COMMIT = "5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4"
"""A made-up commit."""


def main(target: Path) -> None:
    """Log, register, ask and reduce."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        database, artifacts = place / "mlflow.db", place / "artifacts"
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{database}"
        os.environ.update({"USER": "modeller", "LOGNAME": "modeller"})
        target = target.absolute()
        os.chdir(place)
        _log(place, artifacts)
        answers = _ask(database)
        target.mkdir(parents=True, exist_ok=True)
        text = json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False)
        (target / "registry.sql").write_text(_placeless(_dump(database), place), encoding="utf-8")
        (target / "answers.json").write_text(_placeless(text, place) + "\n", encoding="utf-8")
        shutil.rmtree(target / "artifacts", ignore_errors=True)
        shutil.copytree(artifacts, target / "artifacts")
        for file in (target / "artifacts").rglob("MLmodel"):
            file.write_text(_placeless(file.read_text(encoding="utf-8"), place), encoding="utf-8")


def _placeless(text: str, place: Path) -> str:
    """Return a text without the paths of this machine, and without the commit that this script happens to stand at."""
    text = text.replace(str(place / "artifacts"), "@ARTIFACTS@").replace(str(place), "@FOLDER@")
    text = text.replace(str(Path(__file__).resolve()), "train.py").replace(__file__, "train.py")
    asked = ["git", "-C", str(Path(__file__).resolve().parent), "rev-parse", "HEAD"]
    head = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return text.replace(head, COMMIT) if head else text


def _log(place: Path, artifacts: Path) -> None:
    import mlflow  # noqa: PLC0415 - after the address is set
    import numpy as np  # noqa: PLC0415 - comes with MLflow

    weights = place / "weights.json"
    mlflow.create_experiment("credit", artifact_location=artifacts.as_uri())
    mlflow.set_experiment("credit")
    rows = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    for version, auc in ((1, 0.71), (2, 0.73)):
        with mlflow.start_run(run_name=f"fit {version}"):
            mlflow.log_params({"trees": 100 * version, "depth": 3})
            mlflow.log_metrics({"auc": auc, "ks": auc - 0.4})
            for name, context in (("accounts 2025", "training"), ("accounts 2026", "validation")):
                data = mlflow.data.from_numpy(rows + version + len(context), name=name, source=f"{name}.npy")
                mlflow.log_input(data, context=context)
            mlflow.set_tags(
                {
                    "mlflow.source.name": "train.py",
                    "mlflow.source.git.commit": COMMIT,
                    "mlflow.source.git.repoURL": "https://git.example/credit.git",
                    "licence": "own work",
                }
            )
            weights.write_text(json.dumps({"first": 1.0, "second": version / 2}))
            mlflow.pyfunc.log_model(
                name="model",
                loader_module="weighted_sum",
                data_path=str(weights),
                pip_requirements=["mlflow"],
                registered_model_name="credit-scorer",
            )
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("credit-scorer", "champion", "1")
    client.set_model_version_tag("credit-scorer", "1", "reviewed", "yes")


def _ask(database: Path) -> dict[str, dict[str, object]]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--backend-store-uri",
            f"sqlite:///{database}",
            "--port",
            str(port),
            "--workers",
            "1",
        ]
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait(base)
        answers = {question: _answer(base, question) for question in QUESTIONS}
        for version in ("1", "2"):
            told = answers[f"/api/2.0/mlflow/model-versions/get?name=credit-scorer&version={version}"]["body"]
            found_version = json.loads(str(told))["model_version"]
            run = f"/api/2.0/mlflow/runs/get?run_id={found_version['run_id']}"
            answers[run] = _answer(base, run)
            experiment = json.loads(str(answers[run]["body"]))["run"]["info"]["experiment_id"]
            for question in (
                f"/api/2.0/mlflow/experiments/get?experiment_id={experiment}",
                f"/api/2.0/mlflow/logged-models/{found_version['source'].removeprefix('models:/')}",
            ):
                answers[question] = _answer(base, question)
        return answers
    finally:
        server.terminate()
        server.wait()


def _wait(base: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{base}/version", timeout=5)  # noqa: S310 - our own server, by http
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("the server did not start")


def _answer(base: str, question: str) -> dict[str, object]:
    try:
        with urllib.request.urlopen(base + question, timeout=30) as answer:  # noqa: S310 - as above
            return {"status": answer.status, "body": answer.read().decode()}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode()}


def _dump(database: Path) -> str:
    """Return the tables that matter as SQL, each with its columns as MLflow has them."""
    lines = []
    with sqlite3.connect(database) as connection:
        for table in TABLES:
            (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()
            lines.append(f"{made};")
        lines += [
            line for line in connection.iterdump() if line.startswith(tuple(f'INSERT INTO "{name}"' for name in TABLES))
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
