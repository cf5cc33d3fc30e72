"""Examples of intents from files, settings of a training, and accuracy by group as rows that a plan of evidence reads."""

import csv
import json

import numpy as np
import pytest
from msgspec.structs import replace

from dualtrack.apps.service.intents.accuracy import NONE_NAMED, accuracy_by, predict, rejected_of, table
from dualtrack.apps.service.intents.enriching import from_passages
from dualtrack.apps.service.intents.examples import EXAMPLES_MAX, Example, load_examples, make_examples
from dualtrack.apps.service.intents.settings import load_settings
from dualtrack.apps.service.intents.training import train
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.errors import DocumentError, DualtrackError, FieldError, PathError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.performance.segments import Segments, SegmentSettings
from dualtrack.evidence.sample import Roles, make_sample
from dualtrack.runtime.passages.corpus import Asked
from house_tree import ROOT

TEXTS = ROOT.parent / "shared" / "data" / "text"
YAML = """
- id: lost
  title: {en: Lost card, zh-Hant: 遺失卡}
  sector: bank
  passages: [card-lost]
  examples: [{text: I lost my card}, {text: 我唔見咗張卡, register: cantonese}]
- id: open
  title: {en: Opening an account, zh-Hant: 開立戶口}
  sector: bank
  examples: [{text: How do I open an account?}, {text: 我想open戶口}]
"""
CSV = "text,intent\nI lost my card,lost\n我唔見咗張卡,lost\nHow do I open an account?,open\n我想open戶口,open\n"


def written(tmp_path, content, name="examples.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_list_and_a_table_give_the_same_examples(tmp_path):
    listed, rows = load_examples(written(tmp_path, YAML, "a.yaml")), load_examples(written(tmp_path, CSV))
    assert listed.examples == rows.examples
    assert [(each.register, each.language) for each in rows.examples] == [
        ("english", "en"), ("cantonese", "zh-Hant"), ("english", "en"), ("mixed", "zh-Hant")
    ]  # fmt: skip
    assert [(each.id, each.title.zh, each.sector, each.passages) for each in listed.titles] == [
        ("lost", "遺失卡", "bank", ("card-lost",)),
        ("open", "開立戶口", "bank", ()),
    ]
    assert rows.titles == ()
    wrapped = "provenance: ours\nintents:\n" + "\n".join(f"  {line}" for line in YAML.splitlines())
    assert load_examples(written(tmp_path, wrapped, "b.yml")) == listed


def test_a_text_twice_under_one_intent_counts_once(tmp_path):
    found = load_examples(written(tmp_path, CSV + "i  LOST my card,lost\n我张卡唔见咗,lost\n我張卡唔見咗,lost\n"))
    assert (len(found.examples), found.repeated) == (5, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CSV + "i lost MY card,open\n", ["row 2", "row 6", "'lost'", "'open'"]), (b"\xff\xfea", ["UTF-8"]), ("text,category\na,b\n", ["'category'", "row 2"]),
        ("text,intent\n ,lost\n", ["row 2", "empty"]), ("text,intent\nhello,\n", ["row 2", "no intent"]), ("text\nhello\n", ["no intent"]),
        ("text,intent\nhello\n", ["row 2"]), ("text,intent\na,b,c\n", ["more fields"]), ('text,intent\n"a,b', ["CSV"]),
        ("text,intent,register\na,b,shouted\n", ["row 2", "shouted"]), (f"text,intent\n{'a' * 20_001},b\n", ["20,001", "row 2"]),
    ],
)  # fmt: skip
def test_a_bad_table_names_the_row_and_what_is_wrong(tmp_path, content, words):
    with pytest.raises(DualtrackError) as failed:
        load_examples(written(tmp_path, content))
    assert [word for word in words if word not in str(failed.value)] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (YAML + YAML.lstrip("\n"), "'lost' twice"), (YAML.replace("open\n  title", "lost2\n  title").replace("How do I open an account?", "i lost my card"), "two intents"),
        ("other: 1", "intents"), (YAML.replace("sector: bank", "sectors: bank", 1), "sectors"), (YAML.replace("zh-Hant: 遺失卡", "zh: 遺失卡"), "title"),
        (YAML.replace("cantonese", "slang"), "slang"), ("- {id: a, title: {en: a, zh-Hant: a}, examples: []}", "without an example"), (b"\xff", "UTF-8"), ("[", "YAML"),
    ],
)  # fmt: skip
def test_a_bad_list_names_what_is_wrong(tmp_path, content, words):
    with pytest.raises(DualtrackError) as failed:
        load_examples(written(tmp_path, content, "a.yaml"))
    assert words in str(failed.value)


