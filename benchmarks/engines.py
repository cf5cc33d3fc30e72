"""Counting for a plan outside memory: 20 million rows of Parquet on two cores by DuckDB, or on Spark; and the parity of engines.

    python benchmarks/engines.py [--rows 20000000] [--engine duckdb|sc://host:port] [--memory-gb 2] [--digest] [--smoke]
    python benchmarks/engines.py --parity --engine sc://host:port

The table has a score, a label, a decision, three attributes and ten features, made in chunks in a scratch folder. The plan: fairness
cells, histograms of the score by group and label with 10,000 bins, drift histograms of the features with 20 bins cut at
quantiles, missingness of every column, sums of the score by group. What is counted is counted once more as numpy does it in memory
on the first chunk, and must be equal. `--parity` counts a small ugly table in memory and on the engine, with digest and
sample, and ends with 1 where anything differs. A Spark server must see the scratch folder: give `--folder` where it is shared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.tally import Amount, Key, Tally

ROWS, SMOKE_ROWS, CHUNK = 20_000_000, 200_000, 1_000_000
FEATURES = tuple(f"f{number}" for number in range(10))
ATTRIBUTES = ("sex", "age", "district")
RSS_MIB_MAX = 4_000.0


def chunk(number: int, rows: int) -> dict[str, np.ndarray]:
    """Return one chunk of the table; features drift slowly from chunk to chunk, and a twentieth of f9 is missing."""
    random = np.random.Generator(np.random.PCG64(number))
    score = random.beta(2, 6, rows)
    made = {
        "score": score,
        "label": (random.random(rows) < score).astype(np.int8),
        "decision": score > 0.35,
        "sex": random.integers(0, 2, rows, dtype=np.int8),
        "age": random.integers(0, 5, rows, dtype=np.int8),
        "district": np.array([f"D{at:02d}" for at in range(18)], dtype=object)[random.integers(0, 18, rows)],
    }
    made |= {name: random.normal(0.001 * number, 1 + at / 10, rows) for at, name in enumerate(FEATURES)}
    made["f9"] = np.ma.masked_array(made["f9"], random.random(rows) < 0.05)
    return made


def plan() -> tuple[Tally, ...]:
    """Return the tallies of the plan."""
    bins = tuple((np.arange(1, 10_000) / 10_000).tolist())
    cuts = tuple(
        np.quantile(np.random.Generator(np.random.PCG64(0)).normal(size=10_000), np.arange(1, 20) / 20).tolist()
    )
    truth = Key(column="label")
    return (
        Tally(name="cells", keys=(*map(_value, ATTRIBUTES), truth, Key(column="decision"))),
        *(
            Tally(name=f"scores by {name}", keys=(_value(name), truth, Key(column="score", how="bins", edges=bins)))
            for name in ("sex", "age")
        ),
        *(Tally(name=f"drift {name}", keys=(Key(column=name, how="bins", edges=cuts),)) for name in FEATURES),
        Tally(name="missing", keys=tuple(Key(column=name, how="missing") for name in ("score", "label", *FEATURES))),
        Tally(
            name="means",
            keys=(_value("sex"), truth),
            amounts=(Amount(column="score"), Amount(column="score", times="score")),
        ),
    )


def _value(name: str) -> Key:
    return Key(column=name)


def write_chunks(folder: Path, rows: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    for number in range(-(-rows // CHUNK)):
        made = chunk(number, min(CHUNK, rows - number * CHUNK))
        arrays = {name: pa.array(np.ma.getdata(each), mask=np.ma.getmaskarray(each)) for name, each in made.items()}
        parquet.write_table(pa.table(arrays), folder / f"part-{number:04d}.parquet")


def run(engine: str, folder: Path, memory_gb: float, *, digest: bool) -> dict[str, float]:
    """Count the plan in this process and return what it took."""
    wall, cpu, times = time.perf_counter(), time.process_time(), {}
    with open_engine(engine, memory_gb=memory_gb) as opened:
        for tally in plan():
            start = time.perf_counter()
            counted = opened.count(folder, [tally])[0]
            times[tally.name] = time.perf_counter() - start
        took = {"rows": counted.n, "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        took |= {f"wall_s {name}": each for name, each in times.items()}
        if digest:
            start = time.process_time()
            opened.digest(folder)
            took["digest_cpu_s"] = time.process_time() - start
    return took | {"rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def check(engine: str, folder: Path) -> bool:
    """Say whether the engine counts the first chunk as memory does."""
    first = folder / "part-0000.parquet"
    from pyarrow import parquet

    columns = chunk(0, parquet.read_metadata(first).num_rows)
    with open_engine("memory") as memory, open_engine(engine) as other:
        return memory.count(columns, plan()) == other.count(first, plan())


# --- parity ---


def ugly_table(rows: int = 2_000) -> dict[str, np.ndarray]:
    """Return a table with what engines differ about: NaN and null, -0.0, halves, tiny and huge numbers, empty and odd texts, truths."""
    random = np.random.Generator(np.random.PCG64(3))
    odd = [0.5, 1.5, 2.5, -0.5, -2.5, -0.0, 0.0, 1e-300, 5e-324, -1e7, 2.0**53, 1e300, 0.1 + 0.2, 4503599627370497.5]
    real = random.normal(size=rows) * 10.0 ** random.integers(-4, 4, rows)
    real[: len(odd)] = odd
    real[random.random(rows) < 0.05] = np.nan
    score = random.random(rows)
    score[:1001] = np.arange(1001) / 1000
    return {
        "group": np.ma.masked_array(random.integers(-2, 3, rows), random.random(rows) < 0.1),
        "truth": np.ma.masked_array(random.random(rows) < 0.3, random.random(rows) < 0.1),
        "word": np.array(["", "x", "É 學", "|", "3:a", "0", " "], dtype=object)[random.integers(0, 7, rows)],
        "real": np.ma.masked_array(real, random.random(rows) < 0.05),
        "money": np.round(real.clip(-1e6, 1e6), 2),
        "score": score,
        "single": score.astype(np.float32),
        "day": np.array(["2026-01-01", "2026-11-27T09:30:00"], dtype="datetime64[us]")[random.integers(0, 2, rows)],
        "whole": random.integers(-(2**62), 2**62, rows),
    }


def parity_tallies() -> tuple[Tally, ...]:
    """Return tallies over the ugly table that reach every branch of the expressions."""
    quotient, steps = tuple((np.arange(1, 1000) / 1000).tolist()), tuple(np.linspace(-3, 3, 101).tolist())
    odd = tuple(
        sorted({-0.5, 0.0, 0.1 + 0.2, 1e-300, *np.random.Generator(np.random.PCG64(4)).normal(size=40).tolist()})
    )
    names = tuple(ugly_table(1_001))
    return (
        Tally(name="values", keys=tuple(map(_value, ("group", "truth", "word", "day")))),
        Tally(name="numbers", keys=tuple(map(_value, ("real", "single", "whole")))),
        Tally(name="missing", keys=tuple(Key(column=name, how="missing") for name in names)),
        Tally(
            name="sums",
            keys=(_value("group"), Key(column="score", how="bins", edges=quotient)),
            amounts=(Amount(column="score"), Amount(column="money", times="single", scale_bits=30), Amount(column="truth")),
        ),
        Tally(name="bins", keys=tuple(Key(column=name, how="bins", edges=edges) for name, edges in (("single", quotient), ("real", steps), ("real", odd)))),
        Tally(name="places", keys=(Key(column="whole", how="bins", edges=(-5.0, 0.0, 2.0**61)), Key(column="truth", how="bins", edges=(0.5,)))),
        Tally(name="all", keys=(), amounts=(Amount(column="money", scale_bits=0), Amount(column="money", scale_bits=1))),
    )  # fmt: skip


DIGESTED = ("group", "truth", "word", "real", "money", "score", "single", "whole")


def write_ugly(path: Path) -> dict[str, np.ndarray]:
    """Write the ugly table as Parquet and return it."""
    import pyarrow as pa
    from pyarrow import parquet

    table = ugly_table()
    arrays = {name: pa.array(np.ma.getdata(each), mask=np.ma.getmaskarray(each)) for name, each in table.items()}
    parquet.write_table(pa.table(arrays), path)
    return table


def differences(engine: str, path: Path, table: dict[str, np.ndarray]) -> list[str]:
    """Return what an engine answers otherwise than memory about the ugly table."""
    with open_engine("memory") as memory, open_engine(engine) as other:
        tallies = parity_tallies()
        answers = zip(tallies, memory.count(table, tallies), other.count(path, tallies), strict=True)
        found = [tally.name for tally, ours, theirs in answers if ours != theirs]
        if memory.columns(table) != other.columns(path):
            found.append("columns")
        if memory.digest(table, DIGESTED) != other.digest(path, DIGESTED):
            found.append("digest")
        ours, theirs = (each.sample(what, 100, 7, DIGESTED) for each, what in ((memory, table), (other, path)))
        again = (
            memory.digest(theirs.columns),
            memory.digest(ours.columns | {"single": ours.columns["single"].astype(float)}),
        )
        return found + (["sample"] if again[0] != again[1] or ours[1:] != theirs[1:] else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--memory-gb", type=float, default=2.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--parity", action="store_true")
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rows = SMOKE_ROWS if options.smoke else options.rows
    if options.only:
        print(json.dumps(run(options.engine, options.folder, options.memory_gb, digest=options.digest)))
        return 0
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        folder = Path(made)
        folder.chmod(0o755)  # a Spark server may be another user
        if options.parity or options.smoke:
            start = time.perf_counter()
            found = differences(options.engine, folder / "ugly.parquet", write_ugly(folder / "ugly.parquet"))
            took = time.perf_counter() - start
            print(f"parity of memory and {options.engine}: {', '.join(found) or 'identical'} ({took:.1f} s)")
            (folder / "ugly.parquet").unlink()
            if options.parity or found:
                return int(bool(found))
        write_chunks(folder, rows)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
        command = [sys.executable, __file__, "--only", "--folder", str(folder), "--engine", options.engine]
        command += ["--memory-gb", str(options.memory_gb), *(["--digest"] if options.digest else [])]
        took = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        same = check(options.engine, folder)
    return report(options.engine, rows, size, took, same=same)


def report(engine: str, rows: int, size: float, took: dict[str, float], *, same: bool) -> int:
    tallies = len(plan())
    print(
        f"{engine}: {rows} rows x 16 columns ({size:.0f} MiB of Parquet), {tallies} tallies; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(
        f"  wall {took['wall_s']:.1f} s, cpu of this process {took['cpu_s']:.1f} s, peak {took['rss_mib']:.0f} MiB (limit {RSS_MIB_MAX:g})"
    )
    for name, seconds in took.items():
        if name.startswith("wall_s "):
            print(f"    {name.removeprefix('wall_s ')}: {seconds:.2f} s")
    if "digest_cpu_s" in took:
        print(f"  digest in any order: {took['digest_cpu_s']:.1f} cpu-s")
    scale = 100_000_000 / rows
    print(
        f"  extrapolated in proportion to 100 M rows (not run): {took['wall_s'] * scale:.0f} s, {took['cpu_s'] * scale:.0f} cpu-s"
    )
    print(f"  first chunk as numpy counts it: {'identical' if same else 'DIFFERENT'}")
    return int(not same or took["rows"] != rows or took["rss_mib"] > RSS_MIB_MAX)


if __name__ == "__main__":
    sys.exit(main())
