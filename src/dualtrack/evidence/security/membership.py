"""Membership inference: how much better than a guess an attacker who sees the loss of a row can say that it was trained on.

The attack says "member" where the loss is at most the mean loss of training (Yeom et al. 2018, adversary 1); its advantage is
the share of members that it finds minus the share of others that it accuses. Interval: multinomial bootstrap over the bins of
both splits, the threshold found again in each draw. Sources: Yeom, Giacomelli, Fredrikson and Jha (2018), Privacy Risk in
Machine Learning, section 3; Carlini et al. (2022), Membership Inference Attacks From First Principles (why the rate at few
false alarms is shown too); DeLong et al. (1988), Biometrics 44.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.evidence.measure import CountingMeasure
from dualtrack.evidence.measurement import Measurement, Method, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import auc_interval
from dualtrack.evidence.performance.ordering import order
from dualtrack.evidence.power import no_spread, rows_for_width
from dualtrack.evidence.resampling import generator, percentiles, record_draws
from dualtrack.evidence.roles import counted_column
from dualtrack.evidence.security.losses import Losses, bin_losses, edges, losses_from, merge_losses
from dualtrack.evidence.suppression import pooled, runs
from dualtrack.evidence.tally import Key, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact
    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["FALSE_ALARMS", "MembershipInference", "MembershipSettings"]

FALSE_ALARMS = 0.01
"""False alarms at which the attack's hits are also shown; among the rates that Carlini et al. (2022) argue for."""


_CONSTANT_BINS = 2  # a score that does not vary has one loss for each label


class MembershipSettings(Record, frozen=True):
    """What the split column calls training and test rows; the half width that an interval should have, where the plan names one."""

    train: str = "train"
    test: str = "test"
    half_width: float | None = None


