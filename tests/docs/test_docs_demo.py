"""The page on the demo: its figures of controls, challenge and twins are those of the run."""

from __future__ import annotations

import pytest

from dualtrack.cli.desk import sitting
from dualtrack.evidence.plans.recording import results_of
from house_tree import ROOT

TEXT = " ".join((ROOT / "docs" / "demo.md").read_text("utf-8").replace("−", "-").split())
USES = {"provisioning-estimates": 4, "early-contact-order": 3, "collection-ranking": 3}
"""The measured uses, with the digits that the page shows of their benefit."""
NAMES = {
    "provisioning-estimates": "provisioning estimates",
    "early-contact-order": "early calls",
    "collection-ranking": "collection (refused)",
}
CONTROLS = {"control lost as it must": "lost"}


@pytest.fixture(scope="module")
def results(demo_run):
    """Return each use's results by item."""
    with sitting(demo_run.folder, "harbour-bank-demo") as desk:
        return {
            use: {result.item.id: result for _, result in results_of(desk.register, f"harbour-bank-demo/{use}")}
            for use in USES
        }


def shown(measured, digits):
    return f"{measured.estimate:.{digits}f} ({measured.low:.{digits}f} to {measured.high:.{digits}f})"


@pytest.mark.parametrize("use", USES)
def test_its_row_of_controls_is_what_was_measured(results, use):
    found = results[use]
    cells = [NAMES[use], shown(found["benefit"].measurements[0], USES[use])]
    for name in ("shuffled-labels", "random-model"):
        (control,) = found[name].measurements
        cells.append(f"{shown(control, max(USES[use], 3))}, {CONTROLS[control.facts['verdict']]}")
        assert control.high < 0, "a control shows no benefit"
    assert f"| {' | '.join(cells)} |" in TEXT


def test_its_other_figures_are_those_of_the_run(results):
    calibration = results["collection-ranking"]["calibration"]
    assert calibration.standing == "underpowered"
    assert f"the calibration error, {shown(calibration.measurements[0], 3)} against a limit of 0.05" in TEXT
    twins = sorted(found["repeated-rows"].measurements[0].estimate for found in results.values())
    assert f"{twins[0]:.1%} to {twins[-1]:.1%} of the measured accounts" in TEXT
    assert f"{results['early-contact-order']['noise'].measurements[0].n:,} measured accounts" in TEXT
    assert {len(found) for found in results.values()} == {13, 14}


def test_every_result_was_planned_before(results):
    assert not any(result.exploratory for found in results.values() for result in found.values())


def test_what_no_measure_computes_stands_in_the_plan(results):
    for found in results.values():
        assert found["accuracy"].item.gate.states == {"relevant": True, "defects_overdue": 0}
        assert found["noise"].item.gate.states == {"training_data_covered": True}
