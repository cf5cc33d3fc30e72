"""A process that decides until it is killed: prints the id of each decision that it has answered."""

from __future__ import annotations

import sys
from pathlib import Path

from dualtrack.errors import DualtrackError
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace


def main() -> None:
    with Runtime.open(Workspace.open(Path(sys.argv[1]))) as runtime:
        print("ready", flush=True)
        while True:
            try:
                answer = decide(runtime, sys.argv[2], {"late": 3}, lambda _row: Scoring(0.5))
            except DualtrackError as error:
                print(f"refused {error.code}", flush=True)
                if error.code == "permit.held":
                    return
                continue
            print(f"served {answer.decision}", flush=True)


if __name__ == "__main__":
    main()
