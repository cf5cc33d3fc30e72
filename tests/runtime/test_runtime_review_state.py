"""Where a review stands: who may do what, and laws that hold whatever people try."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from review_records import DRAFT, DUE_MINUTES, SECOND, START, THIRD, act, opened_review

from dualtrack.errors import FieldError, ReviewError
from dualtrack.runtime.review_state import (
    ACTIONS_MAX,
    CLAIM_MINUTES,
    END_STATES,
    apply_action,
    fold,
    may,
    start_review,
)


def after(state, *steps):
    """Apply steps (action, by, minute[, fields]) in turn."""
    for action, by, minute, *fields in steps:
        state = apply_action(state, act(state, action, by, minute, **(fields[0] if fields else {})))
    return state


def refused(state, action, by, minute, code, **fields):
    """Expect that a step is refused for the reason that the code names."""
    with pytest.raises(ReviewError) as caught:
        after(state, (action, by, minute, fields))
    assert caught.value.code == f"review.{code}"
    assert caught.value.status == 409
    return True


@pytest.fixture
def state():
    return start_review(opened_review())


@pytest.fixture
def eyes():
    return start_review(opened_review(four_eyes=True))


# --- the usual ways ---


def test_claim_and_approve_releases_the_draft(state):
    done = after(state, ("claim", "ann", 1), ("approve", "ann", 3))
    assert (done.status, done.released, done.late, done.safe_message) == ("approved", DRAFT, False, False)


def test_modify_releases_the_new_text(state):
    done = after(state, ("claim", "ann", 1), ("modify", "ann", 3, {"output": SECOND, "edit_distance": 4}))
    assert (done.status, done.released) == ("modified", SECOND)


@pytest.mark.parametrize(("action", "status"), [("reject", "rejected"), ("terminate", "terminated")])
def test_what_nobody_stands_for_gives_the_safe_message(state, action, status):
    done = after(state, ("claim", "ann", 1), (action, "ann", 3))
    assert (done.status, done.released, done.safe_message) == (status, None, True)


def test_expiry_gives_the_safe_message_even_while_somebody_reads(state):
    claimed = after(state, ("claim", "ann", 1))
    assert refused(claimed, "expire", None, DUE_MINUTES - 1, "not-due")
    done = after(claimed, ("expire", None, DUE_MINUTES))
    assert (done.status, done.released, done.safe_message) == ("expired", None, True)


def test_approval_after_the_due_instant_is_allowed_and_recorded_as_late(state):
    claimed = after(state, ("claim", "ann", 200))
    assert after(claimed, ("approve", "ann", DUE_MINUTES)).late is False
    late = after(claimed, ("approve", "ann", DUE_MINUTES + 1))
    assert (late.status, late.late) == ("approved", True)


def test_the_fold_is_the_actions_in_turn(state):
    claim = act(state, "claim", "ann", 1)
    approve = act(apply_action(state, claim), "approve", "ann", 3)
    assert fold(state.opened, [claim, approve]) == after(state, ("claim", "ann", 1), ("approve", "ann", 3))
    assert fold(state.opened, []) == state
    with pytest.raises(ReviewError):
        fold(state.opened, [approve])


# --- who may ---


@pytest.mark.parametrize("action", ["claim", "approve", "reject", "escalate"])
def test_the_maker_is_never_the_checker(state, action):
    assert refused(state, action, "maker", 1, "maker")


def test_only_who_has_the_role_may(state):
    for roles in ([], ["owner", "developer"]):
        with pytest.raises(ReviewError, match="for the role reviewer"):
            may(state, "claim", "ann", roles, START)
    for roles in (["reviewer"], ["approver"], ["auditor", "reviewer"]):
        assert may(state, "claim", "ann", roles, START) is None


def test_nothing_is_decided_without_a_claim(state):
    assert refused(state, "approve", "ann", 1, "not-claimed")
    assert refused(after(state, ("claim", "ann", 1), ("unclaim", "ann", 2)), "approve", "ann", 3, "not-claimed")


def test_claimed_by_another_keeps_others_out_until_the_claim_is_old(state):
    claimed = after(state, ("claim", "ann", 1))
    assert refused(claimed, "approve", "bob", 2, "claimed")
    assert refused(claimed, "unclaim", "bob", 2, "claimed")
    assert refused(claimed, "claim", "ann", 2, "claimed")
    assert refused(claimed, "claim", "bob", 1 + CLAIM_MINUTES, "claimed")
    taken = after(claimed, ("claim", "bob", 2 + CLAIM_MINUTES))
    assert refused(taken, "approve", "ann", 3 + CLAIM_MINUTES, "claimed")
    assert after(taken, ("approve", "bob", 3 + CLAIM_MINUTES)).status == "approved"


def test_who_claimed_may_still_decide_when_nobody_took_over(state):
    assert after(state, ("claim", "ann", 1), ("approve", "ann", 100)).status == "approved"


def test_only_the_clock_expires_and_it_does_nothing_else(state):
    with pytest.raises(ReviewError, match="only the clock"):
        may(state, "expire", "ann", ["reviewer"], START + timedelta(days=1))
    with pytest.raises(ReviewError, match="only the clock"):
        may(state, "approve", None, ["reviewer"], START)


@pytest.mark.parametrize("end", ["approve", "reject", "terminate"])
def test_nothing_happens_after_the_end(state, end):
    done = after(state, ("claim", "ann", 1), (end, "ann", 3))
    for action, by in (("claim", "bob"), ("approve", "ann"), ("expire", None)):
        assert refused(done, action, by, DUE_MINUTES + 1, "ended")


# --- escalation ---


def test_escalation_goes_to_approvers_and_the_clock_runs_on(state):
    up = after(state, ("claim", "ann", 1), ("escalate", "ann", 9))
    assert (up.status, up.level, up.due) == ("escalated", "approver", state.due)
    assert refused(up, "claim", "bob", 10, "role")
    assert refused(up, "claim", "ann", 10, "escalated", role="approver")
    claimed = after(up, ("claim", "cho", 11, {"role": "approver"}))
    assert after(claimed, ("unclaim", "cho", 12, {"role": "approver"})).status == "escalated"
    assert refused(claimed, "escalate", "cho", 12, "escalated", role="approver")
    assert after(claimed, ("approve", "cho", 13, {"role": "approver"})).status == "approved"
    assert after(up, ("expire", None, DUE_MINUTES)).status == "expired"


def test_who_escalates_no_longer_says_yes(eyes):
    up = after(eyes, ("claim", "ann", 1), ("approve", "ann", 2), ("claim", "ann", 3), ("escalate", "ann", 4))
    assert up.approvals == ()
    once = after(up, ("claim", "cho", 5, {"role": "approver"}), ("approve", "cho", 6, {"role": "approver"}))
    assert (once.status, once.released) == ("escalated", None)


# --- four eyes ---


def test_two_people_approve_the_same_text(eyes):
    once = after(eyes, ("claim", "ann", 1), ("approve", "ann", 2))
    assert (once.status, once.released, once.approvals) == ("queued", None, ("ann",))
    assert refused(after(once, ("claim", "ann", 3)), "approve", "ann", 4, "four-eyes")
    done = after(once, ("claim", "bob", 3), ("approve", "bob", 4))
    assert (done.status, done.released, done.approvals) == ("approved", DRAFT, ("ann", "bob"))


def test_a_change_takes_away_what_was_said_of_the_old_text(eyes):
    changed = after(
        eyes, ("claim", "ann", 1), ("approve", "ann", 2), ("claim", "bob", 3), ("modify", "bob", 4, {"output": SECOND})
    )
    assert (changed.status, changed.approvals, changed.released) == ("queued", ("bob",), None)
    assert refused(after(changed, ("claim", "bob", 5)), "approve", "bob", 6, "four-eyes")
    done = after(changed, ("claim", "ann", 5), ("approve", "ann", 6))
    assert (done.status, done.released) == ("modified", SECOND)


def test_the_text_on_the_screen_must_be_the_text_under_review(eyes):
    changed = after(eyes, ("claim", "ann", 1), ("modify", "ann", 2, {"output": SECOND}), ("claim", "bob", 3))
    assert refused(changed, "approve", "bob", 4, "text", output=DRAFT)
    assert refused(changed, "modify", "bob", 4, "text", output=SECOND)


# --- what a record must say ---


def test_time_does_not_run_backwards(state):
    assert refused(after(state, ("claim", "ann", 5)), "unclaim", "ann", 4, "time")
    assert refused(state, "claim", "ann", -1, "time")


def test_the_seconds_are_those_from_claim_to_decision(state):
    claimed = after(state, ("claim", "ann", 1))
    honest = act(claimed, "approve", "ann", 3)
    assert honest.seconds == 120
    with pytest.raises(ReviewError, match="119 seconds stated"):
        apply_action(claimed, msgspec.structs.replace(honest, seconds=119))


def test_an_action_on_another_review_is_refused(state):
    foreign = act(start_review(opened_review(7)), "claim", "ann", 1)
    with pytest.raises(ReviewError, match="another review"):
        apply_action(state, foreign)


def test_records_that_are_not_whole_are_refused(state):
    with pytest.raises(FieldError):
        apply_action(state, msgspec.structs.replace(act(state, "claim", "ann", 1), reason="why not"))
    with pytest.raises(FieldError):
        start_review(msgspec.structs.replace(opened_review(), makers=[]))


def test_actions_are_bounded(state):
    for _ in range(ACTIONS_MAX // 2):
        state = after(state, ("claim", "ann", 1), ("unclaim", "ann", 1))
    assert refused(state, "claim", "ann", 1, "too-many")


# --- laws, whatever people try ---

PEOPLE = ["maker", "ann", "bob", "cho"]


class Review(RuleBasedStateMachine):
    """Anybody tries anything at any time; what is let through is kept beside the state and judged apart from it."""

    four_eyes = False

    def __init__(self):
        super().__init__()
        self.state = start_review(opened_review(four_eyes=self.four_eyes))
        self.minute = 0
        self.done = []
        self.ends = 0

    @rule(
        action=st.sampled_from(["claim", "unclaim", "approve", "modify", "reject", "terminate", "escalate", "expire"]),
        by=st.sampled_from([*PEOPLE, None]),
        role=st.sampled_from(["reviewer", "approver"]),
        output=st.sampled_from([None, DRAFT, SECOND, THIRD]),
        minutes=st.sampled_from([0, 1, 5, 61, 100]),
    )
    def attempt(self, action, by, role, output, minutes):
        self.step(action, by, role, output, minutes)

    @rule(
        action=st.sampled_from(["approve", "approve", "modify", "unclaim", "escalate"]),
        output=st.sampled_from([DRAFT, SECOND, THIRD]),
    )
    def proceed(self, action, output):
        """Go on as the claimant, so that runs come deep into the tree."""
        self.step(action, self.state.claimant, "approver", output if action == "modify" else None, 1)

    @rule(by=st.sampled_from(PEOPLE), role=st.sampled_from(["reviewer", "approver"]))
    def claim(self, by, role):
        self.step("claim", by, role, None, 1)

    def step(self, action, by, role, output, minutes):
        before = self.state
        if action not in {"approve", "modify"}:
            output = None
        record = act(before, action, by, self.minute + minutes, role=role, output=output)
        try:
            self.state = apply_action(before, record)
        except (ReviewError, FieldError):
            assert self.state is before
            return
        assert not before.ended
        self.minute += minutes
        self.done.append((record, before))
        self.ends += self.state.ended

    @invariant()
    def there_is_one_end_at_most(self):
        assert self.ends <= 1
        assert self.state.ended is (self.ends == 1) is (self.state.status in END_STATES)

    @invariant()
    def nothing_is_released_without_a_yes_to_exactly_it_by_who_did_not_build_it(self):
        yes = {r.by for r, _ in self.done if r.action in {"approve", "modify"} and r.output == self.state.released}
        if self.state.released is not None:
            assert yes - {"maker"}
            assert len(yes) >= (2 if self.four_eyes else 1)
            assert self.state.status in {"approved", "modified"}
        else:
            assert self.state.status not in {"approved", "modified"}

    @invariant()
    def the_maker_has_done_nothing(self):
        assert all(record.by != "maker" for record, _ in self.done)

    @invariant()
    def who_decided_had_claimed(self):
        for record, before in self.done:
            if record.action not in {"claim", "expire"}:
                assert before.claimant == record.by

    @invariant()
    def after_an_escalation_only_approvers_act(self):
        for record, before in self.done:
            if before.level == "approver" and record.by is not None:
                assert record.role == "approver"
                assert record.by != before.escalated_by

    @invariant()
    def the_end_without_a_text_gives_the_safe_message(self):
        assert self.state.safe_message is (self.state.ended and self.state.released is None)

    @invariant()
    def the_records_alone_give_the_state(self):
        assert fold(self.state.opened, [record for record, _ in self.done]) == self.state


class FourEyes(Review):
    """The same under four eyes."""

    four_eyes = True


TestTwoEyes = Review.TestCase
TestFourEyes = FourEyes.TestCase
