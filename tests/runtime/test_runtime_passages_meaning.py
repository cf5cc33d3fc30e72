"""Search by meaning is chosen by the policy, with the model's digest; anything else than the known model answers nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from dualtrack.domain.policy import Upstream
from dualtrack.domain.records import encode
from dualtrack.errors import MissingExtraError, RefusedError
from dualtrack.runtime.guards.base import Piece
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.passages import shelf as shelves
from dualtrack.runtime.passages.shelf import Shelf
from dualtrack.runtime.passages.vectors import MODEL_NAME, MODEL_SHA256, remembering_embedder
from runtime.passages_world import corpus

np = pytest.importorskip("numpy", reason="the extra `models` is not installed")

NOW = datetime(2026, 11, 27, 4, tzinfo=UTC)


class Fake:
    """Knows one thing: whoever `cannot find` something means the lost card."""

    read = 0

    def query(self, texts):
        return np.array([[1.0, 0.0] if "cannot find" in text else [0.0, 1.0] for text in texts], dtype=np.float32)

    def passage(self, texts):
        Fake.read += len(texts)
        return np.array([[1.0, 0.0] if "Lost card" in text else [0.0, 1.0] for text in texts], dtype=np.float32)


@pytest.fixture
def opened(tmp_path):
    digest = keep_artifact(tmp_path, encode(corpus()))
    moment = [NOW]

    def live(**upstream):
        made = Upstream(id="passages", kind="extractive", provider="in-house", **upstream)
        part = SimpleNamespace(id="passages", digest=digest)
        return SimpleNamespace(
            use="test-firm/service",
            policy=SimpleNamespace(upstreams=[made]),
            released=SimpleNamespace(components=[part]),
        )

    return Shelf(tmp_path, lambda: moment[0]), live, moment


def ask(shelf, live, text):
    return [piece.text.partition("]")[0] for piece in shelf.retrieve(live, [Piece("user", text)], "en")]


def test_a_policy_that_names_the_model_is_searched_by_meaning_once_prepared(opened, monkeypatch):
    shelf, live, _ = opened
    monkeypatch.setattr(shelves, "remembering_embedder", Fake)
    named = live(model=MODEL_NAME, fingerprint=MODEL_SHA256)
    assert not shelf.ready(named, "en")
    shelf.prepare(named, "en")
    assert shelf.ready(named, "en")
    assert ask(shelf, named, "I cannot find it")[0] == "[lost-card"


@pytest.mark.parametrize(
    "upstream",
    [
        {"model": MODEL_NAME},
        {"model": MODEL_NAME, "fingerprint": "0" * 64},
        {"model": "e6", "fingerprint": MODEL_SHA256},
    ],
)
def test_another_model_or_digest_answers_nothing(opened, upstream):
    shelf, live, _ = opened
    with pytest.raises(RefusedError, match="this fingerprint") as error:
        shelf.prepare(live(**upstream), "en")
    assert error.value.code == "permit.component-changed"


def test_without_the_package_the_use_is_refused_and_says_why(opened, monkeypatch):
    def missing():
        raise MissingExtraError("vectors", "search by meaning")

    shelf, live, _ = opened
    monkeypatch.setattr(shelves, "remembering_embedder", missing)
    with pytest.raises(RefusedError, match="not installed"):
        shelf.prepare(live(model=MODEL_NAME, fingerprint=MODEL_SHA256), "en")


def test_vectors_of_passages_are_kept_when_a_new_day_indexes_them_again(opened, monkeypatch):
    shelf, live, moment = opened
    monkeypatch.setattr("dualtrack.runtime.passages.vectors.load_embedder", Fake)
    remembering_embedder.cache_clear()
    try:
        named = live(model=MODEL_NAME, fingerprint=MODEL_SHA256)
        shelf.prepare(named, "en")
        known = Fake.read
        assert ask(shelf, named, "I cannot find it")[0] == "[lost-card"
        moment[0] = NOW.replace(day=28)
        assert not shelf.ready(named, "en")
        shelf.prepare(named, "en")
        assert Fake.read == known > 0
    finally:
        remembering_embedder.cache_clear()


def test_a_use_without_passages_is_always_ready(opened):
    shelf, live, _ = opened
    bare = live()
    bare.policy.upstreams = [msgspec.structs.replace(bare.policy.upstreams[0], kind="openai")]
    assert shelf.ready(bare, "en")
