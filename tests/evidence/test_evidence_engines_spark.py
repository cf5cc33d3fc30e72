"""Spark counts, digests and draws as memory does: on a Spark Connect server without Java, started in this process."""

from __future__ import annotations

import pytest
from engine_parity import load_parity

from dualtrack.errors import FieldError, UpstreamError
from dualtrack.evidence.engines.engine import open_engine
from dualtrack.evidence.tally import Key, Tally


@pytest.fixture(scope="session")
def spark_address():
    """The address of a server that lasts as long as the tests."""
    pytest.importorskip("pyspark", reason="the extra `scale` is not installed")
    sail = pytest.importorskip("pysail.spark", reason="pysail is not installed")
    server = sail.SparkConnectServer()
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


def test_the_parity_set_is_identical(spark_address, tmp_path):
    parity = load_parity()
    assert (
        parity.differences(spark_address, tmp_path / "ugly.parquet", parity.write_ugly(tmp_path / "ugly.parquet")) == []
    )


def test_what_a_cluster_cannot_do_is_said(spark_address, tmp_path):
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"a.b": [1.0]}), tmp_path / "dotted.parquet")
    tally = Tally(name="t", keys=(Key(column="a"),))
    with open_engine(spark_address) as spark:
        with pytest.raises(FieldError, match=r"named 'a\.b'"):
            spark.count(tmp_path / "dotted.parquet", [tally])
        with pytest.raises(UpstreamError):
            spark.count("no_such_table", [tally])
        with pytest.raises(FieldError, match="columns in memory"):
            spark.count({}, [tally])
        (tmp_path / "x.csv").write_text("a,b\nx,1\n,2\n", encoding="utf-8")
        assert spark.count(tmp_path / "x.csv", [tally])[0].cells == (("",), ("x",))