def test_odd_places_are_refused(tmp_path):
    for path in (tmp_path / "none.csv", written(tmp_path, "x", "a.pdf"), tmp_path):
        with pytest.raises(PathError):
            load_examples(path)
    with pytest.raises(FieldError, match=f"{EXAMPLES_MAX:,}"):
        make_examples((f"text {number}", "a") for number in range(EXAMPLES_MAX + 1))


def test_settings_are_read_and_bounded(tmp_path):
    shipped = load_settings()
    assert 0 < shipped.reject_in_scope < 0.2
    assert shipped.reason.zh
    own = (
        'format: dualtrack.intents.settings/1\nchecked_on: "2026-11-27"\nreject_in_scope: 0.1\nexamples_wanted: 3\n'
        "reason: {en: a, zh-Hant: a}\n"
    )
    assert load_settings(written(tmp_path, own, "own.yaml")).reject_in_scope == 0.1
    for bad in ("0.6", "-0.1", "much"):
        with pytest.raises(FieldError, match="reject_in_scope"):
            load_settings(written(tmp_path, own.replace("0.1", bad, 1), "own.yaml"))
    with pytest.raises(DocumentError):
        load_settings(written(tmp_path, b"\xff", "own.yaml"))


def test_passages_give_more_to_learn_from(tmp_path):
    corpus = load_corpus("bank")
    asked = Asked(en=["I lost my card", "my plastic has vanished"], zh=["塊膠唔見咗"])
    passages = [replace(each, asked=asked) if each.id == "card-lost" else each for each in corpus.passages]
    corpus = replace(corpus, passages=passages)
    given = load_examples(written(tmp_path, YAML, "a.yaml"))
    more = from_passages(given, corpus)
    said = {each.text: each.intent for each in more}
    assert said["my plastic has vanished"] == said["塊膠唔見咗"] == said["Lost card"] == said["遺失卡"] == "lost"
    assert said["Opening an account"] == "open"
    assert "I lost my card" not in said
    lost = next(each for each in passages if each.id == "card-lost")
    assert said[f"{lost.title.en} {lost.keys.en}"] == "lost"
    model = train(given.examples, more=more)
    assert (model.card.examples, model.card.more, model.card.shown.threshold.n) == (4, len(more), 4)
    assert model.classify("the plastic vanished").nearest == "lost"
    both = load_examples(written(tmp_path, YAML.replace("sector: bank\n  examples: [{text: How", "passages: [card-lost]\n  examples: [{text: How"), "b.yaml"))  # fmt: skip
    assert {each.text for each in from_passages(both, corpus)} == {
        "Lost card",
        "遺失卡",
        "Opening an account",
        "開立戶口",
    }
    none = load_examples(written(tmp_path, YAML.replace("card-lost", "card-none"), "c.yaml"))
    with pytest.raises(FieldError, match="card-none"):
        from_passages(none, corpus)
    others = make_examples([("a b", "x"), ("c d", "x"), ("e f", "y"), ("g h", "y")]).examples
    with pytest.raises(FieldError, match="'lost'"):
        train(others, more=more)


class _Says:
    """A model that names what stands before a colon; the rest is like `IntentModel` as far as accuracy asks."""

    def classify(self, text):
        from dualtrack.apps.service.intents.classifier import Intent

        named, _, _ = text.partition(":")
        return Intent(None if named == "-" else named, 0.5, 0.1, "a" if named == "-" else named, "b")


def _examples(*rows):
    return [
        Example(text=text, intent="a", register=register, language="en" if register == "english" else "zh-Hant")
        for text, register, times in rows
        for _ in range(times)
    ]


