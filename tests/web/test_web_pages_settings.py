"""The page of settings: what is in force, nothing secret, and a change that is asked about, compared, and recorded."""

from __future__ import annotations

import re

import msgspec
import pytest
from acting_world import LANGUAGES, ActingWorld
from test_web_pages_people import acts, answer, page

from dualtrack.web.pages import settings
from dualtrack.web.pages.base import Redirect
from dualtrack.web.settings import RateSettings, SessionSettings, WebSettings, read_settings, write_settings
from dualtrack.web.views.settings import CHANGEABLE

SECRET_PLACE = "keys/oidc-client.secret"
OIDC = {
    "issuer": "https://login.example",
    "client_id": "dualtrack",
    "redirect_uri": "https://dualtrack.example/sign-in/callback",
    "institution": "test-bank",
    "roles": {"AI risk team": ["validator"]},
    "client_secret_file": SECRET_PLACE,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ActingWorld(tmp_path_factory.mktemp("settings"), settings.PAGES)
    yield made
    made.close()


@pytest.fixture
def standing(world):
    write_settings(world.desk.workspace, WebSettings())
    return world


def fields(text):
    """Return what the form of a page would send."""
    return dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_in_force_is_shown_and_no_secret(standing, language):
    told = {"otlp_endpoint": "http://user:hidden@127.0.0.1:4318/v1/traces", "oidc": OIDC}
    running = msgspec.convert(told, WebSettings)
    text = page(standing, "/settings", language=language, settings=running)
    for said in ("https://login.example", "AI risk team", "SQLite", "90", "43,200"):
        assert said in text
    for hidden in (SECRET_PLACE, "hidden@", "main.db"):
        assert hidden not in text
    assert ("The file was changed" in text) is False


def test_the_limits_that_a_form_tells_are_those_that_hold():
    kinds = [msgspec.inspect.type_info(kind) for kind in (SessionSettings, RateSettings)]
    limits = {field.name: field.type for kind in kinds for field in kind.fields}
    assert list(limits) == list(CHANGEABLE)
    for name, limit in limits.items():
        least = limit.gt if limit.ge is None else limit.ge
        for said in (CHANGEABLE[name].hint.en, CHANGEABLE[name].hint.zh):
            told = [float(figure.replace(",", "")) for figure in re.findall(r"[\d,]*\d", said)]
            assert told == [least, limit.le], said


def test_a_change_is_asked_about_written_and_recorded(standing):
    form = fields(page(standing, "/settings")) | {"burst": "500", "reason": "two more branches"}
    before = len(acts(standing))
    asked = answer(standing, "POST", "/settings", form=form)
    text = standing.html(asked)
    assert "300 → 500" in text
    assert read_settings(standing.desk.workspace).rate.burst == 300
    sent = fields(text) | {"reason": "two more branches"}
    assert isinstance(answer(standing, "POST", "/settings", form=sent), Redirect)
    assert read_settings(standing.desk.workspace).rate.burst == 500
    assert "The file was changed since the start." in page(standing, "/settings")
    stale = answer(standing, "POST", "/settings", form=sent)
    assert stale.status == 409
    [done] = acts(standing)[before:]
    assert (done["act"], done["about"], done["reason"]) == ("settings-changed", "web.toml", "two more branches")
    assert "500 requests at once" in done["detail"]


def test_a_figure_of_many_digits_is_carried_whole(standing):
    write_settings(standing.desk.workspace, WebSettings(rate=RateSettings(a_second=1234.56789)))
    form = fields(page(standing, "/settings")) | {"burst": "500"}
    text = standing.html(answer(standing, "POST", "/settings", form=form))
    assert fields(text)["a_second"] == "1234.56789"
    assert text.count(" → ") == 1


@pytest.mark.parametrize(
    "wrong",
    [{"idle_s": "1"}, {"idle_s": "50000"}, {"absolute_s": "x"}, {"burst": "0"}, {"a_second": "nan"}, {"a_second": "1e9"}, {}],
)  # fmt: skip
def test_figures_outside_their_limits_are_refused(standing, wrong):
    form = fields(page(standing, "/settings")) | wrong | {"sure": "yes", "reason": "x"}
    view = answer(standing, "POST", "/settings", form=form)
    assert view.status == 400
    standing.html(view)
    assert read_settings(standing.desk.workspace) == WebSettings()
