"""Check a Dualtrack bundle without trusting whoever made it: one file, Python 3.11 to 3.13, standard library only.

    python dualtrack_verify.py bundle.zip --trust anchors.json

It reads the archive byte by byte, checks every digest, proof and signature, and then computes the verdict again from the
signed evidence by the six steps of docs/assessment.md. It shares no code with the package that made the bundle: it was
written a second time from the specification, so that one mistake does not hide in both.

`anchors.json` says which root key, log key and witnesses you trust. It must reach you by another way than the bundle.
Without it the bundle can only be shown to agree with itself, which its maker could arrange.

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
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

__all__ = ["ADMISSION_REASONS", "REASONS", "Refused", "Result", "main", "verify"]

# === 1. Reasons and bounds ===========================================================================================
REASON_TEXT = """
zip-truncated: the archive ends inside a record | zip-stray: the archive holds bytes that belong to no member
zip-header: a member's header is not in its one legal form | zip-name: a member's name is not one of a bundle's
zip-order: the members are not in ascending order of name | zip-duplicate: a member appears twice
zip-crc: a member's bytes do not match their checksum
zip-directory: the archive's directory does not mirror its members
zip-bound: the archive is larger than a bundle may be | json-syntax: not JSON
json-duplicate-key: a key appears twice in one object | json-key-order: keys are not in ascending order
json-number: a number is not in its one legal form, not finite, or too large
json-text: text is not in Unicode NFC, or holds half a character | json-depth: nested too deeply
json-form: not canonical JSON (white space, or another spelling of the same text)
manifest-shape: the manifest has a missing, unknown or wrong field
manifest-members: the members are not those of the manifest | manifest-digest: a member is not the one of the manifest
manifest-mismatch: the manifest contradicts what it describes
entries-shape: the list of entries has a missing, unknown or wrong field
entries-order: the entries are not in strictly ascending order of index
leaf-form: a log leaf has a missing, unknown or wrong field | leaf-institution: a log leaf is of another institution
entry-foreign: an entry is about something else than the bundle
entry-position: an entry stands after the assessment and is not its permit
institution-entry: the first entry is not a self-signed institution record
commitment: an entry's content is not the one that was logged | proof: an entry is not in the log at its index
checkpoint-form: the checkpoint is not a signed note over a tree head
checkpoint-origin: the checkpoint is of another log | bound: more than this verifier accepts to process
anchor-missing: the anchors do not name this institution | root-key: the institution's root key is not the anchored one
log-signature: the checkpoint is not signed by the anchored log key
cosignature: a cosignature under an anchored witness key does not hold
quorum: fewer anchored witnesses co-signed than the anchors ask for
log-too-short: the log is shorter than the caller has already seen
pack-missing: an adopted rule pack is not in the bundle | pack-extra: the bundle holds a rule pack that was not adopted
pack-digest: a rule pack is not the one that was adopted
pack-invalid: a rule pack has a missing, unknown or wrong field, or a rule that does not type
pack-text: the text of a rule is not what its tree says | pack-clash: two adopted packs contradict each other
assessment-entry: the assessment named in the manifest is not the one in the log
assessment-mismatch: the assessment is not what the evidence gives
permit-entry: the permit named in the manifest is not the one in the log
permit-mismatch: the permit is not what the assessment gives | unreadable: a file cannot be read
anchors: the anchors file is not in the form of docs/verification.md
unexpected: the verifier met something it was not written for, and refuses it
"""
REASONS = dict(pair.split(": ") for line in REASON_TEXT.strip().splitlines() for pair in line.split(" | "))
CALLERS_REASONS = ("unreadable", "anchors")  # exit 2; every other reason is about the bundle: exit 1

ADMISSION_TEXT = """malformed unknown-key bad-signature demo-key unknown-topic wrong-kind wrong-role bad-fields
wrong-subject other-release unknown-claim future too-old"""
ADMISSION_REASONS = tuple(ADMISSION_TEXT.split())  # why an entry does not count, in the order of trying
CLOCK_SKEW_S = 300  # two honest clocks may differ by so much
EVIDENCE_AGE_DAYS_MAX = 3650  # evidence taken longer than this before it was recorded is refused
WAIVER_DAYS_MAX, PLAN_DAYS_MAX = 366, 183  # longest waiver, and shadow or trial plan, from when they were signed
PERMIT_DAYS_MAX = 366  # longest permit: every use is assessed again within a year
ENTRIES_MAX = 100_000  # most entries in one assessment; also the longest list in any document
CONTENT_BYTES_MAX = 1_048_576  # largest content of an entry
LEAF_BYTES_MAX = 65_535  # largest leaf: the log's tiles hold its length in 16 bits
ARCHIVE_BYTES_MAX = 268_435_456  # largest archive: it is read into memory whole
MEMBERS_MAX = 256  # most members: five fixed ones and one for each adopted pack
DEPTH_MAX = 64  # deepest nesting of a document: bounds the stack of every recursive reader here
INTEGER_MAX = 2**53  # largest integer that every JSON reader keeps exactly
SIGNATURES_MAX = 16  # most signatures in an envelope
SIGNATURES_TOTAL_MAX = 20_000  # most signatures in a bundle: about 40 seconds of work on one core
NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX = 65_536, 64  # largest checkpoint, a signature line has about 120 bytes
DAYS_MAX = 36_600  # longest period in a rule: a century, so that sums of dates stay in the calendar
DAY_S = 86_400

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
        whole_characters = not any("\ud800" <= character <= "\udfff" for character in value)
        need(whole_characters and unicodedata.is_normalized("NFC", value), "json-text", f"{what}: {show(value)}")
    elif type(value) in (dict, list):
        for item in value:
            check_value(item, what, depth + 1)
            if type(value) is dict:
                check_value(value[item], what, depth + 1)


# === 4. Record shapes (docs/assessment.md, sections 1 to 6, 10 and 12) ===============================================
# `kind?` may be null, `[kind]` is a list, `[kind]+` one with members, `{key:kind}` an object with any members, `a|b` one
# of these words; else a name of RECORD_TEXT, an object with exactly these members, or of PLAIN or PATTERNS.
HEX, SLUG, SNAKE = r"[0-9a-f]{64}", r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", r"[a-z][a-z0-9_]{0,62}"
ROLES = "root|log|witness|owner|developer|validator|approver|compliance|auditor|collector|supervisor|officer"
FIRMS = "bank|licensed_corporation|insurer|mpf_trustee|va_dealer|provider|supervisor"
EVIDENCE_KINDS = "measurement|attestation|document|approval|drill|challenge"


def text_like(pattern: str) -> Test:
    """Return a test for text that matches the pattern as a whole."""
    return lambda value: type(value) is str and re.fullmatch(pattern, value, re.DOTALL) is not None


def is_value(value: Json) -> bool:
    """Tell whether a value can be a fact: yes or no, number, text, or a list of texts."""
    return type(value) in (bool, int, float, str) or (type(value) is list and all(type(item) is str for item in value))


def seconds(text: str) -> int | None:
    """Return an instant `YYYY-MM-DDTHH:MM:SSZ` (UTC) as seconds since 1970, or None if the text is none."""
    if not re.fullmatch(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z", text):
        return None
    try:
        return int(dt.datetime.fromisoformat(text).timestamp())
    except ValueError:
        return None


PLAIN: dict[str, Test] = {
    "text": lambda value: type(value) is str,
    "flag": lambda value: type(value) is bool,
    "whole": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "one": lambda value: type(value) is int and value == 1,
    "days": lambda value: type(value) is int and 0 <= value <= DAYS_MAX,
    "any": lambda _value: True,
    "value": is_value,
    "tree": lambda value: type(value) is dict and is_tree(value),
    "instant": lambda value: type(value) is str and seconds(value) is not None,
    "date": lambda value: type(value) is str and len(value) == 10 and seconds(f"{value}T00:00:00Z") is not None,
    "fact_key": lambda value: text_like(SNAKE)(value) and value not in {"type", "staff"},
}
PATTERNS = rf"""
slug={SLUG} snake={SNAKE} hex={HEX} use_id={SLUG}/{SLUG} subject_id={SLUG}(?:/{SLUG})?
holder=.{{1,200}} rule_id=[!-~]{{1,200}} media_type=[!-~]{{1,255}} maker=dualtrack\x20[0-9A-Za-z.+-]{{1,40}}
entry_kind=[a-z][a-z0-9-]{{0,62}}/[1-9][0-9]{{0,5}} field_type=(?:bool|int|double|string|list)\??
fact=tier|(?:use|firm|policy|claim|def|param|sod)\.[a-z][a-z0-9_]*|ev(?:\.[a-z][a-z0-9_]*){{2}}
checked=primary\x20text|secondary\x20source|not\x20seen predicate_type=urn:dualtrack:evidence:1
statement_type=https://in-toto\.io/Statement/v1
"""
PLAIN |= {pair.partition("=")[0]: text_like(pair.partition("=")[2]) for pair in PATTERNS.split()}
RECORD_TEXT = f"""
institution: id=slug name=words type={FIRMS} licences=[text] staff=whole? root_key=text profile={{fact_key:value}}
    demo=flag words: en=text zh-Hant=text
