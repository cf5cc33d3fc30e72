"""Intents trained from a few examples: what is named, what is rejected, and what of it is kept as bytes."""

import hashlib
import json
import math
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dualtrack.apps.service.intents.calibration import Sigmoid, choose_threshold, fit_sigmoid
from dualtrack.apps.service.intents.examples import make_examples
from dualtrack.apps.service.intents.features import RUN_KEPT_MAX, RUNS_KEPT, pieces_of, terms_of
from dualtrack.apps.service.intents.settings import load_settings
from dualtrack.apps.service.intents.stored import load, save
from dualtrack.apps.service.intents.training import recalibrate, train
from dualtrack.apps.service.intents.vocabulary import gather_vocabulary
from dualtrack.errors import DocumentError, FieldError, MissingExtraError

SAID = {
    "lost": ["I lost my card", "my card is missing", "card stolen please block it", "我唔見咗張卡", "信用卡遺失了", "張 card 唔見咗"],
    "open": ["How do I open an account?", "open a savings account", "new account please", "點樣開戶口", "如何開立戶口", "想 open account"],
    "fee": ["What is the annual fee?", "how much are the fees", "fee of a transfer", "手續費幾錢", "年費是多少", "fee 幾多"],
}  # fmt: skip
PAIRS = [(text, intent) for intent, texts in SAID.items() for text in texts]
MODEL = train(make_examples(PAIRS).examples)


@cache
def _rejecting(share):
    return train(make_examples(PAIRS).examples, replace(load_settings(), reject_in_scope=share))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("please block my card", "lost"), ("MY CARD WAS STOLEN!!", "lost"), ("我張卡唔見咗", "lost"), ("我张卡唔见咗", "lost"),
        ("can I open a new savings acount", "open"), ("我想開戶口", "open"), ("annual fees", "fee"), ("收幾多手續費", "fee"),
    ],
)  # fmt: skip
def test_what_is_like_an_example_is_named(text, intent):
    found = MODEL.classify(text)
    assert (found.id, found.nearest) == (intent, intent)
    assert found.second != intent
    assert found.margin > 0


@pytest.mark.parametrize("text", ["", "  ", "😀😀", "?!", "\u200b"])
def test_a_text_without_a_known_term_has_no_intent(text):
    assert MODEL.classify(text) == (None, 0.0, 0.0, None, None)


@pytest.mark.parametrize("text", ["who won the football match yesterday in paris", "聽日天氣好唔好，會唔會落雨"])
def test_what_is_like_no_example_is_rejected_with_what_came_nearest(text):
    found = _rejecting(0.3).classify(text)
    assert found.id is None
    assert found.nearest in SAID
    assert found.score < _rejecting(0.3).classify("I lost my card").score


def test_a_message_of_any_length_is_read():
    told = "well so " * 2_500
    assert len(told) == 20_000
    assert MODEL.classify(told).score < MODEL.classify("I lost my card").score
    asked = f"{'I lost my card. ' * 70}{told}"
    assert MODEL.classify(asked).nearest == "lost"
    middle = "x" * 9_000
    assert terms_of(f"{asked[:1_500]}{middle}{asked[-1_500:]}") == terms_of(f"{asked[:1_500]}{asked[-1_500:]}")


def test_the_card_says_what_the_model_rests_on():
    card = MODEL.card
    assert card.intents == ("fee", "lost", "open")
    assert (card.examples, card.shown.threshold.n) == (18, 18)
    assert card.thin == card.intents
    assert card.shown.threshold.wanted == load_settings().reject_in_scope
    assert card.shown.threshold.rejected / card.shown.threshold.n <= card.shown.threshold.wanted
    assert (
        card.shown.threshold.low <= card.shown.threshold.rejected / card.shown.threshold.n <= card.shown.threshold.high
    )
    assert 0 <= card.shown.right <= 18
    assert sum(pair.times for pair in card.shown.confused) == 18 - card.shown.right
    assert all(pair.intent != pair.taken_for for pair in card.shown.confused)


def test_what_tells_the_intent_from_the_second_is_shown():
    pulls = MODEL.pulls("please block my stolen card", 3)
    assert len(pulls) == 3
    assert "card" in {each.term for each in MODEL.pulls("I lost my card")}
    assert [abs(each.value) for each in pulls] == sorted((abs(each.value) for each in pulls), reverse=True)
    every = MODEL.pulls("please block my stolen card", 1_000)
    values = MODEL.values("please block my stolen card")
    first, second = sorted(range(3), key=lambda at: -values[at])[:2]
    whole = sum(each.value for each in every) + float(MODEL.base[first] - MODEL.base[second])
    assert whole == pytest.approx(MODEL.classify("please block my stolen card").margin, abs=1e-5)
    assert MODEL.pulls("?!") == ()


