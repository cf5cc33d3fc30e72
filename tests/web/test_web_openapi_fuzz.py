"""Schemathesis against the server: its own checks, on every operation of the document, the hot path among them.

For each operation it tries the edges of what the document allows and forbids, methods that are not there, and some chance
examples of both. Requests about a use are about the use that is there, so that they come further than its name.
"""

from __future__ import annotations

import os
import re
from itertools import count

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from server_world import FIRM, ORIGIN, USE, ServerWorld

from dualtrack.web.identity.roles import API_KEY_ROLES, ConsoleRole
from runtime.fake_model import FakeModel

CASES = int(os.environ.get("DUALTRACK_API_CASES", "4"))
"""Edges tried of an operation, spread over all that there are: 3,500 in the document."""

EXAMPLES = int(os.environ.get("DUALTRACK_API_EXAMPLES", "1"))
"""Chance examples of an operation, so many by the letter and so many against it."""

HOT_TIMES = 8
"""The hot path is tried so many times as thoroughly: most edges of a conversation are refused before they reach a model."""

CHECKED = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "unsupported_method", "allow_header_conformance", "negative_data_rejection",
    "positive_data_acceptance",
)  # fmt: skip

MADE_UP = "412"
"""A tag that was made up is never the present one, so that valid data may be refused with it."""

REFUSED = {
    "POST /api/v1/holds": "400",
    "POST /api/v1/holds/{hold}/release": "400",
    "POST /api/v1/uses/{institution}/{use}/observe": "400",
    "POST /api/v1/uses/{institution}/{use}/observe/end": "400",
    "POST /api/v1/accounts": "400",
    "POST /api/v1/api-keys": "400",
    "POST /v1/chat/completions": "400",
}
"""Where 400 to valid data is fair: what is signed takes a person's own key and password, which no API key has and nobody
guesses; names of people and keys are printable, and arguments of a tool are JSON in a text, which no pattern can say."""

LOOSE = {"POST /v1/chat/completions"}
"""OpenAI's clients send what is not theirs to say, such as `stream: null`: it is read as its absence, and not refused."""

UNCHECKED = {"authorization", "cookie", "x-schemathesis-testcaseid"}
SLUG = re.compile("[a-z0-9-]{1,64}")
NAME = re.compile("([a-z0-9-]{1,64}/)?[a-z0-9-]{1,64}")
KEY = re.compile(r"[\x21-\x7e]{1,100}")


class Fuzzed:
    """The server with a use that scores rows and talks, and who asks: a program with every role, and an administrator."""

    def __init__(self, folder) -> None:
        self.served = ServerWorld(folder)
        self.model = FakeModel()
        self.served.runner.run(self.model.__aenter__())
        row = {"id": "model", "kind": "python", "provider": "in-house"}
        chat = {"id": "chat", "kind": "openai", "provider": "lab", "url": self.model.url, "model": "m"}
        self.served.world.again(upstreams=[row, chat])
        self.served.runtime.snapshots.refresh()
        self.browser = self.served.signed_in(ConsoleRole.ADMINISTRATOR)
        key = {"authorization": f"Bearer {self.served.key(*API_KEY_ROLES)}"}
        session = {"origin": ORIGIN, "x-csrf-token": self.browser.token()}
        self.credentials = (key, session)
        self.schema = schemathesis.openapi.from_dict(self.browser.ask("GET", "/api/v1/openapi.json").json())
        self.numbers = count()
        load_all_checks()

    def ask(self, case, credential):
        """Send a case; its authorisation is ours, and its Idempotency-Key, where it is one, is used once."""
        about_the_use(case)
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        plain = {name.lower(): value for name, value in dict(sent.pop("headers") or {}).items()}
        headers = {name: str(value).encode("latin-1") for name, value in plain.items() if name not in UNCHECKED}
        if KEY.fullmatch(str(plain.get("idempotency-key", ""))):
            headers["idempotency-key"] = b"key-%d" % next(self.numbers)
        sent.pop("cookies", None)
        if "data" in sent:
            sent["content"] = sent.pop("data")
        headers |= {"accept": "application/json"} | credential
        return self.browser.ask(sent.pop("method"), sent.pop("url"), headers=headers, **sent)

    def check(self, operation, cases):
        """Send the cases, hold the answers to every check that is fair to the operation, and return what was found."""
        faults = []
        names = [name for name in CHECKED if name != "negative_data_rejection" or operation.label not in LOOSE]
        checks = CHECKS.get_by_names(names)
        accepted = self.schema.config.checks.positive_data_acceptance
        before = list(accepted.expected_statuses)
        accepted.expected_statuses = [*before, MADE_UP, *filter(None, [REFUSED.get(operation.label)])]
        hot = operation.path.startswith("/v1/")
        try:
            for number, case in enumerate(cases):
                if negates_credentials(case):
                    continue
                answer = self.ask(case, self.credentials[0 if hot else number % 2])
                try:
                    case.validate_response(answer, checks=checks, transport_kwargs={"base_url": ORIGIN})
                except FailureGroup as found:
                    faults.append(f"{operation.label}: {found}")
        finally:
            accepted.expected_statuses = before
        return faults

    def close(self):
        self.served.runner.run(self.model.__aexit__())
        self.served.close()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    found = Fuzzed(tmp_path_factory.mktemp("fuzzed"))
    yield found
    found.close()


