"""The application of research, as the rest of the system knows it."""

from __future__ import annotations

from dualtrack.apps.application import API, Application, EntryKind
from dualtrack.apps.research.pages import desk, green, tables, writing
from dualtrack.apps.research.records import (
    ANSWER_KIND,
    DOCUMENT_KIND,
    INTEREST_KIND,
    NOTE_KIND,
    RELEASE_KIND,
    AnswerKept,
    DocumentLoaded,
    InterestKept,
    NoteKept,
    NoteReleased,
)
from dualtrack.apps.research.routes import ROUTES
from dualtrack.apps.research.state import PROJECTIONS, TABLES
from dualtrack.domain.records import Text

__all__ = ["APPLICATION"]

APPLICATION = Application(
    api=API,
    name="research",
    title=Text(en="Research and data analysis", zh="研究及數據分析"),
    package="dualtrack.apps.research",
    declaration=("declaration.yaml",),
    entry_kinds={
        DOCUMENT_KIND: EntryKind(DocumentLoaded, Text(en="Document loaded", zh="載入文件")),
        ANSWER_KIND: EntryKind(AnswerKept, Text(en="Research answer", zh="研究答案")),
        NOTE_KIND: EntryKind(NoteKept, Text(en="Version of a note", zh="研究報告版本")),
        RELEASE_KIND: EntryKind(NoteReleased, Text(en="Note released", zh="發出研究報告")),
        INTEREST_KIND: EntryKind(InterestKept, Text(en="Interest entered", zh="登記利益")),
    },
    projections=PROJECTIONS,
    tables=TABLES,
    roles=desk.ROLES,
    pages=(*desk.PAGES, *green.PAGES, *tables.PAGES, *writing.PAGES),
    hot_routes=ROUTES,
    locale="words.yaml",
)