def test_training_is_the_same_whatever_the_order():
    assert save(train(make_examples(PAIRS[::-1]).examples)) == save(MODEL)


def test_messages_given_afterwards_set_the_threshold():
    given = make_examples(
        [
            ("where is my lost card", "lost"),
            ("I want to open one", "open"),
            ("is there a fee", "fee"),
            ("what is the annual fee of that", "lost"),
        ]
    )
    again = recalibrate(MODEL, given.examples, replace(load_settings(), reject_in_scope=0.25))
    assert again.card.shown.source == "given"
    assert (again.card.shown.threshold.n, again.card.shown.threshold.rejected, again.card.shown.right) == (4, 1, 3)
    assert [(each.intent, each.taken_for) for each in again.card.shown.confused] == [("lost", "fee")]
    assert sum(again.classify(each.text).id is None for each in given.examples) == 1
    assert load(save(again)).card == again.card
    with pytest.raises(FieldError, match="'elsewhere'"):
        recalibrate(MODEL, make_examples([("a", "elsewhere")]).examples)
    with pytest.raises(FieldError, match="no held-out example"):
        recalibrate(MODEL, ())


def test_a_rejection_of_nothing_names_every_example_it_knows():
    none = _rejecting(0.0)
    assert none.card.shown.threshold.rejected == 0
    assert [none.classify(text).id for text, _ in PAIRS] == [intent for _, intent in PAIRS]


def test_two_intents_are_enough():
    model = train(make_examples([pair for pair in PAIRS if pair[1] != "fee"]).examples)
    assert model.weights.shape[1] == 2
    assert model.classify("I lost my card").id == "lost"
    assert model.classify("open an account").second == "lost"


def test_one_intent_or_one_example_is_refused_by_name():
    with pytest.raises(FieldError, match="1 intents"):
        train(make_examples([pair for pair in PAIRS if pair[1] == "fee"]).examples)
    with pytest.raises(FieldError, match="'alone'"):
        train(make_examples([*PAIRS, ("a single example", "alone")]).examples)
    with pytest.raises(FieldError, match="0 intents"):
        train(())


def test_examples_without_a_word_are_refused():
    with pytest.raises(FieldError, match="no word"):
        train(make_examples([("😀", "a"), ("😀😀", "a"), ("😡", "b"), ("😡😡", "b")]).examples)


def test_training_says_what_to_install_and_use_needs_none_of_it(monkeypatch):
    use = "import sys; from dualtrack.apps.service.intents import stored; sys.exit(any('sklearn' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", use], check=False).returncode == 0
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(MissingExtraError, match="models"):
        train(make_examples(PAIRS).examples)


def test_a_model_comes_back_from_its_bytes_as_it_was():
    data = save(MODEL)
    again = load(data, digest=hashlib.sha256(data).hexdigest())
    assert again.card == MODEL.card
    assert save(again) == data
    assert [again.classify(text) for text, _ in PAIRS] == [MODEL.classify(text) for text, _ in PAIRS]


@given(st.data())
def test_bytes_that_are_changed_anywhere_are_refused(data):
    whole = bytearray(save(MODEL))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DocumentError):
        load(bytes(whole))


@pytest.mark.parametrize("cut", [0, 1, 90, 500, -1])
def test_bytes_that_end_early_are_refused(cut):
    with pytest.raises(DocumentError):
        load(save(MODEL)[:cut])


def test_bytes_of_another_release_are_refused():
    with pytest.raises(DocumentError, match="digest"):
        load(save(MODEL), digest="0" * 64)


def _sealed(header, numbers):
    text = json.dumps(header).encode()
    digest = hashlib.sha256(text + numbers).hexdigest()
    return f"dualtrack.intent-model/1 {digest} {len(text)}\n".encode() + text + numbers


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pieces": []}, "terms"), ({"words": ["a", "a"]}, "terms"), ({"card": {}}, "header"), ({"extra": 1}, "header"), ({"rare": "x"}, "header"),
    ],
)  # fmt: skip
def test_a_model_that_is_well_sealed_and_ill_formed_is_refused(change, words):
    line, _, body = save(MODEL).partition(b"\n")
    length = int(line.split()[2])
    header, numbers = json.loads(body[:length]), body[length:]
    assert load(_sealed(header, numbers)).card == MODEL.card
    with pytest.raises(DocumentError, match=words):
        load(_sealed(header | change, numbers))
    with pytest.raises(DocumentError, match="twice"):
        load(_sealed(header | {"words": [header["words"][0], *header["words"][:-1]]}, numbers))
    with pytest.raises(DocumentError, match="finite"):
        load(_sealed(header, np.float32(np.nan).tobytes() + numbers[4:]))


