from __future__ import annotations

import pytest

from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.incidents import (
    FACT_CHARACTERS_MAX,
    FACTS_MAX,
    get_incident,
    incident_updates,
    list_incidents,
    open_incident,
    update_incident,
)
from permit.firm import FIRM, USE


def raised(desk, **changes):
    given = {"kind": "wrong-answers", "severity": "material", "note": "It said too much", "by": "owner", "use": USE}
    return open_incident(desk.register, **given | changes)


def test_an_incident_is_followed_to_its_end(desk):
    found = raised(desk, facts={"customers": 3})
    assert get_incident(desk.register, found.id) == found
    for state in ("contained", "closed"):
        update_incident(desk.register, found.id, state=state, note=f"now {state}", by="compliance")
    assert [item.state for item in incident_updates(desk.register, found.id)] == ["contained", "closed"]
    assert list_incidents(desk.register)[0]["state"] == "closed"
    assert list_incidents(desk.register, open_only=True) == []
    with pytest.raises(FieldError, match="closed"):
        update_incident(desk.register, found.id, state="open", note="again", by="compliance")


def test_the_list_is_newest_first_and_by_use(desk):
    first = raised(desk)
    second = raised(desk, use=None, severity="minor")
    ids = [row["id"] for row in list_incidents(desk.register)]
    assert sorted(ids) == sorted([first.id, second.id])
    assert ids == sorted(ids, reverse=True)
    assert [row["id"] for row in list_incidents(desk.register, uses=frozenset({USE}))] == [first.id]
    assert desk.register.repository.newest("incident/1", FIRM) is not None


@pytest.mark.parametrize(
    "facts", [{str(number): 1 for number in range(FACTS_MAX + 1)}, {"story": "x" * (FACT_CHARACTERS_MAX + 1)}]
)
def test_facts_are_counts_and_identifiers(desk, facts):
    with pytest.raises(FieldError, match="facts"):
        raised(desk, facts=facts)


@pytest.mark.parametrize("changes", [{"kind": "Not A Slug"}, {"severity": "huge"}, {"note": ""}, {"by": "No Slug"}])
def test_what_people_send_is_checked(desk, changes):
    size = desk.register.repository.size()
    with pytest.raises(FieldError):
        raised(desk, **changes)
    assert desk.register.repository.size() == size


def test_what_is_not_there_is_not_found(desk):
    with pytest.raises(NotFoundError, match="not declared"):
        raised(desk, use=f"{FIRM}/other")
    with pytest.raises(NotFoundError, match="no such incident"):
        update_incident(desk.register, "0" * 26, state="closed", note="done", by="owner")
