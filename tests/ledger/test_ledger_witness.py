import json
import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dualtrack.errors import StoreCorruptError, StoreError, WitnessError
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger import witness_state
from dualtrack.ledger.checkpoint import Checkpoint, sign_checkpoint
from dualtrack.ledger.cosign import verify_cosignatures
from dualtrack.ledger.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, tree_head
from dualtrack.ledger.note import Note, parse_note, parse_signature_line, sign_text
from dualtrack.ledger.witness import REFUSALS, Witness
from dualtrack.ledger.witness_request import PROOF_LINES_MAX, REQUEST_BYTES_MAX, build_request, parse_request
from dualtrack.ledger.witness_state import FileState, Head, MemoryState

C2SP = json.loads((Path(__file__).parent / "vectors" / "c2sp.json").read_text("utf-8"))
ORIGIN = "example.com/our-log"
LOG = FileSigner.generate("log")
LOG_KEY = VerifierKey.of(ORIGIN, LOG.public_key)
WITNESS = FileSigner.generate("witness")
NAME = "witness.example/w1"
WITNESS_KEY = VerifierKey.of(NAME, WITNESS.public_key, NoteKeyType.COSIGNATURE)
NOW = 1_700_000_000
HONEST = [leaf_hash(b"%d" % number) for number in range(40)]
FORKED = [*HONEST[:10], leaf_hash(b"fork"), *HONEST[11:]]


def reader(leaves):
    return lambda level, index: tree_head(leaves[index << level : (index + 1) << level])


def signed(leaves, size, signer=LOG):
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=tree_head(leaves[:size])), signer)


def request(old, size, leaves=HONEST, signer=LOG, proof=None):
    if proof is None:
        proof = consistency_proof(old, size, reader(leaves)) if 0 < old <= size else []
    return build_request(old, proof, signed(leaves, size, signer))


@pytest.fixture
def witness():
    return Witness(NAME, WITNESS, MemoryState(), [LOG_KEY])


def refused(witness, body, reason):
    before = witness.head(ORIGIN)
    with pytest.raises(WitnessError) as caught:
        witness.add_checkpoint(body, NOW)
    assert (caught.value.code, caught.value.status) == (f"ledger.witness-{reason}", REFUSALS[reason])
    assert witness.head(ORIGIN) == before
    return caught.value


def test_consistent_heads_are_cosigned(witness):
    for old, new in ((0, 0), (0, 5), (5, 5), (5, 8), (8, 33)):
        line = witness.add_checkpoint(request(old, new), NOW + new)
        note = parse_note(signed(HONEST, new)).with_signatures([parse_signature_line(line.removesuffix("\n"))])
        assert [(c.key, c.time_s) for c in verify_cosignatures(note, [WITNESS_KEY])] == [(WITNESS_KEY, NOW + new)]
        assert witness.head(ORIGIN) == Head(size=new, root=tree_head(HONEST[:new]))


def test_each_refusal(witness):
    witness.add_checkpoint(request(0, 12), NOW)
    stranger = FileSigner.generate("s")
    foreign = sign_checkpoint(Checkpoint(origin="example.com/x", size=1, root=HONEST[0]), LOG)
    refused(witness, build_request(0, [], foreign), "unknown-origin")
    refused(witness, request(12, 20, signer=stranger), "bad-signature")
    refused(witness, request(12, 20).replace(b"\n20\n", b"\n21\n"), "bad-signature")
    refused(witness, request(12, 8), "smaller")
    assert refused(witness, request(8, 20), "old-size-mismatch").expected == "old 12"
    refused(witness, request(0, 20), "old-size-mismatch")
    refused(witness, request(8, 8), "old-size-mismatch")
    refused(witness, request(12, 12, FORKED), "same-size-different-root")
    refused(witness, request(12, 20, FORKED), "inconsistent")
    refused(witness, request(12, 20, proof=[]), "inconsistent")
    refused(witness, request(12, 12, proof=[HONEST[0]]), "empty-proof")
    refused(witness, b"old 12\n\nno checkpoint\n", "malformed")
    witness.add_checkpoint(request(12, 20), NOW)


