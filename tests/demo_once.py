"""One run of the demo for the whole test run: as its first user has it, over an older demo, with what it said and gave back."""

from __future__ import annotations

import pickle
import shutil
import socket
import time
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cli.cli_world import good
from dualtrack.rules.evaluate import Program
from made_once import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.demo.run import DemoResult

FOLDER = "dualtrack-demo"
LEFT_OVER = "left-over.txt"
_SAID = "said.pickle"


class DemoRun(NamedTuple):
    """`place` holds the folder of the demo and nothing else. `cpu_s` is computing time, which load does not change."""

    place: Path
    result: DemoResult
    printed: str
    json: Any
    steps: list[str]
    cpu_s: float
    anchors_before: bytes

    @property
    def folder(self) -> Path:
        """The demo's folder."""
        return self.place / FOLDER


class Refused(socket.socket):
    """An event loop may have its pair of sockets; nothing may be named to connect or listen to."""

    def connect(self, *_: object) -> None:
        raise AssertionError("the demo opened a socket")

    connect_ex = bind = sendto = connect


def demo_once(factory: pytest.TempPathFactory) -> DemoRun:
    """Return the run in a copy of this worker's own: reading a database writes beside it."""
    made = made_once(factory, "demo", _make)
    place = factory.mktemp("demo")
    shutil.copytree(made / FOLDER, place / FOLDER)
    run = DemoRun(place, *pickle.loads((made / _SAID).read_bytes()))
    folder, supervisor = place / FOLDER, place / run.result.supervisor
    return run._replace(result=run.result._replace(folder=folder, supervisor=supervisor))


def _make(place: Path) -> None:
    from dualtrack.demo import run as module

    run_demo, steps = module.run_demo, []
    results: list[DemoResult] = []

    def followed(folder, clock, step, **more):
        def told(what):
            steps.append(what)
            step(what)

        results.append(run_demo(folder, clock, told, **more))
        return results[0]

    before = _older(place / FOLDER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(socket, "socket", Refused)
        patch.setattr(module, "run_demo", followed)
        started_s = time.process_time()
        printed = good("demo").out
        cpu_s = time.process_time() - started_s
        patch.setattr(module, "run_demo", lambda *_, **__: results[0])
        said = good("demo", "--json").json
    with (place / _SAID).open("wb") as file:
        _Pickler(file).dump((results[0], printed, said, steps, cpu_s, before))


def _view(found: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(found)


class _Pickler(pickle.Pickler):
    """Sends an expression as its tree, whose function is compiled again where it is read, and a view as what it shows."""

    def reducer_override(self, found: object) -> Any:
        if isinstance(found, Program):
            return Program, (found.text, found.tree, found.schema)
        if isinstance(found, MappingProxyType):
            return _view, (dict(found),)
        return NotImplemented


def _older(folder: Path) -> bytes:
    """Leave an older demo of one firm, which the run is to replace; return its trust anchors."""
    from dualtrack.demo.firms import demo_firms, found_firm
    from dualtrack.store.anchors import anchors_document
    from dualtrack.store.store import Store
    from dualtrack.store.workspace import Workspace

    with Store.open(Workspace.create(folder, demo=True)) as store:
        anchors = anchors_document([found_firm(store, demo_firms()[0], lambda: datetime.now(UTC))])
    (folder / "anchors.json").write_bytes(anchors)
    (folder / LEFT_OVER).write_text("old")
    return anchors