key-grant: keyid=hex public_key=text holder=holder name=text person=flag roles=[{ROLES}]+ demo=flag
key-revoke: keyid=hex reason=text pack-adoption: pack=slug version=text digest=hex action=adopt|retire
declaration: use=use_id title=words purpose=words area=research|strategy|service|risk|crime|workflow fallback=words?
    sector=bank|insurer|licensed_corporation|mpf_trustee|va_dealer accountable_executive=holder lines=lines
    affected=[customers|staff|members|investors|applicants|public|none] builders=[holder] scope=scope facts={{text:any}}
    tasks=[task] components=[component] claims=[claim] live_since=instant? template=text? demo=flag
lines: first=holder second=holder third=holder
scope: does=words does_not=words intents=[text] languages=[text] monthly_volume=whole?
task: name=words hours_per_month=number hours_released=number destination=redeploy|retrain|service|reduce|undecided
component: id=slug type=model|data_set|prompt|index|tool|library|code name=text version=text digest=hex? provider=text?
    licence=text? source=text? reservation=text? indemnity=text?
claim: id=slug track=benefit|safety topic=snake primary=flag statement=words baseline=slug? unit=text?
    design=superiority|non_inferiority? minimum=number? margin=number?
release: use=use_id components=[part] code=hex policy=policy builders=[holder] note=text
part: id=slug digest=hex
policy: guards=[text] disclosure=flag review_before_release=flag opt_out=flag durability=durable|buffered
statement: _type=statement_type subject=[subject]+ predicateType=predicate_type predicate=predicate
subject: name=text digest=sha256 sha256: sha256=hex
predicate: kind={EVIDENCE_KINDS} topic=snake claim=slug? fields={{text:value}} method=method? data_digest=hex?
    document_digest=hex? n=whole? seed=whole? statistics={{text:any}} taken_at=instant minutes=number?
    supersedes=supersedes? note=note? demo=flag
method: name=text version=text source=text
supersedes: index=whole leaf=hex why=text
permit: format=text institution=slug use=use_id release=hex mode=shadow|trial|live from=instant expires=instant
    assessment=hex conditions=[condition] decisions_max=whole? lapses_if=[text] durability=durable|buffered
    statement=text demo=flag
condition: pack=slug rule=rule_id due=instant?
pack: format=text id=slug version=text issuer=text transcriber=text title=words subject=use|institution
    status=in_force|proposed|superseded effective_from=date effective_to=date? grade=primary|secondary|policy
    source=source parameters=[parameter] definitions=[definition] tiers=[tier] topics={{snake:topic}} rules=[rule]
    coverage=[coverage]
source: document=text reference=text date=date address=text file_digest=hex? checked=checked checked_on=date note=note
parameter: name=snake type=int|double|string|list value=value from=date to=date? cites=text basis=text|firm|ours
definition: name=snake text=text tree=tree cites=[text] says=words
tier: tier=high|medium|low when=expression reason=words expression: text=text tree=tree
topic: kind={EVIDENCE_KINDS} about=release|use|firm roles=[{ROLES}]+ fields={{snake:field_type}}
    duty=validate|approve|monitor? title=words hours=number
