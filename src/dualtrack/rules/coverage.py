"""Coverage of a document, paragraph by paragraph: rule, question, information or not covered, with the shares.

Says "our test for paragraph 18(a)", never that a paragraph is complied with. A pack whose text nobody here has read has none.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, get_args

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Grade
from dualtrack.errors import PackError
from dualtrack.rules.records import CoverageKind, CoverageRow

if TYPE_CHECKING:
    from dualtrack.rules.pack import Pack

__all__ = ["Coverage", "coverage"]

_WORDS: dict[CoverageKind, tuple[str, str]] = {
    "rule": ("rule", "規則"),
    "question": ("question", "問題"),
    "information": ("information", "資料"),
    "not_covered": ("not covered", "未涵蓋"),
}


class Coverage(NamedTuple):
    """The paragraphs in order, how many became what, and the total."""

    rows: tuple[CoverageRow, ...]
    counts: dict[CoverageKind, int]
    total: int

    def line(self) -> Text:
        """Return the shares as one line in both languages."""
        en = ", ".join(f"{count} {_WORDS[kind][0]}" for kind, count in self.counts.items())
        zh = "、".join(f"{_WORDS[kind][1]} {count} 段" for kind, count in self.counts.items())
        return Text(en=f"{self.total} paragraphs: {en}", zh=f"共 {self.total} 段：{zh}")


def coverage(pack: Pack) -> Coverage:
    """Return the coverage of the pack's document; raises PackError for a pack that can claim none."""
    if pack.data.grade is Grade.SECONDARY or not pack.data.coverage:
        raise PackError(
            "no coverage is claimed", where=f"pack {pack.id}",
            expected="a primary pack, whose text was read paragraph by paragraph",
            fix=f"see its source: {pack.data.source.checked}", code="rule.pack.no-coverage",
        )  # fmt: skip
    found = Counter(row.as_ for row in pack.data.coverage)
    counts: dict[CoverageKind, int] = {kind: found[kind] for kind in get_args(CoverageKind)}
    return Coverage(tuple(pack.data.coverage), counts, len(pack.data.coverage))
