"""A price computed again from the counts and values that its evidence carries, for whoever was not there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.evidence.measurement import Draws
from dualtrack.evidence.plans.recomputing import TOLERANCE, Recomputed
from dualtrack.evidence.pricing.prices import PriceStatistics, Pricing, price_at, price_fields

if TYPE_CHECKING:
    from dualtrack.domain.evidence import Predicate

__all__ = ["TOPIC", "recompute_price"]

TOPIC = "control_price"


def recompute_price(predicate: Predicate) -> Recomputed:
    """Compute a price again; every field of its topic must come out, numbers to rounding."""
    kept = predicate.statistics
    try:
        statistics = read_record(kept.get("sufficient"), PriceStatistics, where="statistics.sufficient")
        draws = read_record(kept.get("draws"), Draws, where="statistics.draws")
        level = kept.get("level")
        if not isinstance(level, float) or not 0 < level < 1:
            raise FieldError(f"{level!r:.40}", where="statistics.level", expected="between 0 and 1")
        how = Pricing(data_digest=str(predicate.data_digest), level=level, seed=draws.seed, draws=draws.draws)
        again = price_fields(price_at(statistics.counts, statistics.worth, how))
    except DualtrackError as error:
        return Recomputed("cannot", f"{error.where}: {error.found}" if error.where else error.found)
    for name, value in again.items():
        stated = predicate.fields.get(name)
        if isinstance(value, float) and isinstance(stated, float):
            if not math.isclose(stated, value, rel_tol=TOLERANCE, abs_tol=1e-12):
                return Recomputed(
                    "differs", f"{name} is {stated:.12g} in the evidence and {value:.12g} from the counts"
                )
        elif stated != value:
            return Recomputed("differs", f"{name} is {stated!r:.80} in the evidence and {value!r:.80} from the counts")
    return Recomputed("equal", "")
