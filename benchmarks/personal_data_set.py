"""A labelled bilingual set of texts with made-up personal data, to measure the recognisers of the guard `personal_data`.

It imports nothing of them and shares no list with them: names, streets, estates, sentences and number makers are its own,
in other words than theirs. Still the same house wrote both, so recall on this set is an upper bound of what a firm will see.
Nobody is meant by any datum: digits and names are drawn at random.
"""

from __future__ import annotations

import random
import re
from typing import NamedTuple

from personal_data_words import (
    AREAS_EN,
    AREAS_ZH,
    ESTATES_EN,
    ESTATES_ZH,
    FOREIGN,
    GIVEN,
    HOUSES_ZH,
    PINYIN,
    ROAD_TYPES,
    ROADS_EN,
    ROADS_ZH,
    ROMAN_GIVEN,
    ROMAN_SURNAMES,
    SURNAMES,
    WESTERN,
)

__all__ = ["FIXED", "Example", "Label", "labelled_set"]

FIXED = ("HKID", "MAINLAND_ID", "CARD", "EMAIL", "PHONE", "PASSPORT", "PERMIT", "BANK_ACCOUNT", "FPS_ID", "OCTOPUS")
"""Kinds with a check digit or a fixed shape."""

Label = tuple[str, int, int]


class Example(NamedTuple):
    """A text, its labels (kind, start, end) and its language: en, zh or mixed; a negative has no label."""

    text: str
    labels: list[Label]
    language: str


