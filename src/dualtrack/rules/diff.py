"""What changed between two packs: rules, parameters, tiers and the pack's own standing, field by field.

Works on two versions of one pack as well as on two documents of different years: rules are matched by id. Packs of different
digest always differ here too: what the compiled bytes say beyond names and values is the order of their lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.records import Text, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dualtrack.rules.pack import Pack

__all__ = ["SHOWN_MAX", "Change", "Kind", "Part", "diff", "diff_lines"]

Kind = Literal["added", "removed", "changed"]
Part = Literal["pack", "rule", "parameter", "definition", "tier", "topic", "coverage"]

_PACK_FIELDS = (
    "id", "version", "issuer", "transcriber", "title", "subject", "status", "effective_from", "effective_to", "grade", "source",
)  # fmt: skip

_PARTS: dict[Part, tuple[str, str]] = {
    "pack": ("pack", "規則包"), "rule": ("rule", "規則"), "parameter": ("parameter", "參數"),
    "definition": ("definition", "定義"), "tier": ("tier line", "級別"), "topic": ("topic", "證據主題"),
    "coverage": ("paragraph", "段落"),
}  # fmt: skip
_KINDS: dict[Kind, tuple[str, str]] = {
    "added": ("added", "新增"),
    "removed": ("removed", "刪除"),
    "changed": ("changed", "更改"),
}

SHOWN_MAX = 160
"""Characters of a value in a line for people; the record keeps it whole."""


class Change(NamedTuple):
    """One change: which part, under which name, which field (null when added or removed whole), before and after.

    A part without a name is the pack itself, or with the field `order` the whole list of that part.
    """

    part: Part
    name: str
    kind: Kind
    field: str | None
    before: object
    after: object

    def line(self) -> Text:
        """Return the change as one line in both languages."""
        (en, zh), (did, did_zh) = _PARTS[self.part], _KINDS[self.kind]
        name = f" {self.name}" if self.name else ""  # one pack, and one list of each part, is on each side
        if self.field is None:
            return Text(en=f"{en}{name}: {did}", zh=f"{zh}{name}：{did_zh}")
        before, after = _shown(self.before), _shown(self.after)
        return Text(
            en=f"{en}{name}, {self.field}: {before} -> {after}",
            zh=f"{zh}{name}，{self.field}：{before} → {after}",
        )


def diff(before: Pack, after: Pack) -> tuple[Change, ...]:
    """Return every change from one pack to the other, in the order pack, parameters, definitions, tiers, topics, rules, coverage."""
    old, new = _parts(before), _parts(after)
    return tuple(change for part in _PARTS_IN_ORDER for change in _compare(part, old[part], new[part]))


def diff_lines(changes: tuple[Change, ...]) -> list[Text]:
    """Return the changes as lines for people; no change is said as such."""
    if not changes:
        return [Text(en="no change", zh="沒有更改")]
    return [change.line() for change in changes]


_PARTS_IN_ORDER: tuple[Part, ...] = ("pack", "parameter", "definition", "tier", "topic", "rule", "coverage")

_Items = dict[str, dict[str, Any]]


def _parts(pack: Pack) -> dict[Part, _Items]:
    plain = to_plain(pack.data)
    assert isinstance(plain, dict)
    return {
        "pack": {"": {name: plain[name] for name in _PACK_FIELDS}},
        "parameter": {f"{item['name']} from {item['from']}": item for item in plain["parameters"]},
        "definition": {item["name"]: _readable(item) for item in plain["definitions"]},
        "tier": {str(number): _readable(item) for number, item in enumerate(plain["tiers"], 1)},
        "topic": plain["topics"],
        "rule": {item["id"]: _readable(item) for item in plain["rules"]},
        "coverage": {item["paragraph"]: item for item in plain["coverage"]},
    }


def _readable(item: dict[str, Any]) -> dict[str, Any]:
    """Leave trees out: their texts say the same."""
    return {
        name: value["text"] if isinstance(value, dict) and "tree" in value else value
        for name, value in item.items()
        if name != "tree"
    }


def _compare(part: Part, old: _Items, new: _Items) -> Iterator[Change]:
    for name, item in old.items():
        if name not in new:
            yield Change(part, name, "removed", None, item, None)
            continue
        for field, value in item.items():
            if not _is_same(value, new[name].get(field)):
                yield Change(part, name, "changed", field, value, new[name].get(field))
    for name, item in new.items():
        if name not in old:
            yield Change(part, name, "added", None, None, item)
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    moved = [place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    if moved:  # only the stretch that moved: a line for people is cut, and would show the same beginning twice
        span = slice(moved[0], moved[-1] + 1)
        yield Change(part, "", "changed", "order", before[span], after[span])


def _is_same(before: object, after: object) -> bool:
    """Compare as bytes: 2 equals 2.0 and 0.0 equals -0.0, and are other packs."""
    return canonical.encode(before) == canonical.encode(after)


def _shown(value: object) -> str:
    if isinstance(value, dict) and "en" in value:
        value = value["en"]
    text = _plain(value)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def _plain(value: object) -> str:
    """Return a value in words: names with their values, lists by commas, a dash for nothing."""
    if value in (None, "", [], {}):
        return "-"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_plain(item)}" for name, item in value.items())
    return ", ".join(_plain(item) for item in value) if isinstance(value, list) else str(value)
