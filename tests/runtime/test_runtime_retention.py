"""The classes of retention: each rests on the packs' own years where a pack has them, and on its cited text alone where none has."""

from __future__ import annotations

from datetime import date

import pytest

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import read_record
from dualtrack.errors import FieldError
from dualtrack.rules.shipped import shipped, shipped_ids
from dualtrack.runtime.policy_check import examine_policy, policy_template
from dualtrack.runtime.retention import retention_classes
from runtime.runtime_world import policy

ON = date(2026, 11, 27)
BASES = [(name, basis) for name, found in retention_classes().items() for basis in found.packs]
WITHOUT_A_PACK = {"sfo-7y", "coc-algo-2y"}


def test_each_class_with_years_names_its_packs_or_is_known_to_have_none():
    years = {name for name, found in retention_classes().items() if found.years is not None}
    assert years - {name for name, _ in BASES} == WITHOUT_A_PACK
    for name in years:
        assert retention_classes()[name].cites, name


@pytest.mark.parametrize(("name", "basis"), BASES, ids=[f"{name}-{basis.pack}" for name, basis in BASES])
def test_the_years_of_a_class_are_those_that_the_packs_rule_tests(name, basis):
    pack = shipped(basis.pack)
    assert pack.parameters_on(ON)[f"param.{basis.parameter}"] == retention_classes()[name].years
    assert f"param.{basis.parameter}" in pack.rule(basis.rule).names


def test_no_pack_with_such_a_parameter_is_left_out():
    have = {name for name in shipped_ids() if "param.retention_years" in shipped(name).parameters_on(ON)}
    assert {basis.pack for _, basis in BASES} == have


@pytest.mark.parametrize("kind", ["row", "chat"])
def test_the_templates_name_a_class_that_exists(kind):
    assert (
        read_yaml(policy_template(kind, "my-bank/use").encode(), where="template")["retention"] in retention_classes()
    )


def test_a_class_of_ones_own_invention_is_refused():
    with pytest.raises(FieldError, match="customer-conversations"):
        examine_policy(
            read_record(policy(retention="customer-conversations"), RuntimePolicy, where="test"), where="test"
        )
