"""The guided declaration and the import: from a template or a spreadsheet to a signed entry, with nothing guessed."""

from __future__ import annotations

import re

import pytest
from acting_world import HOSTILE, LANGUAGES, PASSWORD, ActingWorld
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain.records import read_record, to_plain
from dualtrack.domain.templates import list_templates, read_template
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.intake import sample_path
from dualtrack.runtime.lookup import find_declaration
from dualtrack.web.pages import declare, importing
from dualtrack.web.pages.base import Download, Redirect
from dualtrack.web.views.declare import form_of_plain, lists_of_plain, plain_of_form
from dualtrack.web.visit import Upload
from permit.firm import FIRM, USE


@pytest.fixture
def world(tmp_path):
    made = ActingWorld(tmp_path, (*declare.PAGES, *importing.PAGES))
    yield made
    made.close()


def typed(template="service-bank", **changes):
    """Return the form and lists of a template, as a browser would send them."""
    plain = to_plain(read_template(template, FIRM))
    form = form_of_plain(plain) | {"template": template} | changes
    lists = {name: [value] for name, value in form.items()} | lists_of_plain(plain)
    return form, lists


def post(world, form, lists, *, language="en", **more):
    both = {name: [value] for name, value in more.items()}
    return world.answer("POST", "/declare", by="owner", form=form | more, lists=lists | both, language=language)


@pytest.mark.parametrize("name", list_templates())
def test_a_template_goes_through_the_form_unchanged(name):
    plain = to_plain(read_template(name, FIRM))
    form, lists = typed(name)
    found = plain_of_form(form, lists, institution=FIRM, demo=False)
    assert read_record(found, UseCase, where="test") == read_record(plain | {"template": name}, UseCase, where="test")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_begins_with_templates_and_earlier_versions(world, language):
    text = world.show("GET", "/declare", by="owner", language=language)
    assert text.count("/declare?template=") == len(list_templates())
    assert f"/declare?use={USE}" in text
    for query in ({"template": "service-bank"}, {"use": USE}, {"blank": "1"}):
        page = world.show("GET", "/declare", by="owner", query=query, language=language)
        assert 'name="q-language_model"' in page
    assert "24EC55" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preview_is_signed(world, language):
    form, lists = typed(title_en=HOSTILE)
    lists = lists | {"q-generative": [""]}
    page = world.html(post(world, form, lists, do="preview", language=language), language)
    assert ("1 questions are not answered" in page) or ("1條問題未作答" in page)
    hidden = re.findall(
        r'type="hidden" name="([a-z][^"]*)" value="([^"]*)"',
        page.partition('id="sign-title"')[2].partition("</form>")[0],
    )
    assert len(hidden) > 60
    assert post(world, form, lists, do="sign", password="no").status == 401
    done = post(world, form, lists, do="sign", password=PASSWORD)
    assert isinstance(done, Redirect)
    found = find_declaration(world.desk.register, f"{FIRM}/early-contact-order")
    assert found.title.en == HOSTILE
    assert "generative" not in found.facts
    assert found.template == "service-bank"


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"title_zh": ""}, "title_zh"),
        ({"area": ""}, "area"),
        ({"first": ""}, "first"),
        ({"monthly_volume": "many"}, "monthly_volume"),
        ({"tasks-0-hours_per_month": "1,5"}, "tasks-0-hours_per_month"),
        ({"live_since": "soon"}, "live_since"),
        ({"claims-3-topic": "x"}, "claims-3-id"),
    ],
)
def test_errors_are_named_at_their_control(world, changes, control):
    form, lists = typed(**changes)
    view = post(world, form, lists, do="preview")
    assert view.status == 400
    assert view.context["wrong"] == control
    assert f'id="{control}-error"' in world.html(view)


