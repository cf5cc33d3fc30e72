"""The way through an identity provider and back, through the real application."""

from __future__ import annotations

import pytest
from server_world import FIRM, ORIGIN, ServerWorld

from dualtrack.web.identity.roles import ConsoleRole

CALLBACK = "/sign-in/callback"


@pytest.fixture
def served(tmp_path, provider):
    found = ServerWorld(
        tmp_path,
        oidc={
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "redirect_uri": f"{ORIGIN}{CALLBACK}",
            "institution": FIRM,
            "roles": {"ai-risk": ["validator"]},
        },
    )
    yield found
    found.close()
