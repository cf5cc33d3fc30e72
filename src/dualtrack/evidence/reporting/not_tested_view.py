"""What was not tested, in one language: a block of lines or a table for each kind of gap, and a sentence where there is none."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.reporting.cells import Cell, Column, Table, entry_cell, tone_cell

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import NotTested, SmallGroup, Unanswered
    from dualtrack.evidence.reporting.words import Words

__all__ = ["Block", "not_tested_blocks"]


_ATTRIBUTES = {
    "sex": "性別",
    "marital_status": "婚姻狀況",
    "pregnancy": "懷孕",
    "disability": "殘疾",
    "family_status": "家庭崗位",
    "race": "種族",
}
"""Protected attributes of the shipped pack as the ordinances name them in Chinese."""


class Block(NamedTuple):
    """One kind of gap: a title, a sentence, and a table where there is something to list."""

    title: str
    lead: str
    table: Table | None


def not_tested_blocks(found: NotTested, words: Words) -> list[Block]:
    """Return the blocks in order of what weighs most."""
    return [
        _items(found, words),
        _topics(found, words),
        _attributes(found, words),
        _groups(found, words),
        _measures(found, words),
    ]


def _items(found: NotTested, words: Words) -> Block:
    title = words("Planned items without an answer", "沒有答案的計劃項目")
    if not found.items:
        return Block(title, words("Every planned item has an answer.", "每個計劃項目均有答案。"), None)
    columns = [Column(words("Item", "項目")), Column(words("Lacks", "欠缺")), Column(words("Would settle it", "所需樣本"), numeric=True),
               Column(words("Entry", "日誌項目"), numeric=True)]  # fmt: skip
    rows = [_item_row(item, words) for item in found.items]
    lead = words("These thresholds are not met: nothing is known of them.", "這些門檻未算達標：一切仍屬未知。")
    return Block(title, lead, Table(title, columns, rows))


def _item_row(item: Unanswered, words: Words) -> list[Cell]:
    said = {
        "no result": words("no result for this release", "此發布版本沒有結果"),
        "not measurable": words("not measurable", "無法量度"),
        "underpowered": words("cannot tell: underpowered", "未能判斷：檢定力不足"),
    }
    needed = words(f"{item.n_needed:,} rows", f"{item.n_needed:,}行") if item.n_needed else words("not known", "未知")
    return [
        Cell(words.text(item.title), sub=item.item),
        tone_cell("?" if item.lack == "underpowered" else "∅", said[item.lack], "medium", words.reason(item.reason)),
        Cell(needed),
        Cell("–") if item.entry is None else entry_cell(item.entry),
    ]


def _topics(found: NotTested, words: Words) -> Block:
    title = words("Topics of adopted packs without evidence in date", "所採納規則包中沒有有效證據的主題")
    if not found.topics:
        return Block(title, words("None for this release.", "此發布版本沒有。"), None)
    columns = [
        Column(words("Topic", "主題")),
        Column(words("Rules that ask for it", "要求此主題的規則")),
        Column(words("Binding", "具約束力")),
    ]
    rows = [
        [Cell(words.text(topic.title), sub=topic.topic), Cell(", ".join(topic.rules)),
         Cell(words("yes", "是") if topic.binding else words("no, simulated", "否，模擬"))]
        for topic in found.topics
    ]  # fmt: skip
    lead = words(
        "Not all of these can be measured: some ask for documents, drills or approvals.",
        "並非全部可以量度：部分要求文件、演練或批准。",
    )
    return Block(title, lead, Table(title, columns, rows))


def _attributes(found: NotTested, words: Words) -> Block:
    title = words("Protected attributes not measured", "未有量度的受保護特徵")
    if not found.attributes:
        return Block(title, words("Each listed attribute has a number.", "所列特徵均有數字。"), None)
    columns = [Column(words("Attribute", "特徵")), Column(words("Ordinance", "條例"))]
    rows = [
        [
            Cell(words(each.name.replace("_", " "), _ATTRIBUTES.get(each.name, each.name))),
            Cell(_cited(each.cites, words)),
        ]
        for each in found.attributes
    ]
    lead = words(
        "By the dated list of the pack on discrimination. A column under another name is not recognised unless the plan says what it holds.",
        "以反歧視規則包的附日期清單為準。名稱不同的欄須由計劃指明其內容，否則不能識別。",
    )
    return Block(title, lead, Table(title, columns, rows))


def _cited(cites: str, words: Words) -> str:
    """Return a chapter of the Laws of Hong Kong as each language writes it."""
    return words(cites, re.sub(r"\bCap\. (\d+[A-Z]*)", r"第\1章", cites))


def _groups(found: NotTested, words: Words) -> Block:
    title = words("Groups and segments too small to answer", "過小而無法回答的群組及分部")
    if not found.groups:
        return Block(title, words("None.", "沒有。"), None)
    columns = [Column(words("Group", "群組")), Column("n", numeric=True), Column(words("Numbers concerned", "所涉數字")),
               Column(words("Entry", "日誌項目"), numeric=True)]  # fmt: skip

    def place(group: SmallGroup) -> tuple[int, str]:
        return group.entry, group.label

    rows = []
    for (entry, label), alike in groupby(sorted(found.groups, key=place), key=place):
        same = list(alike)
        sizes = sorted({each.n for each in same})
        n = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} – {sizes[-1]:,}"
        names = dict.fromkeys(each.measure.partition(".")[2] or each.measure for each in same)
        rows.append([Cell(label), Cell(n), Cell(", ".join(names)), entry_cell(entry)])
    lead = words("No number about these may be read as equal treatment.", "有關這些群組的數字不得視為待遇相等。")
    return Block(title, lead, Table(title, columns, rows))


def _measures(found: NotTested, words: Words) -> Block:
    title = words("Measures that no item of the plan makes", "計劃沒有任何項目採用的量度")
    if not found.measures:
        return Block(title, words("None: the plan uses every measure.", "沒有：計劃已採用所有量度。"), None)
    columns = [Column(words("Family", "類別")), Column(words("Measures", "量度"))]
    rows = []
    for family, alike in groupby(found.measures, key=lambda each: each.family):
        whole = words("no measure of this family is planned", "此類別完全沒有計劃") if family in found.families else ""
        names = words("; ", "；").join(words.text(each.title) for each in alike)
        rows.append([Cell(words.capital(words.family(family)), sub=whole), Cell(names)])
    lead = words("Not every measure suits every use; the choice is the planner's and stands here to be asked about.",
                 "並非每項量度均適合每個用途；選擇由計劃者作出，列於此處以便查問。")  # fmt: skip
    return Block(title, lead, Table(title, columns, rows))