@given(st.text())
def test_any_text_gives_terms_and_an_answer(text):
    found = MODEL.classify(text)
    assert found.id in {None, found.nearest}
    assert 0 <= found.score <= 1
    assert found.margin >= 0
    assert terms_of(text) == terms_of(text)
    assert (found.id is not None) <= (found.score >= MODEL.card.shown.sigmoid.of(MODEL.card.shown.threshold.value))


@given(st.lists(st.text("abc 我卡", min_size=1), min_size=1, max_size=8))
def test_weights_of_words_and_of_pieces_have_length_one_where_all_is_known(texts):
    terms = [terms_of(text) for text in texts]
    known = gather_vocabulary(terms)
    for each in terms:
        rows, values = known.weigh(each)
        words = values[rows < len(known.words)]
        assert len(words) == len(set(each.words))
        assert not len(words) or float(words @ words) == pytest.approx(1, abs=1e-5)
        assert float(values @ values) <= 2 + 1e-5


def test_what_is_kept_of_runs_is_bounded_and_changes_nothing():
    known = gather_vocabulary([terms_of("lost card"), terms_of("lost card now")])
    first = known.weigh(terms_of("lost card"))
    known.weigh(terms_of("c" * (RUN_KEPT_MAX + 1)))
    assert set(known._kept) == {"lost", "card"}
    for number in range(RUNS_KEPT + 5):
        known.weigh(terms_of(f"card{number}"))
        assert len(known._kept) <= RUNS_KEPT
    again = known.weigh(terms_of("lost card"))
    assert again.rows.tolist() == first.rows.tolist()
    assert again.values.tolist() == first.values.tolist()


def test_unknown_words_make_the_known_ones_weigh_less():
    known = gather_vocabulary([terms_of("lost card"), terms_of("lost card now")])
    alone, among = known.weigh(terms_of("lost card")), known.weigh(terms_of("lost card zebra quagga"))
    assert float(among.values @ among.values) < float(alone.values @ alone.values)


def test_terms_of_both_scripts():
    words, runs = terms_of("Block 我張卡")
    assert words == ["block", "我", "張", "卡", "block 我", "我 張", "張 卡"]
    assert runs == ["block", "我張卡"]
    assert {" b", "blo", "lock ", " bloc"} < set(pieces_of("block"))
    assert pieces_of("我張卡") == ("我張卡",)
    assert pieces_of("我張卡呀") == ("我張卡", "張卡呀", "我張卡呀")
    assert pieces_of("我") == ()
    assert terms_of("我张卡") == terms_of("我張卡")
    assert terms_of("ＢＬＯＣＫ") == terms_of("block")


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=60), st.floats(0, 0.5))
def test_the_threshold_rejects_at_most_what_was_wanted(values, wanted):
    found = choose_threshold(np.array(values), wanted)
    below = sum(value < found.value for value in values)
    assert found.rejected == below <= wanted * len(values)
    if len(set(values)) == len(values):
        assert below == math.floor(wanted * len(values))


@given(st.lists(st.tuples(st.floats(-3, 3), st.booleans()), min_size=1, max_size=40))
def test_the_probability_never_falls_with_the_value(pairs):
    found = fit_sigmoid(np.array([each[0] for each in pairs]), np.array([each[1] for each in pairs]))
    assert found.slope >= 0
    assert 0 <= found.of(-1e6) <= found.of(0.0) <= found.of(1e6) <= 1


def test_the_probability_is_that_of_a_known_curve():
    draws = np.random.default_rng(7)
    values = draws.uniform(-2, 2, 40_000)
    right = draws.random(40_000) < 1 / (1 + np.exp(-(3 * values + 1)))
    found = fit_sigmoid(values, right)
    assert found.slope == pytest.approx(3, abs=0.1)
    assert found.offset == pytest.approx(1, abs=0.1)
    assert fit_sigmoid(values, ~right).slope == 0
    assert Sigmoid(slope=1.0, offset=0.0).of(0.0) == 0.5
