"""A tree kept in tiles: the edge that grows, and proofs read back from tiles alone.

A store keeps full tiles, which never change, and the partial tile of each level, which only gets longer. From these the
edge is resumed and every root and proof is made.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from dualtrack.errors import LedgerError
from dualtrack.ledger.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    TREE_SIZE_MAX,
    consistency_proof,
    inclusion_proof,
    node_hash,
    perfect_subtrees,
    tree_root,
)
from dualtrack.ledger.tile_format import TILE_BITS, TILE_WIDTH, Tile, tile_path, tiles_of_size

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = ["TILES_REMEMBERED", "Frontier", "TileReader", "TileTree"]

TILES_REMEMBERED = 64
"""Tiles a TileTree keeps expanded: about 45 KiB each, so 3 MiB; a path through 16 M leaves touches six at most."""


class TileReader(Protocol):
    """Gives the bytes of a stored tile: full, or the partial one at the right edge as it is now (committed)."""

    def __call__(self, level: int, index: int, /) -> bytes:
        """Return its hashes, 32 bytes each."""


class Frontier:
    """The right edge of a tree: what appending and the next root need, 8 KiB for each tile level at most.

    Not safe for two threads. A writer keeps one, appends to a `copy` and puts the copy in place when its
    transaction has committed.
    """

    __slots__ = ("_partials", "_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._partials: list[bytearray] = []

    @classmethod
    def resume(cls, size: int, read: TileReader, root: bytes) -> Self:
        """Take up a stored tree again. Raises LedgerError if its partial tiles do not give the root that was stored."""
        if not 0 <= size <= TREE_SIZE_MAX:
            raise LedgerError(f"no tree has {size} leaves", code="ledger.size")
        frontier = cls()
        frontier.size = size
        for level, full, width in tiles_of_size(size):
            data = _read_tile(read, level, full, width) if width else b""
            frontier._partials.append(bytearray(data[: width * HASH_BYTES]))
        for height, index in perfect_subtrees(0, size):
            level, offset = height // TILE_BITS, (index << height % TILE_BITS) % TILE_WIDTH
            hashes = _split(frontier._partials[level])[offset : offset + (1 << height % TILE_BITS)]
            frontier._peaks.append(_pair_up(hashes)[-1][0])
        if frontier.root() != root:
            raise LedgerError(
                "the stored tiles do not give the stored root",
                where=f"tree of {size} leaves",
                fix="restore the store from its backup",
                code="ledger.edge",
            )
        return frontier

    def follow(self, size: int, read: TileReader, root: bytes) -> None:
        """Grow to a tree of `size` leaves that another writer stored, from the leaf hashes in its tiles.

        Costs as much as what was appended. Raises LedgerError if the tree that grows so has not the root that was
        stored; the frontier is of no use then.
        """
        while self.size < size:
            index, first = divmod(self.size, TILE_WIDTH)
            width = min(TILE_WIDTH, size - index * TILE_WIDTH)
            data = _read_tile(read, 0, index, width)
            self.extend(_split(data[first * HASH_BYTES : width * HASH_BYTES]))
        if self.size != size or self.root() != root:
            raise LedgerError(
                "the stored tiles do not continue this tree to the stored root",
                where=f"tree of {size} leaves",
                fix="restore the store from its backup",
                code="ledger.edge",
            )

    def copy(self) -> Frontier:
        """Return an independent copy; it costs a few microseconds."""
        other = Frontier()
        other.size = self.size
        other._peaks = self._peaks.copy()
        other._partials = [bytearray(partial) for partial in self._partials]
        return other

    def extend(self, leaf_hashes: Iterable[bytes]) -> list[Tile]:
        """Append leaf hashes in order and return the tiles that became full, lowest level first at each leaf."""
        full: list[Tile] = []
        for leaf in leaf_hashes:
            if len(leaf) != HASH_BYTES or self.size >= TREE_SIZE_MAX:
                raise LedgerError("not a leaf hash, or the tree is full", expected="32 bytes", code="ledger.leaf")
            self._keep(0, leaf, full)
            node, left, height = leaf, self.size, 0
            while left & 1:
                node = node_hash(self._peaks.pop(), node)
                left, height = left >> 1, height + 1
                if height % TILE_BITS == 0:
                    self._keep(height // TILE_BITS, node, full)
            self._peaks.append(node)
            self.size += 1
        return full

    def edge(self) -> list[Tile]:
        """Return the partial tile of every level that has one."""
        return [
            Tile(level, self.size >> (TILE_BITS * (level + 1)), bytes(partial))
            for level, partial in enumerate(self._partials)
            if partial
        ]

    def root(self) -> bytes:
        """Return the root; at most 62 hashes whatever the size."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            node = node_hash(left, node)
        return node

    def _keep(self, level: int, node: bytes, full: list[Tile]) -> None:
        if level == len(self._partials):
            self._partials.append(bytearray())
        partial = self._partials[level]
        partial += node
        if len(partial) == TILE_WIDTH * HASH_BYTES:
            full.append(Tile(level, self.size >> (TILE_BITS * (level + 1)), bytes(partial)))
            partial.clear()


class TileTree:
    """Roots and proofs of a tree whose tiles a reader gives.

    Expanded tiles are remembered. Tiles only ever grow, so a remembered partial one stays right and is read again only
    when a later hash is wanted; the reader must therefore give committed tiles only.
    """

    def __init__(self, read: TileReader, *, tiles_remembered: int = TILES_REMEMBERED) -> None:
        self._read = read
        self._limit = tiles_remembered
        self._tiles: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return tree_root(size, self.hash_at)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the audit path of a leaf in the tree of the first `size` leaves."""
        return inclusion_proof(index, size, self.hash_at)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof from the tree of `old` to the tree of `new` leaves."""
        return consistency_proof(old, new, self.hash_at)

    def hash_at(self, level: int, index: int, /) -> bytes:
        """Return the hash of a complete subtree (a `HashReader`); raises LedgerError if its tile is too short."""
        tile_level, height = divmod(level, TILE_BITS)
        tile_index, position = divmod(index, TILE_WIDTH >> height)
        key = (tile_level, tile_index)
        rows = self._tiles.get(key)
        if rows is None or len(rows) <= height or position >= len(rows[height]):
            wanted = (position + 1) << height
            rows = _pair_up(_split(_read_tile(self._read, tile_level, tile_index, wanted)))
            self._tiles[key] = rows
            if len(self._tiles) > self._limit:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end(key)
        return rows[height][position]


def _read_tile(read: TileReader, level: int, index: int, width: int) -> bytes:
    """Return a tile of at least `width` hashes and at most 256."""
    data = read(level, index)
    if len(data) % HASH_BYTES or not width * HASH_BYTES <= len(data) <= TILE_WIDTH * HASH_BYTES:
        raise LedgerError(
            f"{len(data)} bytes",
            where=tile_path(level, index),
            expected=f"{width} to {TILE_WIDTH} hashes of 32 bytes",
            fix="restore the store from its backup",
            code="ledger.tile",
        )
    return data


def _split(data: bytes | bytearray) -> list[bytes]:
    return [bytes(data[start : start + HASH_BYTES]) for start in range(0, len(data), HASH_BYTES)]


def _pair_up(hashes: list[bytes]) -> list[list[bytes]]:
    """Return every level of complete nodes above the hashes, from themselves up; unpaired ends go no further."""
    rows = [hashes]
    while len(rows[-1]) > 1:
        row = rows[-1]
        rows.append([node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=False)])
    return rows
