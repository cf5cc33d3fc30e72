"""Closed sets of the field's terms, as used in every record."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "Area",
    "Check",
    "ComponentType",
    "Design",
    "Destination",
    "Effect",
    "EvidenceKind",
    "Grade",
    "InstitutionType",
    "Mode",
    "Outcome",
    "PackStatus",
    "Role",
    "Sector",
    "Severity",
    "Tier",
    "Track",
    "Verdict",
    "Weight",
]


class InstitutionType(StrEnum):
    """What a firm is, which decides the rules that bind it."""

    BANK = "bank"
    LICENSED_CORPORATION = "licensed_corporation"
    INSURER = "insurer"
    MPF_TRUSTEE = "mpf_trustee"
    VA_DEALER = "va_dealer"
    PROVIDER = "provider"
    SUPERVISOR = "supervisor"


class Sector(StrEnum):
    """Sector of a use; a dealer in virtual assets is assessed as an institution but may also declare uses."""

    BANK = "bank"
    INSURER = "insurer"
    LICENSED_CORPORATION = "licensed_corporation"
    MPF_TRUSTEE = "mpf_trustee"
    VA_DEALER = "va_dealer"


class Area(StrEnum):
    """The six opportunity areas of the FSTB policy statement of 28 October 2024."""

    RESEARCH = "research"
    STRATEGY = "strategy"
    SERVICE = "service"
    RISK = "risk"
    CRIME = "crime"
    WORKFLOW = "workflow"


class Role(StrEnum):
    """What a key may sign for."""

    ROOT = "root"
    LOG = "log"
    WITNESS = "witness"
    OWNER = "owner"
    DEVELOPER = "developer"
    VALIDATOR = "validator"
    APPROVER = "approver"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"
    COLLECTOR = "collector"
    SUPERVISOR = "supervisor"
    OFFICER = "officer"


class ComponentType(StrEnum):
    """What a component of a release is."""

    MODEL = "model"
    DATA_SET = "data_set"
    PROMPT = "prompt"
    INDEX = "index"
    TOOL = "tool"
    LIBRARY = "library"
    CODE = "code"


class Destination(StrEnum):
    """Where hours go that an AI use releases."""

    REDEPLOY = "redeploy"
    RETRAIN = "retrain"
    SERVICE = "service"
    REDUCE = "reduce"
    UNDECIDED = "undecided"


class Track(StrEnum):
    """The two tracks: does it help, is it safe."""

    BENEFIT = "benefit"
    SAFETY = "safety"


class Design(StrEnum):
    """How a benefit claim is tested."""

    SUPERIORITY = "superiority"
    NON_INFERIORITY = "non_inferiority"


class EvidenceKind(StrEnum):
    """What sort of observation a piece of evidence is."""

    MEASUREMENT = "measurement"
    ATTESTATION = "attestation"
    DOCUMENT = "document"
    APPROVAL = "approval"
    DRILL = "drill"
    CHALLENGE = "challenge"


class Severity(StrEnum):
    """S1 refuses every mode, S2 refuses live, S3 makes a condition with a clock, S4 advises."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class Check(StrEnum):
    """When a rule is checked: before running, on every decision, or by evidence that only running makes."""

    ASSESSMENT = "assessment"
    DECISION = "decision"
    OPERATION = "operation"


class Weight(StrEnum):
    """Legal weight of a rule's source."""

    STATUTE = "statute"
    CODE = "code"
    CIRCULAR = "circular"
    GUIDANCE = "guidance"
    POLICY = "policy"
    PROPOSAL = "proposal"
    FOREIGN = "foreign"


class Grade(StrEnum):
    """How the source was seen: its primary text, a secondary source, or it is our own policy."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    POLICY = "policy"


class PackStatus(StrEnum):
    """Standing of a rule pack's document."""

    IN_FORCE = "in_force"
    PROPOSED = "proposed"
    SUPERSEDED = "superseded"


class Outcome(StrEnum):
    """Result of one rule; no evidence never counts as met."""

    MET = "met"
    NOT_MET = "not_met"
    NO_EVIDENCE = "no_evidence"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"


class Effect(StrEnum):
    """What a rule's outcome does to the permit."""

    NONE = "none"
    REFUSES = "refuses"
    REFUSES_LIVE = "refuses_live"
    CONDITION = "condition"
    ADVICE = "advice"
    DUE_LATER = "due_later"


class Mode(StrEnum):
    """What a permit allows: output reaches nobody, a capped reviewed number, or standing use."""

    SHADOW = "shadow"
    TRIAL = "trial"
    LIVE = "live"


class Tier(StrEnum):
    """Computed risk tier of a use."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Verdict(StrEnum):
    """The assessment's last line."""

    PERMITTED = "permitted"
    PERMITTED_WITH_CONDITIONS = "permitted_with_conditions"
    TRIAL = "trial"
    SHADOW = "shadow"
    REFUSED = "refused"
    NOTHING_MEASURED = "nothing_measured"
    REQUIREMENTS_EVIDENCED = "requirements_evidenced"
