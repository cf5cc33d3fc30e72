"""A model version and its run, read from the SQLite file of an MLflow registry; the file is opened for reading only.

Source: the tables of MLflow 2.4 to 3.17 (its migrations). What an older one lacks (aliases, inputs, logged models) is not there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dualtrack.errors import DocumentError, FieldError, NotFoundError, PathError
from dualtrack.evidence.adapters.mlflow_answers import data_source, git_of, own_tags
from dualtrack.evidence.adapters.mlflow_records import LISTED_MAX, LoggedData, LoggedRun, RegisteredVersion, bounded

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.evidence.adapters.mlflow_records import ModelName

__all__ = ["read_database"]

_NEEDED = {"model_versions", "registered_models", "runs", "params", "tags", "latest_metrics", "experiments"}
_INPUTS = """
SELECT d.name, d.digest, d.dataset_source, t.value
FROM inputs AS i JOIN datasets AS d ON d.dataset_uuid = i.source_id
LEFT JOIN input_tags AS t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'
WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ? ORDER BY d.name, d.digest
"""


def read_database(file: Path, wanted: ModelName) -> RegisteredVersion:
    """Return a version with its run; raises PathError, DocumentError for no MLflow registry, NotFoundError for what is not in it."""
    if not file.is_file():
        raise PathError("is not there", where=str(file), expected="the SQLite file of an MLflow registry")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema = OFF")
            return _Reading(connection, str(file)).version(wanted)
    except sqlite3.Error as error:
        raise DocumentError(
            f"cannot be read: {error}", where=str(file), expected="the SQLite file of an MLflow registry"
        ) from error


class _Reading:
    """One open registry."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self._connection, self._where = connection, where
        self._tables = {
            str(name) for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        missing = sorted(_NEEDED - self._tables)
        if missing:
            raise DocumentError(
                f"no table {missing[0]!r}", where=where, expected="the SQLite file of an MLflow registry"
            )

    def version(self, wanted: ModelName) -> RegisteredVersion:
        """Return the version that is asked for."""
        number = self._number(wanted)
        rows = self._rows(
            "SELECT version, status, source, run_id, storage_location FROM model_versions WHERE name = ? AND version = ?",
            wanted.name,
            number,
        )
        if not rows:
            raise NotFoundError(f"no version {number} of model {wanted.name!r}", where=self._where)
        if len(rows) > 1:
            raise FieldError(
                f"several models named {wanted.name!r}", where=self._where, expected="one workspace of MLflow"
            )
        version, status, source, run_id, stored = rows[0]
        tags = self._pairs(
            "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?", wanted.name, number
        )
        return RegisteredVersion(
            name=bounded(wanted.name),
            version=str(version),
            status=bounded(status or ""),
            aliases=self._aliases(wanted.name, number),
            tags=own_tags(tags),
            artifact=str(stored or source or ""),
            run=self._run(str(run_id)) if run_id else None,
        )

    def _number(self, wanted: ModelName) -> int:
        if wanted.version is not None:
            return int(wanted.version)
        if wanted.alias is not None:
            query = "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?"
            rows = self._rows(query, wanted.name, wanted.alias, table="registered_model_aliases")
            if not rows:
                raise NotFoundError(f"model {wanted.name!r} has no alias {wanted.alias!r}", where=self._where)
            return int(rows[0][0])
        ((newest,),) = self._rows("SELECT max(version) FROM model_versions WHERE name = ?", wanted.name)
        if newest is None:
            raise NotFoundError(f"no version of a model {wanted.name!r}", where=self._where)
        return int(newest)

    def _aliases(self, name: str, number: int) -> list[str]:
        query = "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ? ORDER BY alias"
        return [bounded(alias) for (alias,) in self._rows(query, name, number, table="registered_model_aliases")]

    def _run(self, run_id: str) -> LoggedRun | None:
        query = """
            SELECT r.status, e.name FROM runs AS r LEFT JOIN experiments AS e ON e.experiment_id = r.experiment_id
            WHERE r.run_uuid = ?
        """
        rows = self._rows(query, run_id)
        if not rows:
            return None
        tags = self._pairs("SELECT key, value FROM tags WHERE run_uuid = ? ORDER BY key", run_id)
        commit, repository = git_of(tags)
        metrics = "SELECT key, value FROM latest_metrics WHERE run_uuid = ? AND is_nan = 0 ORDER BY key"
        return LoggedRun(
            id=bounded(run_id),
            experiment=bounded(rows[0][1] or ""),
            status=bounded(rows[0][0] or ""),
            commit=commit,
            repository=repository,
            params=self._pairs("SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key", run_id),
            tags=own_tags(tags),
            metrics={
                bounded(name): float(value) for name, value in self._rows(metrics, run_id) if abs(value) < _INFINITE
            },
            data=self._data(run_id),
        )

    def _data(self, run_id: str) -> list[LoggedData]:
        if "input_tags" not in self._tables or "datasets" not in self._tables:
            return []
        rows = self._rows(_INPUTS, run_id, table="inputs")
        return [
            LoggedData(bounded(name), bounded(digest), bounded(context or ""), data_source(str(source)))
            for name, digest, source, context in rows
        ]

    def _pairs(self, query: str, *values: object) -> dict[str, str]:
        return {bounded(name): bounded("" if value is None else value) for name, value in self._rows(query, *values)}

    def _rows(self, query: str, *values: object, table: str | None = None) -> list[tuple[Any, ...]]:
        """Return at most LISTED_MAX rows, none where an older registry has no such table."""
        if table is not None and table not in self._tables:
            return []
        rows: list[tuple[Any, ...]] = self._connection.execute(query, values).fetchmany(LISTED_MAX + 1)
        if len(rows) > LISTED_MAX:
            raise DocumentError(f"more than {LISTED_MAX} rows", where=self._where, expected="a run of usual size")
        return rows


_INFINITE = 1.7e308
"""MLflow stores an infinite metric as the largest double of its sign."""
