"""Waivers and trial plans, checked when they are added: an assessment passes over one that is wrong without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.time import parse_date
from dualtrack.domain.vocabulary import Mode
from dualtrack.errors import FieldError
from dualtrack.rules.catalogue import BUILT_IN_NAMES

if TYPE_CHECKING:
    from dualtrack.domain.evidence import Predicate
    from dualtrack.store.register import Register

__all__ = ["check_built_in"]


def check_built_in(register: Register, subject: str, predicate: Predicate, where: str) -> None:
    """Raise FieldError for a waiver or trial plan that could never take effect; other topics pass."""
    fields = predicate.fields
    if predicate.topic not in BUILT_IN_NAMES:
        return
    if isinstance(until := fields.get("until"), str):
        parse_date(until, where=f"{where}, field fields.until")
    if predicate.topic == "waiver" and isinstance(rule := fields.get("rule"), str):
        _check_rule(register, rule, f"{where}, field fields.rule")
    if predicate.topic == "trial_plan":
        mode, measures = fields.get("mode"), fields.get("measures")
        if isinstance(mode, str) and mode not in {Mode.SHADOW, Mode.TRIAL}:
            raise FieldError(f"{mode!r}", where=f"{where}, field fields.mode", expected="shadow or trial")
        declared = register.case(subject, None).found.declaration
        claims = [claim.id for claim in declared.claims] if declared else []
        if isinstance(measures, str) and measures not in claims:
            raise FieldError(
                f"{measures!r}",
                where=f"{where}, field fields.measures",
                expected=f"a claim of the declaration: {', '.join(claims) or 'none yet'}",
            )


def _check_rule(register: Register, name: str, where: str) -> None:
    packs = {pack.id: pack for pack in register.adopted_packs()}
    pack, _, rule = name.partition("/")
    if pack not in packs:
        raise FieldError(
            f"rule {name!r} is of no adopted pack",
            where=where,
            expected=f"PACK/RULE with one of {', '.join(sorted(packs)) or 'none yet'}",
            fix="see `dualtrack rules list`",
        )
    if rule not in {item.id for item in packs[pack].data.rules}:
        raise FieldError(f"pack {pack} has no rule {rule!r}", where=where, fix=f"see `dualtrack rules show {pack}`")
