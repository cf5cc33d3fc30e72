import pytest
from store_world import FIRM, USE, plain, signed, statement_record, story, use_record

from dualtrack.domain.entry import Entry
from dualtrack.errors import FieldError, NoteError, NotFoundError, ProofError, StoreCorruptError
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.ledger.checkpoint import open_checkpoint
from dualtrack.ledger.cosign import cosign, verify_cosignatures
from dualtrack.ledger.merkle import HASH_BYTES, leaf_hash, verify_consistency, verify_inclusion
from dualtrack.ledger.note import parse_note
from dualtrack.ledger.tiles import TileTree
from dualtrack.store.cosignatures import cosigned_note, import_cosignatures
from dualtrack.store.erasure import erase
from dualtrack.store.repository import PAGE_MAX, ErasedEntry


def test_an_empty_ledger_says_so(world):
    with world.open() as store:
        repository = store.repository(FIRM)
        assert repository.size() == 0
        assert repository.entries() == []
        for ask in (repository.head, lambda: repository.entry(0)):
            with pytest.raises(NotFoundError):
                ask()


def test_entries_are_found_by_index_kind_id_and_range(world):
    with world.open() as store:
        items = [*plain(5), *story(world.log), *plain(3)]
        world.writer(store).append(items)
        repository = store.repository(FIRM)
        assert [entry.content for entry in repository.entries()] == [item.content for item in items]
        assert [entry.index for entry in repository.entries(kinds=("release/1", "permit/1"))] == [9, 11]
        assert [entry.index for entry in repository.entries(ids=(FIRM,))] == [5, 6, 7, 12]
        assert [entry.index for entry in repository.entries(start=3, end=6)] == [3, 4, 5]
        assert [entry.index for entry in repository.entries(start=3, limit=2)] == [3, 4]
        assert repository.entry(8).parsed.id == USE
        for limit in (0, PAGE_MAX + 1):
            with pytest.raises(FieldError):
                repository.entries(limit=limit)


def test_every_entry_is_read_beyond_one_page(world, monkeypatch):
    monkeypatch.setattr("dualtrack.store.repository.PAGE_MAX", 3)
    with world.open() as store:
        world.writer(store).append([*plain(5), *story(world.log), *plain(3)])
        repository = store.repository(FIRM)
        page = repository.entries(kinds=("remark/1",), limit=3)
        assert [entry.index for entry in page] == [0, 1, 2]
        items = [entry.index for entry in repository.every(kinds=("remark/1",))]
        assert items[:5] == [0, 1, 2, 3, 4]
        assert items[-3:] == [repository.size() - 3 + number for number in range(3)]
        assert len(items) == 8
        assert [entry.index for entry in repository.every(kinds=("release/1", "permit/1"))] == [9, 11]
        assert list(repository.every(kinds=("release/1",), start=10)) == []


def test_the_newest_entry_is_the_last_that_was_not_erased_by_an_instant(world):
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        writer.append(plain(3))
        assert repository.newest("remark/1", USE).index == 2
        assert repository.newest("remark/1", "harbour/other") is None
        assert repository.newest("release/1", USE) is None
        erase(repository, 2, reason="a request", at=world.clock())
        assert repository.newest("remark/1", USE).index == 1
        first = repository.entry(0).recorded_at
        assert repository.newest("remark/1", USE, until="2000-01-01T00:00:00Z") is None
        assert repository.newest("remark/1", USE, until=first) is not None


def test_the_newest_heads_are_counted_as_heads(world):
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        for count in (1, 300, 2):
            writer.append(plain(count))
        assert [head.size for head in repository.newest_heads(2)] == [303, 301]


