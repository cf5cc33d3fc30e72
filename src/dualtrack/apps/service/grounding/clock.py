"""Numbers in words, times of a day and days of a month in a folded text, in English and Chinese."""

from __future__ import annotations

import re

__all__ = ["ANY_FIGURE", "DAY_MINUTES", "days_of_month", "times_of_day", "with_digits"]

DAY_MINUTES = 720
"""Minutes of half a day: a time is told by its half, where that is told at all."""

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_ZH = "零〇一二三四五六七八九十两"
_HALF = {
    "am": "am",
    "pm": "pm",
    "noon": "pm",
    "midnight": "am",
    "上午": "am",
    "早上": "am",
    "凌晨": "am",
    "下午": "pm",
    "晚上": "pm",
    "傍晚": "pm",
    "中午": "pm",
    "晚": "pm",
    "半夜": "am",
    "夜晚": "pm",
    "清晨": "am",
    "早": "am",
    "朝早": "am",
    "morning": "am",
    "afternoon": "pm",
    "evening": "pm",
    "night": "pm",
}
_HOUR = r"\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_TIME = re.compile(
    r"(?<![\d.,:])(?P<h>\d{1,2})(?:[:.](?P<m>[0-5]\d))? ?(?P<half>a\.?m\.?|p\.?m\.?|noon|midnight)(?![a-z])"
    r"|(?<![\d.,:])(?P<h2>\d{1,2}):(?P<m2>[0-5]\d)(?![\d:])"
    rf"|(?P<zhhalf>上午|早上|朝早|清晨|凌晨|下午|晚上|夜晚|半夜|傍晚|中午|晚|早)?(?P<h3>\d{{1,2}}|[{_ZH}]{{1,3}})(?:时|点(?!\d|[{_ZH}]))(?!间|段|候|数|击|选|心|算|以)(?P<m3>半|正|\d{{1,2}}分|[{_ZH}]{{1,3}}分)?"
    rf"|(?<![a-z\d])(?:(?P<past>half past|quarter past|quarter to) )?(?P<h4>{_HOUR})(?: o'clock)?(?: in the (?P<half4>morning|afternoon|evening)| at (?P<half5>night))"
    rf"|(?<![a-z])(?P<past2>half past|quarter past|quarter to) (?P<h5>{_HOUR})(?![a-z\d])"
    r"|(?<![a-z])(?P<word>noon|midday|midnight)(?![a-z])|(?P<zhword>正午|午夜)"
)
_DAY_MONTH = (
    re.compile(rf"(?<![\d])(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?![a-z])"),
    re.compile(rf"(?<![a-z]){_MONTH}\.? (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d,%])"),
    re.compile(r"(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]"),
)
_WORDS_TO_19 = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_WORDS_OF_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONES = dict(zip(_WORDS_TO_19, range(20), strict=True)) | {"a": 1}
_TENS = dict(zip(_WORDS_OF_TENS, range(20, 100, 10), strict=True))
_LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_ANY_ONE = "|".join([*_TENS, *(word for word in _ONES if word != "a"), "a(?= (?:hundred|thousand|million))"])
_SPELLED = re.compile(
    rf"(?<![a-z])(?:(?:{_ANY_ONE})[- ](?:hundred|thousand|million)|(?:{'|'.join(_TENS)})-(?:{'|'.join(_ONES)}))(?:[- ](?:and )?(?:{_ANY_ONE}|hundred|thousand|million))*(?![a-z])"
)
ANY_FIGURE = re.compile(
    rf"[0-9{_ZH}百千万亿半]|(?<![a-z])(?:{_ANY_ONE}|hundred|thousand|million|noon|midday|midnight|half)(?![a-z])|午夜|正午"
)
"""What a text with a figure has."""

_ANY_TIME = re.compile(
    r"[时点:]|(?:past|quarter to) |o'clock|in the|at night|\d ?[ap]\.?m|noon|midday|midnight|\d\.\d|正午|午夜"
)
_ANY_MONTH = re.compile(rf"月|{_MONTH}")
_HOURS = 24
_SIGNS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "": 0}
_NOON = 12


def with_digits(text: str) -> str:
    """Return a text of the same length with numbers of several words as digits: "twenty-one" as blanks and "21"."""
    return _SPELLED.sub(_as_digits, text)


def times_of_day(text: str) -> list[tuple[int, int, str]]:
    """Return places and values of times: minutes of half a day and the half, as `570/am`, or `570/` where it is not told."""
    if _ANY_TIME.search(text) is None:
        return []
    return [(*match.span(), time) for match in _TIME.finditer(text) if (time := _time(match))]


def days_of_month(text: str) -> list[tuple[int, int, str]]:
    """Return places and values of days without a year, as `5-31`."""
    if _ANY_MONTH.search(text) is None:
        return []
    return [(*match.span(), _day_month(match)) for pattern in _DAY_MONTH for match in pattern.finditer(text)]


def _as_digits(match: re.Match[str]) -> str:
    """Return a number in words as digits of the same length: "twenty-one" as "21" and blanks."""
    total = section = 0
    for word in re.findall("[a-z]+", match[0]):
        if word == "hundred":
            section = (section or 1) * 100
        elif word in _LARGE:
            total, section = total + (section or 1) * _LARGE[word], 0
        else:
            section += _ONES.get(word, 0) + _TENS.get(word, 0)
    return f"{total + section}".rjust(len(match[0]))


def _time(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if word := parts["word"] or parts["zhword"]:
        return "0/am" if word in {"midnight", "午夜"} else "0/pm"
    spoken = parts["h4"] or parts["h5"]
    if spoken:
        past = {"half past": 30, "quarter past": 15, "quarter to": -15}.get(parts["past"] or parts["past2"] or "", 0)
        hours = int(spoken) if spoken.isdigit() else _ONES[spoken]
        return f"{(hours * 60 + past) % DAY_MINUTES}/{_HALF.get(parts['half4'] or parts['half5'] or '', '')}"
    hour = _small(parts["h"] or parts["h2"] or parts["h3"])
    minute = parts["m"] or parts["m2"] or (parts["m3"] or "").removesuffix("分")
    minutes = 30 if minute == "半" else _small(minute) if minute and minute != "正" else 0
    half = (
        "am"
        if parts["zhhalf"] == "晚上" and hour == _NOON
        else _HALF.get((parts["half"] or parts["zhhalf"] or "").replace(".", ""), "")
    )
    a_little = not parts["zhhalf"] and parts["m3"] is None and match[0].endswith("点") and not match[0][0].isdigit()
    if hour > _HOURS or a_little:  # 一点 is mostly "a little"
        return ""
    if not half and (hour >= _NOON or (parts["h2"] or "").startswith("0")):
        half = "pm" if hour >= _NOON else "am"
    return f"{(hour * 60 + minutes) % DAY_MINUTES}/{half}"


def _small(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, found, units = text.partition("十")
    if not found:
        return int("".join(str(_SIGNS[sign]) for sign in text))
    return (_SIGNS[tens] if tens else 1) * 10 + _SIGNS[units]


def _day_month(match: re.Match[str]) -> str:
    parts = match.groupdict()
    name = next((each for each in match.groups() if each and each.isalpha()), "")
    month = int(parts["m"]) if parts.get("m") else _MONTH_NAMES.index(name[:3]) + 1
    return f"{month}-{int(parts['d'])}"
