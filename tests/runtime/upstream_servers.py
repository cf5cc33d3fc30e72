"""Real local servers for the client's tests: each connection is played by a script that may behave as badly as it likes."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from contextlib import asynccontextmanager

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dualtrack.runtime.upstream.limits import Timeouts

LOOPS = ["asyncio", "uvloop"]


def run(work, loop="asyncio"):
    """Run a coroutine function on the named event loop; skips where that loop is not installed."""
    factory = None
    if loop == "uvloop":
        import pytest

        factory = pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work())


async def until(condition):
    """Wait for what the test has no event for; a test that waits in vain is ended by its time limit."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the state of sockets has no event
            await asyncio.sleep(0.001)


PATIENT = Timeouts(20_000, 20_000, 20_000)
MAX = 100_000


async def ask(client, server, *, method="POST", body=b'{"q":1}', timeouts=PATIENT, repeatable=False, max_bytes=MAX):
    """Make a call and return status and body."""
    headers = {"content-type": "application/json"}
    async with await client.send(method, server.url(), headers, body, timeouts, repeatable=repeatable) as response:
        return response.status, await response.read(max_bytes)


class Peer:
    """The server's side of one connection; `number` counts connections from 1."""

    def __init__(self, reader, writer, number):
        self.reader, self.writer, self.number = reader, writer, number

    async def request(self):
        """Return the next request with its body, None when there is none."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return head + await self.reader.readexactly(length)

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def cut(self):
        """Reset the connection."""
        self.writer.transport.abort()


class Server:
    def __init__(self, script):
        self.script, self.connections, self.requests, self.peers = script, 0, [], []
        self.tasks, self.port, self.tls = set(), 0, False

    def url(self, path="/v1/answer", host="127.0.0.1"):
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    async def play(self, reader, writer):
        self.connections += 1
        peer = Peer(reader, writer, self.connections)
        self.peers.append(peer)
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self.script(self, peer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError, TimeoutError):
                await writer.wait_closed()


@asynccontextmanager
async def serve(script, *, tls=None):
    """Run a server whose connections are played by `script(server, peer)`."""
    server = Server(script)
    listener = await asyncio.start_server(server.play, "127.0.0.1", 0, ssl=tls)
    server.port, server.tls = listener.sockets[0].getsockname()[1], tls is not None
    try:
        yield server
    finally:
        listener.close()
        waiting = list(server.tasks)
        for peer in server.peers:
            peer.cut()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await listener.wait_closed()
        await asyncio.sleep(0.01)  # both loops close transports one turn later


# --- what servers answer ---


def answer(body=b"{}", *headers, status="200 OK", length=None):
    """Return an answer with a counted body; `length` may lie."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*pieces, trailers=b""):
    """Return an answer in chunks."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n" + trailers + b"\r\n"


# --- scripts ---


def keeps_alive(*replies):
    """Answer each request with the next reply, the last one for ever."""

    async def script(server, peer):
        while request := await peer.request():
            server.requests.append(request)
            await peer.send(replies[min(len(server.requests), len(replies)) - 1])

    return script


def once(reply, *, reset=False):
    """Answer one request of a connection and end it."""

    async def script(server, peer):
        if request := await peer.request():
            server.requests.append(request)
            await peer.send(reply)
        if reset:
            peer.cut()

    return script


def stalls(before=b""):
    """Send something, or nothing, and then no more."""

    async def script(server, peer):
        server.requests.append(await peer.request())
        await peer.send(before)
        await asyncio.Event().wait()

    return script


def dribbles(reply):
    """Send an answer byte by byte."""

    async def script(server, peer):
        while await peer.request():
            for at in range(len(reply)):
                await peer.send(reply[at : at + 1])
                await asyncio.sleep(0)

    return script


def floods(head, piece):
    """Send a head and then the same piece for as long as the client takes it."""

    async def script(server, peer):
        await peer.request()
        await peer.send(head)
        while True:
            await peer.send(piece)

    return script


def streams(*pieces, pause_s=0.005):
    """Send an answer in pieces with pauses."""

    async def script(server, peer):
        while await peer.request():
            for piece in pieces:
                await peer.send(piece)
                await asyncio.sleep(pause_s)

    return script


# --- a certificate authority of our own ---


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make_certificate(folder):
    """Make an authority and a certificate for localhost; return the authority's PEM and a server context."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())

    def draft(subject, public):
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("test authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        )

    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        draft("test authority", authority_key.public_key())
        .add_extension(identifier, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    leaf = (
        draft("test server", key.public_key())
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.crt").write_bytes(authority.public_bytes(pem))
    (folder / "server.crt").write_bytes(leaf.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / "server-key.test").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server-key.test")
    return folder / "authority.crt", context
