"""`pytest --dualtrack`: tests marked with a claim measure it as planned, and their results become signed entries.

A test asks for the fixture `claim`, measures the plan's item on its own data, and fails with the reason where the threshold
was not met or cannot be told. Without the option the same tests run and nothing is recorded. Everything is recorded at the
end of the session, at once, what missed too; a session that is interrupted, or loses a worker, leaves nothing. An item measured
a second time fails its test: the first number stands. Where two workers measured the same one nobody can say which was first,
and nothing is recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dualtrack.errors import DualtrackError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualtrack.cli.pytest_bench import Bench
    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.plans.records import MeasurementResult

__all__ = [
    "Claim",
    "claim",
    "pytest_addoption",
    "pytest_configure",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]

_MARKER = "claim(item): the test measures this item of the plan (Dualtrack)"

_BENCH = pytest.StashKey["Bench"]()
_SUMMARY = pytest.StashKey[list[str]]()
_FAULTS = pytest.StashKey[list[str]]()


class Claim:
    """The item of the plan that a test measures."""

    def __init__(self, bench: Bench, item: str) -> None:
        self._bench = bench
        self.item = item

    def measure(
        self,
        table: Mapping[str, NDArray[Any]],
        *,
        reference: Mapping[str, NDArray[Any]] | None = None,
        model: Scorer | str | None = None,
        baseline: Scorer | str | None = None,
    ) -> MeasurementResult:
        """Measure the item on columns; fails the test where its threshold is missed, cannot be told, or nothing is measurable.

        A model or baseline may be named as `dualtrack measure` names it; while recording, a file must then be one that the
        release pins.
        """
        try:
            result = self._bench.measure(self.item, table, reference, model, baseline)
        except DualtrackError as error:
            pytest.fail(f"{self.item}: {error}", pytrace=False)
        if result.standing not in {"met", "reported"}:
            needed = f"; about {result.n_needed:,} rows would settle it" if result.n_needed else ""
            pytest.fail(f"{self.item}: {result.standing}: {result.reason}{needed}", pytrace=False)
        return result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and settings."""
    group = parser.getgroup("dualtrack", "signed evidence from tests")
    group.addoption("--dualtrack", action="store_true", help="record the results of tests marked with a claim, signed")
    group.addoption("--dualtrack-plan", metavar="FILE", help="the plan; else `dualtrack_plan` of the settings")
    group.addoption("--dualtrack-workspace", metavar="FOLDER", help="else searched upward from here")
    group.addoption("--dualtrack-as", metavar="HOLDER", default="collector", help="holder whose key signs")
    group.addoption("--dualtrack-release", metavar="DIGEST", help="the release measured; else the newest")
    parser.addini("dualtrack_plan", "file of the plan, from the folder of the settings")


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, and fix what a path on the command line means: it is looked for from where pytest was called."""
    config.addinivalue_line("markers", _MARKER)
    plan = config.getoption("--dualtrack-plan")
    if plan:
        config.option.dualtrack_plan = str(
            config.invocation_params.dir / plan
        )  # workers are given it as it stands here


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Claim:
    """Return the claim that the test is marked with."""
    marker = request.node.get_closest_marker("claim")
    if marker is None or len(marker.args) != 1:
        pytest.fail("the test uses `claim` and is not marked: @pytest.mark.claim('ITEM')", pytrace=False)
    try:
        bench = _bench(request.config)
    except DualtrackError as error:
        pytest.fail(str(error), pytrace=False)
    return Claim(bench, marker.args[0])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's results to the main process; there, record all of them. What cannot be recorded fails the session."""
    config = session.config
    bench = config.stash.get(_BENCH, None)
    if hasattr(config, "workeroutput"):
        config.workeroutput["dualtrack"] = bench.packed() if bench is not None else []
    elif config.getoption("--dualtrack"):
        lines, faults = _recorded(bench, session.exitstatus, config.stash.get(_FAULTS, []))
        config.stash[_SUMMARY] = [*lines, *(f"nothing was recorded: {fault}" for fault in faults)]
        if faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:  # noqa: ANN401 - a controller of pytest-xdist
    """Take in what a worker measured. What a crashed one had measured is lost, so that session leaves nothing."""
    packed = getattr(node, "workeroutput", {}).get("dualtrack")
    faults = node.config.stash.setdefault(_FAULTS, [])
    if error is not None:
        faults.append(f"a worker was lost: {error}")
    elif packed:
        try:
            _bench(node.config).unpack(packed)
        except DualtrackError as wrong:
            faults.append(str(wrong))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was recorded."""
    for line in config.stash.get(_SUMMARY, []):
        terminalreporter.write_line(f"dualtrack: {line}")


def _recorded(bench: Bench | None, status: int, faults: list[str]) -> tuple[list[str], list[str]]:
    """Record what was measured; returns lines that say what was, and the reasons why nothing was."""
    if status not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return [], [*faults, "the session did not end by itself"]
    if faults or bench is None:
        return ([], faults) if faults else (["no claim was measured, nothing was recorded"], [])
    try:
        return bench.record(), []
    except DualtrackError as error:
        return [], [str(error)]


def _bench(config: pytest.Config) -> Bench:
    """Return the session's bench, made when the first claim is measured: nothing else of ours is loaded before."""
    found = config.stash.get(_BENCH, None)
    if found is None:
        from dualtrack.cli.pytest_bench import Bench, BenchOptions  # noqa: PLC0415 - pytest loads this module everywhere

        plan = config.getoption("--dualtrack-plan") or config.getini("dualtrack_plan")
        workspace = config.getoption("--dualtrack-workspace")
        found = Bench(
            BenchOptions(
                plan=config.rootpath / plan if plan else None,
                workspace=Path(workspace) if workspace else None,
                holder=config.getoption("--dualtrack-as"),
                release=config.getoption("--dualtrack-release"),
                recording=config.getoption("--dualtrack"),
            )
        )
        config.stash[_BENCH] = found
    return found
