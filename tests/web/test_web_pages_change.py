"""Pages of changes: duties before one without any incident, and the SFC's question answered either way with reasons."""

from __future__ import annotations

import msgspec
import pytest
from acting_world import HOSTILE, ActingWorld, words

from dualtrack.errors import ForbiddenError
from dualtrack.runtime.changes import change_answers
from dualtrack.runtime.incidents import list_incidents
from dualtrack.runtime.lookup import find_release
from dualtrack.web.identity.permissions import VERBS_OF, Verb
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import change, incidents, use
from dualtrack.web.pages.base import Redirect
from permit.firm import FIRM, USE, known_key

PAGE = "/uses/{institution}/{use}/change"
OF_USE = {"institution": FIRM, "use": USE.partition("/")[2]}
ADVICE = {"language_model": True, "gives_advice": True}


def made(folder, **changes):
    return ActingWorld(folder, (*change.PAGES, *incidents.PAGES, *use.PAGES), **changes)


@pytest.fixture
def broker(tmp_path):
    found = made(tmp_path, type="licensed_corporation", facts=ADVICE)
    yield found
    found.close()


@pytest.fixture
def bank(tmp_path):
    found = made(tmp_path, type="bank", facts=ADVICE)
    yield found
    found.close()


def show(world, *, by="auditor", language="en"):
    return world.show("GET", PAGE, by=by, path=OF_USE, language=language)


def answer(world, *, by="compliance", **form):
    given = {"release": world.desk.register.latest_release(USE)} | form
    return world.answer("POST", PAGE, by=by, path=OF_USE, form=given)


def test_a_licensed_firm_sees_its_duties_before_any_incident(broker):
    english, chinese = (words(show(broker, language=language)) for language in ("en", "zh-Hant"))
    assert not list_incidents(broker.desk.register)
    assert "Notify the SFC if adopting the use is a significant change" in english
    assert "Discuss the plan with the SFC early" in english
    assert "voluntary" in english
    assert "period not verified" in english
    assert "Does it bring a new client type, deposits, withdrawals, staking" in english
    assert "at once" not in english
    assert "宜盡早" in chinese
    assert "自願" in chinese
    assert "期限未經核實" in chinese
    assert "《發牌及註冊（資料）規則》第4條及附表3" in chinese, "the question's citation, too"
    assert "Information Rules" not in chinese


def test_a_bank_sees_its_own_and_no_question_of_the_sfc(bank):
    page = words(show(bank))
    assert "Notify before a new client type" in page
    assert "HKMA" in page
    assert "A significant change?" not in page
    assert answer(bank, answer="no", reason="as before").status == 400
    assert change_answers(bank.desk.register, USE) == []


def test_the_question_is_answered_either_way_with_reasons(broker):
    page = show(broker, by="compliance")
    assert "Nobody has answered it yet" in page
    assert "Draft, if no" in page
    assert "data-copyable" in page
    for wrong in (
        {"answer": "maybe", "reason": "x"},
        {"answer": "no", "reason": " "},
        {"answer": "yes", "reason": "x" * 2001},
    ):
        assert answer(broker, **wrong).status == 400
    assert change_answers(broker.desk.register, USE) == []
    assert isinstance(answer(broker, answer="no", reason="clients had it before"), Redirect)
    assert isinstance(answer(broker, answer="yes", reason=HOSTILE), Redirect)
    newest, older = change_answers(broker.desk.register, USE)
    assert (newest.answer, older.answer) == ("yes", "no")
    assert (older.by, older.reason) == ("compliance", "clients had it before")
    assert older.release == broker.desk.register.latest_release(USE)
    page = words(show(broker))
    assert "Significant change: no. clients had it before compliance, 23 November 2026" in page
    assert "Answered for an earlier release" not in page


def test_an_answer_is_of_the_release_that_was_looked_at(broker):
    register = broker.desk.register
    seen = register.latest_release(USE)
    assert f'name="release" value="{seen}"' in show(broker, by="compliance")
    newer = msgspec.structs.replace(find_release(register, USE, seen), note="another model behind it")
    digest, _ = register.release(newer, known_key("developer"))
    for form in ({"release": seen}, {"release": ""}):
        view = answer(broker, answer="no", reason="small wording fix only", **form)
        page = broker.html(view)
        assert view.status == 409
        assert "This was changed since you opened the form." in page
        assert f'name="release" value="{digest}"' in page
        assert "small wording fix only" in page
    assert change_answers(register, USE) == []
    assert isinstance(answer(broker, answer="no", reason="looked at the new one"), Redirect)
    assert change_answers(register, USE)[0].release == digest


def test_what_was_typed_stands_when_it_is_refused(broker):
    view = answer(broker, answer="", reason="clients had it before")
    assert "clients had it before" in broker.html(view)
    assert "Choose one." in broker.html(view)


def test_who_may_not_answer_sees_no_form_and_is_refused(broker):
    for role in ConsoleRole:
        if Verb.SEE_USE in VERBS_OF[role]:
            may = Verb.ANSWER_NOTICE in VERBS_OF[role]
            page = broker.show("GET", PAGE, by="auditor", roles=[role], path=OF_USE)
            assert ('name="answer"' in page) is may, role
        if Verb.ANSWER_NOTICE not in VERBS_OF[role]:
            with pytest.raises(ForbiddenError):
                broker.answer("POST", PAGE, by="x", roles=[role], path=OF_USE, form={"answer": "no", "reason": "y"})
    assert change_answers(broker.desk.register, USE) == []


def test_it_is_found_from_the_use_and_from_incidents(broker):
    link = f'href="/uses/{USE}/change"'
    assert link in broker.show("GET", "/uses/{institution}/{use}", by="auditor", path=OF_USE)
    assert link in broker.show("GET", "/incidents", by="auditor")
    form = {"use": USE, "kind": "outage", "severity": "minor", "note": "it did not answer"}
    broker.answer("POST", "/incidents/new", by="owner", form=form)
    name = list_incidents(broker.desk.register)[0]["id"]
    assert link in broker.show("GET", "/incidents/{id}", by="auditor", path={"id": name})
