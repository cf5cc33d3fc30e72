"""A policy and the things checked, for tests of guards."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.policy import POLICY_FORMAT, OutputSetting, ReviewSetting, RuntimePolicy, Upstream
from dualtrack.domain.records import Text
from dualtrack.runtime.guards.base import Checked, Piece

DATA = Path(__file__).parent / "data"

POLICY = RuntimePolicy(
    format=POLICY_FORMAT,
    use="bank/chat",
    audience="customers",
    guards=[],
    upstreams=[Upstream(id="own", kind="extractive", provider="own")],
    fallback="message",
    message=Text(en="Please call us.", zh="請致電我們。"),
    human=Text(en="Call 2888 1234.", zh="請致電 2888 1234。"),
    review=ReviewSetting(mode="none"),
    output=OutputSetting(),
    retention="year",
)


def policy(**changes):
    return msgspec.structs.replace(POLICY, **changes)


def question(text, *retrieved, given=POLICY, **more):
    pieces = (*(Piece("retrieved", item) for item in retrieved), Piece("user", text))
    return Checked("input", given.use, given, more.pop("language", "en"), pieces, **more)


def answer(text, *retrieved, given=POLICY, **more):
    pieces = (*(Piece("retrieved", item) for item in retrieved), Piece("user", "?"), Piece("assistant", text))
    return Checked("output", given.use, given, more.pop("language", "en"), pieces, **more)


def texts(name):
    return read_yaml((DATA / f"guards_{name}.yaml").read_bytes(), where=name)
