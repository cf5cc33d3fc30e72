"""The two uses as documents: what the firm declares, and what the runtime enforces."""

from __future__ import annotations

import msgspec

from dualtrack.demo.language.corpus import read_data
from dualtrack.domain.policy import RuntimePolicy, check_policy
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Policy
from dualtrack.domain.usecase import UseCase, check_use_case

__all__ = ["load_declaration", "load_policy", "promised"]


def load_declaration(use: str) -> UseCase:
    """Return the declaration of `broker` or `bank`; a component that no release has is not left out of it."""
    name = f"declaration-{use}.yaml"
    declared = read_record(read_data(name), UseCase, where=name)
    check_use_case(declared, where=name)
    return declared


def load_policy(use: str, *, model_url: str | None = None, model: str | None = None) -> RuntimePolicy:
    """Return the runtime policy of a use, with the model at `model_url`; without one, only the passages answer."""
    name = f"policy-{use}.yaml"
    policy = read_record(read_data(name), RuntimePolicy, where=name)
    upstreams = [
        msgspec.structs.replace(item, url=model_url, model=model or item.model) if item.kind == "openai" else item
        for item in policy.upstreams
        if item.kind != "openai" or model_url is not None
    ]
    policy = msgspec.structs.replace(policy, upstreams=upstreams)
    check_policy(policy, where=name)
    return policy


def promised(policy: RuntimePolicy, digest: str) -> Policy:
    """Return what a release promises of a runtime policy with this digest: what rules read as `policy.*`."""
    return Policy(
        guards=sorted({item.guard for item in policy.guards}),
        disclosure=policy.disclosure is not None,
        review_before_release=policy.review.mode == "hold",
        opt_out=policy.opt_out,
        durability="durable",
        runtime=digest,
    )
