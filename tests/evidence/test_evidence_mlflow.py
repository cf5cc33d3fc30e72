"""MLflow read two ways, from a real registry of version 3.17.2: its SQLite file, and what its server answered, replayed here."""

import hashlib
import json
import sqlite3
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import Component
from dualtrack.errors import DocumentError, FieldError, NotFoundError, PathError, UpstreamError
from dualtrack.evidence.adapters import mlflow_rest
from dualtrack.evidence.adapters.mlflow_artifact import artifact_digest, folder_digest
from dualtrack.evidence.adapters.mlflow_components import NOT_EVIDENCE, Imported, components_yaml, import_version
from dualtrack.evidence.adapters.mlflow_records import (
    TEXT_MAX,
    LoggedRun,
    ModelName,
    RegisteredVersion,
    bare_address,
    bounded,
    model_name,
)

KEPT = Path(__file__).parent / "data" / "mlflow"
ARTIFACTS = KEPT / "artifacts"
NAME = "credit-scorer"
COMMIT = "5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4"
TOKEN = "a-token-nobody-may-see"


def placed(text):
    return text.replace("@ARTIFACTS@", str(ARTIFACTS))


@pytest.fixture
def registry(tmp_path):
    """The registry's file, made again from its tables."""
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(placed((KEPT / "registry.sql").read_text(encoding="utf-8")))
    return file


