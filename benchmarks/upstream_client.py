"""The client of upstreams: processor time a call and calls a second, beside httpx in the same run where it is importable.

    python benchmarks/upstream_client.py [--calls 20000] [--httpx-calls 2000]

A small server of plain asyncio in a process of its own answers a 600-byte question with 400 bytes. Each client runs in a
process of its own, on uvloop where that is importable, with 1 and 16 connections. Processor time is the client's alone;
calls a second share the machine with the server. Limit: 100 microseconds a call, and at least 8 times less than httpx.
Ends with 1 if a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from importlib.util import find_spec

CPU_US_MAX = 100.0
RATIO_MIN = 8.0
CONNECTIONS = (1, 16)
QUESTION = b'{"q":"' + b"x" * 592 + b'"}'
ANSWER = b'{"a":"' + b"y" * 392 + b'"}'
HEADERS = {"content-type": "application/json", "authorization": "Bearer " + "k" * 40}


def loop_factory():
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


class Answers(asyncio.Protocol):
    """Answer each complete request; the clients never send the next one before."""

    reply = (
        b"HTTP/1.1 200 OK\r\ndate: Thu, 26 Nov 2026 01:02:03 GMT\r\nserver: test\r\ncontent-type: application/json\r\n"
        b"x-request-id: 0123456789abcdef\r\ncontent-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
    )

    def connection_made(self, transport):
        self.transport, self.seen = transport, b""

    def data_received(self, data):
        self.seen += data
        if self.seen.endswith(QUESTION):
            self.seen = b""
            self.transport.write(self.reply)


async def run_server():
    listener = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await listener.serve_forever()


async def measured(call, calls, connections):
    """Return processor microseconds a call and calls a second, after a warm-up."""

    async def some(number):
        for _ in range(number):
            assert await call() == ANSWER

    await asyncio.gather(*(some(20) for _ in range(connections)))
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(some(calls // connections) for _ in range(connections)))
    done = calls // connections * connections
    return {
        "cpu_us": (time.process_time() - cpu) / done * 1e6,
        "calls_s": done / (time.perf_counter() - wall),
    }


async def run_ours(url, calls):
    from dualtrack.runtime.upstream.client import UpstreamClient
    from dualtrack.runtime.upstream.limits import Timeouts

    timeouts = Timeouts()
    async with UpstreamClient() as client:

        async def call():
            response = await client.send("POST", url, HEADERS, QUESTION, timeouts)
            return await response.read(100_000)

        return [await measured(call, calls, connections) for connections in CONNECTIONS]


class Bare(asyncio.Protocol):
    """The floor: write the same bytes, wait for as many as the answer has, look at nothing."""

    def __init__(self):
        self.waiter = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.waiter.set_result(data)


async def run_floor(url, calls):
    from dualtrack.runtime.upstream.request import build_request, read_target

    target = read_target(url)
    request, loop = build_request("POST", target, HEADERS, QUESTION), asyncio.get_running_loop()
    free = [(await loop.create_connection(Bare, target.host, target.port))[1] for _ in range(max(CONNECTIONS))]

    async def call():
        bare = free.pop()
        bare.waiter = loop.create_future()
        bare.transport.write(request)
        data = await bare.waiter
        free.append(bare)
        return data[-len(ANSWER) :]

    return [await measured(call, calls, connections) for connections in CONNECTIONS]


async def run_httpx(url, calls):
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:

        async def call():
            return (await client.post(url, content=QUESTION, headers=HEADERS)).content

        return [await measured(call, calls, connections) for connections in CONNECTIONS]


def measured_apart(name, url, calls):
    output = subprocess.run(
        [sys.executable, __file__, "--only", name, "--url", url, "--calls", str(calls)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(output.stdout)


def show(name, calls, results):
    for connections, result in zip(CONNECTIONS, results, strict=True):
        print(
            f"{name}: {calls} calls, {connections} connections: "
            f"{result['cpu_us']:.1f} cpu-us a call, {result['calls_s']:.0f} calls/s"
        )


def compared(url, options):
    show("floor", options.calls, measured_apart("floor", url, options.calls))
    ours = measured_apart("ours", url, options.calls)
    show("ours", options.calls, ours)
    worst = max(result["cpu_us"] for result in ours)
    print(f"      limit {CPU_US_MAX:g} cpu-us a call")
    missed = worst > CPU_US_MAX
    if find_spec("httpx") is None:
        print("httpx: not importable here, no comparison made")
        return int(missed)
    theirs = measured_apart("httpx", url, options.httpx_calls)
    show("httpx", options.httpx_calls, theirs)
    ratios = [their["cpu_us"] / our["cpu_us"] for their, our in zip(theirs, ours, strict=True)]
    print("ratio of processor time: " + ", ".join(f"{ratio:.1f}" for ratio in ratios) + f" (limit {RATIO_MIN:g})")
    return int(missed or min(ratios) < RATIO_MIN)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--httpx-calls", type=int, default=2_000)
    parser.add_argument("--only", choices=["floor", "ours", "httpx", "server"])
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    if options.only:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            if options.only == "server":
                runner.run(run_server())
            work = {"floor": run_floor, "ours": run_ours, "httpx": run_httpx}[options.only]
            print(json.dumps(runner.run(work(options.url, options.calls))))
        return 0
    command = [sys.executable, __file__, "--only", "server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            return compared(f"http://127.0.0.1:{int(server.stdout.readline())}/v1/answer", options)
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
