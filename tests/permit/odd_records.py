"""Records and envelopes with one fault somewhere, drawn by lot."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from dualtrack.domain import canonical

if TYPE_CHECKING:
    import random

ODD = [
    "",
    "x",
    "A b",
    "2026-02-30",
    "r1\n",
    "２０２６",
    "0" * 64,
    None,
    True,
    0,
    1,
    -1,
    0.5,
    1e308,
    [],
    ["x"],
    {},
    {"en": "x"},
]


def mutated(pick: random.Random, record: object) -> object:
    """Return a copy with one member removed, added, renamed or replaced, somewhere."""
    found = copy.deepcopy(record)
    places = [place for place in containers(found) if place]
    where = pick.choice(places)
    if isinstance(where, list):
        where[pick.randrange(len(where))] = pick.choice(ODD)
        return found
    name = pick.choice(sorted(where))
    how = pick.random()
    if how < 0.25:
        del where[name]
    elif how < 0.4:
        where["extra"] = pick.choice(ODD)
    elif how < 0.5 and isinstance(where[name], str):
        where[name] = pick.choice([where[name] + "\n", where[name].upper(), where[name] + " ", "é" + where[name]])
    else:
        where[name] = pick.choice(ODD)
    return found


def containers(value: object):
    """Yield every object and list within."""
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


def broken(pick: random.Random, content: bytes) -> bytes:
    """Return the content of an envelope with a fault in its form or its signatures."""
    envelope = canonical.decode(content)
    signatures = envelope["signatures"]
    how = pick.randrange(8)
    if how in {0, 6, 7}:
        signatures[0]["sig"] = ("A" if signatures[0]["sig"][0] != "A" else "B") + signatures[0]["sig"][1:]
    elif how == 1:
        signatures.append(signatures[0])
    elif how == 2:
        signatures.reverse()
        envelope["signatures"] = signatures if len(signatures) > 1 else []
    elif how == 3:
        envelope["payload"] = envelope["payload"][:-4]
    elif how == 4:
        return content + b" "
    else:
        signatures[0]["keyid"] = signatures[0]["keyid"].upper()
    return canonical.encode(envelope)
