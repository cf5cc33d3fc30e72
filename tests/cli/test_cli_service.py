"""`service check` and `service try`: exit codes, JSON, and bad files."""

import pytest
from cli_world import good, run

from dualtrack.demo.language.corpus import load_corpus
from dualtrack.domain.records import encode
from dualtrack.store.workspace import Workspace

DAY = ("--on", "2026-11-27")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "bank.yaml"
    path.write_bytes(encode(load_corpus("bank")))  # JSON is YAML
    return path


def test_what_is_wrong_ends_with_1(corpus):
    done = run("service", "check", corpus, *DAY, "--json")
    assert done.code == 1
    assert {each["kind"] for each in done.json["findings"]} == {"expired", "not yet"}
    assert done.json["serving"] == done.json["passages"] - 2
    shown = run("service", "check", corpus, *DAY)
    assert "已過最後有效日" in shown.out


def test_a_message_and_what_it_gets(corpus):
    turn = good("service", "try", corpus, "I was scammed", *DAY, "--json").json
    assert (turn["outcome"], turn["urgent"], turn["language"]) == ("handover", True, "en")
    assert turn["triggers"] == [{"id": "scam_or_card", "action": "urgent", "words": "i was scammed", "by": "rule"}]
    turn = good("service", "try", corpus, "how do I open an account", *DAY, "--language", "en", "--json").json
    assert turn["answer"]["citations"] == ["acc-open"]
    assert "way to a person" in good("service", "try", corpus, "who won the match", *DAY).out
    assert "help is offered" in good("service", "try", corpus, "I cannot pay my loan", *DAY).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "none.csv"),
        ("try", "none.csv", "hello"),
        ("check", "{corpus}", "--on", "tomorrow"),
        ("try", "{corpus}", " "),
    ],
)
def test_bad_input_ends_with_2(corpus, arguments):
    assert run("service", *(corpus if each == "{corpus}" else each for each in arguments)).code == 2


def test_the_starter_pack_begins_a_corpus_and_its_intents_train(tmp_path):
    passages, intents, model = tmp_path / "p.yaml", tmp_path / "i.yaml", tmp_path / "m.bin"
    said = good("service", "starter", "mpf", "--use", "my-firm/answers", "-o", passages, "--intents", intents).out
    assert "85 passages of a fictional firm" in said
    assert good("service", "check", passages, *DAY).code == 0
    turn = good("service", "try", passages, "幾多歲可以攞返啲強積金？", *DAY, "--json").json
    assert turn["outcome"] == "answer"
    assert run("service", "starter", "mpf", "-o", passages).code == 2  # it is there already
    pytest.importorskip("sklearn", reason="the models extra (scikit-learn) is not installed")
    card = good("service", "train", intents, "--passages", passages, "-o", model, "--json").json
    assert len(card["intents"]) == 33
    assert model.stat().st_size > 1000


def test_serving_needs_a_chat_that_is_set_up(tmp_path):
    workspace = Workspace.create(tmp_path / "empty", demo=True)
    done = run("service", "serve", "--workspace", workspace.root)
    assert (done.code, "service.yaml" in done.err) == (2, True)
