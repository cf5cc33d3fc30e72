import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import ProofError
from dualtrack.ledger.merkle import (
    EMPTY_ROOT,
    TREE_SIZE_MAX,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_head,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "rfc6962.json").read_text("utf-8"))
LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]

# The one published case that we refuse on purpose: equal roots of 12 bytes. Hashes must have 32.
SHORT_ROOTS = "additional/sizes-are-equal-one-and-proof-is-empty"


def recursive_head(leaves):
    """RFC 6962, section 2.1, as its text reads: an independent oracle."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    cut = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(recursive_head(leaves[:cut]), recursive_head(leaves[cut:]))


def reader(level, index):
    leaves = LEAVES[index << level : (index + 1) << level]
    assert len(leaves) == 1 << level, "a proof asked for a subtree that is not complete"
    return recursive_head(leaves)


def b64(value):
    return base64.b64decode(value)


def test_every_published_case_is_here():
    assert (len(VECTORS["inclusion"]), len(VECTORS["consistency"])) == (98, 98)
    assert sum(not row[-1] for kind in ("inclusion", "consistency") for row in VECTORS[kind]) > 8


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case[0])
def test_published_inclusion(case):
    _, index, size, leaf, root, proof, must_fail = case
    arguments = (index, size, b64(leaf), [b64(item) for item in proof], b64(root))
    if must_fail:
        with pytest.raises(ProofError):
            verify_inclusion(*arguments)
    else:
        verify_inclusion(*arguments)


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case[0])
def test_published_consistency(case):
    name, old, new, old_root, new_root, proof, must_fail = case
    arguments = (old, new, b64(old_root), b64(new_root), [b64(item) for item in proof])
    if must_fail or name == SHORT_ROOTS:
        with pytest.raises(ProofError) as caught:
            verify_consistency(*arguments)
        assert name != SHORT_ROOTS or caught.value.code == "ledger.proof-hash"
    else:
        verify_consistency(*arguments)


def test_published_reference_tree():
    leaves = [leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
    nodes = VECTORS["nodes"]
    assert [leaf.hex() for leaf in leaves] == nodes[0]
    assert [len(level) for level in nodes] == [8, 4, 2, 1]

    def read(level, index):
        return bytes.fromhex(nodes[level][index])

    for size, root in enumerate(VECTORS["roots"]):
        assert tree_head(leaves[:size]).hex() == root
        assert tree_root(size, read).hex() == root
        assert recursive_head(leaves[:size]).hex() == root


SIZES = st.integers(1, len(LEAVES))


@settings(max_examples=80, deadline=None)
@given(size=SIZES, data=st.data())
def test_inclusion_proofs_hold_and_any_flipped_bit_fails(size, data):
    index = data.draw(st.integers(0, size - 1))
    root = tree_head(LEAVES[:size])
    proof = inclusion_proof(index, size, reader)
    verify_inclusion(index, size, LEAVES[index], proof, root)
    hashes = [LEAVES[index], *proof, root]
    which, byte, bit = (data.draw(st.integers(0, top)) for top in (len(hashes) - 1, 31, 7))
    hashes[which] = flip(hashes[which], byte, bit)
    with pytest.raises(ProofError) as caught:
        verify_inclusion(index, size, hashes[0], hashes[1:-1], hashes[-1])
    assert caught.value.code == "ledger.proof-root"


@settings(max_examples=80, deadline=None)
@given(new=SIZES, data=st.data())
def test_consistency_proofs_hold_and_any_flipped_bit_fails(new, data):
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, reader)
    roots = [tree_head(LEAVES[:old]), tree_head(LEAVES[:new])]
    verify_consistency(old, new, *roots, proof)
    hashes = [*roots, *proof]
    which, byte, bit = (data.draw(st.integers(0, top)) for top in (len(hashes) - 1, 31, 7))
    hashes[which] = flip(hashes[which], byte, bit)
    with pytest.raises(ProofError) as caught:
        verify_consistency(old, new, hashes[0], hashes[1], hashes[2:])
    assert caught.value.code == "ledger.proof-root"


@settings(max_examples=60, deadline=None)
@given(size=SIZES, data=st.data())
def test_a_proof_holds_for_no_other_index_and_no_other_length(size, data):
    index, other = (data.draw(st.integers(0, size - 1)) for _ in "ab")
    root = tree_head(LEAVES[:size])
    proof = inclusion_proof(index, size, reader)
    wrong = [(index, [*proof, root]), (index, [root, *proof])]
    wrong += [(other, proof)] if other != index else []
    wrong += [(index, proof[:-1]), (index, proof[1:])] if proof else []
    for position, path in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(position, size, LEAVES[index], path, root)


def test_every_pair_of_small_sizes():
    roots = [tree_head(LEAVES[:size]) for size in range(34)]
    for new in range(1, 34):
        for old in range(1, new + 1):
            verify_consistency(old, new, roots[old], roots[new], consistency_proof(old, new, reader))
        for index in range(new):
            verify_inclusion(index, new, LEAVES[index], inclusion_proof(index, new, reader), roots[new])


def test_a_rewritten_log_is_inconsistent():
    rewritten = [*LEAVES[:5], leaf_hash(b"other"), *LEAVES[6:20]]

    def read(level, index):
        return recursive_head(rewritten[index << level : (index + 1) << level])

    # Where the old tree is one perfect subtree its own root starts the path, so the difference shows at the new root.
    for old, differs in ((7, "old root"), (8, "new root")):
        proof = consistency_proof(old, 20, read)
        with pytest.raises(ProofError, match=differs):
            verify_consistency(old, 20, tree_head(LEAVES[:old]), tree_head(rewritten), proof)


def test_empty_trees_prove_nothing():
    for old, new in ((0, 0), (0, 1), (2, 1), (-1, 1), (1, TREE_SIZE_MAX + 1)):
        with pytest.raises(ProofError) as caught:
            verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])
        assert caught.value.code == "ledger.proof-size"
        with pytest.raises(ProofError):
            consistency_proof(old, new, reader)
    for index, size in ((0, 0), (-1, 1), (1, 1), (0, TREE_SIZE_MAX + 1)):
        with pytest.raises(ProofError) as caught:
            verify_inclusion(index, size, EMPTY_ROOT, [], EMPTY_ROOT)
        assert caught.value.code == "ledger.proof-index"
        with pytest.raises(ProofError):
            inclusion_proof(index, size, reader)
    assert tree_root(0, reader) == tree_head([]) == EMPTY_ROOT


def test_hashes_of_another_length_are_refused_even_where_they_would_match():
    for leaf, root, proof in ((b"", b"", []), (b"x" * 31, b"x" * 31, []), (LEAVES[0], LEAVES[0], [b""])):
        with pytest.raises(ProofError) as caught:
            verify_inclusion(0, 1, leaf, proof, root)
        assert caught.value.code == "ledger.proof-hash"


def flip(value, byte, bit):
    changed = bytearray(value)
    changed[byte] ^= 1 << bit
    return bytes(changed)
