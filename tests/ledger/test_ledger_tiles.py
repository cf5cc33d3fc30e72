import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import LedgerError
from dualtrack.ledger.merkle import EMPTY_ROOT, leaf_hash, tree_head, verify_consistency, verify_inclusion
from dualtrack.ledger.tile_format import (
    ENTRY_BYTES_MAX,
    TILE_WIDTH,
    TileName,
    decode_bundle,
    encode_bundle,
    entries_path,
    parse_path,
    partial_width,
    tile_path,
    tiles_of_size,
)
from dualtrack.ledger.tiles import Frontier, TileTree

LOG = json.loads((Path(__file__).parent / "vectors" / "tessera.json").read_text("utf-8"))
LEAVES = [leaf_hash(b"%d" % number) for number in range(1400)]


class Shelf:
    """Keeps tiles as a store would: full ones and the edge."""

    def __init__(self):
        self.tiles = {}
        self.reads = 0

    def put(self, tiles):
        for tile in tiles:
            self.tiles[tile.level, tile.index] = tile.data

    def __call__(self, level, index):
        self.reads += 1
        return self.tiles[level, index]


def grown(size, shelf=None, batch=97):
    shelf = shelf or Shelf()
    frontier = Frontier()
    for start in range(0, size, batch):
        shelf.put(frontier.extend(LEAVES[start : min(start + batch, size)]))
    shelf.put(frontier.edge())
    return frontier, shelf


def test_paths_of_the_specification():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 0, 17) == "tile/1/000.p/17"
    assert tile_path(63, 999) == "tile/63/999"
    assert tile_path(0, 1000) == "tile/0/x001/000"
    assert entries_path(1234067, 8) == "tile/entries/x001/x234/067.p/8"


def test_shape_of_the_specification():
    assert tiles_of_size(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles_of_size(256) == [(0, 1, 0), (1, 0, 1)]
    assert tiles_of_size(0) == []
    assert [partial_width(level, 70_000) for level in range(4)] == [112, 17, 1, 0]


@given(st.none() | st.integers(0, 63), st.integers(0, 2**63), st.integers(1, 256))
def test_paths_read_back(level, index, width):
    path = entries_path(index, width) if level is None else tile_path(level, index, width)
    assert parse_path(path) == TileName(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/1",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/0/001/",
        "tile/0/../001",
        "tile/0/001\n",
        "tile/entries/٠٠١",
        "tile/0/" + "x001/" * 40 + "001",
    ],
)
def test_other_paths_are_refused(path):
    with pytest.raises(LedgerError):
        parse_path(path)


def test_paths_out_of_bounds_are_refused():
    for level, index, width in ((-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, 10**21, 1)):
        with pytest.raises(LedgerError):
            tile_path(level, index, width)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8))
def test_bundles_read_back_and_lengths_are_exact(entries):
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for wrong, width in ((data + b"\0", len(entries)), (data[:-1], len(entries)), (data, len(entries) + 1)):
        with pytest.raises(LedgerError):
            decode_bundle(wrong, width)


def test_bundle_bounds():
    assert decode_bundle(encode_bundle([bytes(ENTRY_BYTES_MAX)]), 1) == [bytes(ENTRY_BYTES_MAX)]
    for entries in ([], [b""] * 257, [bytes(ENTRY_BYTES_MAX + 1)]):
        with pytest.raises(LedgerError):
            encode_bundle(entries)


def test_published_log_of_fifteen_entries():
    entries = decode_bundle(bytes.fromhex(LOG["bundle"]), 15)
    frontier = Frontier()
    assert frontier.extend(leaf_hash(entry) for entry in entries) == []
    (tile,) = frontier.edge()
    assert (tile.level, tile.index, tile.width) == (0, 0, 15)
    assert tile.data.hex() == LOG["tile"]


@settings(max_examples=25, deadline=None)
@given(size=st.integers(0, len(LEAVES)), batch=st.integers(1, 400))
def test_frontier_equals_the_plain_tree_and_fills_the_right_tiles(size, batch):
    frontier, shelf = grown(size, batch=batch)
    assert frontier.root() == tree_head(LEAVES[:size])
    wanted = {}
    for level, full, width in tiles_of_size(size):
        wanted |= {(level, index): TILE_WIDTH for index in range(full)}
        wanted |= {(level, full): width} if width else {}
    assert {key: len(data) // 32 for key, data in shelf.tiles.items()} == wanted


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, len(LEAVES)), min_size=2, max_size=2).map(sorted))
def test_resuming_at_any_size_goes_on_as_if_never_stopped(sizes):
    old, new = sizes
    before, shelf = grown(old)
    resumed = Frontier.resume(old, shelf, before.root())
    assert resumed.edge() == before.edge()
    tiles = resumed.extend(LEAVES[old:new])
    assert tiles == before.extend(LEAVES[old:new])
    assert resumed.root() == tree_head(LEAVES[:new])


