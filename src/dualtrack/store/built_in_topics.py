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

__all__ = ["built_in_problems"]


def built_in_problems(
    register: Register, subject: str, predicate: Predicate, *, where: str = "evidence"
) -> dict[str, FieldError]:
    """Return by field what would keep a waiver or trial plan from ever taking effect; other topics have none."""
    found: dict[str, FieldError | None] = {}
    fields = predicate.fields
    if predicate.topic not in BUILT_IN_NAMES:
        return {}
    if isinstance(until := fields.get("until"), str):
        found["until"] = _until(until, f"{where}, field fields.until")
    if predicate.topic == "waiver" and isinstance(rule := fields.get("rule"), str):
        found["rule"] = _rule(register, rule, f"{where}, field fields.rule")
    if predicate.topic == "trial_plan":
        if isinstance(mode := fields.get("mode"), str) and mode not in {Mode.SHADOW, Mode.TRIAL}:
            found["mode"] = FieldError(f"{mode!r}", where=f"{where}, field fields.mode", expected="shadow or trial")
        if isinstance(measures := fields.get("measures"), str):
            found["measures"] = _measures(register, subject, measures, f"{where}, field fields.measures")
    return {field: error for field, error in found.items() if error is not None}


def _until(text: str, where: str) -> FieldError | None:
    try:
        parse_date(text, where=where)
    except FieldError as error:
        return error
    return None


def _measures(register: Register, subject: str, claim: str, where: str) -> FieldError | None:
    declared = register.case(subject, None).found.declaration
    claims = [item.id for item in declared.claims] if declared else []
    if claim in claims:
        return None
    return FieldError(
        f"{claim!r}", where=where, expected=f"a claim of the declaration: {', '.join(claims) or 'none yet'}"
    )


def _rule(register: Register, name: str, where: str) -> FieldError | None:
    packs = {pack.id: pack for pack in register.adopted_packs()}
    pack, _, rule = name.partition("/")
    if pack not in packs:
        return FieldError(
            f"rule {name!r} is of no adopted pack",
            where=where,
            expected=f"PACK/RULE with one of {', '.join(sorted(packs)) or 'none yet'}",
            fix="see `dualtrack rules list`",
        )
    if rule not in {item.id for item in packs[pack].data.rules}:
        return FieldError(f"pack {pack} has no rule {rule!r}", where=where, fix=f"see `dualtrack rules show {pack}`")
    return None
