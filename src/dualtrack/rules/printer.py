"""Print a tree back as text: the one normal form in which a rule is stored, shown and signed.

Law: for every checked tree t, parsing `show(t)` gives t. Parentheses stand exactly where a child binds less tightly than its
place needs. The verifier repeats this module by hand.
"""

from __future__ import annotations

from dualtrack.rules.table import FUNCTIONS, Tree

__all__ = ["show"]

_PRIMARY = 7
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"})


def show(tree: Tree) -> str:
    """Return the text of a checked tree."""
    return _show(tree)[0]


def _show(tree: Tree) -> tuple[str, int]:
    """Return the text and how tightly its outermost part binds."""
    if "call" in tree:
        return _show_call(tree["call"], tree["args"])
    kind, value = next(iter(tree.items()))
    if kind == "fact":
        return value, _PRIMARY
    if kind == "list":
        return "[" + ", ".join(show(item) for item in value) + "]", _PRIMARY
    if kind == "bool":
        return ("true" if value else "false"), _PRIMARY
    if kind == "string":
        return '"' + value.translate(_ESCAPES) + '"', _PRIMARY
    return repr(value), _PRIMARY  # Python's repr of a double always has a point or an exponent


def _show_call(name: str, args: list[Tree]) -> tuple[str, int]:
    function = FUNCTIONS[name]
    own = function.precedence
    if name in ("size", "has"):
        return f"{function.symbol}({show(args[0])})", own
    if name == "not":
        return "!" + _within(args[0], _PRIMARY), own
    # Comparisons do not associate, so both sides must bind more tightly; the others lean left.
    left = own + 1 if function.precedence == FUNCTIONS["eq"].precedence else own
    return f"{_within(args[0], left)} {function.symbol} {_within(args[1], own + 1)}", own


def _within(tree: Tree, needed: int) -> str:
    text, binding = _show(tree)
    return text if binding >= needed else f"({text})"
