"""A receiver of OTLP over HTTP in a process of its own: says its port, answers as a collector does, keeps bodies in a folder."""

from __future__ import annotations

import gzip
import http.server
import itertools
import pathlib
import sys

_numbers = itertools.count()


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes protobuf on the two paths of the protocol and nothing else."""

    def do_POST(self):
        data = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            data = gzip.decompress(data)
        known = self.path in {"/v1/traces", "/v1/metrics"}
        well = known and self.headers["content-type"] == "application/x-protobuf"
        if well:
            signal = self.path.rpartition("/")[2]
            (pathlib.Path(sys.argv[1]) / f"{signal}-{next(_numbers)}").write_bytes(data)
        self.send_response(200 if well else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Say nothing."""


def main() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