def test_refusals_of_a_first_head(witness):
    refused(witness, request(0, 5, proof=[HONEST[0]]), "empty-proof")
    refused(witness, request(3, 5), "old-size-mismatch")
    # Our signer refuses to sign this head, so it is put together by hand.
    lying = Checkpoint(origin=ORIGIN, size=0, root=HONEST[0]).text()
    data = Note(text=lying, signatures=(sign_text(lying, ORIGIN, LOG),)).encode()
    refused(witness, build_request(0, [], data), "empty-root")


def test_a_log_resigned_with_its_real_key_is_refused(witness):
    witness.add_checkpoint(request(0, 30), NOW)
    refused(witness, request(30, 40, FORKED), "inconsistent")
    refused(witness, request(30, 30, FORKED), "same-size-different-root")


def test_keys_that_no_witness_takes():
    for key in (
        VerifierKey.of("a", LOG.public_key, NoteKeyType.COSIGNATURE),
        VerifierKey.of("a", WITNESS.public_key),
    ):
        with pytest.raises(WitnessError):
            Witness(NAME, WITNESS, MemoryState(), [key])


def test_several_keys_of_one_log_and_other_cosignatures_are_taken():
    rotated = FileSigner.generate("log2")
    witness = Witness(NAME, WITNESS, MemoryState(), [LOG_KEY, VerifierKey.of(ORIGIN, rotated.public_key)])
    witness.add_checkpoint(request(0, 5), NOW)
    witness.add_checkpoint(request(5, 9, signer=rotated), NOW)


def test_the_state_is_durable_before_the_signature_exists():
    events = []

    class Recording(MemoryState):
        def advance(self, origin, old, new):
            events.append("state")
            return super().advance(origin, old, new)

    class Signer:
        name, key_id, public_key = WITNESS.name, WITNESS.key_id, WITNESS.public_key

        def sign(self, message):
            events.append("signature")
            return WITNESS.sign(message)

    witness = Witness(NAME, Signer(), Recording(), [LOG_KEY])
    witness.add_checkpoint(request(0, 5), NOW)
    witness.add_checkpoint(request(5, 5), NOW)
    assert events == ["state", "signature"] * 2


def test_a_head_that_moved_meanwhile_is_not_signed():
    class Racing(MemoryState):
        def advance(self, origin, old, new):
            super().advance(origin, old, Head(size=33, root=tree_head(HONEST[:33])))
            return super().advance(origin, old, new)

    witness = Witness(NAME, WITNESS, Racing(), [LOG_KEY])
    with pytest.raises(WitnessError) as caught:
        witness.add_checkpoint(request(0, 5), NOW)
    assert (caught.value.status, caught.value.expected) == (409, "old 33")


def test_example_request_of_the_specification_reads_and_writes():
    body = C2SP["request"].encode()
    parsed = parse_request(body)
    assert (parsed.old_size, len(parsed.proof)) == (20852014, 4)
    assert len(parse_note(parsed.checkpoint).signatures) == 2
    assert build_request(parsed.old_size, parsed.proof, parsed.checkpoint) == body


GOOD = signed(HONEST, 5)
HASH = b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n" + GOOD,
        b"0\n\n" + GOOD,
        b"old 00\n\n" + GOOD,
        b"old -1\n\n" + GOOD,
        b"old  1\n\n" + GOOD,
        b"old old 1\n\n" + GOOD,
        b"old 9223372036854775808\n\n" + GOOD,
        b"old 1\nAAAA\n\n" + GOOD,
        b"old 1\n" + HASH[:-2] + b"\n\n" + GOOD,
        b"old 1\n\xff\n\n" + GOOD,
        b"old 1\r\n\n" + GOOD,
        b"old 1\n" + HASH * (PROOF_LINES_MAX + 1) + b"\n" + GOOD,
        b"old 0\n\n" + bytes(REQUEST_BYTES_MAX),
    ],
)
def test_malformed_requests_are_refused(body):
    with pytest.raises(WitnessError) as caught:
        parse_request(body)
    assert (caught.value.code, caught.value.status) == ("ledger.witness-malformed", 400)


