"""Evidence of customer service on both tracks: tables of what it does, without words of customers, and the plans that measure them."""

from dualtrack.apps.service.evidence.conversations import conversation_table
from dualtrack.apps.service.evidence.questions import read_questions

__all__ = ["conversation_table", "read_questions"]