rule: id=rule_id cites=[text]+ title=words says=words todo=words owner={ROLES} binds=[{FIRMS}]+ track=safety|benefit
    applies=expression requires=expression evidence=[snake] severity=S1|S2|S3|S4 checked=assessment|decision|operation
    due_days=days? valid_days=days? clock_days=days? basis=text|firm|ours
    weight=statute|code|circular|guidance|policy|proposal|foreign proportionality=text? crosswalk=crosswalk
    source_grade=primary|secondary|policy checked_source=checked tests=[test]
crosswalk: finos=[text] nist=[text] iso42001=[text] mas=[text]
test: name=text facts={{text:value}} expect=met|not_met|no_evidence|not_applicable
coverage: paragraph=text as=rule|question|information|not_covered rules=[text] note=words
envelope: payload=text payloadType=media_type signatures=[signature]+ signature: keyid=hex sig=text
manifest: format=text institution=slug use=use_id? release=hex? at=instant demo=flag assessment=named permit=named?
    members={{text:hex}} made_by=maker
named: index=whole digest=hex
row: index=whole leaf=text salt=hex content=text proof=[hex]
leaf: v=one kind=entry_kind institution=slug id=subject_id recorded_at=instant commitment=hex
anchors: format=text institutions={{slug:anchor}}
anchor: root_key=text log=text witnesses=[text] quorum=whole
answers: decision_effect=informs|recommends|decides model_origin=own|group|vendor|open_source phase=early|mature
    development=[fine_tuning|rag|content_filter|tools|prompt_management|none] customer_facing=flag client_interface=flag
    individual_effect=flag language_model=flag generative=flag regulated_activity=flag gives_advice=flag
    after_sales_only=flag personal_data=flag non_public_data=flag third_party=flag group_delegated=flag
    opt_out_offered=flag review_channel=flag learns_in_production=flag agent_tools=flag mpf_choice=flag
    provides_service=flag critical_operation=flag screening_duty=flag training_data_personal=flag browser_extension=flag
firm-answers: sells_va_for_fiat=flag trades_va_for_va=flag brokers_va=flag lends_or_margins_va=flag has_shop=flag
    operates_va_exchange=flag holds_client_va=flag transfers_va=flag serves_retail_va=flag changes_money=flag
    markets_va_to_hk_public=flag serves_occasional_customers=flag remits_money=flag