class Replay(BaseHTTPRequestHandler):
    """Answers as the real server did, and badly where a path asks for it."""

    answers = json.loads(placed((KEPT / "answers.json").read_text(encoding="utf-8")))
    asked: list[tuple[str, str | None]] = []

    def do_GET(self):
        Replay.asked.append((self.path, self.headers.get("Authorization")))
        trouble = self.path[1:].partition("/")[0]
        if trouble in TROUBLES:
            TROUBLES[trouble](self)
            return
        found = self.answers.get(self.path)
        assert found is not None, f"nobody recorded {self.path}"
        self.say(found["status"], found["body"].encode())

    def say(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def trickle(self):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(b" ")
                time.sleep(0.02)
        except OSError:
            return

    def log_message(self, *_):
        pass


TROUBLES = {
    "redirects": lambda self: self.say(302, b"", Location="http://127.0.0.1:9/elsewhere"),
    "floods": lambda self: self.say(200, b"[" + b" " * 5_000_000),
    "trickles": Replay.trickle,
    "html": lambda self: self.say(200, b"<html>sign in</html>"),
    "fails": lambda self: self.say(500, b'{"error_code": "INTERNAL_ERROR"}'),
    "denies": lambda self: self.say(401, b'{"error_code": "PERMISSION_DENIED"}'),
    "empty": lambda self: self.say(200, b"{}"),
    "odd": lambda self: self.say(200, b'{"model_version": {"name": 3.5, "version": []}}'),
}


@pytest.fixture(scope="module")
def server():
    found = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.fixture(autouse=True)
def no_token(monkeypatch):
    monkeypatch.delenv(mlflow_rest.TOKEN_VARIABLE, raising=False)
    Replay.asked.clear()


# --- what is read ---


def test_file_and_server_tell_the_same(registry, server):
    for wanted in (f"{NAME}/1", f"{NAME}/2", f"{NAME}@champion", NAME):
        told, read = import_version(server, wanted), import_version(str(registry), wanted)
        ordered = [each._replace(version=_sorted(each.version)) for each in (told, read)]
        assert ordered[0] == ordered[1]


def _sorted(version):
    run = version.run
    values = {name: dict(sorted(getattr(run, name).items())) for name in ("params", "tags", "metrics")}
    return version._replace(run=run._replace(data=sorted(run.data), **values))


def test_a_version_brings_model_data_and_code(registry):
    found = import_version(f"sqlite:///{registry}", f"{NAME}@champion")
    version, run = found.version, found.version.run
    assert (version.version, version.aliases, version.tags) == ("1", ["champion"], {"reviewed": "yes"})
    assert (run.experiment, run.commit, run.status) == ("credit", COMMIT, "FINISHED")
    assert run.params == {"depth": "3", "trees": "100"}
    assert run.metrics == pytest.approx({"auc": 0.71, "ks": 0.31})
    assert run.tags == {"licence": "own work"}, "users, machines and paths stay where they are"
    model, *others = found.components
    assert model.digest == artifact_digest(version.artifact)
    assert [(part.type.value, part.digest) for part in others] == [
        ("data_set", None),
        ("data_set", None),
        ("code", None),
    ]
    assert all(part.version.startswith("mlflow ") for part in others[:2]), "MLflow's short hash is no digest of ours"
    assert others[2].version == COMMIT
    assert {part.licence for part in found.components} == {None}, "MLflow does not know a licence, so nobody does"
    assert run.id in model.source


def test_the_newest_is_the_highest_number(registry, server):
    assert import_version(server, NAME).version.version == import_version(str(registry), NAME).version.version == "2"


def test_the_yaml_is_a_part_of_a_declaration_and_its_metrics_are_comments(registry):
    found = import_version(str(registry), f"{NAME}/1")
    text = components_yaml(found)
    plain = yaml.safe_load(text)
    assert read_record(plain["components"], list[Component], where="components") == found.components
    assert set(plain) == {"components"}
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert f"# {NOT_EVIDENCE}:" in comments
    assert '#   "auc": "0.71"' in comments


@given(text=st.text(max_size=60))
def test_what_somebody_logged_never_leaves_its_comment(text):
    run = LoggedRun("r", bounded(text), "", None, None, {bounded(text): bounded(text)}, {}, {bounded(text): 0.5}, [])
    version = RegisteredVersion("m", "1", bounded(text), [bounded(text)], {bounded(text): bounded(text)}, "", run)
    part = Component(id="m", type="model", name="m", version="1")
    plain = yaml.safe_load(components_yaml(Imported(version, "", [part])))
    assert plain == {
        "components": [
            {"id": "m", "type": "model", "name": "m", "version": "1", "digest": None, "provider": None, "licence": None}
        ]
    }


def test_names_become_identifiers_that_differ(registry):
    with closing(sqlite3.connect(registry)) as connection, connection:
        connection.execute("UPDATE datasets SET name = 'Training code ' || digest")
        connection.execute(
            "UPDATE datasets SET name = 'Credit scorer!' WHERE digest = (SELECT min(digest) FROM datasets)"
        )
    ids = [part.id for part in import_version(str(registry), f"{NAME}/1").components]
    assert len(set(ids)) == len(ids) == 4


# --- digests of files ---


def test_the_digest_of_a_folder_is_that_of_its_sorted_files(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two").write_bytes(b"2")
    (tmp_path / "one").write_bytes(b"1")
    listed = [["b/two", hashlib.sha256(b"2").hexdigest()], ["one", hashlib.sha256(b"1").hexdigest()]]
    assert folder_digest(tmp_path) == canonical.digest(canonical.encode(listed))
    assert artifact_digest(str(tmp_path / "one")) == hashlib.sha256(b"1").hexdigest()
    before = folder_digest(tmp_path)
    (tmp_path / "one").rename(tmp_path / "three")
    assert folder_digest(tmp_path) != before


def test_links_and_empty_folders_have_no_digest(tmp_path):
    with pytest.raises(PathError, match="no files"):
        folder_digest(tmp_path)
    (tmp_path / "secret").symlink_to("/etc/hostname")
    with pytest.raises(PathError, match="link"):
        folder_digest(tmp_path)


@pytest.mark.parametrize(
    "place", ["", "mlflow-artifacts:/1/model", "s3://bucket/model", "file://elsewhere/model", "/not/there", "relative"]
)
def test_files_that_are_not_on_this_machine_have_none(place):
    assert artifact_digest(place) is None


def test_a_server_elsewhere_does_not_make_us_read_our_own_disk(server, monkeypatch):
    monkeypatch.setattr(mlflow_rest, "_LOOPBACK", set())
    found = import_version(server, f"{NAME}/1")
    assert (found.components[0].digest, found.artifact) == (None, "")
    assert not any("logged-models" in path for path, _ in Replay.asked)


# --- what cannot be read ---


@pytest.mark.parametrize("wanted", ["nobody", f"{NAME}/9", f"{NAME}@nobody"])
def test_what_is_not_there_is_said_alike(registry, server, wanted):
    for address in (server, str(registry)):
        with pytest.raises(NotFoundError, match="no "):
            import_version(address, wanted)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("redirects", "redirects"),
        ("floods", "more than"),
        ("html", "no JSON"),
        ("fails", "status 500"),
        ("denies", "status 401"),
        ("empty", "is missing"),
        ("odd", "is missing"),
    ],
)
def test_a_server_that_does_not_answer_well_is_an_error(server, trouble, words):
    with pytest.raises(UpstreamError, match=words):
        import_version(f"{server}/{trouble}", f"{NAME}/1")
    assert len(Replay.asked) == 1


def test_a_trickle_ends_with_the_time_allowed(server):
    with pytest.raises(UpstreamError, match="timed out"):
        import_version(f"{server}/trickles", f"{NAME}/1", timeout_s=0.1)


def test_nobody_there_is_an_error(server):
    with pytest.raises(UpstreamError, match="no answer"):
        import_version("http://127.0.0.1:1", NAME)


