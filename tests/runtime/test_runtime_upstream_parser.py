"""Laws of the response parser: where bytes are cut changes nothing, and what we accept another strict parser reads alike."""

from __future__ import annotations

import itertools

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualtrack.runtime.upstream.faults import FAULTS, UpstreamFaultError
from dualtrack.runtime.upstream.limits import Limits
from dualtrack.runtime.upstream.parser import CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX, ResponseParser

LIMITS = Limits()
OK = b"HTTP/1.1 200 OK\r\n"


def parse(data, cuts=(), *, head=False, reset=False):
    """Return what an answer is, or the code of its fault, when it comes in pieces and the connection then ends."""
    parser = ResponseParser(LIMITS, "test", bodiless=head)
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts} - {0, len(data)}), len(data)]
    body = []
    try:
        for start, end in itertools.pairwise(edges):
            if parser.done:  # the connection calls later bytes an offence too
                return "length_mismatch"
            parser.feed(data[start:end])
            body.append(parser.take())
        if not parser.done:
            parser.end(reset=reset)
    except UpstreamFaultError as fault:
        return fault.fault
    return parser.status, parser.headers, b"".join(body), parser.keep_alive, parser.framed


tokens = st.text("abcdefghijklmnopqrstuvwxyzABC-_0123456789", min_size=1, max_size=12)
values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20).map(lambda text: text.strip())
FRAMING = {"content-length", "transfer-encoding", "connection", "content-encoding", "te", "upgrade"}
plain_headers = st.lists(st.tuples(tokens.filter(lambda name: name.lower() not in FRAMING), values), max_size=5)
bodies = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


