"""Every registered measure keeps the contract: repeatable from its statistics, mergeable or not as it says, silent about rows."""

import itertools
import re

import msgspec
import numpy as np
import pytest
from measure_cases import Case, cases
from measure_worlds import DIGEST

from dualtrack.domain import canonical
from dualtrack.domain.records import encode, to_plain
from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.plans.judging import judge
from dualtrack.evidence.plans.running import chosen_measurement
from dualtrack.evidence.registry import measures
from dualtrack.evidence.sample import Roles

HOW = Estimating(data_digest=DIGEST, draws=100, cell_size_min=20)
NAMES = list(measures())
STATISTICS_MAX = 250_000
ROLES = {*Roles.__struct_fields__, "reference", "model"}
SHORT = 8

SAYS = {
    "security.injection": ("template",),  # the names that the attack set itself gives to its templates
}
"""Text columns beside attributes and categories whose values may stand in the statistics, and why."""


def gathered(name):
    case = cases()[name]
    return measures()[name].gather(case.sample(), case.settings)


def test_every_measure_has_a_case():
    assert set(cases()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_outsider_repeats_it_from_its_statistics(name):
    measure, case = measures()[name], cases()[name]
    statistics = gathered(name)
    assert type(statistics) is measure.statistics
    assert len(encode(statistics)) < STATISTICS_MAX
    found = measure.estimate(statistics, case.settings, HOW)
    assert found
    assert measure.estimate(statistics, case.settings, HOW) == found
    for each in found:
        kept = msgspec.json.decode(canonical.encode(each.statistics))
        again = msgspec.convert(kept, measure.statistics, strict=True)
        assert each in measure.estimate(again, case.settings, HOW)
        assert (
            each.data_digest == DIGEST or not measure.needs
        )  # what is declared in the settings has a digest of its own
        assert each.outcome == "underpowered" or each.low is not None


@pytest.mark.parametrize("name", [name for name in NAMES if cases()[name].gate])
def test_the_good_sample_meets_a_generous_gate(name):
    """Otherwise a fault that misses it shows nothing."""
    case = cases()[name]
    found = measures()[name].estimate(gathered(name), case.settings, HOW)
    judged = judge(chosen_measurement(found, case.gate), case.gate, rows_min=1)
    assert (judged.standing, judged.reason) == ("met", None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("least", [2, 10, 60])
def test_what_is_pooled_for_people_outside_is_pooled_once_and_never_looks_better(name, least):
    measure, case = measures()[name], cases()[name]
    whole = gathered(name)
    if (name, least) == ("fairness.alternatives", 60):
        with pytest.raises(FieldError, match="too few people"):  # it is not measurable then
            measure.suppressed(whole, case.settings, least)
        return
    shown = measure.suppressed(whole, case.settings, least)
    assert type(shown) is measure.statistics
    assert measure.suppressed(shown, case.settings, least) == shown
    assert len(encode(shown)) < STATISTICS_MAX
    before, after = (measure.estimate(each, case.settings, HOW) for each in (whole, shown))
    assert [each.measure for each in after] == [each.measure for each in before]
    for each, other in zip(before, after, strict=True):
        assert other.outcome == "underpowered" or each.outcome == "measured", each.measure


@pytest.mark.parametrize("name", NAMES)
def test_statistics_hold_no_words_of_a_row(name):
    case = cases()[name]
    text = encode(gathered(name)).decode()
    spoken = {*case.roles.attributes, *SAYS.get(name, ())}
    settings = encode(case.settings).decode()
    for column in set(case.columns) - spoken:
        values = np.asarray(case.columns[column])
        if values.dtype.kind != "O":
            continue
        for value in {str(each) for each in values.tolist() if len(str(each)) > SHORT}:
            said = canonical.encode(value).decode()[1:-1]
            assert said not in text or said in settings, column


def shards(case: Case, parts: int, seed: int):
    """Cut the rows into parts by lot; rows of one `whole` value stay together, and every part has some."""
    unit = case.columns[case.whole] if case.whole else np.arange(len(next(iter(case.columns.values()))))
    values, place = np.unique(unit.astype(str), return_inverse=True)
    lot = np.random.default_rng(seed).permutation(np.arange(len(values)) % parts)[place]
    cut = [{name: column[lot == part] for name, column in case.columns.items()} for part in range(parts)]
    if not case.halves or case.reference is None:
        return [case._replace(columns=columns).sample() for columns in cut]
    before = [{name: column[part::parts] for name, column in case.reference.items()} for part in range(parts)]
    return [
        case._replace(columns=columns, reference=earlier).sample() for columns, earlier in zip(cut, before, strict=True)
    ]


@pytest.mark.parametrize("name", [name for name in NAMES if measures()[name].mergeable])
def test_parts_add_up_to_all_at_once(name):
    measure, case = measures()[name], cases()[name]
    whole = gathered(name)
    for parts in (2, 4):
        found = [measure.gather(shard, case.settings) for shard in shards(case, parts, seed=parts)]
        orders = [found, found[::-1], found[1:] + found[:1]]
        merged = [measure.merge(order) for order in orders]
        assert [encode(each) for each in merged] == [encode(whole)] * len(orders)
        by_steps = measure.merge([measure.merge(found[:-1]), found[-1]])
        assert encode(by_steps) == encode(whole)


@pytest.mark.parametrize("name", [name for name in NAMES if not measures()[name].mergeable])
def test_what_does_not_add_up_says_so(name):
    statistics = gathered(name)
    for parts in ([statistics, statistics], [statistics]):
        with pytest.raises(FieldError):
            measures()[name].merge(parts)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_merged_is_refused(name):
    with pytest.raises(FieldError):
        measures()[name].merge([])


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_in_both_languages(name):
    measure = measures()[name]
    assert measure.name == name
    assert name.startswith(f"{measure.family}.")
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", name)
    for text in (measure.title, measure.misleads):
        assert text.en
        assert text.zh
        assert text.en != text.zh
        assert not re.search(r"[一-鿿]", text.en)
        assert re.search(r"[一-鿿]", text.zh)
    assert measure.method.source
    assert measure.method.name
    assert measure.unit
    assert set(measure.needs) <= ROLES
    assert measure.cost == "counts" or not isinstance(measure, CountingMeasure)


def test_titles_differ():
    for language in ("en", "zh"):
        titles = [getattr(measure.title, language) for measure in measures().values()]
        assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", NAMES)
def test_a_needed_role_that_is_not_filled_is_refused_by_name(name):
    """What `needs` names is needed: without it there is a reason, never a number."""
    measure, case = measures()[name], cases()[name]
    for role in measure.needs:
        roles, reference, model = case.roles, case.reference, case.model
        if role in {"reference", "model"}:
            reference, model = (None, model) if role == "reference" else (reference, None)
        else:
            empty = msgspec.structs.fields(Roles)
            default = next(each.default for each in empty if each.name == role)
            roles = msgspec.structs.replace(roles, **{role: default})
        without = case._replace(roles=roles, reference=reference, model=model)
        with pytest.raises((FieldError, EvidenceError)):
            measure.estimate(measure.gather(without.sample(), case.settings), case.settings, HOW)


@pytest.mark.parametrize("name", NAMES)
def test_settings_go_through_a_plan_and_back(name):
    settings = cases()[name].settings
    plain = msgspec.json.decode(canonical.encode(to_plain(settings)))
    assert msgspec.convert(plain, type(settings), strict=True) == settings


def test_numbers_depend_on_nothing_but_statistics_settings_and_how():
    """Draws are those of the seed: another one gives other limits, the same one the same."""
    name = "fairness.groups"
    measure, case, statistics = measures()[name], cases()[name], gathered(name)
    limits = [
        [
            (each.low, each.high)
            for each in measure.estimate(statistics, case.settings, msgspec.structs.replace(HOW, seed=seed))
        ]
        for seed in (1, 2, 1)
    ]
    assert limits[0] == limits[2]
    assert all(a != b for a, b in itertools.pairwise(limits))
