"""A runtime policy looked at before a release: templates, what is refused, what is only noted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.policy_check import PLACEHOLDER, examine_policy, policy_template
from dualtrack.runtime.retention import retention_classes
from runtime.runtime_world import policy


def record(**changes) -> RuntimePolicy:
    return read_record(policy(**changes), RuntimePolicy, where="test")


def notes(**changes) -> list[str]:
    return examine_policy(record(**changes), where="test").notes


@pytest.mark.parametrize("kind", ["row", "chat"])
def test_a_template_names_every_required_field_and_only_nulls_are_missing(kind):
    plain = read_yaml(policy_template(kind, "my-bank/use").encode(), where="template")
    plain["human"] = {"en": "Call", "zh-Hant": "致電"}
    if kind == "row":
        plain["fields"][0]["name"] = "late"
    else:
        plain["upstreams"][0] |= {"provider": "lab", "url": "http://127.0.0.1:1/v1", "model": "m", "fingerprint": "m"}
    found = read_record(plain, RuntimePolicy, where="template")
    assert examine_policy(found, where="template").notes == []


@pytest.mark.parametrize("kind", ["row", "chat"])
def test_the_name_is_filled_in_below_the_comments_only(kind):
    text = policy_template(kind, "my-bank/use")
    assert PLACEHOLDER in policy_template(kind)
    assert "\nuse: my-bank/use\n" in text
    assert PLACEHOLDER in text.splitlines()[1]
    with pytest.raises(FieldError):
        policy_template(kind, "no use")


def test_the_digest_is_that_of_the_canonical_bytes():
    found = record()
    assert examine_policy(found, where="test").digest == canonical.digest(encode(found))


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12))
def test_only_known_classes_of_retention_pass(name):
    if name in retention_classes():
        assert examine_policy(record(retention=name), where="test").digest
    else:
        with pytest.raises(FieldError) as caught:
            examine_policy(record(retention=name), where="test")
        assert "amlo-5y" in caught.value.expected


@pytest.mark.parametrize(
    "review", [{"mode": "sample"}, {"mode": "none", "sample_percent": 5}, {"mode": "hold", "sample_percent": 100}]
)
def test_a_share_goes_with_sampling_and_with_nothing_else(review):
    with pytest.raises(FieldError, match="sample"):
        examine_policy(record(review=review), where="test")
    assert examine_policy(record(review={"mode": "sample", "sample_percent": 5}), where="test").digest


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"audience": "customers"}, "no disclosure"),
        ({"guards": []}, "no guard input_schema"),
        ({"guards": [{"guard": "injection", "stage": "input", "action": "allow"}]}, "only measures"),
        ({"tools": [{"name": "pay", "changes_state": True}]}, "to a person"),
        ({"tools": [{"name": "look_up", "changes_state": False}]}, "only what is off the list is blocked"),
        ({"output": {"citations": True}}, "output_checks"),
        (
            {"upstreams": [{"id": "model", "kind": "openai", "provider": "lab", "url": "http://a/v1"}]},
            "no guard looks for injection",
        ),
        (
            {"upstreams": [{"id": "model", "kind": "openai", "provider": "lab", "url": "http://a/v1"}]},
            "without a fingerprint",
        ),
        (
            {"upstreams": [{"id": "model", "kind": "http", "provider": "lab", "url": "http://a/score"}]},
            "without a fingerprint",
        ),
    ],
)
def test_what_is_rarely_meant_is_noted(changes, says):
    assert any(says in note for note in notes(**changes))
    assert not any(says in note for note in notes(output={}))


def test_suspicion_without_its_wall_is_refused():
    fields = [{"name": "reported", "type": "boolean", "suspicion": True}]
    with pytest.raises(FieldError, match="wall"):
        examine_policy(record(fields=fields), where="test")


def test_an_upstream_with_a_fingerprint_is_not_noted():
    pinned = {"id": "model", "kind": "http", "provider": "lab", "url": "http://a/score", "fingerprint": "card-3"}
    assert not any("fingerprint" in note for note in notes(upstreams=[pinned]))