def about_the_use(case):
    """Let a case be about the use that is there, wherever it names one."""
    named = case.path_parameters or {}
    if all(isinstance(named.get(name), str) and SLUG.fullmatch(named[name]) for name in ("institution", "use")):
        named.update(institution=FIRM, use=USE.partition("/")[2])
    for where in (case.query, case.body):
        for name in ("use", "model"):
            if isinstance(where, dict) and isinstance(where.get(name), str) and NAME.fullmatch(where[name]):
                where[name] = USE
        if isinstance(where, dict) and isinstance(where.get("uses"), list):
            where["uses"] = [USE if isinstance(name, str) and NAME.fullmatch(name) else name for name in where["uses"]]


def negates_credentials(case):
    """Tell whether a case is about a wrong Authorization: ours is sent instead, and test_web_api.py tries wrong ones."""
    data = case.meta.phase.data
    return "Authorization" in f"{getattr(data, 'parameter', '')} {getattr(data, 'description', '')}"


def edges(schema, operation, times):
    """Return edges of an operation, spread over all."""
    both = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    found = list(
        schema.iter_coverage_cases(operation, generation_modes=both, generation_config=schema.config.generation)
    )
    return found[:: -(-len(found) // (CASES * times))]


def examples(operation, mode, times):
    """Return chance examples of an operation, the same in every run."""
    found = []

    @settings(
        max_examples=EXAMPLES * times,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def draw(case):
        found.append(case)

    draw()
    return found


@pytest.mark.slow
def test_schemathesis_finds_nothing(fuzzed):
    operations = sorted(
        (item.ok() for item in fuzzed.schema.get_all_operations()), key=lambda item: item.path[:2] != "/v"
    )
    assert len(operations) > 50
    hot = [item.label for item in operations if item.path.startswith("/v1/")]
    assert len(hot) == 5
    assert {*REFUSED, *LOOSE} <= {item.label for item in operations}
    faults = []
    for operation in operations:
        times = HOT_TIMES if operation.label in hot else 1
        faults += fuzzed.check(operation, edges(fuzzed.schema, operation, times))
        faults += fuzzed.check(operation, examples(operation, GenerationMode.POSITIVE, times))
        faults += fuzzed.check(operation, examples(operation, GenerationMode.NEGATIVE, times))
    assert not faults, "\n".join(faults)
    asked = [bool(call.get("messages")) for call in fuzzed.model.calls]
    assert {True, False} <= set(asked), "a conversation and an embedding reached the model"