def test_proofs_from_tiles_hold_at_every_size(world):
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        receipts = [r for count in (1, 1, 253, 1, 1, 343) for r in writer.append(plain(count))]
        for size in (1, 2, 255, 256, 257, 600):
            root = repository.root(size)
            for index in {0, size // 2, size - 1}:
                verify_inclusion(index, size, receipts[index].leaf_hash, repository.inclusion_proof(index, size), root)
            proof = repository.consistency_proof(size, 600)
            verify_consistency(size, 600, root, repository.root(600), proof)
            with pytest.raises(ProofError):
                repository.inclusion_proof(size, size)


def test_tiles_can_be_served_at_the_widths_that_clients_ask_for(sqlite_world):
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(plain(300))
        repository = store.repository(FIRM)
        hashes = [leaf_hash(leaf) for leaf in repository.leaves(0, 300)]
        assert repository.tile(0, 0, 256) == b"".join(hashes[:256])
        assert repository.tile(0, 1, 7) == b"".join(hashes[256:263])
        served = TileTree(lambda level, index: repository.tile(level, index, 256 if (level, index) == (0, 0) else 1))
        assert served.root(257) == repository.root(257)
        for level, index, width in ((0, 1, 45), (0, 2, 1), (3, 0, 1), (0, 0, 0)):
            with pytest.raises(NotFoundError):
                repository.tile(level, index, width)
        assert len(repository.tile(1, 0, 1)) == HASH_BYTES


def test_an_assessment_is_given_what_concerns_it_and_nothing_else(world):
    other = "harbour/other"
    with world.open() as store:
        writer = world.writer(store)
        writer.append(story(world.log))
        writer.append([signed("declaration/1", other, use_record(other), world.log), *plain(2)])
        writer.append([signed("evidence/1", FIRM, statement_record(FIRM), world.log)])
        repository = store.repository(FIRM)
        firm = [0, 1, 2, 7, 12]
        assert [entry.index for entry in repository.subject_entries(FIRM)] == firm
        assert [entry.index for entry in repository.subject_entries(FIRM, USE)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 12]
        assert [entry.index for entry in repository.subject_entries(FIRM, other)] == [0, 1, 2, 7, 9, 12]
        portfolio = dict(repository.portfolio_entries(FIRM))
        assert portfolio == {use: repository.subject_entries(FIRM, use) for use in (USE, other)}


def test_an_erased_content_is_gone_and_the_log_stands(world):
    secret = "MR CHAN TAI MAN 陳大文".encode()
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        item = plain(1)[0]._replace(content=secret * 50)
        writer.append([*plain(3), item, *plain(3)])
        before = repository.root(7)
        erasure = erase(repository, 3, reason="request 17 under section 26", at=world.clock())
        assert repository.root(7) == before
        found = repository.entries()[3]
        assert isinstance(found, ErasedEntry)
        assert found.erasure == erasure
        assert sum(isinstance(entry, Entry) for entry in repository.entries()) == 6
        assert [entry.index for entry in repository.entries() if isinstance(entry, ErasedEntry)] == [3]
        with pytest.raises(NotFoundError) as caught:
            repository.entry(3)
        assert caught.value.code == "not-found.erased"
        for index in (3, 99):
            with pytest.raises(NotFoundError):
                erase(repository, index, reason="again", at=world.clock())
        with pytest.raises(FieldError):
            erase(repository, 1, reason="", at=world.clock())
        assert writer.append(plain(1))[0].index == 7


def test_the_sealed_bytes_leave_the_sqlite_file(sqlite_world):
    with sqlite_world.open() as store:
        sqlite_world.writer(store).append(plain(3))
        repository, vault = store.repository(FIRM), store.tables.vault
        with store.backend.read() as connection:
            sealed = bytes(connection.execute(vault.select().where(vault.c.idx == 1)).one().sealed)
        erase(repository, 1, reason="asked", at=sqlite_world.clock())
        files = [path.read_bytes() for path in sqlite_world.workspace.root.glob("main.db*")]
    assert files
    assert all(sealed[:24] not in data for data in files)


def test_cosignatures_are_kept_once_and_join_their_note(world):
    witness, other = FileSigner.generate("w"), FileSigner.generate("o")
    key = VerifierKey.of("witness.example/w", witness.public_key, NoteKeyType.COSIGNATURE)
    with world.open() as store:
        world.writer(store).append(plain(5))
        repository = store.repository(FIRM)
        text = parse_note(repository.head().note).text
        lines = [cosign(text, key.name, witness, 1_800_000_500), cosign(text, key.name, witness, 1_800_000_000)]
        lines.append(cosign(text, "witness.example/o", other, 1_800_000_100))
        assert import_cosignatures(repository, 5, lines) == 3
        assert import_cosignatures(repository, 5, lines) == 0
        note = parse_note(cosigned_note(repository))
        assert [found.time_s for found in verify_cosignatures(note, [key])] == [1_800_000_000]
        assert open_checkpoint(note.encode(), world.key).checkpoint.size == 5
        with pytest.raises(NotFoundError):
            import_cosignatures(repository, 4, lines)
        with pytest.raises(NoteError):
            import_cosignatures(repository, 5, list(parse_note(repository.head().note).signatures))


def test_a_damaged_row_is_named_when_it_is_read(world):
    with world.open() as store:
        world.writer(store).append(plain(5))
        vault = store.tables.vault
        with store.backend.write("x") as connection:
            connection.execute(vault.delete().where(vault.c.idx == 2))
            connection.execute(vault.update().where(vault.c.idx == 3).values(retention="short"))
        for index in (2, 3):
            with pytest.raises(StoreCorruptError) as caught:
                store.repository(FIRM).entry(index)
            assert f"entry {index}" in caught.value.where
