from __future__ import annotations

import pytest

from dualtrack.domain.policy import RuntimePolicy, check_policy
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError
from runtime.runtime_world import policy


def read(**changes):
    found = read_record(policy(**changes), RuntimePolicy, where="policy.yaml")
    check_policy(found, where="policy.yaml")
    return found


def test_a_policy_is_read_and_has_one_form():
    assert encode(read()) == encode(read())


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "x"}, "format"),
        ({"upstreams": []}, "upstreams"),
        ({"upstreams": [{"id": "m", "kind": "openai", "provider": "p"}]}, "upstream m"),
        ({"upstreams": [{"id": "m", "kind": "http", "provider": "p", "url": "file:///etc"}]}, "upstream m"),
        ({"fields": [{"name": "a", "type": "number"}] * 2}, "fields"),
        ({"fields": [{"name": "a", "type": "number", "low": 2, "high": 1}]}, "field a"),
        ({"tools": [{"name": "t", "changes_state": True}] * 2}, "tools"),
        ({"guards": [{"guard": "opt_out", "stage": "input", "action": "route"}] * 501}, "guards"),
        ({"review": {"mode": "sometimes"}}, "review"),
        ({"buffered_because": "  "}, "buffered_because"),
        ({"surprise": 1}, ""),
    ],
)
def test_a_wrong_policy_is_refused_by_its_field(changes, field):
    with pytest.raises(FieldError) as caught:
        read(**changes)
    assert field in f"{caught.value.where} {caught.value.found}"
