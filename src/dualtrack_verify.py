"""Check a Dualtrack bundle without trusting whoever made it: one file, Python 3.11 to 3.13, standard library only.

    python dualtrack_verify.py bundle.zip --trust anchors.json

It checks every byte, digest, proof and signature, and computes the verdict again from the signed evidence. It shares
no code with the package that made the bundle: it was written from docs/assessment.md, so that one mistake does not hide
in both. `anchors.json` says whom you trust and must reach you by another way than the bundle; without it the bundle can
only be shown to agree with itself, which its maker could arrange.

Exit codes: 0 verified; 1 refused, for one of REASONS below; 2 wrong usage or unreadable input; 3 consistent,
authenticity not established (no --trust). docs/verification.md says what each check buys.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime as dt
import hashlib
import json
import math
import operator
import re
import struct
import sys
import unicodedata
import zlib
from collections import abc
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["ADMISSION_REASONS", "REASONS", "Refused", "Result", "main", "verify"]

# === 1. Reasons and bounds ===========================================================================================
REASON_TEXT = """
zip-truncated: the archive ends inside a record | zip-stray: the archive holds bytes that belong to no member
zip-header: a member's header is not in its one legal form | zip-name: a member's name is not one of a bundle's
zip-order: the members are not in ascending order | zip-duplicate: a member appears twice | zip-crc: a checksum is wrong
zip-directory: the directory does not mirror the members | zip-bound: the archive, or a member, is too large
json-syntax: not JSON | json-duplicate-key: a key appears twice | json-key-order: keys are not in ascending order
json-number: a number is not in its one legal form, not finite, or too large | json-depth: nested too deeply
json-text: text is not in Unicode NFC, or holds half a character | json-form: not canonical JSON
manifest-shape: the manifest has a missing, unknown or wrong field | manifest-digest: a member is not the manifest's
manifest-members: the members are not those of the manifest | manifest-mismatch: the manifest contradicts the rest
entries-shape: the list of entries has a missing, unknown or wrong field | entries-order: indices do not ascend
entries-time: the times of the entries fall, or do not fit the time of the assessment
leaf-form: a log leaf has a missing, unknown or wrong field | leaf-institution: a log leaf is of another institution
entry-foreign: an entry is about something else than the bundle | proof: an entry is not in the log at its index
entry-position: an entry stands after the assessment and is not its permit
institution-entry: the first entry is not a self-signed institution record
commitment: an entry's content is not the one that was logged | checkpoint-form: not a signed note over a tree head
checkpoint-origin: the checkpoint is of another log | bound: more than this verifier accepts to process
anchor-missing: the anchors do not name this institution | root-key: the root key is not the anchored one
log-signature: the checkpoint is not signed by the anchored log key | log-too-short: shorter than the caller has seen
cosignature: a cosignature under an anchored witness key does not hold | quorum: too few anchored witnesses co-signed
pack-missing: an adopted rule pack is not in the bundle | pack-extra: the bundle holds a rule pack that was not adopted
pack-digest: a rule pack is not the one that was adopted | pack-text: a rule's text is not what its tree says
pack-invalid: a rule pack breaks a law of the specification | pack-clash: two adopted packs contradict each other
assessment-entry: the assessment is not the one in the log | permit-entry: the permit is not the one in the log
assessment-mismatch: the assessment is not what the evidence gives
permit-mismatch: the permit is not what the assessment gives | unreadable: a file cannot be read
anchors: the anchors file is not in the form of docs/verification.md
unexpected: the verifier met something it was not written for, and refuses it
"""
REASONS = dict(pair.split(": ") for line in REASON_TEXT.strip().splitlines() for pair in line.split(" | "))

ADMISSION_TEXT = """malformed unknown-key bad-signature replayed demo-key unknown-topic wrong-kind wrong-role bad-fields
wrong-subject other-release unknown-claim late-claim unplanned before-declaration future too-old older"""
ADMISSION_REASONS = tuple(ADMISSION_TEXT.split())  # why an entry does not count, in the order of trying
CLOCK_SKEW_S, EVIDENCE_AGE_DAYS_MAX = 300, 3650  # between two honest clocks; from taking evidence to recording it
PERMIT_DAYS_MAX, WAIVER_DAYS_MAX, CONDITION_MEMORY_DAYS = 366, 366, 366  # the last: a condition keeps its first date
PLAN_DAYS_MAX, TRIAL_DECISIONS_MAX = 183, 1_000_000  # longest shadow or trial plan, and most decisions in it
ENTRIES_MAX = 100_000  # most entries in one assessment; also the longest list in any document
CONTENT_BYTES_MAX, LEAF_BYTES_MAX = 1_048_576, 65_535  # largest content of an entry, and leaf (a length in 16 bits)
ARCHIVE_BYTES_MAX, ENTRIES_BYTES_MAX = 67_108_864, 33_554_432  # largest archive, and its list of entries
MEMBERS_MAX, VALUES_MAX = 256, 2_000_000  # most members of an archive, and values in a document (memory)
DEPTH_MAX, INTEGER_MAX = 64, 2**53  # deepest nesting of a document; largest integer that every JSON reader keeps
SIGNATURES_MAX, SIGNATURES_TOTAL_MAX = 16, 20_000  # most in an envelope, and in a bundle: about 40 seconds on one core
NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX = 65_536, 64  # largest checkpoint, a signature line has about 120 bytes
DAY_S, DAYS_MAX = 86_400, 3_660  # longest period in a rule: ten years, so that sums of dates stay in the calendar
TREE_NODES_MAX, TREE_LEVELS_MAX, TREE_LIST_MAX, TREE_STRING_MAX = 200, 24, 64, 200  # largest tree, list, text in a rule

Json: TypeAlias = Any  # a decoded JSON value; its shape is checked before its members are used
Test: TypeAlias = abc.Callable[[Json], bool]


class Refused(Exception):  # noqa: N818 - the word of the report
    """The bundle, or what the caller gave, is refused: a code of REASONS, and where and what."""


def need(holds: bool, code: str, detail: str) -> None:
    """Raise Refused unless the condition holds."""
    if not holds:
        raise Refused(code, detail)


def sha256(data: bytes) -> str:
    """Return the digest as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def show(text: object) -> str:
    """Return text from outside safe for a terminal: printable, at most 300 characters."""
    return "".join(character if character.isprintable() else "?" for character in str(text)[:300])


# === 2. Archive: a ZIP file in one legal form, every byte accounted for ==============================================
ZIP_VERSION, DOS_DATE = 20, 33  # "2.0", and 1980-01-01: no date of making is kept
MEMBER_NAME = re.compile(r"(?:assessment|entries|manifest|permit)\.json|checkpoint|packs/[0-9a-f]{64}\.json")


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the members. What follows them must equal, byte for byte, the directory computed from them."""
    need(len(data) <= ARCHIVE_BYTES_MAX, "zip-bound", f"more than {ARCHIVE_BYTES_MAX} bytes")
    members: dict[str, bytes] = {}
    directory, at, last = b"", 0, ""
    while data[at : at + 4] == b"PK\x03\x04":
        need(len(data) >= at + 30, "zip-truncated", f"header at byte {at}")
        header = struct.unpack_from("<5H3I2H", data, at + 4)
        version, flags, method, time, date, crc, packed, size, named, extra = header
        fixed = (version, flags, method, time, date, extra) == (ZIP_VERSION, 0, 0, 0, DOS_DATE, 0)
        need(fixed and packed == size, "zip-header", f"member at byte {at}: {header}")
        start = at + 30 + named
        need(len(data) >= start + size, "zip-truncated", f"member at byte {at} of {size} bytes")
        name, body = data[at + 30 : start].decode("ascii", "replace"), data[start : start + size]
        need(zlib.crc32(body) == crc, "zip-crc", show(name))
        need(MEMBER_NAME.fullmatch(name) is not None, "zip-name", show(name))
        limit = ENTRIES_BYTES_MAX if name == "entries.json" else CONTENT_BYTES_MAX
        need(size <= limit, "zip-bound", f"{name}: {size} bytes, at most {limit}")
        need(name not in members, "zip-duplicate", name)
        need(name > last, "zip-order", f"{name} after {last}")
        need(len(members) < MEMBERS_MAX, "zip-bound", f"more than {MEMBERS_MAX} members")
        sizes = (crc, size, size, named, 0, 0, 0, 0, 0, at)  # no extra field, comment or attributes
        directory += b"PK\x01\x02" + struct.pack("<6H3I5H2I", ZIP_VERSION, ZIP_VERSION, 0, 0, 0, DOS_DATE, *sizes)
        directory += name.encode()
        members[name], at, last = body, start + size, name
    rest, count = data[at:], len(members)
    expected = directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)
    need(count > 0 or rest != expected, "zip-directory", "no members")
    if rest != expected:
        need(len(rest) >= 4, "zip-truncated", f"no directory at byte {at}")
        need(rest[:4] in {b"PK\x01\x02", b"PK\x05\x06"}, "zip-stray", f"at byte {at}")
        need(not rest.startswith(expected), "zip-stray", f"{len(rest) - len(expected)} bytes at the end")
        need(not expected.startswith(rest), "zip-truncated", "the directory is cut short")
        raise Refused("zip-directory", "not the directory that the members give")
    return members


# === 3. Canonical JSON: the one spelling of a document ===============================================================
UNICODE = unicodedata.ucd_3_2_0  # its tables are the same in every Python


def decode(data: bytes, what: str, *, canonical: bool = True) -> Json:
    """Return the value of a JSON document; a canonical one has exactly one spelling, others may have white space."""

    def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        need(len(found) == len(pairs), "json-duplicate-key", what)
        need(not canonical or list(found) == sorted(found), "json-key-order", what)
        return found

    def integer(text: str) -> int:
        need(len(text) <= 17 and text != "-0" and abs(int(text)) <= INTEGER_MAX, "json-number", f"{what}: {text[:40]}")
        return int(text)

    def double(text: str) -> float:
        value = float(text)
        need(math.isfinite(value) and (not canonical or repr(value) == text), "json-number", f"{what}: {text[:40]}")
        return value

    need(sum(map(data.count, b",[{")) <= VALUES_MAX, "bound", f"{what}: more than {VALUES_MAX} values")
    hooks: dict[str, Json] = {"object_pairs_hook": members, "parse_int": integer, "parse_float": double}
    try:
        value = json.loads(data.decode(), parse_constant=double, **hooks)  # NaN and infinities go to `double`
    except RecursionError:
        raise Refused("json-depth", what) from None
    except ValueError as error:
        raise Refused("json-syntax", f"{what}: {error}") from None
    check_value(value, what, 0)
    need(not canonical or encode(value) == data, "json-form", what)
    return value


def encode(value: Json) -> bytes:
    """Return the canonical bytes: UTF-8, keys sorted by code point, no white space, shortest numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def check_value(value: Json, what: str, depth: int) -> None:
    """Refuse a value nested too deeply, and text that another system could spell differently."""
    need(depth <= DEPTH_MAX, "json-depth", f"{what}: more than {DEPTH_MAX} levels")
    if type(value) is str and not value.isascii():
        known = "".join(" " if UNICODE.category(sign) == "Cn" else sign for sign in value)  # younger ones left out
        marks = pairwise(map(UNICODE.combining, known))  # out of order they are not NFC, and slow to put in order
        sound = re.search("[\ud800-\udfff]", value) is None and not any(0 < later < earlier for earlier, later in marks)
        need(sound and UNICODE.is_normalized("NFC", known), "json-text", f"{what}: {show(value)}")
    elif type(value) in (dict, list):
        for item in value:
            check_value(item, what, depth + 1)
            if type(value) is dict:
                check_value(value[item], what, depth + 1)


