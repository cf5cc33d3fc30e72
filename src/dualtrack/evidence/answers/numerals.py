"""Chinese numerals, by places (三萬五千, 三萬五 for the same in speech) or digit by digit (二零二六), as exact numbers."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["ZH_NUMERAL", "read_numeral"]

ZH_NUMERAL = "零〇一二三四五六七八九兩两十百千萬万億亿"
"""The signs of a numeral, for patterns."""

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "兩": 2, "两": 2}
_PLACES = {"十": 10, "百": 100, "千": 1_000}
_LARGE = {"萬": 10**4, "万": 10**4, "億": 10**8, "亿": 10**8}
_SPOKEN_FROM = 100


def read_numeral(text: str) -> Fraction:
    """Return the value of Arabic digits or of a Chinese numeral with an optional decimal part after 點."""
    if text[0].isascii():
        return Fraction(text)
    whole, _, part = text.replace("点", "點").partition("點")
    decimals = "".join(str(_DIGITS.get(sign, 0)) for sign in part)
    fraction = Fraction(int(decimals), 10 ** len(decimals)) if decimals else Fraction(0)
    if all(sign in _DIGITS for sign in whole):
        return int("".join(str(_DIGITS[sign]) for sign in whole) or "0") + fraction
    return _by_places(whole) + fraction


def _by_places(whole: str) -> int:
    total = section = digit = 0
    last = 1
    for sign in whole:
        if sign in _DIGITS:
            digit, last = _DIGITS[sign], 1 if sign in "零〇" else last
        elif sign in _PLACES:
            last = _PLACES[sign]
            section, digit = section + (digit or 1) * last, 0
        else:
            last = _LARGE[sign]
            upto = total + section + digit
            total = upto * last if last == 10**8 else total + (section + digit) * last
            section = digit = 0
    return total + section + (digit * last // 10 if last >= _SPOKEN_FROM else digit)