def test_accuracy_by_group_and_the_widest_gap():
    rows = _examples(("a:", "english", 90), ("b:", "english", 10), ("a:", "written", 40), ("-:", "written", 10), ("b:", "cantonese", 15), ("a:", "cantonese", 35))  # fmt: skip
    found = accuracy_by(rows, _Says())
    counts = {(each.by, each.name): (each.n, each.right, each.rejected, each.nearest_right) for each in found.groups}
    assert counts == {
        ("all", "all"): (200, 165, 10, 175), ("language", "en"): (100, 90, 0, 90), ("language", "zh-Hant"): (100, 75, 10, 85),
        ("register", "english"): (100, 90, 0, 90), ("register", "written"): (50, 40, 10, 50), ("register", "cantonese"): (50, 35, 0, 35),
    }  # fmt: skip
    english = next(each for each in found.groups if each.name == "en")
    assert (english.low, english.high) == pytest.approx((0.8256, 0.9448), abs=1e-4)  # Wilson, 90 of 100
    by_language, by_register = found.gaps
    assert (by_language.best, by_language.worst, by_language.difference) == ("en", "zh-Hant", pytest.approx(0.15))
    assert (by_language.low, by_language.high) == pytest.approx((0.0457, 0.2517), abs=2e-3)
    assert (by_register.best, by_register.worst) == ("english", "cantonese")
    assert by_register.high - by_register.low > by_language.high - by_language.low


def test_one_group_has_no_gap_and_none_is_refused():
    assert accuracy_by(_examples(("a:", "english", 3)), _Says()).gaps == ()
    with pytest.raises(FieldError):
        accuracy_by([], _Says())
    with pytest.raises(FieldError):
        rejected_of([], _Says())


def test_texts_that_fit_nothing_are_counted():
    found = rejected_of(["-:"] * 8 + ["a:"] * 2, _Says())
    assert (found.n, found.rejected, found.name) == (10, 8, NONE_NAMED)
    assert found.low < 0.8 < found.high


def test_a_measure_of_the_engine_reads_the_rows():
    rows = _examples(("a:", "english", 90), ("b:", "english", 10), ("a:", "cantonese", 35), ("b:", "cantonese", 15))
    columns = {name: np.array(values) for name, values in table(predict(rows, _Says())).items()}
    assert set(columns) == {"expected", "predicted", "nearest", "language", "register", "score", "right"}
    roles = Roles(label="right", decision="right", attributes=("register",))
    asked = SegmentSettings(by=("register",), metrics=("selection",))
    measure = Segments()
    found = measure.estimate(
        measure.gather(make_sample(columns, roles), asked), asked, Estimating(data_digest="0" * 64, draws=200)
    )
    shares = {part.label: part.estimate for each in found for part in each.parts}
    assert {share for label, share in shares.items() if "english" in label or "cantonese" in label} == {0.9, 0.7}


@pytest.mark.skipif(not TEXTS.exists(), reason="the shared data (data/text) are not beside this checkout")
def test_published_questions_are_told_apart_and_others_rejected():
    """Eight intents of Banking77's training part, 40 examples each, and CLINC150's messages that fit no intent."""
    with (TEXTS / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    kept = sorted({intent for _, intent in rows})[::10]
    of = {intent: [text for text, each in rows if each == intent] for intent in kept}
    model = train(make_examples((text, intent) for intent in kept for text in of[intent][:40]).examples)
    whole = accuracy_by(
        make_examples((text, intent) for intent in kept for text in of[intent][40:60]).examples, model
    ).groups[0]
    assert whole.nearest_right / whole.n > 0.9
    assert whole.rejected / whole.n < 0.15
    others = json.loads((TEXTS / "clinc150_full.json").read_text("utf-8"))["oos_val"]
    assert rejected_of([text for text, _ in others], model).rejected / len(others) > 0.8


@pytest.mark.skipif(not TEXTS.exists(), reason="the shared data (data/text) are not beside this checkout")
def test_a_table_with_other_columns_is_refused_by_the_column():
    with pytest.raises(FieldError, match="category"):
        load_examples(TEXTS / "banking77_test.csv")
