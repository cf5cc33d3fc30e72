"""A person asks for erasure: what no law keeps is erased, and the reply names law and day for what is kept.

Cap. 486 section 26. Digests in the ledger stand, so every proof still verifies; what they were made of is gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from dualtrack.domain.oversight import Erasure
from dualtrack.domain.records import Record, Text, encode
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.once import forget_answers
from dualtrack.runtime.recorder import AT_RISK_MS
from dualtrack.runtime.retention import kept_until, retention_classes
from dualtrack.store.rare import Rare

if TYPE_CHECKING:
    from dualtrack.store.content import ContentVault
    from dualtrack.store.register import Register

__all__ = ["ErasureReply", "KeptContents", "count_contents", "erase_person", "kept_contents"]

_SETTLE_S = 2 * AT_RISK_MS / 1000
"""Seconds in which answers that were given without waiting for the database are in it, with time to spare."""


class KeptContents(Record, frozen=True):
    """Contents of a class that are kept. `until` is the first day on which all of them may be erased; None is not known.

    Without a `law` the class is in no table of ours: kept until somebody has said what it is.
    """

    retention: str
    contents: int
    law: Text | None
    cites: str | None
    until: str | None


class ErasureReply(Record, frozen=True):
    """What was erased and what is kept, with an answer to the person in both languages."""

    subject: str
    contents: int
    keys: int
    kept: list[KeptContents]
    says: Text
    entry: int


def kept_contents(register: Register, subject: str) -> list[KeptContents]:
    """Return what laws keep of a person now, by class.

    A class is kept whole while any content of it is within its years: it is the newest that the day is counted from.
    """
    table = register.repository.tables.content
    query = select(table.c.retention, func.count(), func.max(table.c.at)).where(
        table.c.ledger == register.repository.ledger, Rare(table.c.subject == subject), table.c.erased.is_(False)
    )
    with register.repository.backend.read() as connection:
        rows = connection.execute(query.group_by(table.c.retention)).all()
    today, found = hong_kong_date(register.clock()), []
    for retention, count, newest in sorted(rows, key=lambda row: str(row[0])):
        known = retention_classes().get(retention)
        if known is None:
            found.append(KeptContents(retention=retention, contents=count, law=None, cites=None, until=None))
            continue
        until = kept_until(known, parse_instant(newest))
        if until is not None and today < until:
            found.append(
                KeptContents(
                    retention=retention, contents=count, law=known.law, cites=known.cites, until=until.isoformat()
                )
            )
    return found


def count_contents(register: Register, subject: str) -> int:
    """Return how many contents of a person are not erased."""
    table = register.repository.tables.content
    query = select(func.count()).where(
        table.c.ledger == register.repository.ledger, Rare(table.c.subject == subject), table.c.erased.is_(False)
    )
    with register.repository.backend.read() as connection:
        return int(connection.execute(query).scalar_one())


def erase_person(register: Register, contents: ContentVault, by: str, subject: str, reason: str) -> ErasureReply:
    """Erase what no law keeps of a person (a pseudonym) and record it; a second time finds what is left.

    `contents` must be the vault that the recorder seals with: it forgets the person's key. What was answered in the moment
    before, by any process, is waited for; what is under way is recorded after the erasure, and needs another.
    """
    check_reason(reason)
    time.sleep(_SETTLE_S)
    kept = kept_contents(register, subject)
    at = register.now()
    gone = contents.erase_subject(subject, at=at, keep=[item.retention for item in kept])
    forget_answers(register.repository.backend, subject)
    record = Erasure(
        subject=subject,
        contents=gone.contents,
        keys=gone.keys,
        kept={item.retention: item.contents for item in kept},
        reason=reason,
        by=by,
        at=at,
    )
    receipt = register.append_plain([("erasure/1", register.institution, encode(record))])[0]
    return ErasureReply(
        subject=subject,
        contents=gone.contents,
        keys=gone.keys,
        kept=kept,
        says=_says(gone.contents, kept),
        entry=receipt.index,
    )


def _says(erased: int, kept: list[KeptContents]) -> Text:
    english = [f"{erased} contents about you were erased."]
    chinese = [f"已刪除 {erased} 項關於你的內容。"]
    if not erased and not kept:
        english, chinese = ["There was nothing about you to erase."], ["並無關於你的內容可供刪除。"]
    for item in kept:
        if item.law is None or item.until is None:
            english.append(f"{item.contents} are kept until the firm has established which law applies.")
            chinese.append(f"{item.contents} 項內容暫時保留，待機構確定適用的法例。")
            continue
        english.append(f"{item.contents} are kept under {item.law.en} ({item.cites}); ask again from {item.until}.")
        chinese.append(
            f"{item.contents} 項內容根據{item.law.zh}（{item.cites}）保留；由 {item.until} 起可再次要求刪除。"
        )
    return Text(en=" ".join(english), zh="".join(chinese))
