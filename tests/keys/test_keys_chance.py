from __future__ import annotations

import os
import threading

from dualtrack.keys.chance import BLOCK_BYTES, random_bytes


def test_no_bytes_are_given_twice_also_by_threads():
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(random_bytes(16) for _ in range(5000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 20_000
    assert {len(item) for item in found} == {16}


def test_a_child_of_a_fork_has_other_bytes():
    random_bytes(8)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, random_bytes(32))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 32) != random_bytes(32)
    os.close(reading)
    os.close(writing)


def test_long_ones_are_whole():
    assert len(random_bytes(BLOCK_BYTES)) == BLOCK_BYTES