def test_a_stale_form_says_what_differs(world):
    plain = to_plain(find_declaration(world.desk.register, USE))
    form = form_of_plain(plain) | {
        "base": world.answer("GET", "/declare", by="owner", query={"use": USE}).context["form"]["base"]
    }
    lists = {name: [value] for name, value in form.items()} | lists_of_plain(plain)
    first = post(world, form | {"purpose_en": "one"}, lists, do="sign", password=PASSWORD)
    assert isinstance(first, Redirect)
    second = post(world, form | {"purpose_en": "two"}, lists, do="sign", password=PASSWORD)
    assert second.status == 409
    text = world.html(second)
    assert "changed since you opened" in text
    assert "purpose" in second.context["changed"]


def test_another_firms_use_cannot_be_declared_or_read(world):
    with pytest.raises(Exception, match="another institution"):
        world.answer("GET", "/declare", by="owner", query={"use": "lantern/x"})
    form, lists = typed(id="../x")
    assert post(world, form, lists, do="preview").status == 400


def send(world, data=None, name="inventory.xlsx", *, language="en", **form):
    files = {"file": Upload(name, sample_path().read_bytes() if data is None else data)}
    given = {"sector": "bank"} | form
    return world.answer("POST", "/import", by="compliance", form=given, files=files, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_spreadsheet_is_read_mapped_confirmed_and_drafted(world, language):
    name = sample_path().name
    view = send(world, name=name, language=language)
    text = world.html(view, language)
    kept = view.context["kept"]
    assert ("not understood" in text) or ("未能辨認" in text) or not view.context["asked"]
    assert 'name="map-' in text
    report = world.answer("GET", "/import/gap-report", by="compliance", query={"file": kept})
    assert isinstance(report, Download)
    assert report.data[:2] == b"PK"
    columns = {
        f"map-{item['column']}": next((c.value for c in item["choices"] if c.chosen), "")
        for item in view.context["matches"]
    }
    again = world.answer(
        "POST", "/import", by="compliance", form=columns | {"do": "map", "file": kept}, language=language
    )
    assert again.status == 200
    wrong = world.answer("POST", "/import", by="compliance", form={"do": "confirm", "file": kept, "password": "no"})
    assert wrong.status == 401
    done = world.answer(
        "POST",
        "/import",
        by="compliance",
        form={"do": "confirm", "file": kept, "password": PASSWORD},
        language=language,
    )
    world.html(done, language)
    assert "inventory/1" in world.desk.kinds()
    slug = done.context["drafts"][0]
    draft = world.html(world.answer("GET", "/declare", by="owner", query={"file": kept, "draft": slug}))
    assert f'value="{slug}"' in draft


def test_two_columns_for_one_field_are_refused(world):
    kept = send(world).context["kept"]
    view = world.answer(
        "POST", "/import", by="compliance", form={"do": "map", "file": kept, "map-A": "name", "map-B": "name"}
    )
    assert view.status == 400
    assert "both name" in world.html(view)


@pytest.mark.parametrize(
    ("data", "name", "form"),
    [(b"", "a.xlsx", {}), (b"x", "a.exe", {}), (b"not a workbook", "a.xlsx", {}), (None, "a.xlsx", {"sector": ""})],
)
def test_what_cannot_be_read_is_refused(world, data, name, form):
    view = send(world, data, name, **form)
    assert view.status == 400
    world.html(view)


def test_a_file_that_is_not_kept_is_not_found(world):
    for kept in ("x", "../../etc/passwd", "a" * 64 + ".xlsx"):
        with pytest.raises(NotFoundError):
            world.answer("GET", "/import", by="compliance", query={"file": kept})


@given(st.dictionaries(st.sampled_from(sorted(typed()[0])), st.text(max_size=30), max_size=6))
def test_any_form_gives_plain_data_or_names_a_control(changes):
    form, lists = _TEMPLATE[0] | changes, _TEMPLATE[1]
    where = "declaration, field "
    try:
        where = f"declaration, field {plain_of_form(form, lists, institution=FIRM, demo=False)['use']}"
    except FieldError as error:
        where = error.where
    assert where.startswith("declaration, field ")


_TEMPLATE = typed()
