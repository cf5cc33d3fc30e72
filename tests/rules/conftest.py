"""Random trees and random incomplete facts, drawn from a seeded generator so that thousands cost little."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from dualtrack.domain.documents import read_yaml
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.rules.source import compile_pack
from dualtrack.rules.table import FUNCTIONS

SCHEMA = {
    "use.flag": "bool", "use.kind": "string", "use.people": "list", "use.count": "int", "firm.staff": "int", "tier": "string",
    "ev.test.passed": "bool", "ev.test.n": "int", "ev.test.low": "double", "ev.test.groups": "list", "param.limit": "double",
    "def.high": "bool",
}  # fmt: skip
STRINGS = ["", "a", "b", "high", "中文", "q\"\\\n\t'", "é"]
INTS = [0, 1, -1, 7, 300, -300]
DOUBLES = [0.0, -0.0, 0.5, 1.0, -2.5, 1e-7, 1e22]
WIDE_INTS = [*INTS, 2**53, -(2**53), 2**52 + 1, 94906266]
WIDE_DOUBLES = [*DOUBLES, 1e308, -1.7e308, 5e-324]
BAD_VALUES = [2**53 + 1, -(2**60), float("nan"), float("inf"), True, 1, 1.0, "x", ["a", 1], None, [None], b"x", {}]


class Maker:
    """Draws typed trees and facts; `wide` adds values whose sums and products overflow, `asks` allows has(...)."""

    def __init__(self, seed: int, *, wide: bool = False, asks: bool = True):
        self.random = random.Random(seed)
        self.ints, self.doubles = (WIDE_INTS, WIDE_DOUBLES) if wide else (INTS, DOUBLES)
        self.asks = asks

    def tree(self, depth: int = 5):
        return self._of("bool", depth)

    def facts(self, *, absent: float = 0.3, bad: float = 0.0):
        found = {name: self.value(kind) for name, kind in SCHEMA.items() if self.random.random() >= absent}
        for name in found:
            if self.random.random() < bad:
                found[name] = self.random.choice(BAD_VALUES)
        return found

    def value(self, kind):
        pick = self.random.choice
        if kind == "list":
            return [pick(STRINGS) for _ in range(self.random.randrange(4))]
        return {"bool": [True, False], "string": STRINGS, "int": self.ints, "double": self.doubles}[kind][
            self.random.randrange(
                {"bool": 2, "string": len(STRINGS), "int": len(self.ints), "double": len(self.doubles)}[kind]
            )
        ]

    def _of(self, kind, depth):
        choice = self.random.random()
        if depth <= 0 or choice < 0.15:
            return self._leaf(kind)
        if kind == "bool":
            return self._bool(depth)
        if kind in ("int", "double"):
            if kind == "int" and choice < 0.35:
                return call("size", self._of(self.random.choice(["list", "string"]), 0))
            return call(self.random.choice(["add", "sub", "mul"]), self._of(kind, depth - 2), self._of(kind, depth - 2))
        return self._leaf(kind)

    def _bool(self, depth):
        name = self.random.choice(["and", "or", "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "in", "has"])
        if name in ("and", "or"):
            right = self._of("bool", depth - 1)
            while right.get("call") == name:
                right = right["args"][1]
            return call(name, self._of("bool", depth - 1), right)
        if name == "not":
            inner = self._of("bool", depth - 1)
            return inner if inner.get("call") == "not" else call("not", inner)
        if name == "has":
            asked = [n for n in SCHEMA if n.startswith(("use.", "firm."))]
            return call("has", {"fact": self.random.choice(asked)}) if self.asks else self._leaf("bool")
        if name == "in":
            kind = self.random.choice(["string", "int", "double"])
            return call("in", self._of(kind, depth - 1), self._list(kind))
        kind = self.random.choice([pair[0] for pair in FUNCTIONS[name].overloads if "(" not in pair[0]])
        return call(name, self._of(kind, depth - 1), self._of(kind, depth - 1))

    def _list(self, kind):
        if kind == "string" and self.random.random() < 0.5:
            return self._fact("list")
        return {"list": [{kind: self.value(kind)} for _ in range(self.random.randrange(1, 4))]}

    def _leaf(self, kind):
        if self.random.random() < 0.6:
            return self._fact(kind)
        return self._list("string") if kind == "list" else {kind: self.value(kind)}

    def _fact(self, kind):
        return {"fact": self.random.choice([name for name, found in SCHEMA.items() if found == kind])}


def call(name, *args):
    return {"call": name, "args": list(args)}


@pytest.fixture
def maker():
    """Return the class that draws trees and facts."""
    return Maker


@pytest.fixture
def schema():
    """Return the facts that drawn trees read."""
    return dict(SCHEMA)


TOPICS = b"""
sample_gap:
  kind: measurement
  about: release
  roles: [validator]
  fields: {estimate: double, low: double, high: double, n: int, groups: list, remark: "string?"}
  duty: validate
  hours: 8
  title: {en: Gap between groups, zh-Hant: \xe7\xb5\x84\xe5\x88\xa5\xe5\xb7\xae\xe8\xb7\x9d}
sample_watch:
  kind: document
  about: use
  roles: [owner, validator]
  fields: {done: bool}
  duty: null
  hours: 0.5
  title: {en: Watch, zh-Hant: \xe7\x9b\xa3\xe5\xaf\x9f}
unread:
  kind: drill
  about: firm
  roles: [owner]
  fields: {done: bool}
  duty: null
  hours: 1
  title: {en: Unread, zh-Hant: \xe6\x9c\xaa\xe7\x94\xa8}
"""


@pytest.fixture
def topics_source():
    """Return the source of a small catalogue."""
    return TOPICS


@pytest.fixture
def topics():
    """Return a small catalogue."""
    return read_catalogue(TOPICS, where="topics")


@pytest.fixture
def source():
    """Return the sample pack's source as plain data, to change and compile."""
    return read_yaml(Path(__file__).with_name("pack_source.yaml").read_bytes(), where="sample")


@pytest.fixture
def compile_source(topics):
    """Return a function that compiles plain source data: JSON is YAML."""
    return lambda plain: compile_pack(json.dumps(plain, ensure_ascii=False).encode(), topics)


@pytest.fixture
def compiled(source, compile_source):
    """Return the sample pack's compiled bytes."""
    return compile_source(source)
