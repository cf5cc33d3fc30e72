"""A person who is called is called for good: whatever becomes of the process, of the load, of the calendar; and nobody is promised who was not called."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "web"))  # the served firm is that of the tests of pages

import service_world
from server_world import ORIGIN, USE, ConsoleRole
from service_world import ServiceWorld, plain

from dualtrack.apps.service.citing import Cited, Shown, marked, read_marks
from dualtrack.apps.service.conversations import find, lines, say
from dualtrack.apps.service.gaps import find_gaps
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import OverloadError, RateLimitError, StoreError
from dualtrack.runtime.complaints import list_complaints
from dualtrack.runtime.gate import Gate
from dualtrack.runtime.passages.corpus import Corpus
from dualtrack.runtime.policy_check import policy_template

WORKER = Path(__file__).with_name("conversation_worker.py")
DISTRESS = "我想自殺，唔想再生存"
FEE = "What is the monthly account fee?"
HELD = ("reads this answer before you get it", "職員會先審閱此答覆")


def passage(name, text, title, keys):
    return service_world.CORPUS["passages"][0] | {
        "id": name, "topic": name, "title": dict(zip(("en", "zh-Hant"), title, strict=True)),
        "text": dict(zip(("en", "zh-Hant"), text, strict=True)), "keys": dict(zip(("en", "zh-Hant"), keys, strict=True)),
    }  # fmt: skip


FORM = passage(
    "overseas-form", ("Overseas clients bring form [w8-ben] to the branch.", "海外客戶請攜同表格 [w8-ben] 到分行。"),
    ("Overseas form", "海外表格"), ("foreign form", "外國表格"),
)  # fmt: skip
PARCEL = passage(
    "parcel-rule", ("Parcels are kept ten days [fee-monthly]", "包裹保留十日 [fee-monthly]"), ("Parcel rule", "包裹規則"), ("parcel", "包裹"),
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with pytest.MonkeyPatch.context() as changed:
        changed.setitem(service_world.CORPUS, "passages", [*service_world.CORPUS["passages"], FORM, PARCEL])
        world = ServiceWorld(tmp_path_factory.mktemp("handing-over"))
    yield world
    world.close()


def standing(world, address):
    found = find(world.runtime, address.rpartition("/")[2])
    return found, lines(found)


@contextmanager
def at(world, instant):
    """Have the world's clock show an instant."""
    kept = world.world.offset
    world.world.offset += instant - world.world.clock()
    try:
        yield
    finally:
        world.world.offset = kept


# --- a process that dies ---


def killed(world, address, how, message):
    command = [sys.executable, str(WORKER), str(world.world.workspace.root), address.rpartition("/")[2], how, message]
    return subprocess.run(command, check=False, capture_output=True, text=True).returncode < 0


def test_who_is_in_distress_or_complains_waits_for_a_person_although_the_process_died_before_the_answer(served):
    browser, address = served.start(lang="zh-Hant")
    before = len(list_complaints(served.register, [USE]))
    assert killed(served, address, "asked", f"我要投訴你哋。{DISTRESS}")
    found, said = standing(served, address)
    assert [line.who for line in said] == ["customer"]
    assert (found.status, found.row["urgent"], set(found.row["why"].split())) == (
        "waiting",
        True,
        {"distress", "complaint"},
    )
    newest = list_complaints(served.register, [USE])
    assert (len(newest), found.row["complaint"]) == (before + 1, newest[0].entry)
    assert found.id in served.signed_in(ConsoleRole.REVIEWER).get("/apps/service/desk").text
    page = plain(browser.get(address))
    assert "將由職員接手" in page
    assert HELD[1] not in page


def test_an_answer_that_leaves_it_to_a_person_is_never_kept_without_that_person(served):
    _, address = served.start()
    assert killed(served, address, "told", "fee " * 4_000)
    found, said = standing(served, address)
    assert (said[1].row["outcome"], found.status, found.row["why"]) == ("refused", "waiting", "no-answer")


def test_only_an_answer_that_somebody_reads_first_is_said_to_be_read_first(served):
    browser, address = served.start()
    found, _ = standing(served, address)
    say(served.runtime, found, "customer", {"text": "help"})
    say(served.runtime, found, "assistant", {"text": "Call us."}, outcome="routed", code="guard.tipping_off")
    assert not any(words in browser.get(address).text for words in HELD)


