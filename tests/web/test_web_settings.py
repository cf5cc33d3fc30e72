"""`web.toml`: sensible without it, every key named when wrong, written as it is read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualtrack.errors import DocumentError, FieldError
from dualtrack.store.workspace import Workspace
from dualtrack.web.api.settings import SettingsIn
from dualtrack.web.asking import client_address, local_path
from dualtrack.web.settings import (
    RateSettings,
    SessionSettings,
    WebSettings,
    own_origins,
    read_settings,
    write_settings,
)

OIDC = """
[oidc]
issuer = "https://login.example"
client_id = "dualtrack"
redirect_uri = "https://dualtrack.example/sign-in/callback"
institution = "harbour"
[oidc.roles]
"AI risk team" = ["validator"]
"""


@pytest.fixture
def workspace(tmp_path):
    return Workspace.create(tmp_path / "work")


def write(workspace, text) -> None:
    path = workspace.root / "web.toml"
    path.write_text(text)
    path.chmod(0o600)


def test_without_the_file_it_is_this_machine_alone(workspace):
    found = read_settings(workspace)
    assert found == WebSettings()
    assert (found.https, found.proxies, found.oidc, found.otlp_endpoint) == (False, 0, None, None)


def test_a_full_file_is_read_and_written_back(workspace):
    write(
        workspace,
        'https = true\npublic_address = "https://dualtrack.example"\nproxies = 1\n[session]\nidle_s = 600\n' + OIDC,
    )
    found = read_settings(workspace)
    assert found.oidc.roles == {"AI risk team": ["validator"]}
    write_settings(workspace, found)
    assert read_settings(workspace) == found
    assert (workspace.root / "web.toml").stat().st_mode & 0o777 == 0o600


@given(
    st.builds(
        WebSettings,
        https=st.booleans(),
        proxies=st.integers(0, 8),
        live_connections=st.integers(1, 10_000),
        session=st.builds(SessionSettings, idle_s=st.integers(60, 300), absolute_s=st.integers(300, 604_800)),
        rate=st.builds(RateSettings, burst=st.integers(1, 100_000), a_second=st.floats(0.001, 10_000)),
        otlp_endpoint=st.none() | st.text(min_size=1, max_size=200),
    )
)
def test_what_is_written_is_what_is_read(tmp_path_factory, settings):
    workspace = Workspace.create(tmp_path_factory.mktemp("w") / "work")
    write_settings(workspace, settings)
    assert read_settings(workspace) == settings


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("https = 1", FieldError),
        ("unknown = 1", FieldError),
        ('public_address = "https://x.example"', FieldError),
        ('https = true\npublic_address = "http://x.example"', FieldError),
        ('public_address = "http://x.example/path"', FieldError),
        ("proxies = 9", FieldError),
        ("[session]\nidle_s = 500\nabsolute_s = 400", FieldError),
        ("[rate]\nburst = 0", FieldError),
        ('[oidc]\nissuer = "http://login.example"', FieldError),
        ("not toml", DocumentError),
        ("x" * (1 << 18) + "y", DocumentError),
    ],
)
def test_what_is_wrong_is_named(workspace, text, error):
    write(workspace, text)
    with pytest.raises(error) as caught:
        read_settings(workspace)
    assert "web.toml" in caught.value.where


def test_origins_are_written_as_browsers_do():
    assert own_origins("https://dualtrack.example") == {"https://dualtrack.example"}
    assert own_origins("https://dualtrack.example:443") == {"https://dualtrack.example"}
    assert own_origins("http://127.0.0.1:8181") == {
        "http://127.0.0.1:8181", "http://localhost:8181", "http://[::1]:8181",
    }  # fmt: skip


def scope(*forwarded):
    return {"client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", value) for value in forwarded]}


def test_only_trusted_proxies_say_where_a_request_is_from():
    assert client_address(scope(b"203.0.113.9"), 0) == "10.0.0.1"
    assert client_address(scope(b"203.0.113.9"), 1) == "203.0.113.9"
    assert client_address(scope(b"1.1.1.1, 203.0.113.9"), 1) == "203.0.113.9"
    assert client_address(scope(b"1.1.1.1", b"203.0.113.9, 10.0.0.2"), 2) == "203.0.113.9"
    assert client_address(scope(), 1) == "10.0.0.1"


def test_the_api_takes_what_the_file_takes():
    kinds = {"session": SessionSettings, "rate": RateSettings}
    held = {
        f"{part}_{field.name}": (field.type.ge, field.type.gt, field.type.le)
        for part, kind in kinds.items()
        for field in msgspec.inspect.type_info(kind).fields
    }
    told = {
        name: tuple(field.get(word) for word in ("minimum", "exclusiveMinimum", "maximum"))
        for name, field in SettingsIn.model_json_schema()["properties"].items()
    }
    assert told == held


@given(st.text(max_size=60))
@example("/\x80")
@example("/\ud800")
def test_an_address_to_go_on_to_stays_here(text):
    found = local_path(text, "/start")
    assert found == "/start" or (found.startswith("/") and found[1:2] not in {"/", "\\"} and found.isprintable())
    assert msgspec.json.encode(found)
