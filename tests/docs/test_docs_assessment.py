"""The table of kinds in the specification names every kind of entry that the program writes."""

from __future__ import annotations

import re

from house_tree import ROOT, none_of

TEXT = (ROOT / "docs" / "assessment.md").read_text(encoding="utf-8")
KIND = re.compile(r'"([a-z][a-z-]*/1)"')


def test_every_kind_of_entry_is_in_the_table():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "dualtrack").rglob("*.py"))
    written = set(KIND.findall(source))
    assert {"decision/1", "hold/1", "review/1", "signal/1"} <= written
    none_of(f"{kind} is not in docs/assessment.md" for kind in written if f"`{kind}`" not in TEXT)


def test_the_policy_of_a_release_is_said_to_pin_the_runtime_policy():
    assert "Its `policy` has `runtime`: the digest of the runtime policy" in TEXT