# --- load, and whatever else fails ---


@pytest.mark.parametrize(
    ("error", "code", "text", "why"),
    [
        (RateLimitError("more than 4 calls a minute", retry_after_s=9), "rate-limit", DISTRESS, "distress"),
        (OverloadError("512 calls are under way"), "overload", "戶口月費係幾多錢？", "no-answer"),
        (StoreError("no answer"), "store", DISTRESS, "distress"),
    ],
)
def test_under_load_the_customer_is_told_and_a_person_called(served, monkeypatch, error, code, text, why):
    def full(_self, _live):
        raise error

    browser, address = served.start(lang="zh-Hant")
    monkeypatch.setattr(type(served.runtime.admission), "enter", full)
    page = served.write(browser, address, text)
    found, said = standing(served, address)
    assert page.status_code == 200
    assert "過於頻密" not in page.text  # it is not the customer who was too fast
    assert (said[1].row["outcome"], said[1].row["code"]) == ("refused", code)
    assert "目前未能作答。" in said[1].text
    assert (found.status, found.row["why"]) == ("waiting", why)
    assert "將由職員接手" in plain(page)


def test_who_waits_already_is_put_first_by_words_of_distress_and_the_clock_runs_on(served):
    browser, address = served.start(wants="person")
    served.write(browser, address, "I want to complain about the queue")
    before = standing(served, address)[0].row
    assert not before["urgent"]
    for text in (DISTRESS, DISTRESS):
        served.write(browser, address, text)
        found, said = standing(served, address)
        assert (found.status, found.row["urgent"], found.row["why"]) == ("waiting", True, "person distress")
        assert found.row["due_at"] == before["due_at"]
    assert {line.who for line in said} == {"customer"}
    assert "This goes first" in plain(browser.get(address))


def test_a_fault_of_our_own_behind_a_kept_message_calls_a_person(served, monkeypatch):
    async def broken(*_given):
        raise ValueError("broken")

    browser, address = served.start()
    monkeypatch.setattr("dualtrack.apps.service.answering._governed", broken)
    assert "A person will take over" in plain(served.write(browser, address, FEE))
    found, said = standing(served, address)
    assert [line.who for line in said] == ["customer"]
    assert (found.status, found.row["why"]) == ("waiting", "no-answer")


# --- modes ---


@pytest.mark.parametrize(("mode", "outcome"), [("observe", "routed"), ("shadow", "blocked")])
def test_in_no_mode_does_distress_take_the_way_of_ai(served, monkeypatch, mode, outcome):
    enter = Gate.enter
    monkeypatch.setattr(Gate, "enter", lambda *given, **more: replace(enter(*given, **more), mode=mode))
    monkeypatch.setattr("dualtrack.runtime.faces.chat.quote", lambda *_given: pytest.fail("it was asked"))
    browser, address = served.start()
    served.write(browser, address, f"I want to kill myself. {FEE}")
    found, said = standing(served, address)
    assert (found.status, said[1].row["outcome"], said[1].row["code"]) == ("waiting", outcome, "service.trigger")
    assert "HK$50" not in said[1].text


# --- what is said of its sources ---


@pytest.mark.parametrize(
    ("asked", "words", "source"),
    [
        ("Which form do overseas clients bring?", FORM["text"]["en"], "overseas-form"),
        ("海外客戶要帶咩表格？", FORM["text"]["zh-Hant"], "overseas-form"),
        ("How long are parcels kept?", PARCEL["text"]["en"], "parcel-rule"),
        (FEE, "The monthly account fee is HK$50.", "fee-monthly"),
    ],
)
def test_approved_wording_with_square_brackets_reaches_the_customer_as_it_stands(served, asked, words, source):
    browser, address = served.start()
    served.write(browser, address, asked)
    _, said = standing(served, address)
    assert said[1].text.endswith(f"\n\n{words}")
    assert [each["id"] for each in said[1].content["sources"]] == [source]


_texts = st.text("ab .[]-", min_size=1, max_size=12)
_ids = st.sampled_from(["a", "b", "a-b"])