"""
RECORDS: dict[str, dict[str, str]] = {}
for _word in RECORD_TEXT.split():
    if _word.endswith(":"):
        _members = RECORDS[_word[:-1]] = {}
    else:
        _members[_word.partition("=")[0]] = _word.partition("=")[2]
ANSWERS = RECORDS["answers"]  # each may be absent
FORMATS = {name: f"dualtrack.{name}/1" for name in ("permit", "pack", "anchors")} | {"manifest": "dualtrack.bundle/1"}


def check(value: Json, kind: str, path: str, code: str) -> None:
    """Refuse, with this code and the path, a value that is not of the kind."""
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind == "note":
        kind = "text" if type(value) is str else "words"
    if kind.startswith("["):
        need(type(value) is list and len(value) <= ENTRIES_MAX and (value != [] or kind[-1] != "+"), code, path)
        for position, item in enumerate(value):
            check(item, kind.rstrip("+")[1:-1], f"{path}[{position}]", code)
    elif kind.startswith("{"):
        key_kind, item_kind = kind[1:-1].split(":")
        need(type(value) is dict, code, path)
        for key, item in value.items():
            check(key, key_kind, f"{path}.{show(key)}", code)
            check(item, item_kind, f"{path}.{show(key)}", code)
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


def sixteenfold(p: Point) -> Point:
    """Double a point four times (RFC 8032, section 5.1.4)."""
    for _ in range(4):
        a, b = p[0] * p[0] % P, p[1] * p[1] % P
        e, g, h = a + b - (p[0] + p[1]) ** 2 % P, a - b, a + b
        f = 2 * p[2] * p[2] + g
        p = (e * f % P, g * h % P, f * g % P, e * h % P)
    return p


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


@lru_cache(maxsize=1024)
def negated_key(public_key: bytes | None) -> list[Point] | None:
    """Return 0 to 15 times minus the key's point; None for a key that is no point, or one of small order.

    Under a key of small order one signature holds for many messages, so such a key proves nothing.
    """
    p = read_point(public_key) if public_key and len(public_key) == 32 else None
    multiple = sixteenfold(p) if p else IDENTITY
    if p is None or (multiple[0] == 0 and multiple[1] == multiple[2]):
        return None
    return [IDENTITY, *accumulate([(P - p[0], p[1], 1, P - p[3])] * 15, add)]


BASE_POINT = read_point((4 * pow(5, -1, P) % P).to_bytes(32, "little")) or IDENTITY  # y = 4/5, x even
BASE = [IDENTITY, *accumulate([BASE_POINT] * 15, add)]


def signature_holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether R = S*B - k*A, without cofactor, both sides as bytes; S and every point must be canonical."""
    table = negated_key(public_key)
    s = int.from_bytes(signature[32:], "little")
    if table is None or len(signature) != 64 or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % L
    result = IDENTITY
    for shift in range(252, -4, -4):  # both products at once, four bits a step
        result = add(add(sixteenfold(result), BASE[s >> shift & 15]), table[k >> shift & 15])
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
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


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
ALLOWED = {"size": ("string", "list of any"), **dict.fromkeys(["and", "or", "not"], ("bool",))}
ALLOWED |= dict.fromkeys(["has", "eq", "ne"], ("any",)) | dict.fromkeys(["add", "sub", "mul"], ("int", "double"))
ALLOWED |= dict.fromkeys(["lt", "le", "gt", "ge"], ("int", "double", "string"))  # `in` takes T and list of T
LITERALS = {"bool": bool, "int": int, "double": float, "string": str}
ESCAPES = {chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}
ESCAPES |= {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def is_tree(tree: Json) -> bool:
    """Tell whether a value is a tree: a literal, a fact, or a known function with its number of arguments."""
    if type(tree) is not dict or not tree:
        return False
    if set(tree) == {"call", "args"}:
        name, args = tree["call"], tree["args"]
        known = type(name) is str and type(args) is list and ARGUMENTS.get(name) == len(args)
        if not known or not all(is_tree(item) for item in args):
            return False
        return name != "has" or str(args[0].get("fact", "")).startswith(("use.", "firm."))
    kind, value = next(iter(tree.items()))
    if kind == "list":
        return len(tree) == 1 and type(value) is list and all(is_tree(i) and set(i) <= set(LITERALS) for i in value)
    return len(tree) == 1 and (PLAIN["fact"](value) if kind == "fact" else type(value) is LITERALS.get(kind))


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
    return {tree["fact"]} if "fact" in tree else set().union(*map(tree_facts, tree.get("args", [])))


def tree_type(tree: Json, types: abc.Mapping[str, str], path: str) -> str:
    """Return the type of a tree; refuse an unknown fact or arguments that do not fit. `any` fits every type."""
    if "fact" in tree:
        name = tree["fact"]
        need(name in types or name.startswith("firm."), "pack-invalid", f"{path}: unknown fact {name}")
        return types.get(name, "any")
    if "list" in tree:
        kinds = {next(iter(item)) for item in tree["list"]}
        need(len(kinds) <= 1, "pack-invalid", f"{path}: a list of different types")
        return f"list of {kinds.pop() if kinds else 'any'}"
    if "call" not in tree:
        return str(next(iter(tree)))
    name, args = tree["call"], [tree_type(item, types, path) for item in tree["args"]]
    if name == "in":
        suits = fits(args[1], f"list of {args[0]}")
    else:
        suits = any(all(fits(item, kind) for item in args) for kind in ALLOWED[name]) and fits(args[0], args[-1])
    need(suits, "pack-invalid", f"{path}: {name} of {' and '.join(args)}")
    if name in {"add", "sub", "mul"}:
        return args[0] if args[0] != "any" else args[1]
    return "int" if name == "size" else "bool"


def fits(first: str, second: str) -> bool:
    """Tell whether two types can be one: equal, or `any`, or lists whose elements fit."""
    if first == second or "any" in {first, second}:
        return True
    return first.startswith("list of ") and second.startswith("list of ") and fits(first[8:], second[8:])


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
    if name == "not":
        return (not first) if type(first) is bool else None
    if name == "size":
        return len(first) if type(first) in (str, list) else None
    if name == "in":
        alike = type(second) is list and all(type(item) is type(first) for item in second)
        return first in second if alike else None
    alike = type(first) is type(second) and (type(first) is not list or len({type(i) for i in first + second}) <= 1)
    if name in {"eq", "ne"}:
        return (first == second) is (name == "eq") if alike else None
    if not alike or type(first) not in (int, float, str):
        return None
    if type(first) is str and name in {"add", "sub", "mul"}:
        return None
    result = getattr(operator, name)(first, second)
    if type(result) is float:
        return result if math.isfinite(result) else None
    return result if type(result) is bool or abs(result) <= INTEGER_MAX else None


def truth(tree: Json, view: abc.Mapping[str, Json]) -> bool | None:
    """Return whether an expression is true, None for unknown, also where a firm's fact is neither true nor false."""
    value = evaluate(tree, view)
    return value if type(value) is bool else None


# === 8. Rule packs ==================================================================================================
FACT_NAMES = {  # by type, beside the declared answers; facts of a firm's profile have no declared type
    "bool": "use.has_fallback use.live policy.disclosure policy.review_before_release policy.opt_out "
    "sod.validator_independent sod.approver_independent sod.monitor_independent",
    "int": "use.builders use.components_without_licence firm.staff",
    "double": "use.hours_released use.undecided_hours claim.minimum claim.margin",
    "string": "use.area use.sector firm.type tier claim.id claim.baseline claim.design",
    "list of string": "use.affected policy.guards",
}
FACT_TYPES = {name: kind for kind, names in FACT_NAMES.items() for name in names.split()}
FACT_TYPES |= {f"use.{name}": "bool" if kind == "flag" else "string" for name, kind in ANSWERS.items()}
FACT_TYPES["use.development"] = "list of string"
WAIVER_FIELDS = {"rule": "string", "reason": "string", "until": "string", "proportionality": "bool"}
PLAN_FIELDS = {"mode": "string", "decisions_max": "int", "until": "string", "measures": "string"}
BUILT_IN_TOPICS: dict[str, Json] = {  # topics that no pack defines: the verdict itself reads them
    "waiver": {"kind": "approval", "about": "use", "roles": ["approver"], "fields": WAIVER_FIELDS, "duty": None},
    "trial_plan": {"kind": "approval", "about": "release", "roles": ["approver"], "fields": PLAN_FIELDS, "duty": None},
}


def value_fits(value: Json, kind: str) -> bool:
    """Tell whether a value is of a field's or parameter's type. 1 is no double and 1.0 no int."""
    return is_value(value) and type(value) is {**LITERALS, "list": list}[kind.rstrip("?")]


def read_pack(data: bytes, digest: str) -> Json:
    """Return a compiled pack after checking its shape, its texts against its trees, and the types of its rules."""
    bad = "pack-invalid"
    need(sha256(data) == digest, "pack-digest", digest)
    pack = decode(data, f"pack {digest[:16]}")
    check(pack, "pack", "pack", bad)
    name, kinds = pack["id"], {f"param.{item['name']}": item["type"] for item in pack["parameters"]}
    for topic, definition in pack["topics"].items():
        kinds |= {f"ev.{topic}.{key}": kind.rstrip("?") for key, kind in definition["fields"].items()}
    types = FACT_TYPES | {fact: "list of string" if kind == "list" else kind for fact, kind in kinds.items()}
    for position, item in enumerate(pack["parameters"]):
        need(value_fits(item["value"], item["type"]), bad, f"{name}.param.{item['name']}")
        for other in (other for other in pack["parameters"][:position] if other["name"] == item["name"]):
            apart = (item["to"] or "9999-99") <= other["from"] or (other["to"] or "9999-99") <= item["from"]
            need(apart and item["type"] == other["type"], bad, f"{name}.param.{item['name']}: given twice")
    for item in pack["definitions"]:
        check_expression(item, types, f"{name}.def.{item['name']}")
        types[f"def.{item['name']}"] = "bool"
    for position, tier in enumerate(pack["tiers"]):
        check_expression(tier["when"], types, f"{name}.tiers[{position}]")
    for rule in pack["rules"]:
        check_rule(rule, pack, types)
    ids, names = [rule["id"] for rule in pack["rules"]], [item["name"] for item in pack["definitions"]]
    need(len({*ids}) == len(ids) and len({*names}) == len(names), bad, f"{name}: a name twice")
    need(not set(pack["topics"]) & set(BUILT_IN_TOPICS), bad, f"{name}.topics: a reserved name")
    need(pack["grade"] != "secondary" or not pack["coverage"], bad, f"{name}.coverage of a secondary pack")
    need(all(set(line["rules"]) <= set(ids) for line in pack["coverage"]), bad, f"{name}.coverage.rules")
    return pack


def check_expression(expression: Json, types: abc.Mapping[str, str], path: str) -> None:
    """Refuse a text that is not the tree printed back, and an expression that is not of true or false."""
    need(print_tree(expression["tree"]) == expression["text"], "pack-text", path)
    need(fits(tree_type(expression["tree"], types, path), "bool"), "pack-invalid", f"{path}: not true or false")


def check_rule(rule: Json, pack: Json, types: abc.Mapping[str, str]) -> None:
    """Refuse a rule that breaks a law of section 6."""
    path, bad = f"{pack['id']}/{rule['id']}", "pack-invalid"
    check_expression(rule["applies"], types, f"{path}.applies")
    check_expression(rule["requires"], types, f"{path}.requires")
    named = tree_facts(rule["applies"]["tree"]) | tree_facts(rule["requires"]["tree"])
    topics = {name.split(".")[1] for name in named if name.startswith("ev.")}
    need(sorted(rule["evidence"]) == sorted(topics), bad, f"{path}.evidence: not the topics it names")
    need(rule["severity"] != "S3" or rule["clock_days"] is not None, bad, f"{path}.clock_days")
    need(rule["checked"] != "operation" or rule["due_days"] is not None, bad, f"{path}.due_days")
    need(not capped(pack, rule) or rule["severity"] in {"S3", "S4"}, bad, f"{path}.severity of a secondary source")
    need(rule["track"] != "benefit" or rule["severity"] != "S1", bad, f"{path}.severity of a benefit rule")
    need({"met", "not_met", "no_evidence"} <= {test["expect"] for test in rule["tests"]}, bad, f"{path}.tests")


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


class Key(NamedTuple):
    """A granted key."""

    public_key: bytes
    holder: str
    roles: frozenset[str]
    demo: bool


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
    counts: bool = False

    def line(self) -> Json:
        """Return the line of the assessment about this evidence."""
        line = {"index": self.entry.index, "topic": self.topic or None, "counts": self.counts, "reason": self.reason}
        return line | {"taken_at": to_instant(self.taken) if self.topic else None, "admitted": self.reason is None}


SIGNER_ROLES = dict.fromkeys(["institution/1", "key-grant/1", "key-revoke/1"], "root")
SIGNER_ROLES |= {"pack-adoption/1": "compliance", "declaration/1": "owner", "release/1": "developer"}


class Register:
    """Reads the entries in order, keeps the key table, and keeps what may count with who signed it."""

    def __init__(self, manifest: Json, entries: abc.Sequence[Entry]) -> None:
        self.name, self.use, self.at = manifest["institution"], manifest["use"], seconds(manifest["at"]) or 0
        self.keys: dict[str, Key] = {}
        self.institution: Json = None
        self.adoptions: dict[str, Json] = {}
        self.declaration: Json = None
        self.releases: dict[str, tuple[Json, set[str]]] = {}  # by digest, with the holders of the signatures
        self.evidence: list[Evidence] = []
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
        self.keys[self.root] = Key(public_key, self.name, frozenset({"root"}), demo=False)
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
            same = value["id"] == self.name and value["demo"] is (self.institution or value)["demo"]
            need(same, bad, "another id or demo flag")
        elif kind == "declaration":
            for name, answer in value["facts"].items():
                check(answer, ANSWERS.get(name, "unknown|question"), f"facts.{show(name)}", bad)
        elif kind == "key-grant":
            public_key = read_base64(value["public_key"])
            need(negated_key(public_key) is not None, bad, "not a sound Ed25519 key")
            need(sha256(public_key or b"") == value["keyid"], bad, "keyid of another key")
            need(len(set(value["roles"])) == len(value["roles"]), bad, "a role twice")
        return envelope

    def signature_problem(self, envelope: Envelope) -> str | None:
        """Return why the signatures do not hold under the keys in force, or None."""
        if any(keyid not in self.keys for keyid, _ in envelope.signatures):
            return "unknown-key"
        self.signatures += len(envelope.signatures)
        need(self.signatures <= SIGNATURES_TOTAL_MAX, "bound", f"more than {SIGNATURES_TOTAL_MAX} signatures")
        for keyid, signature in envelope.signatures:
            if not signature_holds(self.keys[keyid].public_key, envelope.message, signature):
                return "bad-signature"
        foreign = not self.institution["demo"] and any(self.keys[keyid].demo for keyid, _ in envelope.signatures)
        return "demo-key" if foreign else None

    def read_entry(self, entry: Entry) -> None:
        """Read one entry after the first. Kinds that the assessment does not read are passed over."""
        if entry.kind == "evidence/1":
            self.evidence.append(self.read_evidence(entry))
        elif entry.kind == "permit/1":  # an earlier permit of this use is kept, if well formed
            with contextlib.suppress(Refused):
                permit = decode(entry.content, "permit")
                check(permit, "permit", "permit", "permit-entry")
                if (permit["institution"], permit["use"], entry.about) == (self.name, self.use, self.use):
                    self.permits.append((entry.index, permit))
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
        allowed = any(SIGNER_ROLES[entry.kind] in key.roles for key in keys)
        if kind == "institution":  # another root is no root
            by_root = any(keyid == self.root for keyid, _ in envelope.signatures)
            allowed = by_root and value["root_key"] == self.institution["root_key"]
        if not allowed:
            return "wrong-role"
        if kind == "key-grant":
            public_key = read_base64(value["public_key"]) or b""
            self.keys[value["keyid"]] = Key(public_key, value["holder"], frozenset(value["roles"]), value["demo"])
        elif kind == "key-revoke":
            self.keys.pop(value["keyid"], None)
        elif kind == "pack-adoption":
            self.adoptions[value["pack"]] = value
        elif kind == "release":
            self.releases[sha256(envelope.payload)] = value, {key.holder for key in keys}
        else:
            setattr(self, kind, value)  # institution or declaration
        return None

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
        holders, roles = {key.holder for key in keys}, {role for key in keys for role in key.roles}
        taken, subject = seconds(predicate["taken_at"]) or 0, envelope.value["subject"][0]
        return Evidence(entry, reason, predicate["topic"], taken, predicate, subject, holders, roles)


# === 10. Assessment: the six steps, and the permit (docs/assessment.md, sections 7 to 10) ============================
class Assessor:
    """Computes the verdict from what the register read and the adopted packs. Times are seconds."""

    def __init__(self, register: Register, packs: abc.Sequence[Json], release: str | None) -> None:
        self.register, self.packs, self.release_digest = register, packs, release
        self.at, self.day = register.at, str(to_instant(register.at + 8 * 3600))[:10]  # the date in Hong Kong
        self.declaration, found = register.declaration, register.releases.get(release or "")
        self.release: Json = found[0] if found else None
        self.builders = set(self.declaration["builders"] if self.declaration else [])
        self.builders |= {*found[0]["builders"], *found[1]} if found else set()
        in_force = [pack for pack in packs if pack["status"] == "in_force" and pack["effective_from"] <= self.day]
        self.in_force = {pack["id"] for pack in in_force if self.day <= (pack["effective_to"] or "9999-99")}
        self.topics = dict(BUILT_IN_TOPICS)
        for pack in packs:
            for name, topic in pack["topics"].items():
                need(self.topics.setdefault(name, topic) == topic, "pack-clash", f"topic {name}")
        self.newest = self.admit()
        self.admitted = [evidence for evidence in register.evidence if evidence.reason is None]
        self.facts = self.derive()
        self.tier = self.find_tier()
        if register.use is not None:
            self.facts["tier"] = self.tier["value"]

    def admit(self) -> dict[str, Evidence]:
        """Step 1, end: give each evidence its reason or admit it; return the newest admitted of each topic, even if worse."""
        newest: dict[str, Evidence] = {}
        for evidence in self.register.evidence:
            evidence.reason = evidence.reason or self.problem(evidence)
            if evidence.reason is None:
                newest[evidence.topic] = evidence
        for evidence in newest.values():
            evidence.counts = True
        return newest

    def problem(self, evidence: Evidence) -> str | None:
        """Return the first reason for which well-signed evidence is not admitted, or None."""
        predicate, topic = evidence.predicate, self.topics.get(evidence.topic)
        if topic is None:
            return "unknown-topic"
        firm, recorded, digest = topic["about"] == "firm", evidence.entry.recorded, evidence.subject["digest"]["sha256"]
        name = self.register.name if firm else self.register.use
        claims = {claim["id"] for claim in self.declaration["claims"]} if self.declaration else set()
        about_it = name is not None and evidence.subject["name"] == name == evidence.entry.about
        if topic["about"] != "release":
            about_it = about_it and digest == sha256(f"{topic['about']}:{name}".encode())
        tests = {
            "wrong-kind": predicate["kind"] == topic["kind"],
            "wrong-role": bool(evidence.roles & set(topic["roles"])),
            "bad-fields": fields_fit(predicate, topic["fields"]),
            "wrong-subject": about_it,
            "other-release": topic["about"] != "release" or digest == self.release_digest,
            "unknown-claim": predicate["claim"] is None or predicate["claim"] in claims,
            "future": evidence.taken <= recorded + CLOCK_SKEW_S,
            "too-old": evidence.taken >= recorded - EVIDENCE_AGE_DAYS_MAX * DAY_S,
        }
        return next((reason for reason, passed in tests.items() if not passed), None)

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
            facts |= {"use.components_without_licence": sum(item["licence"] is None for item in components)}
            undecided = [task for task in tasks if task["destination"] == "undecided"]
            for name, some in (("hours_released", tasks), ("undecided_hours", undecided)):
                with contextlib.suppress(OverflowError):  # exactly rounded sums: the same digits on every machine
                    facts |= {f"use.{name}": math.fsum(task["hours_released"] for task in some)} if tasks else {}
            claims = [claim for claim in declaration["claims"] if claim["track"] == "benefit" and claim["primary"]]
            for claim in claims if len(claims) == 1 else []:
                facts |= {f"claim.{name}": claim[name] for name in ("id", "baseline", "design")}
                numbers = {name: claim[name] for name in ("minimum", "margin") if claim[name] is not None}
                facts |= {f"claim.{name}": float(value) for name, value in numbers.items()}
        if self.release:
            facts |= {f"policy.{name}": value for name, value in self.release["policy"].items() if name != "durability"}
            for duty, who in (("validate", "validator"), ("approve", "approver"), ("monitor", "monitor")):
                signers = [item.holders for topic, item in self.newest.items() if self.topics[topic]["duty"] == duty]
                facts[f"sod.{who}_independent"] = self.builders.isdisjoint(set().union(*signers)) if signers else None
        return {name: value for name, value in facts.items() if value is not None}

    def view(self, pack: Json) -> dict[str, Json]:
        """Return the facts as a pack sees them: with its parameters in force and its definitions, in order."""
        view = dict(self.facts)
        for item in pack["parameters"]:
            if item["from"] <= self.day and (item["to"] is None or self.day < item["to"]):
                view[f"param.{item['name']}"] = item["value"]
        for definition in pack["definitions"]:
            value = truth(definition["tree"], view)
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
            value = truth(tier["when"]["tree"], view)
            if value is not False:
                return {"value": tier["tier"], "pack": pack["id"], "line": line, "unknown": value is None}
        return {"value": "low", "pack": pack["id"], "line": None, "unknown": False}

    def judge(self, pack: Json, rule: Json, view: abc.Mapping[str, Json]) -> Json:
        """Return the line of one rule. Step 3: whether it applies; step 4: whether it is met, and what that rests on."""
        life = None if rule["valid_days"] is None else rule["valid_days"] * DAY_S  # whole 24-hour days, no decay
        topics = {topic: self.newest[topic] for topic in rule["evidence"] if topic in self.newest}
        fresh = {topic: item for topic, item in topics.items() if life is None or item.taken + life > self.at}
        seen = dict(view)
        for topic, item in fresh.items():
            seen |= {f"ev.{topic}.{name}": value for name, value in item.predicate["fields"].items()}
        bound = self.register.institution["type"] in rule["binds"]
        applies = truth(rule["applies"]["tree"], seen) if bound else False
        line = pick(rule, "severity", "track") | {"pack": pack["id"], "rule": rule["id"], "applies": applies}
        line |= {"outcome": "not_applicable", "effect": "none", "due": None, "until": None, "waiver": None}
        line |= {"evidence": [], "missing": [], "expired": []}
        if applies is False:
            return line
        met = truth(rule["requires"]["tree"], seen) if applies else None
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
        """Step 5: turn a gap into `waived` by the newest valid waiver of this rule. S1 and statute are never waived."""
        if rule["severity"] == "S1" or rule["weight"] == "statute":
            return
        for evidence in self.admitted:
            if evidence.topic != "waiver" or evidence.holders & self.builders:
                continue
            fields = evidence.predicate["fields"]
            until = seconds(f"{fields['until']}T00:00:00Z") or 0
            in_date = self.at < until <= evidence.taken + WAIVER_DAYS_MAX * DAY_S
            qualified = rule["proportionality"] is not None or not fields["proportionality"]
            if in_date and qualified and fields["rule"] == f"{pack['id']}/{rule['id']}":
                line |= {"outcome": "waived", "waiver": evidence.entry.index, "until": to_instant(until)}

    def give_effect(self, line: Json, pack: Json, rule: Json) -> None:
        """Step 6: say what a gap does: by severity; later if it cannot be due yet; an overdue condition refuses live."""
        if rule["checked"] == "operation":  # counts from the earliest live permit, else from what was declared
            starts = [permit["from"] for _, permit in self.register.permits if permit["mode"] == "live"]
            starts += [self.declaration["live_since"]] if self.declaration and self.declaration["live_since"] else []
            due: Json = (seconds(starts[0]) or 0) + rule["due_days"] * DAY_S if starts else None
            if due is None or self.at < due:
                line |= {"effect": "due_later", "due": to_instant(due)}
                return
        line["effect"] = {"S1": "refuses", "S2": "refuses_live", "S3": "condition", "S4": "advice"}[rule["severity"]]
        if line["effect"] != "condition":
            return
        due = self.at + rule["clock_days"] * DAY_S
        for _, permit in reversed(self.register.permits):  # as first set in the unbroken run of earlier permits
            named = [c["due"] for c in permit["conditions"] if (c["pack"], c["rule"]) == (pack["id"], rule["id"])]
            if not named or named[0] is None:
                break
            due = seconds(named[0])
        overdue = due <= self.at and not capped(pack, rule)
        line |= {"effect": "refuses_live" if overdue else "condition", "due": to_instant(due)}

    def find_plan(self) -> Json:
        """Return the newest admitted plan of a shadow or trial if it is in date and not used up, else None."""
        evidence = self.newest.get("trial_plan")
        if evidence is None:
            return None
        fields = evidence.predicate["fields"]
        until = seconds(f"{fields['until']}T00:00:00Z") or 0
        usable = fields["mode"] in {"shadow", "trial"} and fields["decisions_max"] >= 1
        if not usable or not self.at < until <= evidence.taken + PLAN_DAYS_MAX * DAY_S:
            return None
        release = self.release_digest
        used = [i for i, permit in self.register.permits if permit["mode"] != "live" and permit["release"] == release]
        learnt = max((item.entry.index for item in self.admitted if item.topic not in BUILT_IN_TOPICS), default=-1)
        if max(used, default=-1) > learnt:  # not renewable without new evidence
            return None
        return {"index": evidence.entry.index, "decisions_max": fields["decisions_max"], "until": to_instant(until)}

    def expiry(self, lines: abc.Sequence[Json], plan: Json) -> str:
        """Return when a permit ends: with the first S1 or S2 evidence or waiver, condition, plan, or after a year."""
        ends = [to_instant(self.at + PERMIT_DAYS_MAX * DAY_S), plan and plan["until"]]
        weak = {(pack["id"], rule["id"]) for pack in self.packs for rule in pack["rules"] if capped(pack, rule)}
        for line in lines:
            if line["outcome"] in {"met", "waived"} and line["severity"] in {"S1", "S2"}:
                ends.append(line["until"])
            if line["effect"] == "condition" and (line["pack"], line["rule"]) not in weak:
                ends.append(line["due"])
        return min(str(end) for end in ends if end)  # instants of one form sort as text

    def assess(self) -> Json:
        """Return the assessment."""
        register, lines, counts = self.register, [], {}
        for pack in self.packs:
            if pack["subject"] == ("institution" if register.use is None else "use"):
                view = self.view(pack)
                lines += [self.judge(pack, rule, view) for rule in pack["rules"]]
        bound = [line for line in lines if line["pack"] in self.in_force]
        effects, plan, mode = {line["effect"] for line in bound}, self.find_plan(), None
        if self.declaration and self.release:  # without them there is no mode
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
            seen = [line["outcome"] for line in bound if line["track"] == track]
            counts[track] = {name: seen.count(name) for name in ("met", "not_met", "no_evidence", "waived")}
            counts[track]["applicable"] = len(seen) - seen.count("not_applicable")
        result |= {"counts": counts, "plan": plan}
        measured = any(self.topics[item.topic]["about"] != "firm" for item in self.admitted)
        verdict = mode or ("refused" if measured else "nothing_measured")
        if mode == "live":
            verdict = "permitted_with_conditions" if conditions else "permitted"
        verdict = "requirements_evidenced" if register.use is None else verdict
        result |= {"verdict": verdict, "mode": mode, "conditions": conditions}
        return result | {"refusals": refusals, "expires": self.expiry(bound, plan) if mode else None}

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
    if not required <= set(fields) <= set(types):
        return False
    if not all(value_fits(value, types[name]) for name, value in fields.items()):
        return False
    if predicate["kind"] != "measurement":
        return True
    interval = [fields.get(name) for name in ("low", "estimate", "high")]
    ordered = any(type(item) is not float for item in interval) or interval == sorted(interval)
    complete = None not in (predicate["method"], predicate["data_digest"], predicate["n"])
    return complete and ordered and fields.get("n", predicate["n"]) == predicate["n"]


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
        held = included(raw, row["index"], self.head.size, path, self.head.root)
        need(held, "proof", f"{where} of {self.head.size}")
        return Entry(row["index"], leaf["kind"], leaf["id"], seconds(leaf["recorded_at"]) or 0, content)

    def given(self) -> list[Entry]:
        """Return the entries that were given to the assessment, after checking where assessment and permit stand."""
        manifest, by_index = self.manifest, {entry.index: entry for entry in self.entries}
        last, permit = manifest["assessment"]["index"], manifest["permit"]
        need((permit is None) is ("permit.json" not in self.members), "permit-entry", "manifest and members differ")
        for name, named in (("assessment", manifest["assessment"]), ("permit", permit)):
            entry, code = by_index.get(named["index"] if named else -1), f"{name}-entry"
            if named is None:
                continue
            if entry is None or (entry.kind, entry.about) != (f"{name}/1", manifest["use"] or manifest["institution"]):
                raise Refused(code, f"entry {named['index']} is not a {name} of the subject")
            same = entry.content == self.members[f"{name}.json"] and sha256(entry.content) == named["digest"]
            need(same, code, f"entry {named['index']}, {name}.json and the manifest's digest differ")
        need(permit is None or permit["index"] > last, "permit-entry", "the permit stands before its assessment")
        after = [index for index in by_index if index > last]
        need(after == ([permit["index"]] if permit else []), "entry-position", f"{after[:10]} after entry {last}")
        return [entry for entry in self.entries if entry.index < last]


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
    if encode(computed) == recorded:
        return
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
        raise Refused("anchors", str(error)) from None
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
withheld     | that no evidence was withheld: {} of the log's {} entries are here; one left out, or never logged, is not noticed
later        | what the log says after entry {}: newer evidence, revoked keys, holds, a permit that has lapsed since
fork         | that all are shown one log: no trusted witness co-signed, so a forked log is not excluded
time         | times {}: taken, recorded and assessed times are the institution's word
postdated    | the record times of entries {}: later than a witness saw them
identity     | which persons hold the keys; independence is judged by the names that the institution gave to them
paraphrase   | that the rules say what their sources say, or all of it: they are our tests for cited paragraphs, not the law
adoption     | that every rule that binds the institution was adopted: only adopted packs are assessed
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
    values |= {"later": [size - 1], "time": [f"other than those of the witnesses ({seen})" if seen else "of any kind"]}
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
VERDICT_LINES = [line.split(" | ") for line in VERDICTS.strip().splitlines()]
WORDS = {name.strip(): texts for name, *texts in VERDICT_LINES}  # in English and in Chinese
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
        return Result(2 if error.args[0] in CALLERS_REASONS else 1, error.args[0], show(error.args[1]))
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
    names = ("institution", "use", "release", "at", "tier", "verdict", "mode", "expires")
    rows = [(name, facts[name] or "-") for name in names]
    for name in ("assessment", "permit"):
        named = facts[name]
        rows.append((name, f"entry {named['index']}, digest {named['digest']}" if named else "none recorded"))
    for track, counts in facts["counts"].items():
        words = (f"{counts[key]} {key.replace('_', ' ')}" for key in ("met", "not_met", "no_evidence", "waived"))
        rows.append((track, f"{counts['applicable']} rules apply: {', '.join(words)}"))
    rows += [(item["effect"].replace("_", " "), f"{item['pack']}/{item['rule']}") for item in facts["refusals"]]
    rows += [("condition", f"{item['pack']}/{item['rule']}, due {item['due'] or '-'}") for item in facts["conditions"]]
    lines = (WORDS["demo"] if facts["demo"] else []) + lines + [""]
    lines += [*(f"  holds  {show(item)}" for item in result.checks), ""]
    lines += [f"  {name + ':':<14}{show(value)}" for name, value in rows]
    return "\n".join([*lines, "", *WORDS["heading"], *(f"  - {words}" for _, words in result.not_established)])


def main(arguments: abc.Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description="Check a Dualtrack bundle and compute its verdict again.")
    parser.add_argument("bundle", type=Path, help="the bundle, a .zip file")
    parser.add_argument("--trust", type=Path, metavar="ANCHORS", help="keys you trust; not from the bundle's maker")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--at-least", type=int, default=0, metavar="N", help="refuse a log of fewer than N entries")
    options = parser.parse_args(arguments)  # ends with exit 2 by itself on wrong usage
    try:
        anchors = options.trust.read_bytes() if options.trust else None
        with options.bundle.open("rb") as stream:
            data = stream.read(ARCHIVE_BYTES_MAX + 1)
        result = verify(data, anchors, at_least=options.at_least)
    except (OSError, ValueError) as error:
        result = Result(2, "unreadable", show(error))
    output = as_json(result) if options.json else as_text(result)
    sys.stdout.buffer.write(output.encode("utf-8", "replace") + b"\n")
    return result.exit


if __name__ == "__main__":
    sys.exit(main())
