"""Trust anchors: what a verifier must know beforehand about an institution, and must get by another way than a bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.store.workspace import CONFIG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.store.register import Register

__all__ = ["anchors_document"]


def anchors_document(registers: Iterable[Register]) -> bytes:
    """Return `anchors.json`: root key, log key, witnesses and quorum of each institution (docs/assessment.md, section 12)."""
    institutions = {}
    for register in registers:
        listed = register.store.workspace.config.institution(register.institution)
        if listed and "main" not in listed.logs:
            raise FieldError(
                f"no log key of {register.institution!r}",
                where=f"{CONFIG_NAME}, [institutions.logs]",
                expected="main = VERIFIER_KEY",
                fix="put the line back as `dualtrack init` wrote it: without it a verifier cannot know the ledger",
            )
        institutions[register.institution] = {
            "root_key": register.case(None, None).found.institution.root_key,
            "log": listed.logs["main"] if listed else "",
            "witnesses": list(listed.witnesses) if listed else [],
            "quorum": listed.quorum if listed else 0,
        }
    document = {"format": "dualtrack.anchors/1", "institutions": institutions}
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
