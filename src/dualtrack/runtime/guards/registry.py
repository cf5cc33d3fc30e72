"""Which guards there are: ours by name, and a firm's own by the entry point `dualtrack.guards`.

A guard class may say, beside the form of base.Guard, which `actions` a policy may give it and the highest `threshold_max` that
still lets it do its work; a policy beyond that is refused when it is compiled, not when somebody is harmed.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NamedTuple, cast

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

    from dualtrack.domain.policy import GuardSetting, RuntimePolicy
    from dualtrack.runtime.guards.base import Guard

__all__ = ["BUILT_IN", "ENTRY_POINT_GROUP", "PLUGINS_MAX", "CompiledGuard", "build_guards", "guard_classes"]

ENTRY_POINT_GROUP = "dualtrack.guards"

PLUGINS_MAX = 200
"""Guards from other packages: more is an environment that nobody reviewed."""

_PACKAGE = "dualtrack.runtime.guards"

BUILT_IN: Mapping[str, str] = {
    "disclosure": f"{_PACKAGE}.disclosure:Disclosed",
    "injection": f"{_PACKAGE}.injection:Injection",
    "input_schema": f"{_PACKAGE}.input_schema:InputSchema",
    "investment_advice": f"{_PACKAGE}.investment_advice:InvestmentAdvice",
    "mpf_choice": f"{_PACKAGE}.mpf_choice:MpfChoice",
    "opt_out": f"{_PACKAGE}.opt_out:OptOut",
    "output_checks": f"{_PACKAGE}.output_checks:OutputChecks",
    "personal_data": f"{_PACKAGE}.personal_data:PersonalData",
    "tipping_off": f"{_PACKAGE}.tipping_off:TippingOff",
    "tool_use": f"{_PACKAGE}.tool_use:ToolUse",
}
"""Our guards by name; a class is imported when a policy names it."""


class CompiledGuard(NamedTuple):
    """A guard made for a policy, with the setting it was made from."""

    setting: GuardSetting
    guard: Guard


class _LazyClasses(dict[str, "type[Guard]"]):
    """Classes by name; a name of our table is imported when it is asked for."""

    def __missing__(self, name: str) -> type[Guard]:
        if name not in BUILT_IN:
            raise KeyError(name)
        module, _, attribute = BUILT_IN[name].partition(":")
        self[name] = found = cast("type[Guard]", getattr(import_module(module), attribute))
        return found

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in BUILT_IN


def guard_classes(points: Iterable[EntryPoint] | None = None) -> Mapping[str, type[Guard]]:
    """Return the classes by name. `points` stands for the installed entry points; broken or clashing ones are refused."""
    found = _LazyClasses()
    listed = list(entry_points(group=ENTRY_POINT_GROUP) if points is None else points)
    if len(listed) > PLUGINS_MAX:
        raise FieldError(f"{len(listed)} guards", where=ENTRY_POINT_GROUP, expected=f"at most {PLUGINS_MAX}")
    for point in listed:
        where = f"entry point {ENTRY_POINT_GROUP}, {point.name} = {point.value}"
        if point.name in found:
            raise FieldError(f"the guard {point.name!r} is there already", where=where, fix="give it another name")
        found[point.name] = _loaded(point, where)
    return found


def build_guards(policy: RuntimePolicy, classes: Mapping[str, type[Guard]] | None = None) -> tuple[CompiledGuard, ...]:
    """Make the guards of a policy, tipping_off first of its stage; raises FieldError for what cannot protect."""
    known = guard_classes() if classes is None else classes
    made = [CompiledGuard(setting, _made(setting, known, policy.use)) for setting in policy.guards]
    if any(item.suspicion for item in policy.fields):
        walls = [item.setting for item in made if item.setting.guard == "tipping_off"]
        if not any(item.stage == "input" and item.action == "redact" for item in walls) or not any(
            item.stage == "output" for item in walls
        ):
            raise FieldError(
                "fields of suspicion without their wall",
                where=f"policy of {policy.use}, field guards",
                fix="add tipping_off at input with action redact, and at output",
            )
    return tuple(sorted(made, key=lambda item: item.setting.guard != "tipping_off"))


def _made(setting: GuardSetting, known: Mapping[str, type[Guard]], use: str) -> Guard:
    where = f"policy of {use}, guard {setting.guard}"
    if setting.guard not in known:
        names = ", ".join(sorted({*known, *BUILT_IN}))
        raise FieldError("no such guard", where=where, expected=names, fix="install the package that has it")
    kind = known[setting.guard]
    if setting.stage not in kind.stages:
        raise FieldError(f"stage {setting.stage}", where=where, expected=" or ".join(sorted(kind.stages)))
    actions = cast("frozenset[str]", getattr(kind, "actions", frozenset({setting.action})))
    if setting.action not in actions:
        raise FieldError(f"action {setting.action}", where=where, expected=" or ".join(sorted(actions)))
    limit = cast("int", getattr(kind, "threshold_max", setting.threshold))
    if setting.threshold > limit:
        raise FieldError(f"threshold {setting.threshold}", where=where, expected=f"at most {limit}", fix="lower it")
    return kind(setting.settings)


def _loaded(point: EntryPoint, where: str) -> type[Guard]:
    try:
        kind = point.load()
    except Exception as error:  # a foreign module may raise anything while it is imported; named with its package
        raise FieldError(
            f"cannot be loaded: {type(error).__name__}", where=where, fix="repair or remove the package"
        ) from error
    wrong = [name for name in ("name", "stages", "source", "check") if not hasattr(kind, name)]
    if wrong or not isinstance(kind, type):
        raise FieldError("is no guard", where=where, expected="a class with name, stages, source and check")
    if getattr(kind, "name", "") != point.name:
        raise FieldError("its class has another name", where=where, expected="entry point and class of one name")
    return cast("type[Guard]", kind)
