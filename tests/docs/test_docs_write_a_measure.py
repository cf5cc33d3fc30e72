"""The page on a measure of one's own: its package works beside ours, in memory and on DuckDB, in parts and as a whole."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from page_shell import Command, File, new_shell, steps
from test_docs_guards import installed

from dualtrack.errors import FieldError
from dualtrack.evidence import registry
from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.engines.gather import gather_on
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.sample import Roles, make_sample
from house_tree import ROOT

PAGE = ROOT / "docs" / "write-a-measure.md"
LINES_MAX = 120
HOW = Estimating(data_digest="0" * 64)


def files():
    return {step.name: step.text for step in steps(PAGE) if isinstance(step, File)}


@pytest.fixture
def measure(tmp_path, monkeypatch):
    """Return the page's measure as the registry finds it; what it found before is forgotten for the time."""
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("my_bank", "near_cut_off:MEASURES", registry.GROUP)
    found = registry.entry_points(group=registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [*found, entry] if group == registry.GROUP else [])
    registry.measures.cache_clear()
    yield registry.find_measure("performance.near-cut-off")
    registry.measures.cache_clear()
    sys.modules.pop("near_cut_off", None)


def settings(measure, **values):
    return measure.settings(**{"at": 0.5, "width": 0.1, **values})


def sample(scores):
    return make_sample({"score": np.ma.masked_invalid(np.asarray(scores, dtype=float))}, Roles(score="score"))


def test_it_counts_what_lies_in_the_band(measure):
    scores = [0.1] * 40 + [0.4] * 5 + [0.59] * 5 + [0.6] * 10 + [np.nan] * 3
    statistics = measure.gather(sample(scores), settings(measure))
    (found,) = measure.estimate(statistics, settings(measure), HOW)
    assert (found.estimate, found.n, found.facts["unscored"]) == (10 / 60, 60, 3)
    assert found.low < 10 / 60 < found.high


def test_parts_add_up_and_an_engine_counts_the_same(measure, tmp_path):
    scores = np.random.default_rng(3).random(500)
    whole = measure.gather(sample(scores), settings(measure))
    parts = [measure.gather(sample(part), settings(measure)) for part in (scores[:200], scores[200:])]
    assert measure.merge(parts) == whole
    (tmp_path / "rows.csv").write_text("score\n" + "\n".join(map(repr, scores.tolist())) + "\n")
    with open_engine("duckdb") as engine:
        (there,) = gather_on(engine, tmp_path / "rows.csv", [(measure, settings(measure))], Roles(score="score"))
    assert there.statistics == whole


def test_too_little_is_underpowered_and_nonsense_refused(measure):
    (found,) = measure.estimate(measure.gather(sample([0.5] * 3), settings(measure)), settings(measure), HOW)
    assert (found.outcome, found.estimate, found.facts["n_needed"]) == ("underpowered", None, HOW.cell_size_min)
    with pytest.raises(FieldError, match=r"settings\.width"):
        settings(measure, width=0)
    with pytest.raises(FieldError, match="no column plays 'score'"):
        measure.tallies(Roles(label="defaulted"), settings(measure))


def test_a_name_that_exists_is_refused(measure, monkeypatch):
    monkeypatch.setattr(type(measure), "name", "performance.lift")
    registry.measures.cache_clear()
    with pytest.raises(registry.EvidenceError, match=r"two measures named 'performance\.lift'"):
        registry.measures()


def test_the_command_shows_it_once_it_is_installed(tmp_path):
    shell = new_shell(tmp_path, PYTHONPATH=str(tmp_path / "visitor"))
    for step in steps(PAGE):
        if isinstance(step, Command):
            installed(shell.folder)
        shell.do(step)


def test_the_page_is_short():
    assert len(PAGE.read_text("utf-8").splitlines()) <= LINES_MAX
