"""An OpenID provider for tests: a process of its own, with signed tokens, keys that turn over, and ways to be wrong.

`python oidc_provider.py` prints its port. Everybody who comes to its login page is signed in as the person that the last
`POST /control` named; the same request says how the provider misbehaves and what its clock shows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

CLIENT, SECRET = "dualtrack", "a secret:with %signs"
PERSON = {"sub": "u-1", "preferred_username": "Ann.Lee@example.com", "name": "Ann Lee", "groups": ["risk", "staff"]}


class Provider:
    """A running provider, from a test's side."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.issuer = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self._opener = build_opener(ProxyHandler({}))

    def set(self, **settings) -> None:
        """Say how it behaves from now on; what is not named stays."""
        body = json.dumps(settings).encode()
        with self._opener.open(Request(f"{self.issuer}/control", data=body, method="POST"), timeout=30) as answer:
            assert answer.status == 204

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class State:
    """What the provider knows."""

    def __init__(self, issuer: str) -> None:
        self.issuer, self.codes, self.counts = issuer, {}, {}
        self.settings = {"mode": "right", "now": 0, "person": PERSON, "auth_time": None}
        self.rotate()

    def rotate(self) -> None:
        from joserfc.jwk import RSAKey

        self.key = RSAKey.generate_key(2048, {"kid": f"k-{secrets.token_hex(4)}", "use": "sig", "alg": "RS256"})

    @property
    def mode(self) -> str:
        return self.settings["mode"]

    def metadata(self) -> dict:
        found = {
            "issuer": self.issuer + ("/other" if self.mode == "metadata_issuer" else ""),
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "code_challenge_methods_supported": ["plain"] if self.mode == "no_s256" else ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        if self.mode == "plain_endpoint":
            found["token_endpoint"] = "http://provider.example/token"
        return found

    def answer(self, query: dict) -> dict:
        """Return the parameters that go back through the browser."""
        if self.mode == "denied":
            return {"error": "access_denied", "state": query["state"], "iss": self.issuer}
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        fields = {"code": code, "state": query["state"], "iss": self.issuer}
        if self.mode == "wrong_state":
            fields["state"] = "x" * 43
        if self.mode == "answer_issuer":
            fields["iss"] = "https://evil.example"
        if self.mode == "no_answer_issuer":
            del fields["iss"]
        return fields

    def claims(self, query: dict, access: str) -> dict:
        now = self.settings["now"]
        half = hashlib.sha256(access.encode()).digest()[:16]
        asked = self.settings["auth_time"]
        claims = {
            **self.settings["person"],
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now if asked is None else asked,
            "nonce": query.get("nonce"),
            "at_hash": b64(half),
        }
        changes = {
            "wrong_nonce": {"nonce": "x" * 43},
            "no_nonce": {"nonce": None},
            "wrong_audience": {"aud": "another"},
            "two_audiences": {"aud": [CLIENT, "another"]},
            "wrong_azp": {"aud": [CLIENT, "another"], "azp": "another"},
            "wrong_issuer": {"iss": "https://evil.example"},
            "expired": {"iat": now - 1000, "exp": now - 61},
            "just_expired": {"iat": now - 1000, "exp": now - 59},
            "from_the_future": {"iat": now + 61},
            "not_yet": {"nbf": now + 61},
            "no_expiry": {"exp": None},
            "no_subject": {"sub": None},
            "long_subject": {"sub": "x" * 256},
            "wrong_at_hash": {"at_hash": b64(bytes(16))},
            "no_auth_time": {"auth_time": None},
            "future_auth_time": {"auth_time": now + 61},
        }.get(self.mode, {})
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def id_token(self, claims: dict) -> str:
        from joserfc import jwt
        from joserfc.jwk import OctKey, RSAKey

        header, key = {"alg": "RS256", "kid": self.key.kid}, self.key
        if self.mode == "unsigned":
            return f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(json.dumps(claims).encode())}."
        if self.mode == "public_key_as_secret":
            header["alg"], key = "HS256", OctKey.import_key(self.key.as_pem(private=False).decode()[60:120])
        if self.mode == "another_key":
            key = RSAKey.generate_key(2048)
        if self.mode == "unknown_key":
            header["kid"] = "nobody"
        return jwt.encode(header, claims, key, algorithms=["RS256", "HS256"])

    def token(self, form: dict, authorization: str) -> tuple[int, dict]:
        """Answer a token request as RFC 6749 and RFC 7636 ask."""
        user, _, password = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        query = self.codes.pop(form.get("code"), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        known = (user, password) == (CLIENT, "a+secret%3Awith+%25signs")
        if query is None or not known or form.get("redirect_uri") != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if query.get("code_challenge_method") != "S256" or challenge != query["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        token = self.id_token(self.claims(query, access))
        if self.mode == "no_id_token":
            return 200, {"access_token": access}
        if self.mode == "huge":
            return 200, {"id_token": token, "access_token": access, "more": "x" * 300_000}
        return 200, {"id_token": token, "access_token": access, "token_type": "Bearer"}


class Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.state.counts[parts.path] = self.state.counts.get(parts.path, 0) + 1
        if parts.path == "/.well-known/openid-configuration":
            self._send(200, self.state.metadata())
        elif parts.path == "/keys" and self.state.mode == "broken_keys":
            self._send(200, {"keys": [{"kty": "RSA"}]})
        elif parts.path == "/keys":
            self._send(200, {"keys": [self.state.key.as_dict(private=False)]})
        elif parts.path == "/counts":
            self._send(200, self.state.counts)
        elif parts.path == "/authorize":
            query = dict(parse_qsl(parts.query))
            self._send(302, {}, f"{query['redirect_uri']}?{urlencode(self.state.answer(query))}")
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/control":
            wanted = json.loads(body)
            if wanted.pop("rotate", False):
                self.state.rotate()
            self.state.settings |= wanted
            self._send(204, None)
        elif self.state.mode == "redirect":
            self._send(307, {}, f"{self.state.issuer}/token2")
        elif self.state.mode == "not_json":
            self._send(200, "hello", raw=True)
        else:
            form = dict(parse_qsl(body))
            self._send(*self.state.token(form, self.headers.get("Authorization", "")))

    def _send(self, status: int, found: object, location: str = "", *, raw: bool = False) -> None:
        data = b"" if found is None else str(found).encode() if raw else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_given) -> None:
        """Say nothing: a test's output is not a log."""


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.state = State(f"http://127.0.0.1:{server.server_port}")
    print(server.server_port, flush=True)  # noqa: T201 - how the test learns where it is
    server.serve_forever()


if __name__ == "__main__":
    main()
