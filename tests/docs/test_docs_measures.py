"""The page on the measures: it names every measure there is and no other, under its family, and says which do not add up."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import get_args

import pytest

from dualtrack.evidence.measure import Family
from dualtrack.evidence.registry import measures
from house_tree import ROOT

TEXT = (ROOT / "docs" / "measures.md").read_text("utf-8")
NAME = re.compile(rf"`((?:{'|'.join(get_args(Family))})\.[a-z-]+)`")
LINES_MAX = 400


def sections():
    """Return the text under each heading of the second level."""
    starts = [*(match.start() for match in re.finditer(r"(?m)^## ", TEXT)), len(TEXT)]
    parts = [TEXT[one:other] for one, other in pairwise(starts)]
    return {part.partition("\n")[0].removeprefix("## ").partition(":")[0].lower(): part for part in parts}


def in_tables(text):
    """Return the measures that begin a row of a table."""
    heads = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for head in heads for name in NAME.findall(head)]


def test_every_measure_has_one_row_and_no_other_is_named():
    assert sorted(in_tables(TEXT)) == sorted(measures())
    assert set(NAME.findall(TEXT)) <= set(measures())
    assert len(TEXT.splitlines()) <= LINES_MAX


@pytest.mark.parametrize("family", get_args(Family))
def test_each_stands_under_its_family(family):
    assert set(in_tables(sections()[family])) == {name for name in measures() if name.startswith(f"{family}.")}


def test_what_does_not_add_up_is_said():
    said = sections()["what does not add up"].partition("What compares")[0]
    assert set(NAME.findall(said)) == {name for name, measure in measures().items() if not measure.mergeable}