def test_most_proof_lines_are_taken():
    assert len(parse_request(b"old 1\n" + HASH * PROOF_LINES_MAX + b"\n" + GOOD).proof) == PROOF_LINES_MAX


class WitnessMachine(RuleBasedStateMachine):
    """A log that holds its real key tries both histories in any order; the witness must sign one history only."""

    def __init__(self):
        super().__init__()
        self.witness = Witness(NAME, WITNESS, MemoryState(), [LOG_KEY])
        self.cosigned = []

    @rule(fork=st.booleans(), size=st.integers(0, 40), lie=st.integers(0, 40), honest=st.booleans())
    def submit(self, fork, size, lie, honest):
        leaves = FORKED if fork else HONEST
        known = self.witness.head(ORIGIN)
        old = (known.size if known else 0) if honest else lie
        try:
            self.witness.add_checkpoint(request(old, size, leaves), NOW)
        except WitnessError:
            return
        self.cosigned.append((size, tree_head(leaves[:size])))

    @invariant()
    def one_history(self):
        sizes = [size for size, _ in self.cosigned]
        assert sizes == sorted(sizes)
        histories = [
            all(root == tree_head(leaves[:size]) for size, root in self.cosigned) for leaves in (HONEST, FORKED)
        ]
        assert any(histories)


WitnessMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestWitnessSignsOneHistory = WitnessMachine.TestCase


def test_file_state_survives_and_compares(tmp_path):
    path = tmp_path / "state.json"
    first = Head(size=5, root=HONEST[0])
    state = FileState.create(path)
    assert state.head(ORIGIN) is None
    assert state.advance(ORIGIN, None, first)
    assert not state.advance(ORIGIN, None, Head(size=6, root=HONEST[1]))
    assert state.advance("見證.example", None, Head(size=2**63 - 1, root=EMPTY_ROOT))
    again = FileState(path)
    assert again.head(ORIGIN) == first
    assert again.head("見證.example") == Head(size=2**63 - 1, root=EMPTY_ROOT)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["state.json", "state.json.lock"]


def test_file_state_never_starts_afresh_by_accident(tmp_path):
    path = tmp_path / "state.json"
    with pytest.raises(StoreError, match="missing"):
        FileState(path)
    state = FileState.create(path)
    with pytest.raises(StoreError, match="already"):
        FileState.create(path)
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        state.advance(ORIGIN, None, Head(size=1, root=HONEST[0]))
    with pytest.raises(StoreError, match="locked"):
        FileState.create(tmp_path / "nowhere" / "state.json")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"format":"x","logs":{}}', b'{"format":"dualtrack.witness-state/1","logs":{"a":{}}}']
)
def test_a_damaged_file_state_signs_nothing(tmp_path, data):
    path = tmp_path / "state.json"
    state = FileState.create(path)
    path.write_bytes(data)
    witness = Witness(NAME, WITNESS, state, [LOG_KEY])
    with pytest.raises(StoreCorruptError):
        witness.add_checkpoint(request(0, 5), NOW)


def test_a_full_disk_leaves_the_old_state_and_no_signature(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    witness = Witness(NAME, WITNESS, FileState.create(path), [LOG_KEY])
    witness.add_checkpoint(request(0, 5), NOW)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(witness_state.os, "fsync", full)
    with pytest.raises(StoreError, match="No space"):
        witness.add_checkpoint(request(5, 9), NOW)
    monkeypatch.undo()
    assert FileState(path).head(ORIGIN) == Head(size=5, root=tree_head(HONEST[:5]))
    witness.add_checkpoint(request(5, 9), NOW)


def count_up(path, rounds):
    state = FileState(path)
    for _ in range(rounds):
        while True:
            old = state.head(ORIGIN)
            if state.advance(ORIGIN, old, Head(size=old.size + 1, root=old.root)):
                break


def test_two_processes_never_lose_an_advance(tmp_path):
    path = tmp_path / "state.json"
    FileState.create(path).advance(ORIGIN, None, Head(size=0, root=EMPTY_ROOT))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=count_up, args=(path, 20)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert FileState(path).head(ORIGIN).size == 40