@given(
    st.lists(st.builds(Shown, _texts, st.lists(_ids, min_size=1, max_size=2).map(tuple)), min_size=1, max_size=4),
    _texts,
)
def test_what_was_marked_is_read_back_as_it_was(shown, notice):
    ids = tuple(dict.fromkeys(each for sentence in shown for each in sentence.ids))
    plain_text = " ".join(sentence.text for sentence in shown)
    assert read_marks(f"{notice}\n\n{marked(shown)}", shown, {"a"}) == Cited(f"{notice}\n\n{plain_text}", ids)


@given(_texts, _ids)
def test_of_a_quotation_the_last_mark_alone_is_read(text, name):
    assert read_marks(f"{text} [{name}]", (), {name}) == Cited(text, (name,))
    assert read_marks(f"{text} [{name}]", (), set()) == Cited(f"{text} [{name}]", ())


def test_marks_are_read_although_a_guard_struck_out_words_of_a_sentence():
    shown = (Shown("Call 9123 4567.", ("a",)), Shown("See [b].", ("b",)))
    assert read_marks("Call [PHONE]. [a] See [b]. [b]", shown, {"a", "b"}) == Cited(
        "Call [PHONE]. See [b].", ("a", "b")
    )


def test_who_loads_passages_is_told_of_words_that_look_like_a_mark():
    corpus = read_record(service_world.CORPUS | {"passages": [FORM, PARCEL]}, Corpus, where="test")
    found = [each for each in find_gaps(corpus, on=date(2026, 11, 1)) if each.kind == "bracketed"]
    assert [(each.passages, each.shown) for each in found] == [
        (("overseas-form",), "[w8-ben]"),
        (("parcel-rule",), "[fee-monthly]"),
    ]


# --- help is offered, and no mark of it kept ---


def test_a_program_is_told_that_help_is_offered_and_the_answer_as_it_is_kept_does_not_say_so(served):
    key = served.key(ConsoleRole.CALLER)
    headers = {"authorization": f"Bearer {key}", "accept": "application/json"}

    def send(body):
        return served.browser().ask("POST", "/v1/service/turns", json=body, headers=headers).json()

    told = send({"use": USE, "message": f"I am blind. {FEE}", "person": "customer 9"})
    again = send({"conversation": told["conversation"], "after": 1})
    for answer in (told["messages"][1], *again["messages"]):
        assert (answer["number"], answer["offers"]) == (2, True)
    found = find(served.runtime, told["conversation"])
    assert all("offers" not in line.content for line in lines(found))


# --- what is promised ---


def test_no_policy_of_ours_promises_somebody_who_is_not_called():
    folder = resources.files("dualtrack.demo.language") / "data"
    plain_policies = [
        read_yaml((folder / f"policy-{name}.yaml").read_bytes(), where=name) for name in ("bank", "broker")
    ]
    plain_policies += [read_yaml(policy_template(kind, USE).encode(), where=kind) for kind in ("chat", "row")]
    for each in plain_policies:
        words = " ".join(each["message"].values())
        assert not any(word in words for word in ("colleague", "person", "will", "同事", "職員", "持牌人士", "跟進")), (
            words
        )


# --- the end of the table of holidays: last, for the world has seen another year then ---


def test_a_person_is_called_without_a_clock_where_the_table_of_holidays_ends(served):
    with at(served, datetime(2027, 12, 31, 12, tzinfo=UTC)):
        for lang, text, words in (
            ("zh-Hant", DISTRESS, "未能計算時限"),
            ("en", "I want to talk to a person please", "No clock"),
        ):
            browser, address = served.start(lang=lang)
            page = plain(served.write(browser, address, text))
            found, _ = standing(served, address)
            assert (found.status, found.row["due_at"]) == ("waiting", None)
            assert "None" not in page
            assert "HKT" not in page
            agent = served.signed_in(ConsoleRole.REVIEWER)
            assert words in plain(agent.get(f"/apps/service/desk?lang={lang}"))
            assert words in plain(agent.get(f"/apps/service/desk/{found.id}"))
        _, address = served.start(wants="person")
        assert standing(served, address)[0].status == "waiting"
        browser, address = served.start()
        assert browser.ask("POST", f"{address}/person", headers={"origin": ORIGIN}).status_code == 303
        assert standing(served, address)[0].status == "waiting"


def test_a_team_that_takes_long_has_a_clock_as_far_as_the_table_goes(served):
    with at(served, datetime(2027, 12, 30, 1, tzinfo=UTC)):
        _, address = served.start(wants="person")
        assert standing(served, address)[0].row["due_at"] is not None
