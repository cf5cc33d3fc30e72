from __future__ import annotations

import pytest

from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.opting import has_opted_out, opt_out, opt_out_by_receipt
from permit.firm import FIRM, USE


def test_a_person_opts_out_and_back_in(desk):
    subject = desk.subjects.pseudonym(FIRM, "ann")
    size = desk.register.repository.size()
    assert opt_out(desk.register, desk.subjects, USE, person="ann")
    assert has_opted_out(desk.register, USE, subject)
    assert desk.kinds(size) == ["opt-out/1", "signal/1"]
    assert not has_opted_out(desk.register, USE, desk.subjects.pseudonym(FIRM, "bob"))
    assert opt_out(desk.register, desk.subjects, USE, subject=subject, active=False, by="staff")
    assert not has_opted_out(desk.register, USE, subject)
    assert desk.kinds(size + 2) == ["opt-out/1"]


def test_saying_it_twice_adds_nothing(desk):
    assert not opt_out(desk.register, desk.subjects, USE, person="ann", active=False)
    opt_out(desk.register, desk.subjects, USE, person="ann")
    size = desk.register.repository.size()
    assert not opt_out(desk.register, desk.subjects, USE, person="ann")
    assert desk.register.repository.size() == size


def test_a_receipt_is_enough(desk):
    _, code = desk.decide(person="ann")
    assert opt_out_by_receipt([desk.register], code.upper())
    assert has_opted_out(desk.register, USE, desk.subjects.pseudonym(FIRM, "ann"))


def test_a_receipt_about_nobody_names_nobody(desk):
    _, code = desk.decide(person=None)
    with pytest.raises(FieldError, match="names nobody"):
        opt_out_by_receipt([desk.register], code)


def test_the_identifier_stands_nowhere_in_the_ledger(desk):
    opt_out(desk.register, desk.subjects, USE, person="ann-identifier-7")
    assert all(b"ann-identifier-7" not in entry.content for entry in desk.register.repository.entries())


@pytest.mark.parametrize("who", [{}, {"person": "ann", "subject": "a" * 64}])
def test_exactly_one_person_is_named(desk, who):
    with pytest.raises(FieldError, match="not exactly one"):
        opt_out(desk.register, desk.subjects, USE, **who)


def test_a_use_must_be_declared(desk):
    with pytest.raises(NotFoundError, match="not declared"):
        opt_out(desk.register, desk.subjects, f"{FIRM}/other", person="ann")