# === 4. Record shapes (docs/assessment.md, sections 1 to 6, 10 and 12) ===============================================
# `kind?` may be null, `[kind]` is a list, `{key:kind}` an object with any members (`+`: not empty; a number: at most so
# many), `a|b` one of these words; else a name of RECORD_TEXT, an object with exactly these members, or of PLAIN or FORMS.
COLLECTION = re.compile(r"[\[{](.+)[\]}](\+?)([0-9]*)")
HEX, SLUG, SNAKE = r"[0-9a-f]{64}", r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", r"[a-z][a-z0-9_]{0,62}"
ROLES = "root|log|witness|owner|developer|validator|approver|compliance|auditor|collector|supervisor|officer"
FIRMS = "bank|licensed_corporation|insurer|mpf_trustee|va_dealer|provider|supervisor"
LITERALS: dict[str, type] = {"bool": bool, "int": int, "double": float, "string": str}
TYPES = LITERALS | {"list": list, "[string]": list}  # of fields, parameters and facts; lists are of texts
EVIDENCE_KINDS = "measurement|attestation|document|approval|drill|challenge"


def seconds(text: str) -> int | None:
    """Return an instant `YYYY-MM-DDTHH:MM:SSZ` (UTC) as seconds since 1970, or None if the text is none."""
    if re.fullmatch(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z", text):
        with contextlib.suppress(ValueError):
            return int(dt.datetime.fromisoformat(text).timestamp())
    return None


PLAIN: dict[str, Test] = {
    "text": lambda value: type(value) is str,
    "flag": lambda value: type(value) is bool,
    "whole": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "one": lambda value: type(value) is int and value == 1,
    "days": lambda value: type(value) is int and 1 <= value <= DAYS_MAX,
    "any": lambda _value: True,
    "value": lambda value: any(value_fits(value, kind) for kind in TYPES),
    "tree": lambda value: is_tree(value) and len(tree_nodes(value)) <= TREE_NODES_MAX,
    "instant": lambda value: type(value) is str and seconds(value) is not None,
    "date": lambda value: type(value) is str and len(value) == 10 and seconds(f"{value}T00:00:00Z") is not None,
}
PATTERNS = rf"""
slug={SLUG} snake={SNAKE} hex={HEX} use_id={SLUG}/{SLUG} subject_id={SLUG}(?:/{SLUG})?
holder=.{{1,200}} phrase=.{{1,400}} passage=(?=.*\S).{{1,2000}} version=[0-9]{{1,4}}(?:\.[0-9]{{1,4}}){{0,3}}
rule_id=[!-~]{{1,200}} rule_name=[A-Za-z0-9](?:[A-Za-z0-9.-]{{0,62}}[A-Za-z0-9])? media_type=[!-~]{{1,255}}
maker=dualtrack\x20[0-9A-Za-z.+-]{{1,40}} fact_key=(?!type$|staff$){SNAKE} predicate_type=urn:dualtrack:evidence:1
entry_kind=[a-z][a-z0-9-]{{0,62}}/[1-9][0-9]{{0,5}} field_type=(?:bool|int|double|string|list)\??
fact=tier|(?:use|firm|policy|claim|def|param|sod)\.[a-z][a-z0-9_]*|ev(?:\.[a-z][a-z0-9_]*){{2}}
checked=primary\x20text|secondary\x20source|not\x20seen statement_type=https://in-toto\.io/Statement/v1
"""
FORMS = {name: re.compile(form, re.DOTALL) for name, _, form in (pair.partition("=") for pair in PATTERNS.split())}
RECORD_TEXT = f"""
institution: id=slug name=words type={FIRMS} licences=[text] staff=whole? root_key=text profile={{fact_key:value}} demo
words: en=text zh-Hant=text
prose: en=passage zh-Hant=passage
key-grant: keyid=hex public_key=text holder=slug name=text person roles=[{ROLES}]+ demo
key-revoke: keyid=hex reason=text
pack-adoption: pack=slug version=text digest=hex action=adopt|retire decided_at=instant
declaration: use=use_id title=words purpose=words area=research|strategy|service|risk|crime|workflow fallback=words?
    sector=bank|insurer|licensed_corporation|mpf_trustee|va_dealer accountable_executive=holder lines=lines
    affected=[customers|staff|members|investors|applicants|public|none] builders=[slug] scope=scope facts={{text:any}}
    tasks=[task] components=[component] claims=[claim] live_since=instant? template=text? demo
lines: first=holder second=holder third=holder
scope: does=words does_not=words intents=[text] languages=[text] monthly_volume=whole?
task: name=words hours_per_month=number hours_released=number destination=redeploy|retrain|service|reduce|undecided
component: id=slug type=model|data_set|prompt|index|tool|library|code name=label version=text digest=hex? provider=text?
    licence=text? source=text? reservation=text? indemnity=text?
claim: id=slug track=benefit|safety topic=snake primary statement=words baseline=slug? unit=text?
    design=superiority|non_inferiority? minimum=number? margin=number?
release: use=use_id components=[part] code=hex policy=policy builders=[slug] note=text
part: id=slug digest=hex
policy: guards=[text] disclosure review_before_release opt_out durability=durable|buffered runtime=hex?
statement: _type=statement_type subject=[subject]+ predicateType=predicate_type predicate=predicate
subject: name=text digest=sha256
sha256: sha256=hex
predicate: kind={EVIDENCE_KINDS} topic=snake claim=slug? fields={{text:value}} method=method? data_digest=hex?
    document_digest=hex? n=whole? seed=whole? statistics={{text:any}} taken_at=instant minutes=number?
    supersedes=supersedes? note=label? demo
method: name=text version=text source=text
supersedes: index=whole leaf=hex why=text
permit: format=text institution=slug use=use_id release=hex mode=shadow|trial|live from=instant expires=instant demo
    assessment=hex conditions=[condition] decisions_max=whole? lapses_if=[text] durability=durable|buffered statement=text
condition: pack=slug rule=rule_id due=instant?
pack: format=text id=slug version=version issuer=phrase transcriber=phrase title=prose subject=use|institution
    status=in_force|proposed|superseded effective_from=date effective_to=date? grade=primary|secondary|policy
    source=source parameters=[parameter]100 definitions=[definition]50 tiers=[tier]50 topics={{snake:topic}}200
    rules=[rule]+200 coverage=[coverage]500
source: document=phrase reference=phrase date=date address=phrase file_digest=hex? checked=checked checked_on=date
    note=text
parameter: name=snake type=int|double|string|list value=value from=date to=date? cites=phrase basis=text|firm|ours
definition: name=snake text=text tree=tree cites=[phrase]30 says=prose
tier: tier=high|medium|low when=expression reason=prose
expression: text=text tree=tree
topic: kind={EVIDENCE_KINDS} about=release|use|firm roles=[{ROLES}]+12 fields={{snake:field_type}}+40
    duty=validate|approve|monitor? title=prose hours=number planned
rule: id=rule_name cites=[phrase]+30 title=prose says=prose todo=prose owner={ROLES} binds=[{FIRMS}]+7
    applies=expression requires=expression evidence=[snake]20 severity=S1|S2|S3|S4 checked=assessment|decision|operation
    due_days=days? valid_days=days? clock_days=days? basis=text|firm|ours track=safety|benefit
    weight=statute|code|circular|guidance|policy|proposal|foreign proportionality=phrase? crosswalk=crosswalk
    source_grade=primary|secondary|policy checked_source=checked tests=[test]+40
crosswalk: finos=[phrase]60 nist=[phrase]60 iso42001=[phrase]60 mas=[phrase]60
test: name=phrase facts={{text:value}}100 expect=met|not_met|no_evidence|not_applicable
coverage: paragraph=phrase as=rule|question|information|not_covered rules=[phrase]60 note=prose
envelope: payload=text payloadType=media_type signatures=[signature]+
signature: keyid=hex sig=text
manifest: format=text institution=slug use=use_id? release=hex? at=instant demo assessment=named permit=named?
    members={{text:hex}} made_by=maker
named: index=whole digest=hex
row: index=whole leaf=text salt=hex content=text proof=[hex]
leaf: v=one kind=entry_kind institution=slug id=subject_id recorded_at=instant commitment=hex
anchors: format=text institutions={{slug:anchor}}
anchor: root_key=text log=text witnesses=[text] quorum=whole
answers: decision_effect=informs|recommends|decides model_origin=own|group|vendor|open_source phase=early|mature
    development=[fine_tuning|rag|content_filter|tools|prompt_management|none] customer_facing client_interface
    individual_effect language_model generative regulated_activity gives_advice after_sales_only personal_data
    non_public_data third_party group_delegated opt_out_offered review_channel learns_in_production agent_tools
    mpf_choice provides_service critical_operation screening_duty training_data_personal browser_extension
firm-answers: sells_va_for_fiat trades_va_for_va brokers_va lends_or_margins_va operates_va_exchange remits_money
    holds_client_va transfers_va serves_retail_va has_shop changes_money serves_occasional_customers markets_va_to_hk_public
derived: use.has_fallback use.live policy.disclosure policy.review_before_release policy.opt_out tier=string
    sod.validator_independent sod.approver_independent sod.monitor_independent policy.guards=[string] use.area=string
    use.sector=string use.affected=[string] use.builders=int use.components_without_licence=int firm.staff=int
    use.hours_released=double use.undecided_hours=double claim.minimum=double claim.margin=double firm.type=string
    claim.id=string claim.baseline=string claim.design=string
"""
RECORDS: dict[str, dict[str, str]] = {}
for _name, _, _members in (text.partition(":") for text in re.split(r"\n(?! )", RECORD_TEXT.strip())):
    _pairs = (member.partition("=") for member in _members.split())
    RECORDS[_name] = {member: kind or "flag" for member, _, kind in _pairs}  # without a kind: yes or no
FORMATS = {name: f"dualtrack.{name}/1" for name in ("permit", "pack", "anchors")} | {"manifest": "dualtrack.bundle/1"}


def check(value: Json, kind: str, path: str, code: str) -> None:
    """Refuse, with this code and the path, a value that is not of the kind."""
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    kind = kind if kind != "label" else "text" if type(value) is str else "words"
    if many := COLLECTION.fullmatch(kind):
        inner, some, limit = many.groups()
        need(type(value) is (list if kind[0] == "[" else dict), code, path)
        need(len(value) <= int(limit or ENTRIES_MAX) and (not some or len(value) > 0), code, f"{path}: {len(value)}")
        keys, _, inner = inner.rpartition(":")
        for key, item in value.items() if keys else enumerate(value):
            if keys:
                check(key, keys, f"{path}.{show(key)}", code)
            check(item, inner, f"{path}.{show(key)}", code)
    elif kind in RECORDS:
        members = RECORDS[kind]
        need(type(value) is dict, code, path)
        wrong = sorted(set(members) ^ set(value))
        need(not wrong, code, f"{path}: missing or unknown {show(', '.join(wrong))}")
        for name, item_kind in members.items():
            check(value[name], item_kind, f"{path}.{name}", code)
        need(value.get("format") == FORMATS.get(kind), code, f"{path}.format")
    elif "|" in kind:
        need(type(value) is str and value in kind.split("|"), code, path)
    elif kind in FORMS:
        need(type(value) is str and FORMS[kind].fullmatch(value) is not None, code, path)
    else:
        need(PLAIN[kind](value), code, path)


def to_instant(moment: int | None) -> str | None:
    """Return seconds as an instant, at most the end of the year 9999; None stays None."""
    limited = None if moment is None else dt.datetime.fromtimestamp(min(moment, 253402300799), dt.UTC)
    return limited.replace(tzinfo=None).isoformat() + "Z" if limited else None


# === 5. Ed25519 (RFC 8032, section 5.1), verification only ===========================================================
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
Point: TypeAlias = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T: x = X/Z, y = Y/Z, xy = T/Z
IDENTITY: Point = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    """Add two points, which may be equal (RFC 8032, section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def read_point(data: bytes) -> Point | None:
    """Return the point of a canonical encoding, or None (RFC 8032, section 5.1.3)."""
    sign, y = data[31] >> 7, int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT_OF_MINUS_1 % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


BASE = read_point((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or IDENTITY  # y = 4/5, x even


@lru_cache(maxsize=1024)
def negated_key(public_key: bytes | None) -> Point | None:
    """Return minus the key's point; None for no point, or one of small order, under which a signature proves nothing."""
    p = read_point(public_key) if public_key and len(public_key) == 32 else None
    multiple = p or IDENTITY
    for _ in range(3):
        multiple = add(multiple, multiple)
    return None if p is None or multiple[0] == 0 else (P - p[0], p[1], 1, P - p[3])


def signature_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether R = S*B - k*A, without cofactor, both sides as bytes; S and every point must be canonical."""
    minus_a = negated_key(public_key)
    s = int.from_bytes(signature[32:], "little")
    if minus_a is None or len(signature) != 64 or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % L
    terms, result = (IDENTITY, BASE, minus_a, add(BASE, minus_a)), IDENTITY
    for bit in range(252, -1, -1):  # both products at once, bit by bit
        result = add(add(result, result), terms[(s >> bit & 1) + 2 * (k >> bit & 1)])
    inverse = pow(result[2], -1, P)
    x, y = result[0] * inverse % P, result[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


# === 6. Log and envelopes: RFC 6962 proofs, C2SP notes and cosignatures, DSSE =========================================
def included(leaf: bytes, index: int, size: int, path: abc.Sequence[bytes], root: bytes) -> bool:
    """Tell whether the leaf is at this index of the tree of this size and root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size or any(len(step) != 32 for step in path):
        return False
    node, last, result = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for step in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = hashlib.sha256(b"\x01" + step + result).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            result = hashlib.sha256(b"\x01" + result + step).digest()
        node, last = node >> 1, last >> 1
    return last == 0 and result == root


def read_base64(text: str) -> bytes | None:
    """Return the bytes of standard Base 64 in its one spelling, or None."""
    with contextlib.suppress(ValueError):
        data = base64.b64decode(text, validate=True)
        return data if base64.b64encode(data).decode() == text else None
    return None


def read_vkey(text: str, kind: int) -> tuple[str, bytes, bytes] | None:
    """Return name, hash and key of a verifier key of a kind: 1 log, 4 witness; None unless hash and key are sound."""
    parts = text.split("+", 2)
    data = read_base64(parts[2]) if len(parts) == 3 and re.fullmatch(r"\S{1,255}", parts[0]) else None
    if not data or data[0] != kind or negated_key(data[1:]) is None:
        return None
    key_hash = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    return (parts[0], key_hash, data[1:]) if key_hash.hex() == parts[1] else None


class Checkpoint:
    """A tree head as signed: a C2SP signed note whose text is origin, size, root hash and optional further lines."""

    def __init__(self, data: bytes) -> None:
        bad = "checkpoint-form"
        need(len(data) <= NOTE_BYTES_MAX, bad, f"more than {NOTE_BYTES_MAX} bytes")
        need(all(byte >= 32 or byte == 10 for byte in data), bad, "a control character")
        head, _, tail = data.rpartition(b"\n\n")
        try:
            lines, marks = head.decode().split("\n"), tail.decode().split("\n")
        except UnicodeDecodeError:
            raise Refused(bad, "not UTF-8") from None
        need(len(lines) >= 3 and all(lines) and marks.pop() == "", bad, "not three lines, a blank line and signatures")
        need(re.fullmatch(r"[1-9][0-9]{0,15}", lines[1]) is not None, bad, f"size {show(lines[1])}")
        need(1 <= len(marks) <= NOTE_SIGNATURES_MAX, bad, f"not 1 to {NOTE_SIGNATURES_MAX} signatures")
        self.text, self.origin, self.size = head + b"\n", lines[0], int(lines[1])
        self.root = read_base64(lines[2]) or b""
        need(len(self.root) == 32, bad, "the root hash has not 32 bytes")
        self.signatures: list[tuple[str, bytes]] = []  # of each signature line the name, and key hash with signature
        for mark in marks:
            found = re.fullmatch(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)", mark)
            signature = (read_base64(found[2]) or b"") if found else b""
            need(len(signature) >= 5, bad, f"signature line {show(mark)}")
            self.signatures.append((found[1] if found else "", signature))

    def marks(self, name: str, key_hash: bytes) -> list[bytes]:
        """Return the signatures of the lines that name this key; whether they hold is another question."""
        return [data[4:] for found, data in self.signatures if (found, data[:4]) == (name, key_hash)]

    def cosigned_at(self, vkey: str) -> tuple[str, int] | None:
        """Return name and time of a witness that co-signed (cosignature/v1), else None; refuse a false line."""
        name, key_hash, public_key = read_vkey(vkey, 4) or ("", b"", b"")
        times = []
        for mark in self.marks(name, key_hash):
            moment = int.from_bytes(mark[:8], "big")
            message = b"cosignature/v1\ntime %d\n" % moment + self.text
            holds = len(mark) == 72 and moment < 2**63 and signature_holds(public_key, message, mark[8:])
            need(holds, "cosignature", show(name))
            times.append(moment)
        return (name, min(times)) if times else None


class Envelope:
    """A DSSE envelope in its one legal form, with a canonical payload of a type and kind; refused otherwise."""

    def __init__(self, content: bytes, payload_type: str, kind: str) -> None:
        bad = "institution-entry"  # the reason if it is the first entry; for later ones it becomes `malformed`
        need(len(content) <= CONTENT_BYTES_MAX, bad, f"content of {len(content)} bytes")
        value = decode(content, "envelope")
        check(value, "envelope", "envelope", bad)
        self.signatures = [(item["keyid"], read_base64(item["sig"]) or b"") for item in value["signatures"]]
        ids = [keyid for keyid, _ in self.signatures]
        need(len(ids) <= SIGNATURES_MAX and ids == sorted(set(ids)), bad, "keyids: too many, twice, or out of order")
        need(all(len(data) == 64 for _, data in self.signatures), bad, "a signature has not 64 bytes")
        need(value["payloadType"] == payload_type, bad, f"payloadType is not {payload_type}")
        self.payload = read_base64(value["payload"]) or b""
        lengths = (len(payload_type), payload_type.encode(), len(self.payload))
        self.message = b"DSSEv1 %d %b %d " % lengths + self.payload
        self.value: Json = decode(self.payload, "payload")
        check(self.value, kind, "payload", bad)


# === 7. Rule language: trees, their text, their types, their value in three-valued logic ==============================
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "in"}
BINARY = {"or": ("||", 1), "and": ("&&", 2), "add": ("+", 4), "sub": ("-", 4), "mul": ("*", 5)}
BINARY |= {name: (sign, 3) for name, sign in COMPARISONS.items()}  # sign, and how strongly it binds; `!` 6, others 7
ARGUMENTS = {**dict.fromkeys(BINARY, 2), "not": 1, "size": 1, "has": 1}
ALLOWED: dict[str, abc.Collection[str]] = {"size": ("string", "[string]")}
ALLOWED |= (
    dict.fromkeys(["and", "or", "not"], ("bool",))
    | dict.fromkeys(["has", "eq", "ne"], TYPES)
    | dict.fromkeys(["add", "sub", "mul"], ("int", "double"))
)
ALLOWED |= dict.fromkeys(["lt", "le", "gt", "ge"], ("int", "double", "string"))  # `in` takes T and list of T
ESCAPES = {chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}
HIDDEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")  # not as it reads
ESCAPES |= {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def is_tree(tree: Json, level: int = 1) -> bool:
    """Tell whether a value is a tree: a literal, a fact, or a known function with its number of arguments."""
    if type(tree) is not dict or level > TREE_LEVELS_MAX:
        return False
    if set(tree) == {"call", "args"}:
        name, args = tree["call"], tree["args"]
        known = type(name) is str and type(args) is list and ARGUMENTS.get(name) == len(args)
        if not known or not all(is_tree(item, level + 1) for item in args):
            return False
        if name == "has":
            return str(args[0].get("fact", "")).startswith(("use.", "firm."))
        return name not in {"and", "or", "not"} or args[-1].get("call") != name  # chains lean left; no `!!`
    kind, value = next(iter(tree.items()), ("", None))
    if kind == "list" and type(value) is list:
        few = len(tree) == 1 and 1 <= len(value) <= TREE_LIST_MAX
        return few and all(is_tree(item) and set(item) <= {"int", "double", "string"} for item in value)
    if kind == "string" and type(value) is str and (len(value) > TREE_STRING_MAX or HIDDEN.search(value)):
        return False
    return len(tree) == 1 and (
        FORMS["fact"].fullmatch(str(value)) is not None if kind == "fact" else type(value) is LITERALS.get(kind)
    )


def tree_nodes(tree: Json) -> list[Json]:
    """Return every node of a tree, the items of lists included."""
    return [tree, *(node for item in tree.get("args", tree.get("list", ())) for node in tree_nodes(item))]


def print_tree(tree: Json, least: int = 0) -> str:
    """Return the tree's text in its one normal form, in parentheses exactly when it binds less than needed."""
    if "call" not in tree:
        kind, value = next(iter(tree.items()))
        if kind == "list":
            return f"[{', '.join(print_tree(item) for item in value)}]"
        if kind == "string":
            return '"' + "".join(ESCAPES.get(character, character) for character in value) + '"'
        return str(value) if kind == "fact" else repr(value).lower()
    name, args, strength = tree["call"], tree["args"], 7
    if name in BINARY:
        sign, strength = BINARY[name]
        left = strength + (name in COMPARISONS)  # a < b < c has no meaning here
        text = f"{print_tree(args[0], left)} {sign} {print_tree(args[1], strength + 1)}"
    elif name == "not":
        text, strength = f"!{print_tree(args[0], 6)}", 6
    else:
        text = f"{name}({print_tree(args[0])})"
    return text if strength >= least else f"({text})"


def tree_facts(tree: Json) -> set[str]:
    """Return the names of all facts in the tree, presence tests included."""
    return {node["fact"] for node in tree_nodes(tree) if "fact" in node}


def tree_type(tree: Json, types: abc.Mapping[str, str], path: str) -> str:
    """Return the type of a tree; refuse an unknown fact, or arguments that the function does not take."""
    if "fact" in tree:
        need(tree["fact"] in types, "pack-invalid", f"{path}: unknown fact {tree['fact']}")
        return types[tree["fact"]]
    if "list" in tree:
        kinds = {next(iter(item)) for item in tree["list"]}
        need(len(kinds) == 1, "pack-invalid", f"{path}: a list of different types")
        return f"[{kinds.pop()}]"
    if "call" not in tree:
        return str(next(iter(tree)))
    name, args = tree["call"], [tree_type(item, types, path) for item in tree["args"]]
    alike = args[1] == f"[{args[0]}]" if name == "in" else args[0] == args[-1] and args[0] in ALLOWED[name]
    need(alike, "pack-invalid", f"{path}: {name} of {' and '.join(args)}")
    return args[0] if name in {"add", "sub", "mul"} else "int" if name == "size" else "bool"


def evaluate(tree: Json, view: abc.Mapping[str, Json]) -> Json:
    """Return the value of a tree, None for unknown: a missing fact, a wrong type, an overflow (strong Kleene logic)."""
    if "fact" in tree:
        return view.get(tree["fact"])
    if "list" in tree:
        return [next(iter(item.values())) for item in tree["list"]]
    if "call" not in tree:
        return next(iter(tree.values()))
    name = tree["call"]
    if name == "has":
        return tree["args"][0]["fact"] in view
    args = [evaluate(item, view) for item in tree["args"]]
    if name in {"and", "or"}:
        decisive = name == "or"  # one such operand decides; else every operand must be known
        if any(item is decisive for item in args):
            return decisive
        return None if any(item is not (not decisive) for item in args) else not decisive
    return None if None in args else apply(name, args[0], args[-1])


def apply(name: str, first: Json, second: Json) -> Json:
    """Return the value of a function of one or two known arguments; None where they do not fit or overflow."""
    kind, items = type(first), [*(first if type(first) is list else ()), *(second if type(second) is list else ())]
    if name == "in":
        return first in items if type(second) is list and {type(item) for item in items} <= {kind} else None
    if kind is not type(second) or len({type(item) for item in items}) > 1:
        return None
    if name in {"eq", "ne"}:
        return (first == second) is (name == "eq")
    if name == "not":
        return not first if kind is bool else None
    if name == "size":
        return len(first) if kind in (str, list) else None
    if kind not in (int, float) and (kind is not str or name in {"add", "sub", "mul"}):
        return None
    result = getattr(operator, name)(first, second)
    if type(result) is float:
        return result if math.isfinite(result) else None
    return result if type(result) is bool or abs(result) <= INTEGER_MAX else None


# === 8. Rule packs ==================================================================================================
FACT_TYPES = {fact: "bool" if kind == "flag" else kind for fact, kind in RECORDS["derived"].items()}
for _room, _asked in (("use", RECORDS["answers"]), ("firm", RECORDS["firm-answers"])):
    for _name, _kind in _asked.items():
        FACT_TYPES[f"{_room}.{_name}"] = {"f": "bool", "[": "[string]"}.get(_kind[0], "string")
WAIVER_FIELDS = {"rule": "string", "reason": "string", "until": "string", "proportionality": "bool"}
PLAN_FIELDS = {"mode": "string", "decisions_max": "int", "until": "string", "measures": "string"}
BUILT_IN_TOPICS: dict[str, Json] = {  # topics that no pack defines: the verdict itself reads them
    "waiver": {"kind": "approval", "about": "use", "roles": ["approver"], "fields": WAIVER_FIELDS, "duty": None},
    "trial_plan": {"kind": "approval", "about": "release", "roles": ["approver"], "fields": PLAN_FIELDS, "duty": None},
}


def value_fits(value: Json, kind: str) -> bool:
    """Tell whether a value is of the type of a field, parameter or fact. 1 is no double and 1.0 no int."""
    texts = type(value) is not list or all(type(item) is str for item in value)
    return texts and type(value) is TYPES.get(kind.rstrip("?"))


def read_pack(data: bytes, digest: str) -> Json:
    """Return a compiled pack after checking its shape, its texts against its trees, and the types of its rules."""
    need(sha256(data) == digest, "pack-digest", digest)
    pack = decode(data, f"pack {digest[:16]}")
    check(pack, "pack", "pack", "pack-invalid")
    name, source, rows, grade, read = pack["id"], pack["source"], pack["coverage"], pack["grade"], set[str]()
    types = FACT_TYPES | {f"param.{item['name']}": item["type"] for item in pack["parameters"]}
    for earlier, item in pairwise([None, *sorted(pack["parameters"], key=operator.itemgetter("name", "from"))]):
        again = earlier is not None and earlier["name"] == item["name"]  # one value at a time, all of one type
        apart = not again or (earlier["to"] or "9999") <= item["from"]
        sound = apart and item["from"] < (item["to"] or "9999") and types[f"param.{item['name']}"] == item["type"]
        need(sound and value_fits(item["value"], item["type"]), "pack-invalid", f"{name}.param.{item['name']}")
    for topic, definition in pack["topics"].items():
        types |= {f"ev.{topic}.{key}": kind.rstrip("?") for key, kind in definition["fields"].items()}
    types = {fact: "[string]" if kind == "list" else kind for fact, kind in types.items()}
    early = {fact: kind for fact, kind in types.items() if not fact.startswith(("ev.", "sod.", "tier"))}
    for item in pack["definitions"]:  # these and tiers see no evidence, and nothing that is derived after them
        check_expression(item, early, f"{name}.def.{item['name']}")
        early[f"def.{item['name']}"] = "bool"
    for position, tier in enumerate(pack["tiers"]):
        check_expression(tier["when"], early, f"{name}.tiers[{position}]")
    for rule in pack["rules"]:
        read |= check_rule(rule, pack, types | early)
    ids, covered = [rule["id"] for rule in pack["rules"]], {rule for row in rows for rule in row["rules"]}
    names, seen = {item["name"] for item in pack["definitions"]}, source["checked"] == "primary text"
    laws = {
        "source of a primary pack": grade != "primary" or (seen and source["file_digest"] is not None),
        "coverage": bool(rows) if grade == "primary" else grade == "policy" or not rows,
        "coverage.rules": not rows or covered == set(ids),
        "topics: not those its rules read": set(pack["topics"]) == read,
        "topics: a reserved name": not set(pack["topics"]) & set(BUILT_IN_TOPICS),
        "rules or definitions: one twice": (len(set(ids)), len(names)) == (len(ids), len(pack["definitions"])),
    }
    for law, holds in laws.items():
        need(holds, "pack-invalid", f"{name}.{law}")
    return pack


def check_expression(expression: Json, types: abc.Mapping[str, str], path: str) -> None:
    """Refuse a text that is not the tree printed back, and an expression that is not of true or false."""
    need(print_tree(expression["tree"]) == expression["text"], "pack-text", path)
    need(tree_type(expression["tree"], types, path) == "bool", "pack-invalid", f"{path}: not true or false")


def check_rule(rule: Json, pack: Json, types: abc.Mapping[str, str]) -> set[str]:
    """Return the topics that a rule reads; refuse a rule that breaks a law of section 6."""
    path, severity, grade = f"{pack['id']}/{rule['id']}", rule["severity"], rule["source_grade"]
    check_expression(rule["applies"], types, f"{path}.applies")
    check_expression(rule["requires"], types, f"{path}.requires")
    named = tree_facts(rule["applies"]["tree"]) | tree_facts(rule["requires"]["tree"])
    topics, tests = {name.split(".")[1] for name in named if name.startswith("ev.")}, rule["tests"]
    facts = [fact for test in tests for fact in test["facts"].items()]
    laws = {
        "evidence: not the topics it names": sorted(rule["evidence"]) == sorted(topics),
        "clock_days: on S3 and only there": (severity == "S3") is (rule["clock_days"] is not None),
        "due_days: in operation and only there": (rule["checked"] == "operation") is (rule["due_days"] is not None),
        "source_grade": grade == pack["grade"] or (pack["grade"], grade) == ("primary", "secondary"),
        "checked_source": grade != "primary" or rule["checked_source"] == "primary text",
        "severity of a secondary source": not capped(pack, rule) or severity in {"S3", "S4"},
        "severity of a benefit rule": rule["track"] != "benefit" or severity != "S1",
        "proportionality": rule["proportionality"] is None or (severity != "S1" and rule["weight"] != "statute"),
        "tests": {"met", "not_met", "no_evidence"} <= {test["expect"] for test in tests},
        "tests.facts": all(value_fits(value, types.get(name, "")) for name, value in facts),
    }
    for law, holds in laws.items():
        need(holds, "pack-invalid", f"{path}.{law}")
    return topics


def capped(pack: Json, rule: Json) -> bool:
    """Tell whether a rule rests on a secondary source and so makes at most a condition."""
    return "secondary" in {pack["grade"], rule["source_grade"]}


# === 9. Admission: step 1, who signed what with which right =========================================================
@dataclass
class Entry:
    """An entry of the log: index, what its leaf says, and its content."""

    index: int
    kind: str
    about: str
    recorded: int
    content: bytes


@dataclass
class Evidence:
    """One evidence entry; `reason` is None when admitted, `counts` when it is the newest admitted of its topic."""

    entry: Entry
    reason: str | None = None
    topic: str = ""
    taken: int = 0
    predicate: Json = None
    subject: Json = None
    holders: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    terms: Json = None  # of its claim in the declaration in force when it was recorded
    counts: bool = False

    def line(self) -> Json:
        """Return the line of the assessment about this evidence."""
        line = {"index": self.entry.index, "topic": self.topic or None, "counts": self.counts, "reason": self.reason}
        return line | {"taken_at": to_instant(self.taken) if self.topic else None, "admitted": self.reason is None}


CLAIM_TERMS = ("track", "topic", "primary", "baseline", "design", "minimum", "margin", "unit")
SIGNER_ROLES = dict.fromkeys(["institution/1", "key-grant/1", "key-revoke/1"], "root")
SIGNER_ROLES |= {"pack-adoption/1": "compliance", "declaration/1": "owner", "release/1": "developer"}
PLANNER_ROLES = {"validator", "developer", "collector"}  # who may register a plan of measurements
THRESHOLDS = ("target", "limit", "limit_low", "limit_high")


class Register:
    """Reads the entries in order, keeps the key table, and keeps what may count with who signed it."""

    def __init__(self, manifest: Json, entries: abc.Sequence[Entry]) -> None:
        self.name, self.use, self.at = manifest["institution"], manifest["use"], seconds(manifest["at"]) or 0
        self.keys: dict[str, Json] = {}  # the grants in force
        self.institution: Json = None
        self.adoptions: dict[str, Json] = {}
        self.declaration: Json = None
        self.declared, self.claims = -1, dict[str, Json]()  # of the current declaration: index, and terms of each claim
        self.builders: set[str] = set()  # of every admitted declaration
        self.holders: dict[str, str] = {}  # of every key that was ever granted
        self.seen: set[bytes] = set()  # what was ever signed well
        self.releases: dict[str, tuple[Json, set[str]]] = {}  # by digest, with the holders of the signatures
        self.evidence: list[Evidence] = []
        self.plans: dict[int, tuple[str, dict[str, Json]]] = {}  # by index: digest, and the gate of each item
        self.permits: list[tuple[int, Json]] = []
        self.rejected: list[Json] = []
        self.signatures = 0
        visible = [entry for entry in entries if entry.recorded <= self.at]  # later entries are invisible
        need(bool(visible) and visible[0] is entries[0], "institution-entry", "no entry by the time of assessment")
        self.size = visible[-1].index + 1
        first, self.root = visible[0], ""
        need(first.kind == "institution/1", "institution-entry", f"the first entry is {first.kind}")
        envelope = self.open(first)  # it carries the root key and is signed by it alone
        public_key = read_base64(envelope.value["root_key"]) or b""
        need(negated_key(public_key) is not None, "institution-entry", "the root key is not a sound Ed25519 key")
        self.institution, self.root = envelope.value, sha256(public_key)
        root = {"public_key": envelope.value["root_key"], "holder": self.name, "roles": ["root"], "demo": False}
        self.keys[self.root] = root
        problem = self.signature_problem(envelope)
        need(problem is None, "institution-entry", f"root signature: {problem}")
        for entry in visible[1:]:
            self.read_entry(entry)

    def open(self, entry: Entry) -> Envelope:
        """Return the envelope of a record of this entry's kind about this entry's subject; refused if malformed."""
        kind, bad = entry.kind[:-2], "institution-entry"
        envelope = Envelope(entry.content, f"application/vnd.dualtrack.{kind}.v1+json", kind)
        value = envelope.value
        need(value.get("keyid", "") != self.root or not self.root, bad, "the root key is neither granted nor revoked")
        about = self.use if kind in {"declaration", "release"} else self.name
        need(entry.about == about and value.get("use", about) == about, bad, "about something else than its leaf says")
        if kind == "institution":
            for name, answer in value["profile"].items():
                check(answer, RECORDS["firm-answers"].get(name, "value"), f"profile.{show(name)}", bad)
            kept = [(record["demo"], record["type"]) for record in (value, self.institution or value)]
            need(value["id"] == self.name and kept[0] == kept[1], bad, "another id, type or demo flag")
        elif kind == "declaration":
            need((seconds(value["live_since"] or "") or 0) <= entry.recorded + CLOCK_SKEW_S, bad, "live since later")
            for name, answer in value["facts"].items():
                check(answer, RECORDS["answers"].get(name, "unknown|question"), f"facts.{show(name)}", bad)
        elif kind == "key-grant":
            public_key = read_base64(value["public_key"])
            need(negated_key(public_key) is not None, bad, "not a sound Ed25519 key")
            need(sha256(public_key or b"") == value["keyid"], bad, "keyid of another key")
            need(len(set(value["roles"])) == len(value["roles"]), bad, "a role twice")
            need(self.holders.get(value["keyid"], value["holder"]) == value["holder"], bad, "once another holder's")
        return envelope

    def signature_problem(self, envelope: Envelope) -> str | None:
        """Return why the signatures do not hold under the keys in force, or None."""
        if any(keyid not in self.keys for keyid, _ in envelope.signatures):
            return "unknown-key"
        self.signatures += len(envelope.signatures)
        need(self.signatures <= SIGNATURES_TOTAL_MAX, "bound", f"more than {SIGNATURES_TOTAL_MAX} signatures")
        for keyid, signature in envelope.signatures:
            if not signature_holds(read_base64(self.keys[keyid]["public_key"]) or b"", envelope.message, signature):
                return "bad-signature"
        if envelope.message in self.seen:
            return "replayed"
        self.seen.add(envelope.message)
        foreign = not self.institution["demo"] and any(self.keys[keyid]["demo"] for keyid, _ in envelope.signatures)
        return "demo-key" if foreign else None

    def read_entry(self, entry: Entry) -> None:
        """Read one entry after the first. Kinds that the assessment does not read are passed over."""
        if entry.kind == "evidence/1":
            self.evidence.append(self.read_evidence(entry))
        elif entry.kind == "permit/1":  # an earlier permit of this use is kept, if well formed
            with contextlib.suppress(Refused):
                permit = decode(entry.content, "permit")
                check(permit, "permit", "permit", "permit-entry")
                at_once = abs((seconds(permit["from"]) or 0) - entry.recorded) <= CLOCK_SKEW_S
                if at_once and (permit["institution"], permit["use"], entry.about) == (self.name, self.use, self.use):
                    self.permits.append((entry.index, permit))
        elif entry.kind == "measurement-plan/1":
            with contextlib.suppress(Refused):  # one that is not in order is passed over
                self.read_plan(entry)
        elif entry.kind in SIGNER_ROLES:
            reason = self.read_record(entry)
            if reason:
                self.rejected.append({"index": entry.index, "kind": entry.kind, "reason": reason})

    def read_record(self, entry: Entry) -> str | None:
        """Admit a signed record and take it into the state, or return the reason why not. The newest counts."""
        try:
            envelope = self.open(entry)
        except Refused:
            return "malformed"
        problem = self.signature_problem(envelope)
        if problem:
            return problem
        value, kind = envelope.value, entry.kind[:-2]
        keys = [self.keys[keyid] for keyid, _ in envelope.signatures]
        if kind == "key-grant" and value["demo"] and not self.institution["demo"]:
            return "demo-key"
        allowed = any(SIGNER_ROLES[entry.kind] in key["roles"] for key in keys)
        if kind == "institution":  # another root is no root
            by_root = any(keyid == self.root for keyid, _ in envelope.signatures)
            allowed = by_root and value["root_key"] == self.institution["root_key"]
        if not allowed:
            return "wrong-role"
        if kind == "key-grant":
            self.keys[value["keyid"]] = value
            self.holders[value["keyid"]] = value["holder"]
        elif kind == "key-revoke":
            self.keys.pop(value["keyid"], None)
        elif kind == "pack-adoption":
            self.adoptions[value["pack"]] = value
        elif kind == "release":
            self.releases[sha256(envelope.payload)] = value, {key["holder"] for key in keys}
        elif kind == "declaration":
            self.declaration, self.declared = value, entry.index
            self.claims = {claim["id"]: pick(claim, *CLAIM_TERMS) for claim in value["claims"]}
            self.builders |= set(value["builders"])
        else:
            self.institution = value
        return None

    def read_plan(self, entry: Entry) -> None:
        """Keep a registered plan of measurements of this use: the gate of each item, where it has one."""
        envelope = Envelope(entry.content, "application/vnd.dualtrack.measurement-plan.v1+json", "any")
        plan, bad = envelope.value, "institution-entry"
        sound = self.signature_problem(envelope) is None and self.use == entry.about
        need(sound and type(plan) is dict and plan.get("use") == self.use, bad, "not signed, or about something else")
        need(any(PLANNER_ROLES & set(self.keys[keyid]["roles"]) for keyid, _ in envelope.signatures), bad, "role")
        need(type(plan.get("items")) is list and all(type(item) is dict for item in plan["items"]), bad, "items")
        names = [item.get("id") for item in plan["items"]]
        need(all(type(name) is str for name in names) and len(set(names)) == len(names), bad, "items")
        gates = [item.get("gate") if type(item.get("gate")) is dict else {} for item in plan["items"]]
        self.plans[entry.index] = sha256(envelope.payload), dict(zip(names, gates, strict=True))

    def read_evidence(self, entry: Entry) -> Evidence:
        """Read an evidence entry as far as its shape and signatures; the packs decide the rest."""
        try:
            envelope = Envelope(entry.content, "application/vnd.in-toto+json", "statement")
            need(len(envelope.value["subject"]) == 1, "institution-entry", "not one subject")
        except Refused:
            return Evidence(entry, "malformed")
        predicate, reason = envelope.value["predicate"], self.signature_problem(envelope)
        keys = [] if reason else [self.keys[keyid] for keyid, _ in envelope.signatures]
        if not reason and predicate["demo"] and not self.institution["demo"]:
            reason = "demo-key"
        holders, roles = {key["holder"] for key in keys}, {role for key in keys for role in key["roles"]}
        taken, subject = seconds(predicate["taken_at"]) or 0, envelope.value["subject"][0]
        terms = self.claims.get(predicate["claim"])
        return Evidence(entry, reason, predicate["topic"], taken, predicate, subject, holders, roles, terms)


# === 10. Assessment: the six steps, and the permit (docs/assessment.md, sections 7 to 10) ============================
class Assessor:
    """Computes the verdict from what the register read and the adopted packs. Times are seconds."""

    def __init__(self, register: Register, packs: abc.Sequence[Json], release: str | None) -> None:
        self.register, self.packs, self.release_digest = register, packs, release
        self.at, self.day = register.at, str(to_instant(register.at + 8 * 3600))[:10]  # the date in Hong Kong
        self.declaration, found = register.declaration, register.releases.get(release or "")
        self.release: Json = found[0] if found else None
        self.builders = register.builders | ({*found[0]["builders"], *found[1]} if found else set())
        in_force = [pack for pack in packs if pack["status"] == "in_force" and pack["effective_from"] <= self.day]
        self.in_force = {pack["id"] for pack in in_force if self.day <= (pack["effective_to"] or "9999-99")}
        self.topics = dict(BUILT_IN_TOPICS)
        for pack in packs:
            for name, topic in pack["topics"].items():
                need(self.topics.setdefault(name, topic) == topic, "pack-clash", f"topic {name}")
        self.newest = self.admit()
        self.admitted = [evidence for evidence in register.evidence if evidence.reason is None]
        self.waivers = {item.predicate["fields"]["rule"]: item for item in self.admitted if item.topic == "waiver"}
        starts = [permit["from"] for _, permit in register.permits if permit["mode"] == "live"]
        starts += [self.declaration["live_since"]] if self.declaration and self.declaration["live_since"] else []
        self.live_since = seconds(min(starts)) if starts else None  # instants of one form sort as text
        since = str(to_instant(self.at - CONDITION_MEMORY_DAYS * DAY_S))
        carried = [
            c for _, permit in register.permits if permit["from"] > since for c in permit["conditions"] if c["due"]
        ]
        carried.sort(key=operator.itemgetter("due"), reverse=True)  # so that of each rule the earliest is kept
        self.dues = {(item["pack"], item["rule"]): item["due"] for item in carried}
        self.facts = self.derive()
        self.tier = self.find_tier()
        if register.use is not None:
            self.facts["tier"] = self.tier["value"]

    def admit(self) -> dict[str, Evidence]:
        """Step 1, end: give each evidence its reason or admit it; return the newest admitted of each topic, even if worse."""
        newest: dict[str, Evidence] = {}
        for evidence in self.register.evidence:
            evidence.reason = evidence.reason or self.problem(evidence, newest.get(evidence.topic))
            if evidence.reason is None:
                newest[evidence.topic] = evidence
        for evidence in newest.values():
            evidence.counts = True
        return newest

    def problem(self, evidence: Evidence, previous: Evidence | None) -> str | None:
        """Return the first reason for which well-signed evidence is not admitted, or None."""
        predicate, topic = evidence.predicate, self.topics.get(evidence.topic)
        if topic is None:
            return "unknown-topic"
        firm, recorded, digest = topic["about"] == "firm", evidence.entry.recorded, evidence.subject["digest"]["sha256"]
        name = self.register.name if firm else self.register.use
        claim, terms = predicate["claim"], self.register.claims
        binds = topic["duty"] == "approve" or evidence.topic in BUILT_IN_TOPICS  # it was given for one declaration
        about_it = name is not None and evidence.subject["name"] == name == evidence.entry.about
        if topic["about"] != "release":
            about_it = about_it and digest == sha256(f"{topic['about']}:{name}".encode())
        tests = {
            "wrong-kind": predicate["kind"] == topic["kind"],
            "wrong-role": bool(evidence.roles & set(topic["roles"])),
            "bad-fields": fields_fit(predicate, topic["fields"]),
            "wrong-subject": about_it,
            "other-release": topic["about"] != "release" or digest == self.release_digest,
            "unknown-claim": claim is None or claim in terms,
            "late-claim": claim is None or evidence.terms == terms.get(claim),
            "unplanned": not topic.get("planned") or self.planned(evidence),
            "before-declaration": not binds or evidence.entry.index > self.register.declared,
            "future": evidence.taken <= recorded + CLOCK_SKEW_S,
            "too-old": evidence.taken >= recorded - EVIDENCE_AGE_DAYS_MAX * DAY_S,
            "older": evidence.topic == "waiver" or previous is None or evidence.taken >= previous.taken,
        }
        return next((reason for reason, passed in tests.items() if not passed), None)

    def planned(self, evidence: Evidence) -> bool:
        """Say whether each number names an item of a plan that stood before it, for its topic and with its thresholds."""
        statistics, fields = evidence.predicate["statistics"], evidence.predicate["fields"]
        parts = statistics.get("parts")
        for part, kept in parts.items() if type(parts) is dict and parts else [(None, statistics)]:
            named = kept.get("plan") if type(kept) is dict else None
            if type(named) is not dict or type(named.get("index")) is not int or type(named.get("item")) is not str:
                return False
            digest, gates = self.register.plans.get(named["index"], ("", {}))
            gate = gates.get(named["item"], {})
            about = named["index"] < evidence.entry.index and named.get("digest") == digest != ""
            if not about or (gate.get("topic"), gate.get("part")) != (evidence.topic, part):
                return False
            pairs = [(gate.get(name), fields.get(f"{part}_{name}" if part else name)) for name in THRESHOLDS]
            if any(None not in pair and pair[0] != pair[1] for pair in pairs):
                return False
        return True

    def derive(self) -> dict[str, Json]:
        """Step 2: return the facts of firm, use, claim, policy, separation of duties. What is not known is absent."""
        institution, declaration = self.register.institution, self.declaration
        facts = {f"firm.{name}": value for name, value in institution["profile"].items()}
        facts |= {"firm.type": institution["type"], "firm.staff": institution["staff"]}
        if declaration:
            tasks, components = declaration["tasks"], declaration["components"]
            facts |= {f"use.{name}": answer for name, answer in declaration["facts"].items()}
            facts |= {f"use.{name}": declaration[name] for name in ("area", "sector", "affected")}
            facts |= {"use.has_fallback": declaration["fallback"] is not None}
            facts |= {"use.live": declaration["live_since"] is not None, "use.builders": len(declaration["builders"])}
            unlicensed = [item for item in components if item["licence"] is None]
            facts["use.components_without_licence"] = len(unlicensed) if components else None
            undecided = [task for task in tasks if task["destination"] == "undecided"]
            for name, some in (("hours_released", tasks), ("undecided_hours", undecided)):
                with contextlib.suppress(OverflowError):  # exactly rounded sums: the same digits on every machine
                    facts |= {f"use.{name}": math.fsum(task["hours_released"] for task in some)} if tasks else {}
            claims = [claim for claim in declaration["claims"] if claim["track"] == "benefit" and claim["primary"]]
            for claim in claims if len(claims) == 1 else []:
                terms = pick(claim, "id", "baseline", "design", "minimum", "margin")  # numbers are doubles
                facts |= {f"claim.{name}": float(t) if type(t) is int else t for name, t in terms.items()}
        if self.release:
            ruled = pick(self.release["policy"], "guards", "disclosure", "review_before_release", "opt_out")
            facts |= {f"policy.{name}": value for name, value in ruled.items()}
            for duty, who in (("validate", "validator"), ("approve", "approver"), ("monitor", "monitor")):
                signers = [item.holders for topic, item in self.newest.items() if self.topics[topic]["duty"] == duty]
                facts[f"sod.{who}_independent"] = self.builders.isdisjoint(set().union(*signers)) if signers else None
        return {name: value for name, value in facts.items() if value is not None}

    def view(self, pack: Json) -> dict[str, Json]:
        """Return the facts as a pack sees them: with its parameters in force and its definitions, in order."""
        in_force = [item for item in pack["parameters"] if item["from"] <= self.day < (item["to"] or "9999")]
        view = self.facts | {f"param.{item['name']}": item["value"] for item in in_force}
        for definition in pack["definitions"]:
            value = evaluate(definition["tree"], view)
            if value is not None:
                view[f"def.{definition['name']}"] = value
        return view

    def find_tier(self) -> Json:
        """Return the tier: the first line that is not definitely false; high where no adopted pack has tiers."""
        tiered = [pack for pack in self.packs if pack["tiers"]]
        need(len(tiered) <= 1, "pack-clash", "two adopted packs define tiers")
        if not tiered or self.register.use is None:
            return {"value": "high", "pack": None, "line": None, "unknown": False}
        pack, view = tiered[0], self.view(tiered[0])
        for line, tier in enumerate(pack["tiers"]):
            value = evaluate(tier["when"]["tree"], view)
            if value is not False:
                return {"value": tier["tier"], "pack": pack["id"], "line": line, "unknown": value is None}
        return {"value": "low", "pack": pack["id"], "line": None, "unknown": False}

    def judge(self, pack: Json, rule: Json, view: abc.Mapping[str, Json]) -> Json:
        """Return the line of one rule. Step 3: whether it applies; step 4: whether it is met, and what that rests on."""
        life = None if rule["valid_days"] is None else rule["valid_days"] * DAY_S  # whole 24-hour days, no decay
        topics = {topic: self.newest[topic] for topic in rule["evidence"] if topic in self.newest}
        fresh = {topic: item for topic, item in topics.items() if life is None or item.taken + life > self.at}
        fields = {topic: item.predicate["fields"].items() for topic, item in fresh.items()}
        seen = {**view, **{f"ev.{topic}.{name}": value for topic in fields for name, value in fields[topic]}}
        bound = self.register.institution["type"] in rule["binds"]
        applies = evaluate(rule["applies"]["tree"], seen) if bound else False
        line = pick(rule, "severity", "track") | {"pack": pack["id"], "rule": rule["id"], "applies": applies}
        line |= {"outcome": "not_applicable", "effect": "none", "due": None, "until": None, "waiver": None}
        line |= {"evidence": [], "missing": [], "expired": []}
        if applies is False:
            return line
        met = evaluate(rule["requires"]["tree"], seen) if applies else None
        line["outcome"] = "no_evidence" if met is None else "met" if met else "not_met"
        line["evidence"] = sorted(item.entry.index for item in fresh.values())
        line["expired"] = sorted(set(topics) - set(fresh))
        absent = (tree_facts(rule["applies"]["tree"]) | tree_facts(rule["requires"]["tree"])) - set(seen)
        for name, parts in ((name, name.split(".")) for name in absent):  # a topic not in date is missing as a whole
            line["missing"].append(f"ev.{parts[1]}" if parts[0] == "ev" and parts[1] not in fresh else name)
        line["missing"] = sorted(set(line["missing"]))
        if fresh and life is not None:
            line["until"] = to_instant(min(item.taken for item in fresh.values()) + life)
        if not met:
            self.waive(line, pack, rule)
        if pack["id"] in self.in_force and line["outcome"] in {"not_met", "no_evidence"}:
            self.give_effect(line, pack, rule)
        return line

    def waive(self, line: Json, pack: Json, rule: Json) -> None:
        """Step 5: turn a gap into `waived` if this rule's newest waiver is valid; some rules are never waived."""
        waiver = self.waivers.get(f"{pack['id']}/{rule['id']}")
        fixed = rule["track"] == "benefit" or rule["severity"] == "S1" or rule["weight"] == "statute"
        if waiver is None or fixed or waiver.holders & self.builders:
            return
        fields = waiver.predicate["fields"]
        until = seconds(f"{fields['until']}T00:00:00Z") or 0
        in_date = self.at < until <= waiver.taken + WAIVER_DAYS_MAX * DAY_S
        if in_date and (rule["proportionality"] is not None or not fields["proportionality"]):
            line |= {"outcome": "waived", "waiver": waiver.entry.index, "until": to_instant(until)}

    def give_effect(self, line: Json, pack: Json, rule: Json) -> None:
        """Step 6: say what a gap does: by severity; later if it cannot be due yet; an overdue condition refuses live."""
        if rule["checked"] == "operation":
            due = None if self.live_since is None else self.live_since + rule["due_days"] * DAY_S
            if due is None or self.at < due:
                line |= {"effect": "due_later", "due": to_instant(due)}
                return
        line["effect"] = {"S1": "refuses", "S2": "refuses_live", "S3": "condition", "S4": "advice"}[rule["severity"]]
        if line["effect"] == "condition":
            line["due"] = self.dues.get((pack["id"], rule["id"])) or to_instant(self.at + rule["clock_days"] * DAY_S)
            if (seconds(line["due"]) or 0) <= self.at and not capped(pack, rule):
                line["effect"] = "refuses_live"

    def find_plan(self) -> Json:
        """Return the newest admitted plan of a shadow or trial if it is in date and not used up, else None."""
        evidence = self.newest.get("trial_plan")
        if evidence is None or evidence.holders & self.builders:
            return None
        fields, release = evidence.predicate["fields"], self.release_digest
        until = seconds(f"{fields['until']}T00:00:00Z") or 0
        used = [i for i, permit in self.register.permits if permit["mode"] != "live" and permit["release"] == release]
        measured = [item for item in self.admitted if item.predicate["claim"] == fields["measures"]]
        learnt = [item.entry.index for item in measured if item.topic not in BUILT_IN_TOPICS]
        usable = fields["mode"] in {"shadow", "trial"} and 1 <= fields["decisions_max"] <= TRIAL_DECISIONS_MAX
        usable = usable and fields["measures"] in self.register.claims
        usable = usable and self.at < until <= evidence.taken + PLAN_DAYS_MAX * DAY_S
        if not usable or max(used, default=-1) > max(learnt, default=-1):  # renewed only by new evidence on its claim
            return None
        return {"index": evidence.entry.index, "decisions_max": fields["decisions_max"], "until": to_instant(until)}

    def expiry(self, lines: abc.Sequence[Json], mode: str, plan: Json) -> str:
        """Return when a permit ends: with the first S1 or S2 evidence or waiver, condition, plan, or after a year."""
        ends = [to_instant(self.at + PERMIT_DAYS_MAX * DAY_S), plan and plan["until"]]
        rules = {(pack["id"], rule["id"]): (pack, rule) for pack in self.packs for rule in pack["rules"]}
        for line in lines:
            pack, rule = rules[line["pack"], line["rule"]]
            if line["outcome"] in {"met", "waived"} and line["severity"] in {"S1", "S2"}:
                ends.append(line["until"])
            if line["effect"] == "condition" and not capped(pack, rule):
                ends.append(line["due"])
            if line["effect"] == "due_later" and mode == "live" and line["severity"] in {"S1", "S2"}:
                ends.append(line["due"] or to_instant(self.at + rule["due_days"] * DAY_S))
        return min(str(end) for end in ends if end)

    def assess(self) -> Json:
        """Return the assessment."""
        register, lines, counts = self.register, [], {}
        for pack in self.packs:
            if pack["subject"] == ("institution" if register.use is None else "use"):
                view = self.view(pack)
                lines += [self.judge(pack, rule, view) for rule in pack["rules"]]
        bound = [line for line in lines if line["pack"] in self.in_force]
        effects, plan, mode = {line["effect"] for line in bound}, self.find_plan(), None
        applied = {line["outcome"] for line in bound} - {"not_applicable"}
        if self.declaration and self.release and applied:  # without them, or without a rule, there is no mode
            mode = None if "refuses" in effects or not plan else self.newest["trial_plan"].predicate["fields"]["mode"]
            mode = mode if effects & {"refuses", "refuses_live"} else "live"
        plan = plan if mode in {"shadow", "trial"} else None
        conditions = [pick(line, "pack", "rule", "due") for line in bound if line["effect"] == "condition"]
        refusals = [pick(line, "pack", "rule", "effect") for line in bound if line["effect"].startswith("refuses")]
        packs = [pick(pack, "id", "version", "digest", "status", "grade") for pack in self.packs]
        result = {"format": "dualtrack.assessment/1", "institution": register.name, "use": register.use}
        result |= {"release": self.release_digest, "at": to_instant(self.at), "size": register.size}
        result |= {"demo": register.institution["demo"], "tier": self.tier, "facts": self.facts, "rules": lines}
        result |= {"packs": [pack | {"binding": pack["id"] in self.in_force} for pack in packs]}
        result |= {"evidence": [item.line() for item in register.evidence], "rejected": register.rejected}
        for track in ("safety", "benefit"):
            seen = [line["outcome"] for line in bound if line["track"] == track and line["outcome"] != "not_applicable"]
            counts[track] = {name: seen.count(name) for name in ("met", "not_met", "no_evidence", "waived")}
            counts[track]["applicable"] = len(seen)
        measured = any(self.topics[item.topic]["about"] != "firm" for item in self.admitted)
        verdict = mode or ("refused" if measured else "nothing_measured")
        verdict = verdict if mode != "live" else "permitted_with_conditions" if conditions else "permitted"
        verdict = "requirements_evidenced" if register.use is None else verdict
        result |= {"counts": counts, "plan": plan, "verdict": verdict, "mode": mode, "conditions": conditions}
        return result | {"refusals": refusals, "expires": self.expiry(bound, mode, plan) if mode else None}

    def permit(self, assessment: Json) -> Json:
        """Return the permit that an assessment with a mode gives."""
        plan, lapses = assessment["plan"], "release_changes evidence_expires pack_changes key_revoked hold signal"
        permit = pick(assessment, "institution", "use", "release", "mode", "expires", "conditions", "demo")
        permit |= {"format": "dualtrack.permit/1", "from": assessment["at"], "assessment": sha256(encode(assessment))}
        permit |= {"decisions_max": plan["decisions_max"] if plan else None, "lapses_if": lapses.split()}
        permit |= {"statement": "internal authorisation by the institution; not a regulator's approval"}
        return permit | {"durability": self.release["policy"]["durability"]}


def fields_fit(predicate: Json, types: abc.Mapping[str, str]) -> bool:
    """Tell whether the fields are those of the topic, of its types, and a measurement is complete and coherent."""
    fields = predicate["fields"]
    required = {name for name, kind in types.items() if not kind.endswith("?")}
    typed = required <= set(fields) <= set(types) and all(value_fits(fields[name], types[name]) for name in fields)
    about = "string" not in types.get("claim", "") or fields.get("claim") == predicate["claim"]
    if not typed or not about or predicate["kind"] != "measurement":
        return typed and about
    interval = [fields.get(name) for name in ("low", "estimate", "high")]
    ordered = any(type(item) is not float for item in interval) or interval == sorted(interval)
    complete = None not in (predicate["method"], predicate["data_digest"], predicate["n"])
    return complete and predicate["n"] >= 1 and ordered and fields.get("n", predicate["n"]) == predicate["n"]


def pick(record: Json, *names: str) -> dict[str, Json]:
    """Return some members of a record."""
    return {name: record[name] for name in names}


# === 11. Bundle ======================================================================================================
class Bundle:
    """A bundle whose archive, digests, commitments and proofs hold: everything that needs neither keys nor rules."""

    def __init__(self, data: bytes) -> None:
        self.members = members = read_archive(data)
        for name in ("manifest.json", "assessment.json", "checkpoint", "entries.json"):
            need(name in members, "manifest-members", f"{name} is missing")
        self.manifest = manifest = decode(members["manifest.json"], "manifest.json")
        check(manifest, "manifest", "manifest.json", "manifest-shape")
        wrong = sorted((set(members) - {"manifest.json"}) ^ set(manifest["members"]))
        need(not wrong, "manifest-members", f"missing, or not in the manifest: {show(', '.join(wrong))}")
        for name, digest in manifest["members"].items():
            need(sha256(members[name]) == digest, "manifest-digest", name)
        self.head = Checkpoint(members["checkpoint"])
        expected = f"dualtrack.local/{manifest['institution']}/main"
        need(self.head.origin == expected, "checkpoint-origin", f"{show(self.head.origin)}, expected {expected}")
        rows = decode(members["entries.json"], "entries.json")
        check(rows, "[row]+", "entries.json", "entries-shape")
        ordered = all(earlier["index"] < later["index"] for earlier, later in pairwise(rows))
        need(ordered, "entries-order", "an index twice, or out of order")
        need(rows[0]["index"] == 0, "institution-entry", f"the first entry has index {rows[0]['index']}")
        self.entries = [self.read_row(row) for row in rows]

    def read_row(self, row: Json) -> Entry:
        """Return an entry that is in the log at its index with exactly this content, and is about the subject."""
        where, raw, content = f"entry {row['index']}", row["leaf"].encode(), row["content"].encode()
        path = [bytes.fromhex(step) for step in row["proof"]]
        within = len(raw) <= LEAF_BYTES_MAX and len(content) <= CONTENT_BYTES_MAX
        need(within, "bound", f"{where}: leaf of {len(raw)} bytes, content of {len(content)}")
        leaf = decode(raw, f"{where}, leaf")
        check(leaf, "leaf", f"{where}, leaf", "leaf-form")
        name, use = self.manifest["institution"], self.manifest["use"]
        need(leaf["institution"] == name, "leaf-institution", f"{where}: {leaf['institution']}")
        need(leaf["id"] in {name, use}, "entry-foreign", f"{where}: {leaf['id']}")
        commitment = sha256(b"dualtrack/commitment/v1\0" + bytes.fromhex(row["salt"]) + content)
        need(commitment == leaf["commitment"], "commitment", where)
        need(included(raw, row["index"], self.head.size, path, self.head.root), "proof", f"{where} of {self.head.size}")
        return Entry(row["index"], leaf["kind"], leaf["id"], seconds(leaf["recorded_at"]) or 0, content)

    def given(self) -> list[Entry]:
        """Return the entries that were given to the assessment, after checking where assessment and permit stand."""
        manifest, by_index = self.manifest, {entry.index: entry for entry in self.entries}
        last, permit = manifest["assessment"]["index"], manifest["permit"]
        need((permit is None) is ("permit.json" not in self.members), "permit-entry", "manifest and members differ")
        for name in ("assessment", "permit") if permit else ("assessment",):
            named, code = manifest[name], f"{name}-entry"
            entry = by_index.get(named["index"])
            if entry is None or (entry.kind, entry.about) != (f"{name}/1", manifest["use"] or manifest["institution"]):
                raise Refused(code, f"entry {named['index']} is not a {name} of the subject")
            same = entry.content == self.members[f"{name}.json"] and sha256(entry.content) == named["digest"]
            need(same, code, f"entry {named['index']}, {name}.json and the manifest's digest differ")
        need(permit is None or permit["index"] > last, "permit-entry", "the permit stands before its assessment")
        after = [index for index in by_index if index > last]
        need(after == ([permit["index"]] if permit else []), "entry-position", f"{after[:10]} after entry {last}")
        given, at = [entry for entry in self.entries if entry.index < last], seconds(manifest["at"]) or 0
        times = [*(entry.recorded for entry in given), at]
        need(times == sorted(times), "entries-time", "they fall, or go beyond that of the assessment")
        apart = abs(by_index[last].recorded - at)
        need(apart <= CLOCK_SKEW_S, "entries-time", f"the assessment was recorded {apart} s before or after its time")
        return given


def recompute(bundle: Bundle) -> tuple[Register, list[Json], Json]:
    """Compute assessment and permit again from the adopted packs, and refuse any difference, down to the byte."""
    manifest, members = bundle.manifest, bundle.members
    register, packs = Register(manifest, bundle.given()), []
    held = {name[6:-5]: data for name, data in members.items() if name.startswith("packs/")}
    for name, adoption in sorted(register.adoptions.items()):
        if adoption["action"] == "adopt":
            digest = adoption["digest"]
            need(digest in held, "pack-missing", f"{name} {digest}")
            pack = read_pack(held[digest], digest)
            same = (pack["id"], pack["version"]) == (name, adoption["version"])
            need(same, "pack-digest", f"{name}: the bytes are of {pack['id']} {show(pack['version'])}")
            packs.append(pack | {"digest": digest})
    extra = sorted(set(held) - {pack["digest"] for pack in packs})
    need(not extra, "pack-extra", ", ".join(extra))
    assessor = Assessor(register, packs, manifest["release"])
    assessment = assessor.assess()
    compare("assessment", members["assessment.json"], assessment)
    need(manifest["demo"] is assessment["demo"], "manifest-mismatch", f"demo is {manifest['demo']}")
    if manifest["permit"]:
        need(assessment["mode"] is not None, "permit-mismatch", f"none follows from {assessment['verdict']}")
        compare("permit", members["permit.json"], assessor.permit(assessment))
    return register, packs, assessment


def compare(name: str, recorded: bytes, computed: Json) -> None:
    """Refuse a recorded document that is not, byte for byte, the computed one; say in which members it differs."""
    if encode(computed) != recorded:
        value = decode(recorded, f"{name}.json")
        fields = [*value, *computed] if type(value) is dict else []
        wrong = sorted({key for key in fields if encode(value.get(key)) != encode(computed.get(key))})
        raise Refused(f"{name}-mismatch", f"recorded and computed differ in {', '.join(wrong)}")


# === 12. Trust: anchors that came by another way than the bundle =====================================================
def read_anchors(data: bytes) -> Json:
    """Return the anchors; refuse a file that is not in their form, or could not mean what it says."""
    try:
        anchors = decode(data, "anchors", canonical=False)
    except Refused as error:
        raise Refused("anchors", ": ".join(error.args)) from None
    check(anchors, "anchors", "anchors", "anchors")
    for name, anchor in anchors["institutions"].items():
        log, witnesses = read_vkey(anchor["log"], 1), [read_vkey(text, 4) for text in anchor["witnesses"]]
        named = log is not None and log[0] == f"dualtrack.local/{name}/main"
        need(named, "anchors", f"{name}.log: not a sound log key named dualtrack.local/{name}/main")
        need(all(witnesses), "anchors", f"{name}.witnesses: not all sound cosignature keys")
        distinct = {key[2] for key in (log, *witnesses) if key}
        need(len(distinct) == len(witnesses) + 1, "anchors", f"{name}: one key twice")
        need(0 <= anchor["quorum"] <= len(witnesses), "anchors", f"{name}.quorum: more than there are witnesses")
        need(negated_key(read_base64(anchor["root_key"])) is not None, "anchors", f"{name}.root_key: not a sound key")
    return anchors["institutions"]


def check_trust(bundle: Bundle, institutions: Json) -> dict[str, int]:
    """Refuse unless root key, log signature and a quorum are those of the anchors; return the witnesses' times."""
    name, first = bundle.manifest["institution"], bundle.entries[0]
    need(name in institutions, "anchor-missing", name)
    anchor, kind = institutions[name], "application/vnd.dualtrack.institution.v1+json"
    root_key = Envelope(first.content, kind, "institution").value["root_key"]  # that it signed, Register checks
    need(root_key == anchor["root_key"], "root-key", f"{show(root_key)}, expected {anchor['root_key']}")
    log_name, log_hash, log_key = read_vkey(anchor["log"], 1) or ("", b"", b"")
    marks = bundle.head.marks(log_name, log_hash)
    held = bool(marks) and all(signature_holds(log_key, bundle.head.text, mark) for mark in marks)
    need(held, "log-signature", f"no true one by {anchor['log']}")
    times = dict(filter(None, (bundle.head.cosigned_at(vkey) for vkey in anchor["witnesses"])))
    need(len(times) >= anchor["quorum"], "quorum", f"{len(times)} of {anchor['quorum']}")
    return times


# === 13. What is not established: the limits of this check, fitted to this bundle ====================================
LIMITS = """
authenticity | that any of this comes from the institution: no anchors were given (--trust)
demo         | anything about a real firm: the institution, its people, approvals and attestations are fictional
inputs       | that what was declared or measured is true: a signature shows who said it, and digests stand for the data
attestations | more than a person's word for {} of the {} pieces of evidence that count
rejected     | anything from {} entries that were not admitted; the assessment gives the reasons
withheld     | that no evidence was withheld: the institution chose these {} of the log's {} entries; one left out, or never logged, is not noticed
permits      | that {} earlier permits were earned: first live use and dates of conditions are taken from them as they were recorded
later        | what the log says after entry {}: newer evidence, revoked keys, holds, a permit that has lapsed since
fork         | that all are shown one log: no trusted witness co-signed, so a forked log is not excluded
time         | times {}: taken, recorded and assessed times are the institution's word
postdated    | the record times of entries {}: later than a witness saw them
identity     | which persons hold the keys; independence is judged by the names that the institution gave to them
paraphrase   | that the rules say what their sources say, or all of it: they are our tests for cited paragraphs, not the law
adoption     | that every rule that binds the institution was adopted, or that a pack is one that was published: compare its digest
secondary    | the full weight of rules known from secondary sources only, in {}
policy       | a legal duty behind {}: policy, not law
simulated    | any effect of {}: not binding at this date
waivers      | what was waived: {}
approval     | any approval by a regulator, or legal advice: a permit is the institution's own internal authorisation
production   | that what runs is this release, or behaves in production as it was measured
"""


def limits(bundle: Bundle, register: Register, packs: list[Json], result: Json, times: Json) -> list[tuple[str, str]]:
    """Return what the bundle does not establish, as (code, words). `times` are the witnesses', None without anchors."""
    size, entries = bundle.head.size, bundle.entries
    counted = [item.predicate["kind"] for item in register.evidence if item.counts]
    spoken = sum(kind in {"attestation", "document", "approval"} for kind in counted)
    refused = sum(not line["admitted"] for line in result["evidence"]) + len(result["rejected"])
    latest = min(times.values()) + CLOCK_SKEW_S if times else math.inf
    seen = ", ".join(f"{name} at {to_instant(moment)}" for name, moment in (times or {}).items())
    values: dict[str, list[Json]] = {"authenticity": [times is None], "demo": [result["demo"]], "fork": [not times]}
    values |= {"attestations": [spoken, len(counted)], "rejected": [refused], "withheld": [len(entries), size]}
    values |= {"permits": [len(register.permits)], "later": [size - 1]}
    values |= {"time": [f"other than those of the witnesses ({seen})" if seen else "of any kind"]}
    lists = {  # of names; a line is left out where there is nothing to name
        "postdated": [str(entry.index) for entry in entries if entry.recorded > latest][:20],
        "secondary": [pack["id"] for pack in packs if any(capped(pack, rule) for rule in pack["rules"])],
        "policy": [pack["id"] for pack in packs if pack["grade"] == "policy"],
        "simulated": [line["id"] for line in result["packs"] if not line["binding"]],
        "waivers": [f"{line['pack']}/{line['rule']}" for line in result["rules"] if line["outcome"] == "waived"],
    }
    values |= {code: [", ".join(names)] for code, names in lists.items()} | {"production": [result["use"]]}
    table = [[part.strip() for part in line.split("|")] for line in LIMITS.strip().splitlines()]
    return [(code, show(text.format(*values.get(code, ())))) for code, text in table if values.get(code, [True])[0]]


# === 14. Verification as a whole, report, command line ==============================================================
VERDICTS = """
verified   | VERIFIED: every check holds and the verdict follows from the evidence | 已核實：所有檢查均通過，結論可由證據重新計算得出
refused    | REFUSED | 拒絕：此證明包未能通過核對
not_read   | NOT READ | 未能讀取，或用法錯誤
consistent | CONSISTENT: consistent, authenticity not established | 內容一致，但未能確立真確來源
demo       | *** DEMO: the institution, its people, approvals and attestations are fictional *** | *** 示範：機構、人員、批核及聲明均屬虛構 ***
heading    | This bundle does not establish: | 此證明包未能確立以下各項：
"""
WORDS = {name.strip(): texts for name, *texts in (line.split(" | ") for line in VERDICTS.strip().splitlines())}
RESULTS = ("verified", "refused", "not_read", "consistent")  # by exit code


@dataclass
class Result:
    """What the verifier found. `exit` is 0, 1, 2 or 3; `reason` and `detail` are given only when refused."""

    exit: int
    reason: str | None = None
    detail: str = ""
    facts: dict[str, Json] = field(default_factory=dict)
    checks: list[str] = field(default_factory=list)
    not_established: list[tuple[str, str]] = field(default_factory=list)


def verify(data: bytes, anchors: bytes | None = None, *, at_least: int = 0) -> Result:
    """Verify a bundle given as bytes. Never raises: whatever goes wrong is a Result with exit 1 or 2."""
    try:
        return verify_or_refuse(data, anchors, at_least)
    except Refused as error:
        return Result(2 if error.args[0] == "anchors" else 1, error.args[0], show(error.args[1]))
    except Exception as error:  # noqa: BLE001 - hostile input must end in a refusal, never in a traceback
        return Result(1, "unexpected", f"{type(error).__name__}: {show(error)}")


def verify_or_refuse(data: bytes, anchors: bytes | None, at_least: int) -> Result:
    """Run every check in order; raises Refused at the first that fails."""
    institutions = None if anchors is None else read_anchors(anchors)
    bundle = Bundle(data)
    head, permit = bundle.head, bundle.manifest["permit"]
    need(head.size >= at_least, "log-too-short", f"{head.size} entries, the caller has seen {at_least}")
    times = None if institutions is None else check_trust(bundle, institutions)
    register, packs, assessment = recompute(bundle)
    checks = [
        f"archive: {len(bundle.members)} members, every byte accounted for",
        f"log: {len(bundle.entries)} entries stand in the tree of {head.size} with exactly this content",
        f"signatures: {register.signatures} checked, each key against its grant and roles at that index",
        f"rules: {len(packs)} adopted packs, every text equal to its tree",
        f"verdict: assessment{' and permit' if permit else ''} computed again, equal to the byte",
    ]
    if times is not None:
        checks.append(f"trust: root key, log key and {len(times)} witnesses are the anchored ones")
    facts = pick(assessment, "institution", "use", "release", "at", "demo", "verdict", "mode", "expires", "counts")
    facts |= pick(assessment, "conditions", "refusals", "packs") | pick(bundle.manifest, "assessment", "permit")
    facts |= {"tier": assessment["tier"]["value"], "witnesses": {k: to_instant(v) for k, v in (times or {}).items()}}
    facts |= {"log": {"origin": head.origin, "size": head.size, "root": head.root.hex()}}
    unknown = limits(bundle, register, packs, assessment, times)
    return Result(3 if times is None else 0, facts=facts, checks=checks, not_established=unknown)


def as_json(result: Result) -> str:
    """Return the result as one JSON document."""
    word = RESULTS[result.exit]
    document = {"format": "dualtrack.verification/1", "result": word, "exit": result.exit, "reason": result.reason}
    document |= {"words": REASONS.get(result.reason or ""), "detail": result.detail, "checks": result.checks}
    document |= {"summary": dict(zip(("en", "zh-Hant"), WORDS[word], strict=True))} | result.facts
    document |= {"not_established": [{"code": code, "words": words} for code, words in result.not_established]}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)


