"""Weights of the triggers: taught by the texts that are shipped, the same file each time; and what they and the rules find stays found."""

from importlib import resources
from pathlib import Path

import pytest

from dualtrack.apps.service.triggers import find_triggers, shipped_triggers
from dualtrack.apps.service.triggers_reading import PIECE_SIGNS, pieces_of
from dualtrack.apps.service.triggers_training import ORDINARY, encoded, train, training_texts
from dualtrack.apps.service.triggers_weights import WEIGHTS_FILE, shipped_weights
from dualtrack.domain.documents import read_yaml

KINDS = [trigger.id for trigger in shipped_triggers()]
LEAST = {
    "distress": 0.95, "scam_or_card": 0.95, "urgent": 0.95, "coercion": 0.95, "bereavement": 0.9, "legal": 0.9, "complaint": 0.95,
    "person": 0.95, "vulnerable": 0.9,
}  # fmt: skip


@pytest.fixture(scope="module")
def messages():
    path = Path(__file__).parent / "data" / "trigger_messages.yaml"
    return [(item["text"], item["expects"]) for item in read_yaml(path.read_bytes(), where=path.name)]


@pytest.fixture(scope="module")
def texts():
    return training_texts()


def test_training_again_gives_the_file_byte_for_byte(texts):
    pytest.importorskip("scipy", reason="training needs the extra `models`")
    shipped = (resources.files("dualtrack.apps.service") / WEIGHTS_FILE).read_bytes()
    assert encoded(train(texts)) == shipped, "run python -m dualtrack.apps.service.triggers_training"


def test_no_message_of_the_measured_set_is_a_training_text(texts, messages):
    both = {text for text, _ in messages} & {each.text for each in texts}
    assert both == {"有冇真人呀？", "幫我駁去客服", "operator"}, "only what the starter pack had before"


def test_every_kind_and_register_has_texts_and_no_text_stands_under_two_kinds(texts):
    of = {}
    for each in texts:
        assert of.setdefault(each.text, each.kind) == each.kind, each.text
    counts = {(each.kind, each.register) for each in texts}
    assert counts >= {
        (kind, register) for kind in [*KINDS, ORDINARY] for register in ("english", "written", "cantonese", "mixed")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_found_on_the_set_of_development_stays_found(messages, kind):
    texts = [text for text, expects in messages if expects == kind]
    found = sum(kind in {each.id for each in find_triggers(text)} for text in texts)
    assert found >= LEAST[kind] * len(texts)


def test_false_alarms_on_the_set_of_development_stay_few(messages):
    others = [text for text, expects in messages if expects == "none"]
    false = [text for text in others if any(each.action != "offer" for each in find_triggers(text))]
    assert len(false) <= 0.05 * len(others), false


def test_weights_and_triggers_are_of_the_same_kinds_in_the_same_order():
    assert list(shipped_weights().kinds) == KINDS


@pytest.mark.parametrize("message", ["話" * 20_000, "a b " * 5_000, "好的。" * 2_000, "x" * 20_000])
def test_pieces_are_bounded_and_cover_all(message):
    pieces = pieces_of(message)
    assert all(0 < len(piece) <= PIECE_SIGNS for piece in pieces)
    assert sum(map(len, pieces)) <= 2 * 20_000 + PIECE_SIGNS
    find_triggers(message)
