"""What only counts is gathered by the engine for files as it is in memory: the same statistics, to the last row."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.engines.gather import gather_on
from dualtrack.evidence.quality.accuracy import Accuracy, AccuracySettings, Codes, Range, Verified
from dualtrack.evidence.quality.completeness import Completeness, CompletenessSettings
from dualtrack.evidence.quality.timeliness import Timeliness, TimelinessSettings
from dualtrack.evidence.sample import Roles, make_sample
from dualtrack.evidence.security.attacks import ask_attacks, load_attacks
from dualtrack.evidence.security.injection import Injection, InjectionSettings
from dualtrack.evidence.security.membership import MembershipInference, MembershipSettings
from dualtrack.evidence.tables import load_table


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    random, n = np.random.default_rng(1), 3_000
    score = random.beta(0.3, 0.3, n)
    score[:3] = [0, 1, 1 - 2**-53]
    note = random.choice(np.array(["a", " ", "", "文\u3000", "\t", None], dtype=object), n)
    columns = {
        "label": random.integers(0, 2, n),
        "score": score,
        "split": random.choice(np.array(["train", "test"], dtype=object), n),
        "note": note,
        "when": random.choice(np.array(["2026-11-20", "x", "", "2026-01-01T00:00:00Z"], dtype=object), n),
        "seconds": random.integers(1_700_000_000, 1_800_000_000, n),
    }
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(pa.table({name: column.tolist() for name, column in columns.items()}), path)
    return path


def same(path, roles, asked):
    whole = make_sample(load_table(path), roles)
    with open_engine("duckdb") as engine:
        found = gather_on(engine, path, asked, roles)
    for (kind, plan), gathered in zip(asked, found, strict=True):
        assert gathered.statistics == kind.gather(whole, plan), kind.name


def test_rows_in_a_file(rows):
    roles = Roles(label="label", score="score", split="split", answer="note", time="when", features=("seconds",))
    checks = AccuracySettings(
        verified=(Verified(column="note", truth="split"),),
        ranges=(Range(column="score", low=0.1, high=0.5),),
        codes=(Codes(column="label", allowed=("1",)),),
    )
    asked = [
        (MembershipInference(), MembershipSettings()),
        (Completeness(), CompletenessSettings()),
        (Accuracy(), checks),
        (Timeliness(), TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=30)),
    ]
    same(rows, roles, asked)
    seconds = TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=300, form="epoch")
    same(rows, Roles(time="seconds"), [(Timeliness(), seconds)])


def test_outcomes_of_attacks_in_a_file(tmp_path):
    attacks = load_attacks().attacks
    whole = ask_attacks(attacks, lambda attack: attack.markers[0] if attack.language == "en" else "no")
    path = tmp_path / "attacks.parquet"
    pq.write_table(pa.table({name: column.tolist() for name, column in whole.columns.items()}), path)
    same(path, whole.roles, [(Injection(), InjectionSettings(attack_set="carried"))])