def test_the_token_is_sent_and_never_said(server, monkeypatch):
    monkeypatch.setenv(mlflow_rest.TOKEN_VARIABLE, TOKEN)
    found = import_version(server, f"{NAME}/1")
    assert {sent for _, sent in Replay.asked} == {f"Bearer {TOKEN}"}
    with pytest.raises(UpstreamError) as denied:
        import_version(f"{server}/denies", f"{NAME}/1")
    assert TOKEN not in repr(found) + str(denied.value) + repr(denied.value.problem())


@pytest.mark.parametrize("address", ["http://mlflow.example", "http://10.0.0.1:5000"])
def test_the_token_does_not_go_unencrypted_over_a_network(address, monkeypatch):
    monkeypatch.setenv(mlflow_rest.TOKEN_VARIABLE, TOKEN)
    with pytest.raises(FieldError, match="unencrypted") as refused:
        import_version(address, NAME)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("token", ["two words", "line\nfeed", "ключ"])
def test_a_token_that_would_break_the_header_is_refused(server, token, monkeypatch):
    monkeypatch.setenv(mlflow_rest.TOKEN_VARIABLE, token)
    with pytest.raises(FieldError, match="not a token"):
        import_version(server, NAME)


@pytest.mark.parametrize(
    "address",
    [
        "http://user:secret@mlflow.example",
        "https://mlflow.example/?key=secret",
        "https://",
        "http://a:b",
        "postgresql://x/y",
    ],
)
def test_addresses_that_are_not_taken(address):
    with pytest.raises(FieldError) as refused:
        import_version(address, NAME)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "/1", "a/b", "a@", "a/1/2", "a@b@c", "a\nb", "x" * 300])
def test_models_are_named_in_three_ways_only(text):
    with pytest.raises(FieldError):
        model_name(text)
    assert model_name("my model@best one") == ModelName("my model", None, "best one")


def test_a_file_that_is_no_registry(tmp_path):
    with pytest.raises(PathError, match="not there"):
        import_version(str(tmp_path / "none.db"), NAME)
    text = tmp_path / "text.db"
    text.write_text("no database at all, but long enough to be looked at" * 10)
    with pytest.raises(DocumentError, match="cannot be read"):
        import_version(str(text), NAME)
    empty = tmp_path / "empty.db"
    with closing(sqlite3.connect(empty)) as connection:
        connection.execute("CREATE TABLE other (a)")
    with pytest.raises(DocumentError, match="no table 'experiments'"):
        import_version(str(empty), NAME)


def test_the_file_is_left_as_it_is(registry):
    before = registry.read_bytes()
    import_version(str(registry), NAME)
    assert registry.read_bytes() == before
    assert [path.name for path in registry.parent.iterdir()] == [registry.name]


def test_an_older_registry_without_aliases_and_inputs_still_tells_the_model(registry):
    with closing(sqlite3.connect(registry)) as connection, connection:
        for table in ("registered_model_aliases", "inputs", "input_tags", "datasets", "logged_models"):
            connection.execute(f"DROP TABLE {table}")
    found = import_version(str(registry), f"{NAME}/1")
    assert [part.type.value for part in found.components] == ["model", "code"]
    with pytest.raises(NotFoundError, match="no alias"):
        import_version(str(registry), f"{NAME}@champion")


def test_infinite_metrics_and_floods_of_rows(registry):
    with closing(sqlite3.connect(registry)) as connection, connection:
        connection.execute("UPDATE latest_metrics SET value = 1.7976931348623157e308 WHERE key = 'ks'")
        connection.execute("UPDATE latest_metrics SET is_nan = 1 WHERE key = 'auc'")
    assert import_version(str(registry), f"{NAME}/1").version.run.metrics == {}
    with closing(sqlite3.connect(registry)) as connection, connection:
        (run,) = connection.execute("SELECT run_id FROM model_versions WHERE version = 1").fetchone()
        connection.executemany("INSERT INTO params VALUES (?, 'x', ?)", [(f"p{place}", run) for place in range(1_000)])
    with pytest.raises(DocumentError, match="more than 1000 rows"):
        import_version(str(registry), f"{NAME}/1")


@pytest.mark.parametrize(
    ("address", "bare"),
    [
        ("https://user:secret@git.example:8443/a.git?token=secret#secret", "https://git.example:8443/a.git"),
        ("git@git.example:team/a.git", "git.example:team/a.git"),
        ("s3://key:secret@bucket/data?X-Amz-Signature=secret", "s3://bucket/data"),
        ("accounts 2025.npy", "accounts 2025.npy"),
        ("http://[broken", "an address that cannot be read"),
    ],
)
def test_addresses_lose_what_may_be_secret(address, bare):
    assert bare_address(address) == bare


def test_long_texts_are_cut_and_lines_joined():
    assert len(bounded("x" * 10_000)) == TEXT_MAX + 1
    assert bounded("a\nb\x1b[31m\u2028c") == "a b [31m c"
