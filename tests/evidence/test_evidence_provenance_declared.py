"""Licences and reservations of declared components: what is known, what is not, and that the unknown is never fit."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.records import read_record, to_plain
from dualtrack.domain.usecase import Component
from dualtrack.domain.vocabulary import ComponentType
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.provenance.declared import Sorted, Standing
from dualtrack.evidence.provenance.expression import evaluate
from dualtrack.evidence.provenance.licences import Agreed, Licences, LicenceSettings, load_licences
from dualtrack.evidence.provenance.measures import MEASURES
from dualtrack.evidence.provenance.reservations import (
    Permission,
    Reservations,
    ReservationSettings,
    load_reservations,
)
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="a" * 64)
SAMPLE = make_sample({"x": np.ones(2)}, Roles(features=("x",)))


def part(name, licence=None, reservation=None, kind=ComponentType.DATA_SET):
    return Component(id=name, type=kind, name=name, version="1", licence=licence, reservation=reservation)


def licences(*components, purposes=("commercial",), agreed=()):
    plan = LicenceSettings(components=components, purposes=purposes, agreed=agreed)
    return Licences().estimate(Licences().gather(SAMPLE, plan), plan, HOW)[0]


def verdict(licence, *purposes):
    plan = LicenceSettings(components=(part("a", licence),), purposes=purposes or ("commercial",))
    return Licences().gather(SAMPLE, plan).standings[0].verdict


def reservations(*components, **plan):
    made = ReservationSettings(components=components, **plan)
    return Reservations().estimate(Reservations().gather(SAMPLE, made), made, HOW)[0]


@pytest.mark.parametrize(
    ("licence", "purposes", "expected"),
    [
        ("MIT", ("commercial",), "fit"),
        ("mit", ("commercial", "redistribution"), "conditions"),
        ("CC-BY-NC-4.0", ("commercial",), "unfit"),
        ("CC-BY-NC-4.0 OR MIT", ("commercial",), "fit"),
        ("CC-BY-NC-4.0 AND MIT", ("commercial",), "unfit"),
        ("CC-BY-SA-4.0", ("training",), "unknown"),
        ("CC-BY-4.0", ("commercial", "training"), "conditions"),
        ("GPL-3.0", ("redistribution",), "conditions"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("redistribution",), "unknown"),
        ("(MIT AND (Apache-2.0 OR CC-BY-NC-4.0))", ("commercial",), "fit"),
        ("LicenseRef-vendor", ("commercial",), "unknown"),
        ("LicenseRef-vendor AND CC-BY-NC-4.0", ("commercial",), "unfit"),
        ("LicenseRef-vendor OR CC-BY-NC-4.0", ("commercial",), "unknown"),
        ("see contract no. 7 / annex B", ("commercial",), "unknown"),
        ("MIT OR", ("commercial",), "unknown"),
        ("", ("commercial",), "unknown"),
        ("  ", ("commercial",), "unknown"),
        (None, ("commercial",), "unknown"),
        ("own work", ("commercial", "training", "redistribution"), "fit"),
    ],
)
def test_what_a_licence_allows(licence, purposes, expected):
    assert verdict(licence, *purposes) == expected


def test_the_share_counts_the_unknown_as_unfit_and_its_limits_say_so():
    found = licences(part("a", "MIT"), part("b", "CC-BY-NC-4.0"), part("c", None), part("d", "CC-BY-4.0"))
    assert (found.estimate, found.low, found.high, found.outcome) == (0.5, 0.5, 0.75, "underpowered")
    assert (found.facts["fit"], found.facts["conditions"], found.facts["unfit"], found.facts["unknown"]) == (1, 1, 1, 1)
    assert found.facts["duties"] == "attribution,changes-stated"
    assert found.facts["first_not_fit"] == "b"
    assert [each.estimate for each in found.parts] == [1.0, 0.0, 0.0, 1.0]
    known = licences(part("a", "MIT"), part("b", "CC-BY-NC-4.0"))
    assert (known.estimate, known.high, known.outcome) == (0.5, 0.5, "measured")


@given(
    st.lists(st.sampled_from([None, "", "MIT", "CC-BY-NC-4.0", "house licence", "SSPL-1.0"]), min_size=1, max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_declaring_less_never_grants_more(drawn):
    whole = licences(*(part(f"c{at}", licence) for at, licence in enumerate(drawn)), purposes=("training",))
    less = licences(
        *(part(f"c{at}", None if at == 0 else each) for at, each in enumerate(drawn)), purposes=("training",)
    )
    assert less.estimate <= whole.estimate
    assert whole.low == whole.estimate <= whole.high
    assert (whole.outcome == "measured") == (whole.facts["unknown"] == 0)


def test_what_was_agreed_goes_before_the_table_and_needs_its_place():
    agreed = (Agreed(licence="vendor terms 2026", purposes=("commercial",), source="contract 12, clause 4"),)
    assert licences(part("a", "vendor terms 2026"), agreed=agreed).facts["fit"] == 1
    assert licences(part("a", "vendor terms 2026"), purposes=("training",), agreed=agreed).facts["unfit"] == 1
    with pytest.raises(FieldError):
        LicenceSettings(
            components=(), purposes=("commercial",), agreed=(Agreed(licence="x", purposes=("commercial",), source=" "),)
        )


def test_the_tables_are_dated_cited_and_their_identifiers_distinct():
    table = load_licences()
    ids = [each.id.casefold() for each in table.licences]
    assert len(set(ids)) == len(ids) >= 40
    assert all(each.source.startswith("https://") for each in table.licences)
    assert set(table.replaced.values()) <= {each.id for each in table.licences}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", table.dated)
    assert all((each.commercial == "no") == ("NC" in each.id.split("-")) for each in table.licences)
    assert {(each.place, each.status) for each in load_reservations().exceptions} >= {("HK", "proposed")}


def test_reservations_are_read_and_permission_goes_before_them():
    given_ = (
        part("free", reservation="none"),
        part("off", reservation="tdm-reservation: 0"),
        part("kept", reservation="TDM-Reservation: 1"),
        part("terms", reservation="no training of models, terms of 2025"),
        part("silent"),
        part("code", kind=ComponentType.CODE),
    )
    found = reservations(*given_)
    assert (found.n, found.estimate, found.high, found.outcome) == (5, 0.4, pytest.approx(0.6), "underpowered")
    assert (found.facts["exception"], found.facts["exception_in_force"]) == ("proposed", False)
    held = reservations(
        *given_, permissions=(Permission(component="kept", source="letter of 2 March 2026"),), place="EU"
    )
    assert (held.facts["fit"], held.facts["exception_in_force"]) == (3, True)
    assert reservations(*given_, place="AQ").facts["exception"] == "not known"


def test_nothing_declared_is_an_error_not_a_clean_bill():
    for call in (
        licences,
        lambda: licences(part("a", "MIT"), part("a", "MIT")),
        reservations,
        lambda: reservations(part("code", kind=ComponentType.CODE)),
        lambda: LicenceSettings(components=(part("a"),), purposes=()),
        lambda: reservations(part("a"), permissions=(Permission(component="a", source=""),)),
    ):
        with pytest.raises(FieldError):
            call()


def test_statistics_merge_and_give_the_same_again():
    plan = LicenceSettings(components=(part("a", "MIT"), part("b", "EPL-2.0")), purposes=("training",))
    statistics = Licences().gather(SAMPLE, plan)
    assert Licences().merge([statistics, statistics]) == statistics
    found = Licences().estimate(statistics, plan, HOW)[0]
    lines = [Standing(**{**each, "duties": tuple(each["duties"])}) for each in found.statistics["standings"]]
    again = Sorted(standings=tuple(lines), components=found.statistics["components"])
    assert Licences().estimate(again, plan, HOW)[0] == found
    other = Licences().gather(SAMPLE, LicenceSettings(components=(part("a", "MIT"),), purposes=("training",)))
    with pytest.raises(FieldError):
        Licences().merge([statistics, other])


def test_settings_are_read_from_a_plan_as_they_were_written():
    plan = LicenceSettings(
        components=(part("a", "MIT"),),
        purposes=("training",),
        agreed=(Agreed(licence="x", purposes=("commercial",), source="contract 1"),),
    )
    assert read_record(to_plain(plan), LicenceSettings, where="plan") == plan
    mined = ReservationSettings(components=(part("a"),), permissions=(Permission(component="a", source="letter"),))
    assert read_record(to_plain(mined), ReservationSettings, where="plan") == mined
    with pytest.raises(FieldError):
        read_record({"components": [], "purposes": ["resale"]}, LicenceSettings, where="plan")


WORDS = {"no": 0, "maybe": 1, "yes": 2}
NAMES = st.sampled_from(sorted(WORDS))


@given(st.recursive(NAMES, lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner), max_leaves=8))
def test_expressions_are_read_as_their_trees(tree):
    def written(each):
        return each if isinstance(each, str) else f"({written(each[0])} {each[1]} {written(each[2])})"

    def value(each):
        if isinstance(each, str):
            return WORDS[each]
        return (min if each[1] == "AND" else max)(value(each[0]), value(each[2]))

    assert evaluate(written(tree), WORDS.__getitem__) == value(tree)


def test_and_binds_before_or():
    assert evaluate("yes OR no AND no", WORDS.__getitem__) == 2
    assert evaluate("(yes OR no) AND no", WORDS.__getitem__) == 0
    assert evaluate("no or yes", WORDS.__getitem__) == 2


@pytest.mark.parametrize(
    "text", ["", "AND", "yes no", "(yes", "yes)", "yes WITH", "()", "yes; no", "(" * 30 + "yes" + ")" * 30, "y" * 2000]
)
def test_text_that_is_no_expression_is_refused(text):
    with pytest.raises(FieldError):
        evaluate(text, len)


def test_every_measure_of_the_family_documents_itself():
    for kind in MEASURES:
        assert kind.name.startswith("provenance.")
        assert kind.title.zh
        assert kind.misleads.zh
        assert kind.settings.__doc__
