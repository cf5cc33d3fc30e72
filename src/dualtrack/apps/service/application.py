"""The application of customer service, as the rest of the system knows it."""

from __future__ import annotations

from dualtrack.apps.application import API, Application, EntryKind
from dualtrack.apps.service.connectors import routes as connectors
from dualtrack.apps.service.pages import chat, complaining, desk, operator
from dualtrack.apps.service.records import (
    BEGAN_KIND,
    COMPLAINT_KIND,
    MESSAGE_KIND,
    STEP_KIND,
    Began,
    ComplaintStep,
    Message,
    Step,
)
from dualtrack.apps.service.state import PROJECTIONS, TABLES
from dualtrack.apps.service.turns import ROUTES
from dualtrack.domain.records import Text

__all__ = ["APPLICATION"]

APPLICATION = Application(
    api=API,
    name="service",
    title=Text(en="Customer service", zh="客戶服務"),
    package="dualtrack.apps.service",
    declaration=("declaration.yaml",),
    entry_kinds={
        BEGAN_KIND: EntryKind(Began, Text(en="Conversation begun", zh="對話開始")),
        MESSAGE_KIND: EntryKind(Message, Text(en="Message of a conversation", zh="對話訊息")),
        COMPLAINT_KIND: EntryKind(ComplaintStep, Text(en="Step of a complaint", zh="投訴步驟")),
        STEP_KIND: EntryKind(Step, Text(en="Step of a conversation", zh="對話步驟")),
    },
    projections=PROJECTIONS,
    tables=TABLES,
    roles={**desk.ROLES, **operator.ROLES},
    pages=(*chat.PAGES, *desk.PAGES, *complaining.PAGES, *operator.PAGES),
    hot_routes=(*ROUTES, *connectors.ROUTES),
    locale="words.yaml",
)