def test_resuming_from_changed_tiles_is_refused():
    frontier, shelf = grown(300)
    for key in ((0, 1), (1, 0)):
        changed = Shelf()
        changed.tiles = shelf.tiles | {key: bytes([shelf.tiles[key][0] ^ 1]) + shelf.tiles[key][1:]}
        with pytest.raises(LedgerError) as caught:
            Frontier.resume(300, changed, frontier.root())
        assert caught.value.code == "ledger.edge"
        changed.tiles[key] = shelf.tiles[key][:-32]
        with pytest.raises(LedgerError, match="hashes of 32 bytes"):
            Frontier.resume(300, changed, frontier.root())
    with pytest.raises(LedgerError):
        Frontier.resume(-1, shelf, EMPTY_ROOT)


def test_a_copy_is_independent():
    frontier, _ = grown(10)
    root = frontier.root()
    other = frontier.copy()
    other.extend(LEAVES[10:300])
    assert (frontier.size, frontier.root()) == (10, root)
    assert other.root() == tree_head(LEAVES[:300])


def test_what_is_no_leaf_hash_is_refused():
    with pytest.raises(LedgerError):
        Frontier().extend([b"short"])


@settings(max_examples=40, deadline=None)
@given(data=st.data(), size=st.integers(1, len(LEAVES)))
def test_proofs_from_tiles_verify_for_any_smaller_size(data, size):
    _, shelf = grown(len(LEAVES))
    tree = TileTree(shelf)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = tree.root(size)
    assert root == tree_head(LEAVES[:size])
    verify_inclusion(index, size, LEAVES[index], tree.inclusion_proof(index, size), root)
    verify_consistency(old, size, tree.root(old), root, tree.consistency_proof(old, size))


def test_one_tree_follows_a_growing_log():
    shelf, frontier = Shelf(), Frontier()
    tree = TileTree(shelf, tiles_remembered=2)
    for size in range(1, 600):
        shelf.put(frontier.extend([LEAVES[size - 1]]))
        shelf.put(frontier.edge())
        verify_inclusion(size // 2, size, LEAVES[size // 2], tree.inclusion_proof(size // 2, size), frontier.root())
    assert len(tree._tiles) <= 2


def test_remembered_tiles_are_not_read_again():
    _, shelf = grown(1024)
    tree = TileTree(shelf)
    tree.inclusion_proof(5, 1024)
    reads = shelf.reads
    tree.inclusion_proof(6, 1024)
    assert shelf.reads == reads


def test_a_tile_that_is_too_short_is_named_and_refused():
    _, shelf = grown(1024)
    shelf.tiles[0, 3] = shelf.tiles[0, 3][: 130 * 32]
    tree = TileTree(shelf)
    tree.hash_at(7, 6)
    for level, index in ((7, 7), (0, 3 * 256 + 130)):
        with pytest.raises(LedgerError) as caught:
            tree.hash_at(level, index)
        assert (caught.value.code, caught.value.where) == ("ledger.tile", "tile/0/003")
    shelf.tiles[0, 3] = b"x" * 33
    with pytest.raises(LedgerError):
        TileTree(shelf).hash_at(0, 3 * 256)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(0, len(LEAVES)), min_size=2, max_size=2).map(sorted))
def test_following_another_writer_gives_what_appending_gives(sizes):
    old, new = sizes
    mine, _ = grown(old)
    theirs, shelf = grown(new)
    mine.follow(new, shelf, theirs.root())
    assert (mine.size, mine.edge(), mine.root()) == (new, theirs.edge(), theirs.root())
    mine.extend(LEAVES[new:])
    assert mine.root() == tree_head(LEAVES)


def test_following_to_a_tree_that_does_not_continue_this_one_is_refused():
    _, shelf = grown(300)
    other, root = Frontier(), grown(300)[0].root()
    other.extend([leaf_hash(b"another")] * 10)
    for size, wanted in ((300, root), (5, root), (10, root)):
        with pytest.raises(LedgerError) as caught:
            other.copy().follow(size, shelf, wanted)
        assert caught.value.code == "ledger.edge"
    with pytest.raises(LedgerError, match="hashes of 32 bytes"):
        grown(5)[0].follow(301, shelf, root)
