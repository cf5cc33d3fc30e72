"""`dualtrack key sign`: a request of the console is signed where the root's key is, without a workspace."""

from __future__ import annotations

import base64

import pytest
from cli_world import run

from dualtrack.domain.institution import KeyGrant, KeyRevocation
from dualtrack.domain.records import encode
from dualtrack.domain.vocabulary import Role
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.store.keyring import PASSPHRASE_VARIABLE

PASSPHRASE = "nine quiet lanterns"
OWNED = FileSigner.generate("ann")
GRANT = KeyGrant(
    keyid=OWNED.key_id,
    public_key=base64.b64encode(OWNED.public_key).decode(),
    holder="ann",
    name="Ann Ng",
    person=True,
    roles=[Role.VALIDATOR],
)


@pytest.fixture
def root(tmp_path, monkeypatch):
    made = FileSigner.generate("root")
    made.save(tmp_path / "root.pem", passphrase=PASSPHRASE)
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    return made


def sign(folder, request, *more):
    (folder / "request.json").write_bytes(request)
    return run("key", "sign", folder / "request.json", "--root", folder / "root.pem", "-o", folder / "out.json", *more)


@pytest.mark.parametrize("record", [GRANT, KeyRevocation(keyid=OWNED.key_id, reason="left the firm")])
def test_the_root_signs_exactly_what_was_asked(tmp_path, root, record):
    done = sign(tmp_path, encode(record))
    assert done.code == 0, done.err
    assert OWNED.key_id[:16] in done.out
    found = dsse.parse((tmp_path / "out.json").read_bytes())
    assert found.verify({root.key_id: root.public_key}) == [root.key_id]
    assert found.payload == encode(record)
    again = sign(tmp_path, encode(record), "--json")
    assert again.code == 2  # nothing is written over
    (tmp_path / "out.json").unlink()
    assert sign(tmp_path, encode(record), "--json").json["kind"].endswith("/1")


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"[]",
        b"{}",
        encode(GRANT).replace(b'"validator"', b'"root"'),
        encode(GRANT).replace(OWNED.key_id.encode(), b"0" * 64),
        encode(GRANT).replace(b"Ann Ng", b"Ann\\u001b[2J"),
        b" " * ((1 << 16) + 1),
    ],
)
def test_anything_else_is_refused(tmp_path, root, request_):
    assert root.name == "root"
    done = sign(tmp_path, request_)
    assert done.code == 2
    assert not (tmp_path / "out.json").exists()