class MembershipInference(CountingMeasure[Losses, MembershipSettings]):
    """Advantage of the loss-threshold attack, then its AUC."""

    name: ClassVar[str] = "security.membership-inference"
    family: ClassVar[Family] = "security"
    title: ClassVar[Text] = Text(en="Membership inference by loss", zh="按損失值的成員推斷攻擊")
    unit: ClassVar[str] = "difference of rates"
    needs: ClassVar[tuple[str, ...]] = ("label", "score", "split")
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="advantage of the loss-threshold attack over histograms of losses, multinomial bootstrap; AUC by DeLong",
        version="1",
        source="Yeom et al. 2018, section 3; DeLong et al. 1988",
    )
    misleads: ClassVar[Text] = Text(
        en="One simple attack: a stronger one may find more, so a small advantage is no proof of privacy. A test set from another "
        "time or place differs for its own reasons and looks like memory. An average hides the few who are exposed.",
        zh="這只是一種簡單攻擊，更強的攻擊可能得手更多，優勢小並不證明私隱受保障。測試數據若來自其他時間或地方，差異會被誤認為記憶；平均數亦掩蓋少數暴露的人。",
    )
    settings: ClassVar[type[Record]] = MembershipSettings
    statistics: ClassVar[type[Record]] = Losses

    def tallies(self, roles: Roles, settings: MembershipSettings) -> tuple[Tally, ...]:  # noqa: ARG002 - the contract of a measure
        """Count rows by split, label and bin of the probability."""
        columns = {role: counted_column(roles, role) for role in self.needs}
        keys = (
            Key(column=columns["split"]),
            Key(column=columns["label"]),
            Key(column=columns["score"], how="bins", edges=edges()),
        )
        return (Tally(name="losses", keys=keys),)

    def from_counted(self, counted: Sequence[Counted], settings: MembershipSettings) -> Losses:
        """Return rows by split and bin of the loss."""
        return losses_from(counted[0], train=settings.train, test=settings.test)

    def merge(self, parts: Sequence[Losses]) -> Losses:
        """Add rows of separate parts."""
        return merge_losses(parts)

    def suppressed(self, statistics: Losses, settings: MembershipSettings, least: int) -> Losses:
        """Join bins of fewer people with their neighbours, in both splits alike."""
        del settings
        table = np.array([statistics.train, statistics.test], dtype=np.int64)
        rows = table.sum(0)
        train, test = pooled(table.T, runs(rows[None, :], least), rows).T.tolist()
        return Losses(train=tuple(train), test=tuple(test))

    def estimate(self, statistics: Losses, settings: MembershipSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return advantage and AUC; `underpowered` where a split has fewer than `how.cell_size_min` rows or losses do not vary."""
        train, test = np.array(statistics.train), np.array(statistics.test)
        sizes = int(train.sum()), int(test.sum())
        facts: dict[str, Fact] = {"train_rows": sizes[0], "test_rows": sizes[1], "cell_size_min": how.cell_size_min}
        bare = Measurement(
            measure=self.name,
            unit=self.unit,
            n=sum(sizes),
            outcome="underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            statistics=plain_statistics(statistics),
            facts=facts,
        )
        if min(sizes) < max(how.cell_size_min, 2):
            short = replace(bare, facts=facts | {"n_needed": max(how.cell_size_min, 2)})
            return short, replace(short, measure=f"{self.name}-auc", unit="probability")
        reason = _nothing_to_tell(statistics)
        if reason:
            bare = replace(bare, facts=facts | {"why": reason})
            return bare, replace(bare, measure=f"{self.name}-auc", unit="probability")
        return _advantage(bare, train, test, settings, how), _auc(bare, train, test)


def _nothing_to_tell(statistics: Losses) -> str:
    """Return why losses cannot tell members from others whatever the model remembers; empty where they can."""
    if statistics.train == statistics.test:
        return "both splits have the same losses: they hold the same rows"
    if sum(a + b > 0 for a, b in zip(statistics.train, statistics.test, strict=True)) <= _CONSTANT_BINS:
        return "the score does not vary"
    return ""


def _advantage(
    bare: Measurement,
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    settings: MembershipSettings,
    how: Estimating,
) -> Measurement:
    random = generator(how.seed)
    members = random.multinomial(train.sum(), train / train.sum(), size=how.draws)
    others = random.multinomial(test.sum(), test / test.sum(), size=how.draws)
    drawn = _differences(members, others)
    bare = replace(bare, draws=record_draws(how.seed, how.draws))
    if no_spread(float(drawn.std())):
        return bare
    facts = bare.facts | {
        "true_positive_rate_at_1_percent": _rate_at(train, test, FALSE_ALARMS),
        "advantage_best_threshold": float((_cumulative(train) - _cumulative(test)).max()),
    }
    if settings.half_width is not None:  # the worst case of two rates in equal splits
        facts["n_needed"] = 2 * rows_for_width(math.sqrt(0.5), settings.half_width, level=how.level)
    low, high = percentiles(drawn, how.level)
    estimate = float(_differences(train[None, :], test[None, :])[0])
    wide = settings.half_width is not None and (high - low) / 2 > settings.half_width
    return replace(
        bare,
        outcome="underpowered" if wide else "measured",
        estimate=estimate,
        low=min(low, estimate),
        high=max(high, estimate),
        facts=facts,
    )


def _differences(train: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return, for each row of counts, the share of training minus that of test with a loss up to the mean of training."""
    losses = bin_losses()
    mean = train @ losses / train.sum(axis=1)
    below = losses[None, :] <= mean[:, None]
    return np.asarray((train * below).sum(axis=1) / train.sum(axis=1) - (test * below).sum(axis=1) / test.sum(axis=1))


def _cumulative(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(counts.cumsum() / counts.sum())


def _rate_at(train: NDArray[np.int64], test: NDArray[np.int64], alarms: float) -> float:
    """Return the share of members found by the largest threshold that accuses at most `alarms` of the others."""
    allowed = np.flatnonzero(_cumulative(test) <= alarms)
    return float(_cumulative(train)[allowed[-1]]) if len(allowed) else 0.0


def _auc(bare: Measurement, train: NDArray[np.int64], test: NDArray[np.int64]) -> Measurement:
    """Return the probability that a member has the smaller loss, losses of one bin counting half."""
    bare = replace(bare, measure="security.membership-inference-auc", unit="probability", draws=None)
    found = order(np.column_stack([test, train])[::-1])  # the smaller the loss, the higher the place
    if no_spread(math.sqrt(found.variance)) and found.auc not in {0.0, 1.0}:
        return bare
    low, high = auc_interval(found.auc, found.variance, min(int(train.sum()), int(test.sum())), bare.level)
    return replace(bare, outcome="measured", estimate=found.auc, low=low, high=high)