@st.composite
def answers(draw):
    """Draw a valid answer: bytes, status, body, and whether only the close ends it."""
    status = draw(st.sampled_from([200, 201, 302, 400, 429, 503, 599]))
    pieces, framing = draw(bodies), draw(st.sampled_from(["counted", "chunked", "close"]))
    lines = [f"{name}: {value}" for name, value in draw(plain_headers)]
    body = b"".join(pieces)
    if framing == "counted":
        lines.insert(draw(st.integers(0, len(lines))), f"Content-Length: {len(body)}")
        wire = body
    elif framing == "chunked":
        lines.append("transfer-encoding:Chunked")
        extension = draw(st.sampled_from([b"", b";x=1", b";n"]))
        wire = b"".join(b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
        wire += b"000\r\n" + draw(st.sampled_from([b"", b"x-sum: 1\r\n"])) + b"\r\n"
    else:
        wire = body
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nlink: a\r\n\r\n"]))
    head = "\r\n".join([f"HTTP/1.1 {status} Word", *lines, "", ""]).encode("latin-1")
    return interim + head + wire, status, body, framing == "close"


cuts = st.lists(st.integers(0, 10_000), max_size=12)


@given(answers(), cuts)
def test_a_valid_answer_is_the_same_however_it_is_cut(drawn, where):
    data, status, body, by_close = drawn
    whole = parse(data)
    assert whole == parse(data, where) == parse(data, range(len(data)))
    assert (whole[0], whole[2], whole[4]) == (status, body, not by_close)


@given(answers(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=3), cuts)
@example((b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab", 200, b"ab", False), [(33, 0x33)], [40])
def test_a_spoilt_answer_gives_the_same_outcome_however_it_is_cut(drawn, changes, where):
    data = bytearray(drawn[0])
    for at, byte in changes:
        data[at % len(data)] = byte
    outcome = parse(bytes(data))
    assert outcome == parse(bytes(data), where) == parse(bytes(data), range(len(data)))
    assert isinstance(outcome, tuple) or outcome in FAULTS


class Theirs:
    """The same answer by llhttp, which refuses what is not strict."""

    def __init__(self, data):
        self.body, self.complete, self.status = b"", False, 0
        parser = httptools.HttpResponseParser(self)
        self.parser = parser
        parser.feed_data(data)

    def on_headers_complete(self):
        self.status = self.parser.get_status_code()

    def on_body(self, body):
        self.body += body

    def on_message_complete(self):
        self.complete = self.parser.get_status_code() >= 200


@given(answers(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=2))
def test_what_we_accept_llhttp_reads_alike(drawn, changes):
    data = bytearray(drawn[0])
    for at, byte in changes:
        data[at % len(data)] = byte
    ours = parse(bytes(data))
    if isinstance(ours, str):
        return
    theirs = Theirs(bytes(data))
    assert (theirs.status, theirs.body) == (ours[0], ours[2])
    assert theirs.complete or not ours[4]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "bad_status_line"),
        (b"\x15\x03\x01\x00\x02\x02\x50", "bad_status_line"),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_status_line"),
        (b"HTTP/2 200 OK\r\n\r\n", "bad_status_line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "bad_status_line"),
        (b"HTTP/1.1 600 OK\r\n\r\n", "bad_status_line"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "bad_status_line"),
        (OK + b"content-length: 1\r\ncontent-length: 1\r\n\r\na", "bad_headers"),
        (OK + b"content-length: 1, 1\r\n\r\na", "bad_headers"),
        (OK + b"content-length: +1\r\n\r\na", "bad_headers"),
        (OK + b"content-length: -1\r\n\r\na", "bad_headers"),
        (OK + b"content-length: 0x1\r\n\r\na", "bad_headers"),
        (OK + b"content-length:\r\n\r\na", "bad_headers"),
        (OK + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "bad_headers"),
        (b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "bad_headers"),
        (OK + b"a: b\r\n c\r\n\r\n", "bad_headers"),
        (OK + b"a : b\r\n\r\n", "bad_headers"),
        (OK + b": b\r\n\r\n", "bad_headers"),
        (OK + b"no colon\r\n\r\n", "bad_headers"),
        (OK + b"a: b\nc: d\r\n\r\n", "bad_headers"),
        (OK + b"a: b\rc: d\r\n\r\n", "bad_headers"),
        (OK + b"a: \x00\r\n\r\n", "bad_headers"),
        (b"HTTP/1.1 204 None\r\ncontent-length: 2\r\n\r\nab", "bad_headers"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + OK + b"\r\n", "bad_headers"),
        (OK + b"a: b\r\n" * 101 + b"\r\n", "headers_too_large"),
        (OK + b"a: " + b"b" * 40_000, "headers_too_large"),
        (OK + b"a: " + b"b" * 40_000 + b"\r\n\r\n", "headers_too_large"),
        (OK + b"content-encoding: gzip\r\ncontent-length: 1\r\n\r\na", "bad_encoding"),
        (OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad_encoding"),
        (OK + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "bad_encoding"),
        (OK + b"content-length: 3\r\n\r\nab", "length_mismatch"),
        (OK + b"content-length: 3\r\n\r\nabcd", "length_mismatch"),
        (b"HTTP/1.1 204 None\r\n\r\nab", "length_mismatch"),
        (b"HTTP/1.1 304 Same\r\ncontent-length: 2\r\n\r\nab", "length_mismatch"),
        (OK + b"content-le", "closed_early"),
        (b"", "closed_early"),
    ],
)
def test_each_offence_has_its_name(data, fault):
    assert parse(data) == fault


@pytest.mark.parametrize(
    ("wire", "fault"),
    [
        (b"g\r\n", "bad_chunk"),
        (b"\r\n", "bad_chunk"),
        (b"-1\r\na\r\n", "bad_chunk"),
        (b"0x1\r\na\r\n", "bad_chunk"),
        (b"1_0\r\n", "bad_chunk"),
        (b" 1\r\na\r\n", "bad_chunk"),
        (b"1 \r\na\r\n", "bad_chunk"),
        (b"1;\r\na\r\n", "bad_chunk"),
        (b"1;a b\r\na\r\n", "bad_chunk"),
        (b'1;a="b"\r\na\r\n', "bad_chunk"),
        (b"1\na\n0\n\n\r\n", "bad_chunk"),
        (b"fffffffff\r\n", "bad_chunk"),
        (b"1\r\nab\r\n", "bad_chunk"),
        (b"1;" + b"x" * CHUNK_LINE_BYTES_MAX, "bad_chunk"),
        (b"0\r\nnone\r\n\r\n", "bad_chunk"),
        (b"0\r\n" + b"a: b\r\n" * (TRAILER_BYTES_MAX // 6 + 1), "bad_chunk"),
        (b"2\r\nab\r\n", "closed_early"),
        (b"2\r\na", "closed_early"),
        (b"0\r\n", "closed_early"),
        (b"0\r\n\r\nmore", "length_mismatch"),
    ],
)
def test_each_offence_of_a_chunked_body_has_its_name(wire, fault):
    data = OK + b"transfer-encoding: chunked\r\n\r\n" + wire
    assert parse(data) == parse(data, range(len(data))) == fault


def test_head_and_bodiless_statuses_have_no_body():
    counted = OK + b"content-length: 5\r\n\r\n"
    assert parse(counted, head=True)[2] == b""
    assert parse(b"HTTP/1.1 304 Same\r\ncontent-length: 5\r\n\r\n")[2] == b""
    assert parse(b"HTTP/1.1 204 None\r\ncontent-length: 0\r\n\r\n")[2] == b""
    assert parse(counted + b"hello", head=True) == "length_mismatch"


def test_only_a_framed_answer_of_http_1_1_keeps_the_connection():
    assert parse(OK + b"content-length: 0\r\n\r\n")[3:] == (True, True)
    assert parse(OK + b"content-length: 0\r\nConnection: x, Close\r\n\r\n")[3:] == (False, True)
    assert parse(b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n")[3:] == (False, True)
    assert parse(OK + b"\r\nbody")[2:] == (b"body", False, False)
    assert parse(OK + b"\r\nbody", reset=True) == "closed_early"


def test_headers_are_lower_case_and_repeated_ones_are_joined():
    headers = parse(OK + b"X-A: 1\r\nx-a:\t2 \r\nContent-Length: 0\r\n\r\n")[1]
    assert headers == {"x-a": "1, 2", "content-length": "0"}


def test_only_a_fault_before_the_first_byte_says_so():
    for sent, before in ((b"", True), (b"H", False)):
        parser = ResponseParser(LIMITS, "test")
        if sent:
            parser.feed(sent)
        with pytest.raises(UpstreamFaultError) as caught:
            parser.end(reset=True)
        assert caught.value.before_first_byte is before
