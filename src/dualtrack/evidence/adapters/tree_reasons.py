"""Path-dependent tree Shapley values for many rows at once, exactly, by tables of patterns.

What a leaf adds to a feature depends on a row only through which of the path's distinct features the row agrees with: a pattern
of d bits. So each leaf has a table of 2^d patterns, and a row's reasons are looked up and summed. The Shapley weights
s!(d-1-s)!/d! are the integrals of u^s (1-u)^(d-1-s) over 0 to 1, so that a table is a short product under a Gauss-Legendre
rule of ceil(d/2) points, which is exact for polynomials of that degree.

Sources: S. M. Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67 (the values); G. Owen (1972), Management Science
18(5), 64-79 (the integral); J. Yang (2021), arXiv:2109.09847 (patterns of a leaf tabulated).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLOCK_ROWS", "FEATURES_OF_PATH_MAX", "TABLE_FEATURES_MAX", "Trees", "compile_trees"]

FEATURES_OF_PATH_MAX = 40
"""Most distinct features on the way to a leaf. Deeper trees are left to their own library."""

TABLE_FEATURES_MAX = 10
"""Most features of a path whose table is kept whole (1,024 patterns); of longer ones the patterns that occur are worked out."""

BLOCK_ROWS = 2_048
"""Rows looked up together: what one leaf touches then stays in a core's cache."""

_ZERO = 1e-35  # LightGBM's bound under which a value counts as zero


class _Split(NamedTuple):
    """An inner node: the test, whether the path so far had this feature, its bit there, and what is below."""

    feature: int
    threshold: float
    missing: str
    default_left: bool
    known: bool
    bit: int
    left: _Split | _Leaf
    right: _Split | _Leaf


class _Leaf(NamedTuple):
    """What a pattern adds to each feature of the path: `tables` of shape (features of the path, 2^d), none where d is large.

    `shares` are the training rows at the path's nodes that pass its tests, by feature.
    """

    features: tuple[int, ...]
    shares: NDArray[np.float64]
    value: float
    tables: NDArray[np.float64] | None


class Trees(NamedTuple):
    """A sum of trees ready to give reasons; `base` is the mean output over the training rows."""

    roots: tuple[_Split, ...]
    base: float
    features: int

    def contributions(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Shapley values, shape (rows, features)."""
        found = np.zeros((self.features, len(rows)))
        columns = np.ascontiguousarray(rows.T)
        for start in range(0, len(rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            total = np.zeros((self.features, len(columns[0, block])))
            for root in self.roots:
                _add(root, columns[:, block], np.zeros(total.shape[1], dtype=np.intp), total)
            found[:, block] = total
        return np.ascontiguousarray(found.T)


def compile_trees(dump: dict[str, Any]) -> Trees | None:
    """Return the trees of a LightGBM dump, or None where one has a form that this module does not know."""
    roots: list[_Split] = []
    base = 0.0
    for tree in dump["tree_info"]:
        structure = tree["tree_structure"]
        if "leaf_value" in structure and "split_feature" not in structure:  # a stump: the same for every row
            base += float(structure["leaf_value"])
            continue
        if not _usual(structure):
            return None
        count = structure["internal_count"]
        base += _mean(structure, count)
        root = _compile(structure, {}, {})
        if not isinstance(root, _Split):
            return None
        roots.append(root)
    return Trees(tuple(roots), base, int(dump["max_feature_idx"]) + 1)


def _usual(node: dict[str, Any], path: frozenset[int] = frozenset()) -> bool:
    """Say whether all splits are numeric, every node holds rows and no path has too many features."""
    if "split_feature" not in node:
        return "leaf_coeff" not in node and node.get("leaf_count", 0) > 0 and len(path) <= FEATURES_OF_PATH_MAX
    if node["decision_type"] != "<=" or node["missing_type"] not in {"None", "NaN", "Zero"}:
        return False
    below = path | {node["split_feature"]}
    return _usual(node["left_child"], below) and _usual(node["right_child"], below)


def _mean(node: dict[str, Any], total: int) -> float:
    if "split_feature" not in node:
        return float(node["leaf_value"]) * int(node["leaf_count"]) / total
    return _mean(node["left_child"], total) + _mean(node["right_child"], total)


def _count(node: dict[str, Any]) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _compile(node: dict[str, Any], bits: dict[int, int], shares: dict[int, float]) -> _Split | _Leaf:
    """Compile a node; `bits` number the path's features, `shares` are the training rows that pass its tests on each."""
    if "split_feature" not in node:
        ordered = sorted(bits, key=bits.__getitem__)
        held, value = np.array([shares[each] for each in ordered]), float(node["leaf_value"])
        few = len(ordered) <= TABLE_FEATURES_MAX
        return _Leaf(tuple(ordered), held, value, _tables(held, value, np.arange(1 << len(held))) if few else None)
    feature, known = int(node["split_feature"]), int(node["split_feature"]) in bits
    below = bits if known else bits | {feature: len(bits)}
    children = []
    for child in (node["left_child"], node["right_child"]):
        share = shares.get(feature, 1.0) * _count(child) / _count(node)
        children.append(_compile(child, below, shares | {feature: share}))
    return _Split(
        feature,
        float(node["threshold"]),
        str(node["missing_type"]),
        bool(node["default_left"]),
        known,
        1 << below[feature],
        *children,
    )


def _tables(shares: NDArray[np.float64], value: float, patterns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return what a leaf adds for each feature of its path (rows) and each pattern (columns)."""
    d = len(shares)
    agrees = (patterns[None, :] >> np.arange(d)[:, None]) & 1
    points, weights = np.polynomial.legendre.leggauss((d + 1) // 2)
    at, weights = (points + 1) / 2, weights / 2
    factor = shares[:, None, None] * (1 - at) + agrees[:, :, None] * at  # (features, patterns, points), above zero
    others = factor.prod(axis=0)[None, :, :] / factor
    tables: NDArray[np.float64] = value * (agrees - shares[:, None]) * (others @ weights)
    return tables


def _left(split: _Split, column: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which rows go left, as LightGBM decides it."""
    if split.missing == "NaN":
        left = column <= split.threshold  # false for a missing value
        return left | np.isnan(column) if split.default_left else left
    filled = np.where(np.isnan(column), 0.0, column)
    left = filled <= split.threshold
    if split.missing == "Zero":
        left = np.where(np.abs(filled) <= _ZERO, split.default_left, left)
    return left


def _add(
    node: _Split | _Leaf, columns: NDArray[np.float64], pattern: NDArray[np.intp], total: NDArray[np.float64]
) -> None:
    """Add what the leaves below add; bit j of `pattern` says whether the row agrees with all tests on feature j so far."""
    if isinstance(node, _Leaf):
        tables = node.tables
        if tables is None:
            held, pattern = np.unique(pattern, return_inverse=True)
            tables = _tables(node.shares, node.value, held)
        for feature, table in zip(node.features, tables, strict=True):
            total[feature] += table.take(pattern)
        return
    left = _left(node, columns[node.feature])
    for goes, child in ((left, node.left), (~left, node.right)):
        agrees = goes.astype(np.intp) * node.bit
        below = pattern & (agrees | ~np.intp(node.bit)) if node.known else pattern | agrees
        _add(child, columns, below, total)