class Maker:
    """Draws data of each kind in the ways people write them."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    def digits(self, count: int) -> str:
        return "".join(self.draw.choice("0123456789") for _ in range(count))

    def wide(self, text: str, share: float = 0.08) -> str:
        """Write a share of the data in full-width forms."""
        if self.draw.random() >= share:
            return text
        return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)

    def hkid(self) -> str:
        letters = self.draw.choice(
            ["A", "B", "C", "D", "E", "G", "H", "K", "M", "P", "R", "S", "V", "Y", "Z", "WX", "XA", "XG"]
        )
        body = self.digits(6)
        total = 36 * 9 if len(letters) == 1 else (ord(letters[0]) - 55) * 9
        total += (ord(letters[-1]) - 55) * 8
        for weight, digit in zip((7, 6, 5, 4, 3, 2), body, strict=True):
            total += weight * int(digit)
        check = "0123456789A"[(11 - total % 11) % 11]
        form = self.draw.choice(
            ["{l}{b}({c})", "{l}{b}({c})", "{l}{b}（{c}）", "{l} {b} ({c})", "{l}{b}{c}", "{l}{b}-{c}", "{l}{b}[{c}]"]
        )
        text = form.format(l=letters, b=body, c=check)
        return self.wide(text.lower() if self.draw.random() < 0.12 and "(" in text and " " not in text else text)

    def mainland_id(self) -> str:
        area = self.draw.choice(["440301", "110105", "310115", "350203", "510104", "440106"])
        day = f"{self.draw.randint(1945, 2007)}{self.draw.randint(1, 12):02}{self.draw.randint(1, 28):02}"
        body = area + day + self.digits(3)
        check = "10X98765432"[sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(body)) % 11]
        text = body + check
        return self.wide(self.draw.choice([text, text, text.lower(), f"{text[:6]} {text[6:14]} {text[14:]}"]))

    def card(self) -> str:
        prefix, length = self.draw.choice(
            [
                ("4", 16),
                ("4", 16),
                ("52", 16),
                ("55", 16),
                ("2300", 16),
                ("37", 15),
                ("6225", 16),
                ("6217", 19),
                ("3540", 16),
            ]
        )
        body = prefix + self.digits(length - len(prefix) - 1)
        check = next(sign for sign in "0123456789" if _mod10(body + sign) == 0)
        text = body + check
        if length == 16:
            fours = [text[at : at + 4] for at in range(0, 16, 4)]
            text = self.draw.choice([text, " ".join(fours), "-".join(fours)])
        elif length == 15:
            text = self.draw.choice([text, f"{text[:4]} {text[4:10]} {text[10:]}"])
        return self.wide(text)

    def email(self) -> str:
        user = self.draw.choice(
            [
                self.draw.choice(WESTERN).lower() + self.digits(2),
                f"{self.draw.choice(ROMAN_SURNAMES).lower()}.{self.draw.choice(WESTERN).lower()}",
                "info_" + self.digits(4),
            ]
        )
        return self.wide(
            f"{user}@{self.draw.choice(['gmail.com', 'yahoo.com.hk', 'netvigator.com', 'mail.example.org', 'Outlook.com'])}"
        )

    def phone(self) -> str:
        body = self.draw.choice("235679") + self.draw.choice("123456789") + self.digits(6)
        if body.startswith(("99", "90", "80")):
            body = "61" + body[2:]
        form = self.draw.choice(
            [
                "{a}{b}",
                "{a}{b}",
                "{a} {b}",
                "{a} {b}",
                "{a}-{b}",
                "+852 {a} {b}",
                "+852{a}{b}",
                "(852) {a} {b}",
                "852-{a}-{b}",
                "00852 {a}{b}",
                "+852-{a}{b}",
            ]
        )
        return self.wide(form.format(a=body[:4], b=body[4:]))

    def passport(self) -> str:
        return self.wide(
            self.draw.choice(
                [
                    "K0" + self.digits(7),
                    "H1" + self.digits(7),
                    "KJ0" + self.digits(6),
                    "EH" + self.digits(7),
                    "E" + self.digits(8),
                    "G" + self.digits(8),
                ]
            )
        )

    def permit(self) -> str:
        return self.wide(
            self.draw.choice(
                ["H0" + self.digits(7), "H" + self.digits(10), "M" + self.digits(8), "H1" + self.digits(9)]
            )
        )

    def bank_account(self) -> str:
        code = self.draw.choice(["004", "024", "012", "003", "016", "015", "388", "389", "040"])
        a, b, c = self.digits(3), self.digits(6), self.digits(3)
        return self.wide(
            self.draw.choice(
                [
                    f"{code}-{a}-{b}-{c}",
                    f"{code} {a} {b} {c}",
                    f"{code}-{a}-{b}",
                    f"{code}-{a}{b}",
                    f"({code}) {a}-{b}-{c}",
                    f"{a}-{b}-{c}",
                ]
            )
        )

    def fps_id(self) -> str:
        return self.wide(self.digits(self.draw.choice([7, 9])))

    def octopus(self) -> str:
        return self.wide(self.digits(8) + self.draw.choice(["", f"({self.digits(1)})"]))

    def name_zh(self) -> str:
        return self.draw.choice(SURNAMES) + self.draw.choice(GIVEN)

    def name_en(self) -> str:
        surname, given, western = (
            self.draw.choice(ROMAN_SURNAMES),
            self.draw.choice(ROMAN_GIVEN),
            self.draw.choice(WESTERN),
        )
        return self.draw.choice([
            f"{surname} {given}", f"{surname} {given}", f"{surname} {given}".upper(), f"{western} {surname}", f"{western} {surname}",
            f"{western} {surname} {given}", f"{surname} {given} {western}", f"{surname.upper()}, {given}", f"{surname} {western}",
            self.draw.choice(PINYIN), self.draw.choice(FOREIGN),
        ])  # fmt: skip

    def address_en(self) -> str:
        number = self.draw.randint(1, 880)
        road = f"{number}{self.draw.choice(['', '', 'A', '-' + str(number + 2)])} {self.draw.choice(ROADS_EN)} {self.draw.choice(ROAD_TYPES)}{self.draw.choice(['', '', ' West', ' Central'])}"
        flat = self.draw.choice(["Flat {u}", "Room {n}", "Unit {u}", "Rm {n}"]).format(
            u=self.draw.choice("ABCDEFG"), n=self.draw.randint(101, 3812)
        )
        floor = self.draw.choice(["{f}/F", "{f}/F", "{o} Floor"]).format(
            f=self.draw.randint(2, 45), o=self.draw.choice(["1st", "2nd", "3rd", "15th"])
        )
        block = self.draw.choice(["", f"Block {self.draw.choice('ABC123')}, ", f"Tower {self.draw.randint(1, 12)}, "])
        estate, area = self.draw.choice(ESTATES_EN), self.draw.choice(AREAS_EN)
        text = self.draw.choice(
            [
                f"{flat}, {floor}, {block}{estate}, {road}, {area}",
                f"{flat}, {floor}, {road}, {area}",
                f"{flat} {floor} {block}{estate}",
                f"{road}, {area}",
                f"{road}",
            ]
        )
        return text.lower() if self.draw.random() < 0.08 else text

    def address_zh(self) -> str:
        road = f"{self.draw.choice(ROADS_ZH)}{self.draw.randint(1, 880)}號"
        unit = self.draw.choice(["{n}室", "{u}室", "{n}{u}室", "{u}單位"]).format(
            n=self.draw.randint(1, 38), u=self.draw.choice("ABCDEFG")
        )
        floor = self.draw.choice(["{f}樓", "{f}字樓", "二十樓", "十二樓"]).format(f=self.draw.randint(2, 45))
        block = self.draw.choice(
            ["", f"{self.draw.randint(1, 12)}座", f"第{self.draw.choice('一二三')}座", self.draw.choice(HOUSES_ZH)]
        )
        estate, area = self.draw.choice(ESTATES_ZH), self.draw.choice(AREAS_ZH)
        return self.wide(
            self.draw.choice(
                [
                    f"{area}{road}{estate}{block}{floor}{unit}",
                    f"{area}{road}{floor}{unit}",
                    f"{area}{estate}{block}{floor}{unit}",
                    f"{area}{road}",
                ]
            )
        )


def _mod10(digits: str) -> int:
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value // 10 + value % 10
    return total % 10


_SLOT = re.compile(r"\{([a-z_]+)\}")
_KIND = {"name_en": "NAME", "name_zh": "NAME", "address_en": "ADDRESS", "address_zh": "ADDRESS"}


def filled(template: str, maker: Maker, language: str) -> Example:
    """Fill the slots of a template and note where each datum stands."""
    text, labels, at = "", [], 0
    for slot in _SLOT.finditer(template):
        text += template[at : slot.start()]
        datum = str(getattr(maker, slot[1])())
        labels.append((_KIND.get(slot[1], slot[1].upper()), len(text), len(text) + len(datum)))
        text, at = text + datum, slot.end()
    return Example(text + template[at:], labels, language)


def labelled_set(examples: int, seed: int) -> list[Example]:
    """Return positives from every template in turn, and as many negatives as a quarter of them."""
    from personal_data_texts import CLOSINGS, NEGATIVES, OPENINGS, TEMPLATES

    maker = Maker(seed)
    found = []
    for at in range(examples):
        language = ("en", "zh", "mixed")[at % 3]
        template = maker.draw.choice(TEMPLATES[language])
        opening = maker.draw.choice(OPENINGS[language])
        closing = maker.draw.choice(CLOSINGS[language])
        found.append(filled(opening + template + closing, maker, language))
    for at in range(examples // 4):
        language = ("en", "zh", "mixed")[at % 3]
        found.append(Example(negative(maker.draw.choice(NEGATIVES[language]), maker), [], language))
    return found


def negative(template: str, maker: Maker) -> str:
    """Fill `#` with digits, each at random, and `{y}`, `{m}`, `{d}` with parts of a date."""
    text = template.replace("{y}", str(maker.draw.randint(2015, 2027))).replace(
        "{m}", f"{maker.draw.randint(1, 12):02}"
    )
    text = text.replace("{d}", f"{maker.draw.randint(1, 28):02}")
    text = re.sub(r"(?<![#,.])#(?=#|[.,])", lambda _: maker.draw.choice("123456789"), text)
    return re.sub("#", lambda _: maker.draw.choice("0123456789"), text)
