import pytest

from dualtrack.errors import KeyFileError
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import NoteKeyType, VerifierKey, check_key_name

# C2SP signed-note, example key; transparency-dev/tessera, key of the test log.
PUBLISHED = [
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
]


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_keys_parse_and_format(text):
    key = VerifierKey.parse(text)
    assert key.type is NoteKeyType.ED25519
    assert key.format() == text
    assert key.key_hash.hex() == text.split("+")[1]


def test_types_give_different_hashes():
    public = FileSigner.generate("w").public_key
    log, witness = (VerifierKey.of("w.example", public, kind) for kind in NoteKeyType)
    assert log.key_hash != witness.key_hash
    assert VerifierKey.parse(witness.format()) == witness


NAME, HASH, KEY = PUBLISHED[0].split("+", 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        f"{NAME}+{HASH}",
        f"{NAME}+{HASH.upper()}+{KEY}",
        f"{NAME}+530d903b+{KEY}",
        f"other.example+{HASH}+{KEY}",
        f"{NAME}+{HASH}+{KEY}=",
        f"{NAME}+{HASH}+{KEY[:-4]}",
        f"{NAME}+{HASH}+Bukye{KEY[5:]}",
        f"{NAME}+{HASH}+{KEY}\n",
        f" {NAME}+{HASH}+{KEY}",
        f"+{HASH}+{KEY}",
        "x" * 400 + f"+{HASH}+{KEY}",
    ],
)
def test_other_forms_are_refused(text):
    with pytest.raises(KeyFileError):
        VerifierKey.parse(text)


def test_a_small_order_key_is_refused():
    with pytest.raises(KeyFileError, match="small order"):
        VerifierKey.of("a", bytes([1]) + bytes(31))


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a+b", "a\u3000b", "a\u00a0b", "a\u2028b", "a\tb", "a\nb", "a\x00b", "\ud800", "x" * 256, "中" * 86],
)
def test_names_that_no_note_may_have(name):
    with pytest.raises(KeyFileError) as caught:
        check_key_name(name)
    assert caught.value.code == "key.name"


@pytest.mark.parametrize("name", ["a", "example.com/log", "見證.example", "x" * 255])
def test_names_that_pass(name):
    check_key_name(name)
