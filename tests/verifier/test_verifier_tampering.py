"""Every kind of tampering is refused, with its reason."""

from __future__ import annotations

import bundle_builder as made
import pytest
import tampering
import tampering_keys

import dualtrack_verify as verifier

BUNDLE = made.build()


def test_the_untouched_bundle_is_verified():
    assert verifier.verify(BUNDLE, made.anchors()).exit == 0


@pytest.mark.parametrize(
    ("change", "reason"), [case[1:] for case in tampering.ARCHIVE_CASES], ids=[c[0] for c in tampering.ARCHIVE_CASES]
)
def test_changed_bytes_are_refused(change, reason):
    changed = change(BUNDLE)
    assert changed != BUNDLE
    result = verifier.verify(changed, made.anchors())
    assert (result.exit, result.reason) == (1, reason), result.detail


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [case[1:] for case in tampering_keys.BUILDER_CASES],
    ids=[c[0] for c in tampering_keys.BUILDER_CASES],
)
def test_a_lying_institution_is_refused(hooks, reason):
    result = verifier.verify(made.build(**hooks), made.anchors())
    assert (result.exit, result.reason) == (1, reason), result.detail


@pytest.mark.parametrize("trusted", [True, False])
def test_no_flipped_bit_survives(trusted):
    anchors = made.anchors() if trusted else None
    accepted = [seed for seed in range(150) if verifier.verify(tampering.flipped(BUNDLE, seed), anchors).exit != 1]
    assert accepted == []


@pytest.mark.parametrize("offset", range(64))
def test_no_flipped_bit_survives_in_the_archives_own_fields(offset):
    """The last 64 bytes are the end record and part of the directory; no checksum covers those."""
    position = len(BUNDLE) - 1 - offset
    changed = tampering.patched(BUNDLE, position, bytes([BUNDLE[position] ^ 1]))
    assert verifier.verify(changed, made.anchors()).exit == 1


@pytest.mark.parametrize("at_least", [16, 17])
def test_a_log_shorter_than_seen_is_refused(at_least):
    result = verifier.verify(BUNDLE, made.anchors(), at_least=at_least)
    assert result.reason == (None if at_least == 16 else "log-too-short")


def test_a_fork_is_not_noticed_without_a_witness_and_the_report_says_so():
    result = verifier.verify(made.build(drafts=tampering_keys.forked), made.anchors(quorum=0))
    assert result.exit == 0
    assert "fork" in [code for code, _ in result.not_established]


def test_there_are_enough_kinds():
    names = [case[0] for case in [*tampering.ARCHIVE_CASES, *tampering_keys.BUILDER_CASES]]
    assert len(set(names)) == len(names) >= 25
    assert {case[2] for case in [*tampering.ARCHIVE_CASES, *tampering_keys.BUILDER_CASES]} <= set(verifier.REASONS)
