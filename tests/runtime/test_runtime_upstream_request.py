"""What a caller may ask for: addresses and headers that cannot carry anything else, and no secret shown."""

from __future__ import annotations

import pytest
from upstream_servers import (
    PATIENT,
    run,
)

from dualtrack.domain.policy import Upstream
from dualtrack.errors import FieldError
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.runtime.upstream.limits import timeouts_of


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/",
        "http:///x",
        "a.example/x",
        "http://a/ b",
        "http://a/\r\nx: y",
        "http://u:secret@a/",
        "http://a/#secret",
        "http://a:99999/",
        "http://[::1/",
        "http://ä.example/",
        "http://a/" + "x" * 3_000,
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_it(url):
    async def work():
        async with UpstreamClient() as client:
            with pytest.raises(FieldError) as caught:
                await client.send("GET", url, {}, b"", PATIENT)
            assert "secret" not in str(caught.value)

    run(work)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-a", "1\r\nx-b: hunter2"),
        ("x-a", "hunter2\x00"),
        ("x-a", "hunter2ä"),
        ("x a", "hunter2"),
        ("", "hunter2"),
        ("Content-Length", "7"),
        ("transfer-encoding", "chunked"),
        ("Host", "other"),
        ("accept-encoding", "gzip"),
    ],
)
def test_a_header_that_would_reframe_the_request_is_refused_without_its_value(name, value):
    async def work():
        async with UpstreamClient() as client:
            with pytest.raises(FieldError) as caught:
                await client.send("GET", "http://127.0.0.1:9/", {name: value}, b"", PATIENT)
            assert "hunter2" not in str(caught.value)

    run(work)


def test_the_waits_are_those_of_the_policy():
    upstream = Upstream(id="m", kind="http", provider="p", connect_ms=1, first_byte_ms=2, gap_ms=3)
    assert timeouts_of(upstream)[:3] == (1, 2, 3)
