"""What the pytest plugin works with: a plan, the release it is about, results gathered test by test, recorded together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.cli.desk import clock, sitting
from dualtrack.cli.models import named_model, open_baseline, open_released
from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import format_instant
from dualtrack.errors import FieldError, NotFoundError, PathError
from dualtrack.evidence.plans.bench import open_bench
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import plan_digest, read_plan
from dualtrack.evidence.plans.recording import check_planner, find_plan, record_run, results_of, variants_tried
from dualtrack.evidence.plans.records import MeasurementResult
from dualtrack.evidence.plans.running import Asked, PlanRun, run_plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from dualtrack.domain.release import Release
    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.plans.records import MeasurementPlan

__all__ = ["Bench", "BenchOptions"]

_NO_RELEASE = "0" * 64


class BenchOptions(NamedTuple):
    """What was asked on the command line of pytest."""

    plan: Path | None
    workspace: Path | None
    holder: str
    release: str | None
    recording: bool


class Bench:
    """One session's measurements."""

    def __init__(self, options: BenchOptions) -> None:
        self._options = options
        self.plan = _read(options.plan)
        self._earlier: list[MeasurementResult] = []
        self._release: Release | None = None
        self._asked = self._ask()
        self.results: dict[str, MeasurementResult] = {}

    def measure(
        self,
        item: str,
        table: Mapping[str, NDArray[Any]],
        reference: Mapping[str, NDArray[Any]] | None,
        model: Scorer | str | None,
        baseline: Scorer | str | None,
    ) -> MeasurementResult:
        """Measure one item; raises FieldError for an item that the plan does not have, or one measured twice.

        A model or baseline is a scorer, or text as `dualtrack measure` takes it.
        """
        if item not in {each.id for each in self.plan.items}:
            known = ", ".join(each.id for each in self.plan.items)
            raise FieldError(f"no item {item!r}", where=str(self._options.plan), expected=known)
        if item in self.results:
            raise FieldError(f"item {item!r} is measured twice", where="claim", fix="measure each item in one test")
        scorer = self._model(model)
        if self._options.recording and scorer is not None and scorer.release_digest != self._asked.release:
            raise FieldError(
                f"a model that speaks for release {scorer.release_digest[:16]}",
                where=item,
                expected=self._asked.release,
            )
        named = named_model(model) if isinstance(model, str) else "an object of the test" if model is not None else ""
        given = Given(table, reference, scorer, self._baseline(baseline), named)
        bench = open_bench(self.plan, given)
        variants = variants_tried(self._earlier, self.plan, self._asked.release, bench.given_digest)
        run = run_plan(self.plan, bench, self._asked._replace(variants=variants), only=frozenset({item}))
        self.results[item] = run.results[0]
        return run.results[0]

    def packed(self) -> list[bytes]:
        """Return the results as bytes, to be carried to another process."""
        return [encode(result) for result in self.results.values()]

    def unpack(self, packed: list[bytes]) -> None:
        """Take in results of another process; raises FieldError where two measured the same item."""
        for data in packed:
            result = read_record(canonical.decode(data), MeasurementResult, where="worker")
            if result.item.id in self.results:
                raise FieldError(
                    f"item {result.item.id!r} is measured twice", where="claim", fix="measure it in one test"
                )
            self.results[result.item.id] = result

    def record(self) -> list[str]:
        """Record all results, those that missed too, in one batch; returns lines that say what was recorded."""
        if not self.results:
            return ["no claim was measured, nothing was recorded"]
        with sitting(self._options.workspace, self._institution) as desk:
            order = [item.id for item in self.plan.items]
            results = sorted(self.results.values(), key=lambda result: order.index(result.item.id))
            recorded = record_run(
                desk.register, PlanRun(results[0].run, self.plan, results), desk.signer(self._options.holder)
            )
        lines = [f"recorded {len(recorded.results)} results, {len(recorded.evidence)} of them as evidence"]
        if self._asked.plan is None:
            lines.append("the plan was not registered beforehand: these results are exploratory and count for nothing")
        return lines

    def _model(self, named: Scorer | str | None) -> Scorer | None:
        if not isinstance(named, str):
            return named
        if self._release is None:  # nothing is recorded, so nothing speaks for a release
            return open_baseline(named, self._asked.release)
        return open_released(named, self._asked.release, self._release)

    def _baseline(self, named: Scorer | str | None) -> Scorer | None:
        return open_baseline(named, self._asked.release) if isinstance(named, str) else named

    def _ask(self) -> Asked:
        if not self._options.recording:
            return Asked(self._options.release or _NO_RELEASE, None, self.plan.variants, format_instant(clock()))
        with sitting(self._options.workspace, self._institution) as desk:
            register = desk.register
            release = self._options.release or register.latest_release(self.plan.use)
            if release is None:
                raise NotFoundError(
                    f"{self.plan.use} has no release yet", fix=f"`dualtrack release {self.plan.use}` first"
                )
            admitted = register.case(self.plan.use, release).found.release
            if admitted is None:
                raise NotFoundError(
                    f"{self.plan.use} has no release {release[:16]}", fix=f"`dualtrack release {self.plan.use}` first"
                )
            self._release = admitted.release
            holder = self._options.holder
            check_planner(register, desk.signer(holder), where=f"--dualtrack-as {holder}")
            found = find_plan(register, self.plan.use, plan_digest(self.plan))
            self._earlier = [result for _, result in results_of(register, self.plan.use)]
            return Asked(
                release=release,
                plan=found.reference if found else None,
                variants=self.plan.variants,
                taken_at=register.now(),
                demo=desk.workspace.demo,
            )

    @property
    def _institution(self) -> str:
        return self.plan.use.partition("/")[0]


def _read(file: Path | None) -> MeasurementPlan:
    if file is None:
        raise FieldError(
            "no plan", where="pytest", fix="give --dualtrack-plan FILE, or `dualtrack_plan` in the settings"
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(file), fix="check the path") from error
    return read_plan(read_yaml(data, where=str(file)), where=str(file))
