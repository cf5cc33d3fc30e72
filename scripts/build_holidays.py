"""Build the table of Hong Kong's general holidays that the package carries (src/dualtrack/domain/data).

    python scripts/build_holidays.py [--last-year 2027] [--check]

The dates come from the package `holidays` (MIT licence), which is not a dependency: install it in an environment of its
own beside this one's. Of that package only the category `optional` is read, which holds the general holidays of Cap. 149.
Its category `public` holds the statutory holidays of Cap. 57 (Employment Ordinance), another list; both together also give
3 October 2023, which was a working day. `--check` compares with the committed table and writes nothing. Before a year is
added, set `SOURCES` for it from the Government's announcement, and add its dates by hand to the table of the test.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

TABLE = Path(__file__).parent.parent / "src" / "dualtrack" / "domain" / "data" / "hk_general_holidays.yaml"
FIRST_YEAR = 2023
LAST_YEAR = 2027
HOLIDAYS_A_YEAR = 17
"""General holidays of one year beside the Sundays, as the schedule of Cap. 149 counts them."""

SOURCES = {
    2023: "https://www.gov.hk/en/about/abouthk/holiday/2023.htm",
    2024: "https://www.gov.hk/en/about/abouthk/holiday/2024.htm",
    2025: "https://www.gov.hk/en/about/abouthk/holiday/2025.htm",
    2026: "https://www.info.gov.hk/gia/general/202505/16/P2025051300354.htm",
    2027: "https://www.gov.hk/en/about/abouthk/holiday/2027.htm",
}
"""Where the Government publishes the list that it gazettes for the year."""

HEAD = """\
# General holidays of Hong Kong beside the Sundays: General Holidays Ordinance (Cap. 149), schedule, and the list that the
# Government gazettes for each year. Every Sunday is a general holiday as well and is not listed. A holiday that falls on a
# Sunday stands here on the day that replaces it.
#
# Made by scripts/build_holidays.py from the package holidays {version}, category of the general holidays; change it there.
# Checked day by day against a list typed by hand (tests/domain/test_domain_business_time.py). The list for 2026 was read in
# the Government's announcement of 16 May 2025 and that for 2024 in a newspaper's report of 25 May 2023; `source` says where
# each year's list is published. The Gazette notices themselves were not opened, so their numbers are not given.
#
# Not here: closures for typhoons and rainstorms, which nobody knows beforehand, and a firm's own days.

law: General Holidays Ordinance (Cap. 149), schedule
made: 2026-11-26
years:
"""


def main() -> int:
    """Write the table or compare with it; return 1 if it differs."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--last-year", type=int, default=LAST_YEAR)
    options.add_argument("--check", action="store_true")
    chosen = options.parse_args()
    text = table(chosen.last_year)
    if not chosen.check:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(text, encoding="utf-8")
        return 0
    same = TABLE.read_text(encoding="utf-8") == text
    print("as committed" if same else f"{TABLE.name} differs from what the package gives")
    return int(not same)


def table(last_year: int) -> str:
    """Return the YAML text for all years."""
    package = importlib.import_module("holidays")  # not a dependency, so not known to the type checker
    lines = [HEAD.format(version=package.__version__)]
    for year in range(FIRST_YEAR, last_year + 1):
        if year not in SOURCES:
            sys.exit(f"no source for {year}: add the Government's page to SOURCES")
        english, chinese = (
            package.HK(years=year, language=language, categories=("optional",)) for language in ("en_HK", "zh_HK")
        )
        if len(english) != HOLIDAYS_A_YEAR or any(day.strftime("%a") == "Sun" for day in english):
            sys.exit(f"{year}: {len(english)} holidays, or one on a Sunday; {HOLIDAYS_A_YEAR} weekdays were expected")
        lines.append(f'  "{year}":\n    source: {SOURCES[year]}\n    days:\n')
        lines += [f"      {day}: {{en: {english[day]}, zh-Hant: {chinese[day]}}}\n" for day in sorted(english)]
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main())