def as_text(result: Result) -> str:
    """Return the result for a person."""
    facts, lines = result.facts, WORDS[RESULTS[result.exit]]
    if result.reason:
        return "\n".join([*lines, f"reason: {result.reason}", f"  {REASONS[result.reason]}", f"  {result.detail}"])
    first = pick(facts, "institution", "use", "release", "at", "tier", "verdict", "mode", "expires")
    rows = [(name, value or "-") for name, value in first.items()]
    for name, named in pick(facts, "assessment", "permit").items():
        rows.append((name, f"entry {named['index']}, digest {named['digest']}" if named else "none recorded"))
    for track, counts in facts["counts"].items():
        words = (f"{counts[key]} {key.replace('_', ' ')}" for key in ("met", "not_met", "no_evidence", "waived"))
        rows.append((track, f"{counts['applicable']} rules apply: {', '.join(words)}"))
    rows += [(item["effect"].replace("_", " "), f"{item['pack']}/{item['rule']}") for item in facts["refusals"]]
    rows += [("condition", f"{item['pack']}/{item['rule']}, due {item['due'] or '-'}") for item in facts["conditions"]]
    rows += [("pack", f"{item['id']} {item['version']}, digest {item['digest']}") for item in facts["packs"]]
    lines = [*(WORDS["demo"] if facts["demo"] else []), *lines, "", *(f"  holds  {show(it)}" for it in result.checks)]
    lines += ["", *(f"  {name + ':':<14}{show(value)}" for name, value in rows), "", *WORDS["heading"]]
    return "\n".join([*lines, *(f"  - {words}" for _, words in result.not_established)])


def read_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(ARCHIVE_BYTES_MAX + 1)


def main(arguments: abc.Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Check a Dualtrack bundle and compute its verdict again.")
    parser.add_argument("bundle", type=Path, help="the bundle, a .zip file")
    parser.add_argument("--trust", type=Path, metavar="ANCHORS", help="keys you trust; not from the bundle's maker")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--at-least", type=int, default=0, metavar="N", help="refuse a log of fewer than N entries")
    options = parser.parse_args(arguments)  # ends with exit 2 by itself on wrong usage
    try:
        anchors = read_bytes(options.trust) if options.trust else None
        result = verify(read_bytes(options.bundle), anchors, at_least=options.at_least)
    except (OSError, ValueError) as error:
        result = Result(2, "unreadable", show(error))
    output = as_json(result) if options.json else as_text(result)
    try:
        with contextlib.suppress(BrokenPipeError), open(1, "wb", closefd=False) as stdout:  # a reader may stop early
            stdout.write(output.encode("utf-8", "replace") + b"\n")
    except OSError:
        return 2  # the disk is full, or there is no output: what could not be said is not "refused" either
    return result.exit


if __name__ == "__main__":
    sys.exit(main())
