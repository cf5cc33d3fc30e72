"""What a figure counts: currencies and units in English and Chinese, in folded form, each with its base and how many of it it is."""

from __future__ import annotations

import re

__all__ = ["CURRENCIES", "CURRENCY_LEFT", "UNIT", "UNITS"]

CURRENCY_LEFT = re.compile(
    r"(hk\$|us\$|hkd|usd|rmb|cny|cnh|gbp|eur|aud|a\$|港币|港元|美元|美金|人民币|欧元|英镑|€|£|¥|\$) ?$"
)
CURRENCIES = {
    "hk$": "hkd", "hkd": "hkd", "港币": "hkd", "港元": "hkd", "us$": "usd", "usd": "usd", "美元": "usd", "美金": "usd", "rmb": "cny", "cny": "cny", "cnh": "cny",
    "人民币": "cny", "eur": "eur", "€": "eur", "欧元": "eur", "gbp": "gbp", "£": "gbp", "英镑": "gbp", "aud": "aud", "a$": "aud", "澳元": "aud", "$": "", "¥": "", "元": "", "蚊": "",
    "dollar": "", "dollars": "", "hong kong dollars": "hkd", "hong kong dollar": "hkd", "us dollar": "usd", "euro": "eur", "pound": "gbp", "hk dollar": "hkd", "us dollars": "usd", "日圆": "jpy", "日元": "jpy", "euros": "eur", "pounds": "gbp", "hk dollars": "hkd", "renminbi": "cny", "yuan": "cny",
}  # fmt: skip
UNITS: dict[str, tuple[str, int]] = {
    "month": ("month", 1), "个月": ("month", 1), "year": ("month", 12), "年": ("month", 12), "quarter": ("month", 3),
    "day": ("day", 1), "天": ("day", 1), "日": ("day", 1), "calendar day": ("day", 1), "week": ("day", 7), "星期": ("day", 7), "周": ("day", 7), "个星期": ("day", 7), "礼拜": ("day", 7), "fortnight": ("day", 14),
    "working day": ("workday", 1), "business day": ("workday", 1), "trading day": ("workday", 1), "工作日": ("workday", 1), "工作天": ("workday", 1), "营业日": ("workday", 1), "交易日": ("workday", 1), "个工作日": ("workday", 1),
    "个工作天": ("workday", 1), "个营业日": ("workday", 1), "个交易日": ("workday", 1), "clear day": ("day", 1), "banking day": ("workday", 1),
    "hour": ("minute", 60), "小时": ("minute", 60), "个小时": ("minute", 60), "minute": ("minute", 1), "分钟": ("minute", 1), "分": ("minute", 1), "second": ("second", 1), "秒": ("second", 1),
    "year old": ("age", 1), "years old": ("age", 1), "years of age": ("age", 1), "岁": ("age", 1), "周岁": ("age", 1),
    "%": ("percent", 1), "成": ("percent", 10), "折": ("off", 1), "次": ("times", 1), "time": ("times", 1), "倍": ("fold", 1), "号": ("th", 1), "th": ("th", 1), "st": ("th", 1), "nd": ("th", 1), "rd": ("th", 1), "名": ("people", 1), "人": ("people", 1),
    "people": ("people", 1), "person": ("people", 1), "位": ("", 1), "笔": ("deal", 1), "宗": ("deal", 1), "transaction": ("deal", 1), "股": ("share", 1), "share": ("share", 1), "手": ("lot", 1),
    "lot": ("lot", 1), "board lot": ("lot", 1), "基点": ("bp", 1), "basis point": ("bp", 1), "bp": ("bp", 1),
}  # fmt: skip
UNIT = re.compile(
    "[- ]?(" + "|".join(re.escape(unit) + ("s?(?![a-z])" if unit[-1].isascii() and unit[-1].isalpha() else "") for unit in sorted({*UNITS, *(each for each in CURRENCIES if each not in {"$", "¥", "€", "£", "a$", "hk$", "us$"})}, key=len, reverse=True)) + ")"
)  # fmt: skip
