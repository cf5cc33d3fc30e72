"""`performance.error`: how far a stated number is from the true one (bias, mean absolute and root mean square error, pinball loss).

Sums of errors and of their powers are exact whatever the order of the rows, so that parts merge to the same totals. It reads rows, because
a table of counts has no absolute value. Sources: Hyndman and Koehler (2006), International Journal of Forecasting 22, 679-688; Koenker and Bassett
(1978), Econometrica 46, 33-50 (pinball); intervals of means by the central limit theorem.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.answered import answered, unanswered
from dualtrack.evidence.interval import Interval
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.measurement import Fact, Measurement, Method
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.exact_sums import exact_total, from_total
from dualtrack.evidence.power import no_spread
from dualtrack.evidence.quantiles import z_two_sided
from dualtrack.evidence.roles import counted_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Sample

__all__ = ["ERROR_MAX", "Error", "ErrorSettings", "ErrorSums"]

ERROR_MAX = 2.0**48
"""Largest error that is added up: its fourth power is below 2^192."""

_MEAN = Method(name="mean over rows, normal interval", version="1", source="Hyndman and Koehler 2006")
_ROOT = Method(
    name="root of the mean squared error, root of its normal interval", version="1", source="Hyndman and Koehler 2006"
)
_PINBALL = Method(name="mean pinball loss, normal interval", version="1", source="Koenker and Bassett 1978")


class ErrorSettings(Record, frozen=True):
    """Unit of the label, and the quantile that the score states, where it states one."""

    unit: str
    quantile: float | None = None

    def __post_init__(self) -> None:
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise FieldError(f"{self.quantile}", where="settings.quantile", expected="between 0 and 1")


class ErrorSums(Record, frozen=True):
    """Rows, and sums in units of 2^-160 as text: errors (stated minus true), their sizes, squares, fourth powers; pinball losses, squares."""

    n: int
    error: str
    size: str
    square: str
    fourth: str
    pinball: str = ""
    pinball_square: str = ""


class Error(Measure[ErrorSums, ErrorSettings]):
    """Mean absolute error, root mean square error, bias and, where a quantile is set, pinball loss."""

    name = "performance.error"
    family = "performance"
    title = Text(en="How far a stated number is off", zh="所述數字的誤差")
    unit = "as declared"
    needs = ("label", "score")
    cost = "rows"
    method = _MEAN
    misleads = Text(
        en="Few large errors rule the root mean square error, and its interval is too narrow when tails are heavy. A bias of zero "
        "may hide errors that cancel. Compare with a constant forecast before calling an error small.",
        zh="少數大誤差足以主導均方根誤差；尾部厚重時其區間過窄。偏差為零，可能只是正負誤差互相抵銷。判斷誤差是否細小前，應先與固定預測比較。",
    )
    settings = ErrorSettings
    statistics = ErrorSums

    def gather(self, sample: Sample, settings: ErrorSettings) -> ErrorSums:
        """Add up errors and their powers; raises FieldError for a number that is missing, not finite or too large."""
        column = counted_column(sample.roles, "score")
        counted_column(sample.roles, "label")
        with np.errstate(over="ignore"):
            error = sample.reals("score") - sample.reals("label")
        if not (np.abs(error) < ERROR_MAX).all():
            raise FieldError(
                "an error too large", where=column, expected="below 2^48", fix="state both in a larger unit"
            )
        powers = [exact_total(each, column) for each in (error, np.abs(error), error**2, error**4)]
        more: dict[str, str] = {}
        if settings.quantile is not None:
            loss = np.where(error >= 0, (1 - settings.quantile) * error, -settings.quantile * error)
            more = {
                "pinball": str(exact_total(loss, column)),
                "pinball_square": str(exact_total(loss**2, column)),
            }
        texts = dict(zip(("error", "size", "square", "fourth"), map(str, powers), strict=True))
        return ErrorSums(n=sample.n, **texts, **more)

    def merge(self, parts: Sequence[ErrorSums]) -> ErrorSums:
        """Add sums; raises FieldError where only some parts have a pinball loss."""
        if not parts or len({bool(each.pinball) for each in parts}) != 1:
            raise FieldError("sums of different settings", where="statistics", expected="one quantile in every part")
        names = [name for name in ErrorSums.__struct_fields__ if name != "n" and getattr(parts[0], name)]
        total = {name: str(sum(int(getattr(each, name)) for each in parts)) for name in names}
        return ErrorSums(n=sum(each.n for each in parts), **total)

    def estimate(self, statistics: ErrorSums, settings: ErrorSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return mean absolute error, root mean square error, bias, pinball loss; no estimate where errors do not vary."""
        facts: dict[str, Fact] = {"n_needed": how.cell_size_min} if statistics.n < how.cell_size_min else {}

        def one(name: str, method: Method, first: str, second: str) -> Measurement:
            bare = unanswered(f"error.{name}", settings.unit, statistics.n, method, how, statistics, facts)
            return _mean(bare, getattr(statistics, first), getattr(statistics, second), how)

        found = [
            one("mean-absolute", _MEAN, "size", "square"),
            _rooted(one("root-mean-square", _ROOT, "square", "fourth"), how),
            one("bias", _MEAN, "error", "square"),
        ]
        if statistics.pinball:
            found.append(one("pinball", _PINBALL, "pinball", "pinball_square"))
        return tuple(found)


def _mean(bare: Measurement, total: str, squares: str, how: Estimating) -> Measurement:
    """Return a mean from its sum and sum of squares; the sum of squared deviations is taken in whole numbers first."""
    n, first, second = bare.n, int(total), int(squares)
    if n <= 1:
        return bare
    mean = from_total(first) / n
    spread = from_total(second - first * first // n // (1 << 160))
    error = math.sqrt(max(spread, 0.0) / (n - 1) / n)
    if no_spread(error, scale=abs(mean)):
        return bare
    half = z_two_sided(how.level) * error
    return answered(
        bare, mean, Interval(mean - half, mean + half), enough=n >= how.cell_size_min, facts={"standard_error": error}
    )


def _rooted(squared: Measurement, how: Estimating) -> Measurement:
    """Return the root of a mean square and of its limits, the lower one kept at zero or above."""
    if squared.estimate is None or squared.low is None or squared.high is None:
        return squared
    error = float(squared.facts["standard_error"])
    return answered(
        squared,
        math.sqrt(squared.estimate),
        Interval(math.sqrt(max(squared.low, 0.0)), math.sqrt(squared.high)),
        enough=squared.n >= how.cell_size_min,
        facts={"standard_error": error / 2 / math.sqrt(squared.estimate)},
    )
