"""Every runtime policy that the demo ships can run and protect, by the check that a firm's own policy goes through."""

from __future__ import annotations

import msgspec
import pytest

from dualtrack.demo.firms import demo_firms
from dualtrack.demo.language import running
from dualtrack.demo.language.corpus import USES
from dualtrack.demo.language.model import find_model
from dualtrack.demo.language.running import prepare_use
from dualtrack.demo.language.uses import load_policy
from dualtrack.demo.running import runtime_policy
from dualtrack.domain.vocabulary import InstitutionType
from dualtrack.errors import FieldError
from dualtrack.evidence.demo.uses import USES as MEASURED
from dualtrack.runtime.policy_check import examine_policy
from dualtrack.runtime.retention import retention_classes

LAW = {"bank": "amlo-5y", "broker": "sfo-7y"}


@pytest.mark.parametrize("use", MEASURED, ids=[use.slug for use in MEASURED])
def test_the_policy_of_a_measured_use_passes_the_check(use):
    assert examine_policy(runtime_policy(f"a-bank/{use.slug}", use.slug), where="policies.yaml").digest


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("url", [None, "http://127.0.0.1:1/v1"])
def test_the_policy_of_a_language_use_passes_the_check(use, url):
    assert examine_policy(load_policy(use, model_url=url), where=use).digest


@pytest.mark.parametrize("use", USES)
def test_a_language_use_keeps_what_the_law_on_its_kind_of_firm_keeps(use):
    found = retention_classes()[load_policy(use).retention]
    assert load_policy(use).retention == LAW[use]
    assert found.law is not None


def test_a_class_that_does_not_exist_stops_the_demo_before_anything_is_released(monkeypatch):
    wrong = msgspec.structs.replace(load_policy("bank"), retention="customer-conversations")
    monkeypatch.setattr(running, "load_policy", lambda *_, **__: wrong)

    class Untouched:
        """Stands where nothing may be declared, kept or released."""

        institution = next(firm.id for firm in demo_firms() if firm.type is InstitutionType.BANK)

    with pytest.raises(FieldError, match="customer-conversations"):
        prepare_use(Untouched(), Untouched(), "bank", find_model(None))
