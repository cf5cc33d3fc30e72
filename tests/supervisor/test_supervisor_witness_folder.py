from __future__ import annotations

import pytest

from dualtrack.domain import canonical
from dualtrack.errors import FieldError, KeyFileError, NoteError, NotFoundError, PathError, StoreError, WitnessError
from dualtrack.ledger.note import parse_signature_line
from dualtrack.ledger.witness_request import build_request
from dualtrack.supervisor import cosignatures
from dualtrack.supervisor.cosignatures import read_lines, take_cosignatures
from dualtrack.supervisor.witness_folder import WitnessFolder


@pytest.fixture
def folder(tmp_path):
    return WitnessFolder.create(tmp_path / "witness", "example.org/witness")


def body(firm, old: int = 0) -> bytes:
    repository = firm.register.repository
    head = repository.head()
    proof = repository.consistency_proof(old, head.size) if 0 < old < head.size else []
    return build_request(old, proof, head.note)


def log_key(firm) -> str:
    return firm.store.log_key(firm.name).format()


def test_a_witness_cosigns_only_logs_it_trusts(folder, firm, tmp_path):
    with pytest.raises(WitnessError) as refused:
        folder.witness().add_checkpoint(body(firm), 1_800_000_000)
    assert refused.value.code == "ledger.witness-unknown-origin"
    folder.trust(log_key(firm))
    again = WitnessFolder.open(tmp_path / "witness")
    line = parse_signature_line(again.witness().add_checkpoint(body(firm), 1_800_000_000).rstrip("\n"))
    [taken] = take_cosignatures(firm.register.repository, [again.key], [line])
    assert (taken.time_s, taken.size) == (1_800_000_000, firm.register.repository.size())
    [known] = take_cosignatures(firm.register.repository, [again.key], [line])
    assert not known.new


def test_it_remembers_over_restarts(folder, firm, tmp_path):
    folder.trust(log_key(firm))
    folder.witness().add_checkpoint(body(firm), 1)
    size = firm.register.repository.size()
    firm.assess()
    again = WitnessFolder.open(tmp_path / "witness")
    with pytest.raises(WitnessError) as refused:
        again.witness().add_checkpoint(body(firm), 2)
    assert refused.value.code == "ledger.witness-old-size-mismatch"
    again.witness().add_checkpoint(body(firm, size), 3)


def test_a_lost_memory_is_an_error(folder, tmp_path):
    (tmp_path / "witness" / "state.json").unlink()
    with pytest.raises(StoreError, match="missing"):
        WitnessFolder.open(tmp_path / "witness")


def test_it_is_made_once(folder, tmp_path):
    with pytest.raises(PathError):
        WitnessFolder.create(tmp_path / "witness", "example.org/witness")
    with pytest.raises(NotFoundError):
        WitnessFolder.open(tmp_path)
    with pytest.raises(KeyFileError):
        WitnessFolder.create(tmp_path / "other", "a name with spaces")
    assert not (tmp_path / "other").exists()


def test_no_log_may_be_its_own_witness(folder):
    from dualtrack.keys.vkey import VerifierKey

    own = VerifierKey.of("dualtrack.local/x/main", folder.key.public_key).format()
    with pytest.raises(WitnessError):
        folder.trust(own)
    with pytest.raises(WitnessError):
        folder.trust(folder.key.format())
    assert folder.logs == []


def test_settings_of_another_format_are_refused(folder, tmp_path):
    path = tmp_path / "witness" / "witness.json"
    path.write_bytes(path.read_bytes().replace(b"witness/1", b"witness/9"))
    with pytest.raises(FieldError, match="format"):
        WitnessFolder.open(tmp_path / "witness")


def test_lines_of_strangers_and_lines_that_do_not_hold_are_not_taken(folder, firm, tmp_path):
    folder.trust(log_key(firm))
    line = folder.witness().add_checkpoint(body(firm), 5)
    stranger = WitnessFolder.create(tmp_path / "stranger", "example.org/stranger")
    [parsed] = read_lines(line.encode())
    with pytest.raises(NoteError, match="no line of a listed witness"):
        take_cosignatures(firm.register.repository, [stranger.key], [parsed])
    forged = parsed.signature[:-1] + bytes([parsed.signature[-1] ^ 1])
    import msgspec

    with pytest.raises(NoteError, match="over no head"):
        take_cosignatures(firm.register.repository, [folder.key], [msgspec.structs.replace(parsed, signature=forged)])


def test_a_whole_note_is_read_as_well_as_lines(folder, firm):
    folder.trust(log_key(firm))
    line = folder.witness().add_checkpoint(body(firm), 5)
    note = firm.register.repository.head().note + line.encode()
    assert len(read_lines(note)) == 2
    with pytest.raises(NoteError):
        read_lines(b"")
    with pytest.raises(NoteError):
        read_lines(b"x" * 300_000)


def test_heads_are_counted_not_the_entries_that_one_of_them_covers(folder, firm, monkeypatch):
    """One batch, such as all verdicts of a firm, is one head, however many entries it has."""
    folder.trust(log_key(firm))
    size = firm.register.repository.size()
    [line] = read_lines(folder.witness().add_checkpoint(body(firm), 5).encode())
    monkeypatch.setattr(cosignatures, "HEADS_TRIED_MAX", 2)
    firm.register.append_plain([("note/1", firm.name, canonical.encode({"n": n})) for n in range(5)])
    [taken] = take_cosignatures(firm.register.repository, [folder.key], [line])
    assert (taken.size, taken.new) == (size, True)
    firm.register.append_plain([("note/1", firm.name, canonical.encode({"n": 5}))])
    with pytest.raises(NoteError, match="over no head"):
        take_cosignatures(firm.register.repository, [folder.key], [line])
