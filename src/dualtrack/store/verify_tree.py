"""Checks of the tree: leaf hashes against stored tiles, tiles against each other, and heads against both.

A leaf that does not give the hash in its tile leaves two suspects. The tile one level up, which holds that tile's root,
decides; at the right edge, where there is none yet, the newest signed head does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.ledger.merkle import HASH_BYTES, tree_head
from dualtrack.ledger.tile_format import TILE_BITS, TILE_WIDTH
from dualtrack.ledger.tiles import Frontier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.ledger.tile_format import Tile
    from dualtrack.ledger.tiles import TileReader

__all__ = ["HeadAt", "TreeCheck"]


class HeadAt(NamedTuple):
    """A head whose signature holds: size and root."""

    size: int
    root: bytes


class TreeCheck:
    """Rebuilds the tree from leaf hashes, a tile's worth at a time, and reports through `report(table, row, column, why)`.

    Where a leaf is to blame it goes on with the hash from the tile, so that one changed byte is one finding and not a
    different root ever after.
    """

    def __init__(self, read: TileReader, heads: Sequence[HeadAt], report: Callable[[str, str, str, str], None]) -> None:
        self._read, self._report = read, report
        self._heads = list(heads)
        self._newest = self._heads[-1] if self._heads else None
        self._next = 0
        self._agreed = 0
        self._refuted = False
        self._frontier = Frontier()
        self.keys: set[tuple[int, int]] = set()

    @property
    def size(self) -> int:
        """Return the number of leaves seen."""
        return self._frontier.size

    def root(self) -> bytes:
        """Return the root over the leaves seen."""
        return self._frontier.root()

    def add(self, leaves: list[bytes | None]) -> list[int]:
        """Take the leaf hashes of the next tile (fewer than 256 only at the end); return the indices to blame.

        None stands for a missing leaf, whose hash is then taken from the tile.
        """
        first = self._frontier.size
        stored = self._stored(0, first >> TILE_BITS)
        spare = stored + [bytes(HASH_BYTES)] * (len(leaves) - len(stored))
        hashes = [spare[at] if leaf is None else leaf for at, leaf in enumerate(leaves)]
        differ = [at for at, leaf in enumerate(hashes) if at >= len(stored) or stored[at] != leaf]
        blamed: list[int] = []
        if differ and len(stored) >= len(hashes) and self._tile_holds(first, hashes, stored[: len(hashes)]):
            blamed = [first + at for at in differ]
            hashes = stored[: len(hashes)]
        self._extend(hashes)
        return blamed

    def finish(self) -> None:
        """Check the right edge, and heads beyond the last leaf."""
        for tile in self._frontier.edge():
            self._compare(tile, partial=True)
        for head in self._heads[self._next :]:
            if head.size:
                self._report("entry", str(self.size), "row", f"missing: a signed head covers {head.size} entries")
                return
        if self._newest is None and self.size:
            self._report("entry", "0", "row", "there is no signed head at all")

    def _extend(self, hashes: list[bytes]) -> None:
        done, first = 0, self._frontier.size
        while self._next < len(self._heads) and self._heads[self._next].size <= first + len(hashes):
            head = self._heads[self._next]
            self._grow(hashes[done : head.size - first])
            done = max(done, head.size - first)
            self._compare_head(head)
            self._next += 1
        self._grow(hashes[done:])

    def _grow(self, hashes: list[bytes]) -> None:
        for tile in self._frontier.extend(hashes):
            self._compare(tile)

    def _compare_head(self, head: HeadAt) -> None:
        if head.root == self._frontier.root():
            self._agreed = head.size
        elif not self._refuted:
            self._refuted = True
            last = head.size - 1
            why = f"entries {self._agreed} to {last} are not those that this head was signed over"
            self._report("checkpoint", str(head.size), "note", why)

    def _compare(self, tile: Tile, *, partial: bool = False) -> None:
        self.keys.add((tile.level, tile.index))
        stored = b"".join(self._stored(tile.level, tile.index))
        if stored == tile.data:
            return
        row = f"level {tile.level}, index {tile.index}"
        if not stored:
            self._report("tile", row, "data", "missing")
        elif len(stored) != len(tile.data):
            what = "partial tile" if partial else "tile"
            found, wanted = len(stored) // HASH_BYTES, tile.width
            self._report("tile", row, "data", f"{found} hashes in a {what} of {wanted}")
        else:
            at = next(i for i in range(len(stored)) if stored[i] != tile.data[i])
            self._report("tile", row, "data", f"byte {at} (hash {at // HASH_BYTES}) is not what the leaves give")

    def _tile_holds(self, first: int, hashes: list[bytes], stored: list[bytes]) -> bool:
        """Tell whether the stored tile, rather than the leaves, is what the tree was built from."""
        if len(hashes) == TILE_WIDTH:
            tile_index = first >> TILE_BITS
            above = self._stored(1, tile_index >> TILE_BITS)
            at = tile_index % TILE_WIDTH
            if at < len(above):
                if above[at] == tree_head(stored):
                    return True
                if above[at] == tree_head(hashes):
                    return False
        return self._root_with(hashes) != self._root_with(stored) == self._newest_root(first + len(hashes))

    def _root_with(self, hashes: list[bytes]) -> bytes:
        frontier = self._frontier.copy()
        frontier.extend(hashes)
        return frontier.root()

    def _newest_root(self, size: int) -> bytes | None:
        newest = self._newest
        return newest.root if newest is not None and newest.size == size else None

    def _stored(self, level: int, index: int) -> list[bytes]:
        data = self._read(level, index)
        return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]
