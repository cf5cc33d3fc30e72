"""Published questions over financial reports: gold derivations and programs come out again in the closed calculator."""

import json
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import pytest

from dualtrack.apps.research.calculate import calculate, numeral
from dualtrack.apps.research.expression import read_expression
from dualtrack.apps.research.program import Operand
from dualtrack.apps.research.reported import SCALES, read_reported
from dualtrack.errors import DualtrackError
from house_tree import ROOT

TEXTS = ROOT.parent / "shared" / "data" / "text"

needs_texts = pytest.mark.skipif(not TEXTS.exists(), reason="the shared data (data/text) are not beside this checkout")


def computed(text, *, accounting):
    read = read_expression(text, accounting=accounting)
    operands = [
        Operand(each.name, "written", each.text, numeral(read_reported(each.text).value)) for each in read.written
    ]
    return Decimal(calculate(read.program, operands).value)


def agrees(values, gold, scale):
    """Say whether a value is the gold answer to its printed digits, as a number or in per cent, in its scale, whatever its sign."""
    unit = Decimal(1).scaleb(gold.as_tuple().exponent)
    base = Decimal(1).scaleb(-SCALES.get(scale, 0))
    ways = [value * factor for value in values for factor in (1, 100, -1, -100, base)]
    return any(abs(way.quantize(unit, ROUND_HALF_UP) - gold) <= unit for way in ways)


@needs_texts
def test_gold_derivations_of_tatqa_come_out_again():
    counted = Counter()
    for document in json.loads((TEXTS / "tatqa_dev.json").read_text("utf-8")):
        for question in document["questions"]:
            if question["answer_type"] != "arithmetic":
                continue
            try:
                gold = Decimal(str(question["answer"]).replace(",", ""))
            except InvalidOperation:
                counted["no number"] += 1
                continue
            try:
                values = [computed(question["derivation"], accounting=way) for way in (False, True)]
            except DualtrackError:
                counted["refused"] += 1
                continue
            counted["right" if agrees(values, gold, question["scale"]) else "wrong"] += 1
    asked = counted["right"] + counted["wrong"] + counted["refused"]
    assert asked > 700, counted
    assert counted["right"] / asked >= 0.998, counted


@needs_texts
def test_programs_of_convfinqa_come_out_again():
    counted = Counter()
    for conversation in json.loads((TEXTS / "convfinqa_dev.json").read_text("utf-8")):
        for place, program in enumerate(conversation["programs"]):
            statements = re.sub(r"\bans\s*=", "", program)
            try:
                value = computed(statements, accounting=False)
            except DualtrackError:
                counted["refused"] += 1
                continue
            counted["executed"] += 1
            if place == len(conversation["programs"]) - 1:
                gold = Decimal(str(conversation["answer"]))
                near = max(abs(gold) * Decimal("0.005"), Decimal("0.0006"))
                counted["right" if min(abs(value - gold), abs(value / 100 - gold)) <= near else "wrong"] += 1
    assert counted["executed"] > 1_400, counted
    assert counted["refused"] <= 0.01 * counted["executed"], counted
    assert (counted["wrong"], counted["right"] > 400) == (0, True), counted
