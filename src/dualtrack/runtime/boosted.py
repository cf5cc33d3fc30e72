"""Gradient-boosted trees in LightGBM's own text form, scored with the contribution of every field (optional part `models`).

Contributions are exact Shapley values of the trees (Lundberg and others 2020, TreeSHAP); they add up to the score.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.errors import DocumentError, FieldError, MissingExtraError
from dualtrack.runtime.additive import Scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import FieldSetting
    from dualtrack.domain.records import Text

__all__ = ["REASONS_MAX", "BoostedModel", "load_boosted"]

REASONS_MAX = 3
"""Reasons given: more than a few are read by nobody."""


class BoostedModel:
    """A booster with the fields of a policy as its columns, in order."""

    def __init__(self, booster: object, fields: Sequence[FieldSetting]) -> None:
        self._booster = booster
        self._names = [item.name for item in fields if not item.suspicion]
        self.says: Mapping[str, Text] = {item.name: item.says for item in fields if item.says is not None}

    def score(self, row: Mapping[str, object]) -> Scored:
        """Return the probability and the fields that raised it most, or where none did, that lowered it most."""
        values = [[_number(row.get(name)) for name in self._names]]
        found = self._booster.predict(values, pred_contrib=True, num_threads=1)[0]  # type: ignore[attr-defined]  # an optional package without types
        total = float(sum(found))
        moved = sorted(((float(value), name) for value, name in zip(found, self._names, strict=False)), reverse=True)
        given = [item for item in moved if item[0] > 0] or [item for item in reversed(moved) if item[0] < 0]
        return Scored(1 / (1 + math.exp(-total)), tuple((name, value) for value, name in given[:REASONS_MAX]))


def load_boosted(data: bytes, fields: Sequence[FieldSetting], *, where: str) -> BoostedModel:
    """Read a booster; raises MissingExtraError without LightGBM, DocumentError or FieldError for one that does not fit."""
    try:
        import lightgbm  # noqa: PLC0415 - an optional part, and 300 ms
    except ModuleNotFoundError as error:
        raise MissingExtraError("models", "scoring with gradient-boosted trees") from error
    try:
        booster = lightgbm.Booster(model_str=data.decode())
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        raise DocumentError("not a LightGBM model", where=where) from error
    wanted, given = booster.num_feature(), sum(not item.suspicion for item in fields)
    if wanted != given:
        raise FieldError(
            f"{given} fields", where=where, expected=f"{wanted}, in the model's order", fix="correct the policy"
        )
    return BoostedModel(booster, fields)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
