"""A process that claims a key and then works on it until it is killed."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from dualtrack.runtime.once import Once, request_key
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace


def main() -> None:
    with Store.open(Workspace.open(Path(sys.argv[1]))) as store:
        once = Once(store, lambda: datetime.now(UTC))
        found = once.begin(request_key("a", "/x", "key", b"body"))
        print("claimed" if found is None else "answered", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
