"""Reason codes of step 1 in words, each with what to do about it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["REASONS", "Reason"]


class Reason(NamedTuple):
    """A reason code in words, and what to do."""

    found: str
    fix: str


REASONS: dict[str, Reason] = {
    "malformed": Reason("not a well-formed statement", "compare it with docs/assessment.md and sign it again"),
    "unknown-key": Reason(
        "signed by a key that is not granted, or no longer", "have the root grant the key with `dualtrack key grant`"
    ),
    "bad-signature": Reason("the signature does not hold for these bytes", "sign the exact bytes again"),
    "replayed": Reason(
        "nothing has changed since these exact words were recorded",
        "change what you mean to change, or leave it as it stands",
    ),
    "demo-key": Reason("a demo key or demo evidence in a real institution", "use keys and evidence of your own"),
    "wrong-role": Reason(
        "the signer's roles do not admit this", "have it signed by a holder of one of the roles named"
    ),
    "unknown-topic": Reason(
        "no adopted pack knows this topic", "see `dualtrack evidence topics`, or adopt the pack that asks for it"
    ),
    "wrong-kind": Reason("the topic is of another kind of evidence", "use the kind that the topic names"),
    "bad-fields": Reason("the fields are not those of the topic", "give every field with its type and no others"),
    "wrong-subject": Reason("it is about another subject than its topic is about", "name the release, use or firm"),
    "other-release": Reason("it is about another release", "measure the release that is to run, then add it again"),
    "unknown-claim": Reason("it names a claim that the use does not declare", "declare the claim beforehand"),
    "late-claim": Reason(
        "the terms of its claim were not registered before it, or have changed since",
        "register the claim first, then measure and add the measurement",
    ),
    "unplanned": Reason(
        "it names no plan that was registered before it for this topic, at these thresholds",
        "`dualtrack plan register FILE`, then `dualtrack measure`; evidence of other tools names the plan in its statistics",
    ),
    "before-declaration": Reason(
        "it approved an earlier declaration", "have the use as it is now declared approved, and add that"
    ),
    "future": Reason("taken in the future", "check the clock of the collector"),
    "too-old": Reason("taken too long before it was recorded", "observe again"),
    "older": Reason("a later observation of this topic is recorded already", "observe again, and add that"),
}
