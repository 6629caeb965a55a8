"""Dates, times of day and durations: in which of the usual ways a column is written, and its numbers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, NamedTuple

import numpy as np

from em_impute.em.blocks import Floats
from em_impute.serialize.annotations import Choices

CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
AT = rf"(?:(?:\s*T|,?\s+){CLOCK}{ZONE})?"
MONTH = r"(?:de )?(?P<month>[^\W\d_]{3,10})\.?(?: de(?= ))?"
WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
MONTHS = (
    "jan ene gen|feb fev fév|mar mär mrt|apr avr abr|may mai mei mag|jun juin giu|jul juil lug|aug aoû ago|sep set|"
    "oct okt ott out|nov|dec dez déc dic"
)
MONTH_OF = {name: month for month, names in enumerate(MONTHS.split("|"), start=1) for name in names.split()}
"""How months begin in the languages of which many files are."""


NUMERIC = r"(?P<{}>\d{{1,2}})(?P<mark>[./-])(?P<{}>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d\d)"
SECOND = r"(?P<second>[0-5]\d(?:\.\d+)?)"
PATTERNS = {
    "ISO date": (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?:(?P=mark)(?P<day>\d{{1,2}}))?{AT}",
        rf"(?P<year>[12]\d{{3}})(?P<month>\d\d)(?P<day>\d\d)T(?P<hour>\d\d)(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?{ZONE}",
    ),
    "date, day first": (NUMERIC.format("day", "month") + AT,),
    "date, month first": (NUMERIC.format("month", "day") + AT,),
    "date": (
        rf"{WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s./-]*{MONTH},?[\s./-]*(?P<year>\d{{4}}|\d\d){AT}",
        rf"{WEEKDAY}{MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s*(?P<year>\d{{4}}){AT}",
        rf"{MONTH}(?:[\s./-]*(?=\d{{4}})|-)(?P<year>\d{{4}}|\d\d)",
        r"(?P<year>\d{4})[-\s/]?Q(?P<quarter>[1-4])",
        r"Q(?P<quarter>[1-4])[-\s/]?(?P<year>\d{4})",
    ),
    "date in digits": (r"(?P<year>[12]\d{3})(?P<month>\d\d)(?P<day>\d\d)(?:\.0)?",),
    "time of day": (CLOCK + ZONE, r"(?P<hour>\d{1,2})(?:\.(?P<minute>[0-5]\d))?\s*(?P<half>[AaPp]\.?[Mm]\.?)"),
    "duration": (
        rf"(?:(?P<days>\d+) days?,?\s*)?(?P<hours>\d+):(?P<minute>[0-5]\d)(?::{SECOND})?(?:\s*h(?:(?:ou)?rs?)?\.?)?",
    ),
    "duration in minutes": (
        rf"(?:(?P<hours>\d+):(?P<minute>[0-5]?\d)|(?P<minutes>\d+)):{SECOND}(?:\s*min(?:ute)?s?\.?)?",
    ),
}
"""How each kind is written."""

FORMS = {form: tuple(map(re.compile, patterns)) for form, patterns in PATTERNS.items()}
DAY_FIRST, MONTH_FIRST = ORDERS = "date, day first", "date, month first"
TOLD_ONLY = ("date in digits",)
"""Whole numbers are dates only where the user says so."""

PIVOT = 69
"""From here on a year of two digits is of the last century, as POSIX has it."""

DAY, WEEK, YEAR = 86_400.0, 7.0, 365.2425
EPOCH = date(1970, 1, 1).toordinal()
DAYS, HOURS = "days", "hours"
CYCLES = {"day of year": YEAR, "weekday": WEEK, "hour": 1.0}
"""What comes back, and after how many days."""


class Moment(NamedTuple):
    """A cell."""

    days: float  # since 1970-01-01, or the beginning; time zones are left aside
    year_day: float = 0.0  # days since the year began
    has_clock: bool = False


MANY_DAYS = 6
"""Where the second number is always 1, so many first ones are months."""

DIGIT = re.compile(r"\d")
FEW_TEXTS = 1000
"""Of the texts of a column, so many show which forms they may have."""


@dataclass(frozen=True)
class Times:
    """How the dates, times or durations of a column are written, and which numbers are made of each."""

    form: Annotated[str, Choices({form: f"{form[:1].upper()}{form[1:]}." for form in FORMS}), "How they are written."]
    has_clock: Annotated[bool, "The dates have an hour."] = False

    @property
    def kind(self) -> str:
        """Say in words what the column holds."""
        return f"{self.form} and time" if self.has_clock else self.form

    @property
    def parts(self) -> tuple[str, ...]:
        """What the numbers are called; empty for the only one."""
        if self.form.startswith("duration"):
            return ("",)
        cycles = ("hour",) if self.form == "time of day" else tuple(CYCLES)[: 3 if self.has_clock else 2]
        waves = (f"{cycle}, {wave}" for cycle in cycles for wave in ("sine", "cosine"))
        return HOURS if self.form == "time of day" else DAYS, *waves

    def numbers(self, texts: Sequence[str]) -> Floats:
        """Read texts: (n_texts, n_parts), NaN where one is not written so."""
        read = [_moment(self.form, text) for text in texts]
        days, year_day = (np.array([np.nan if one is None else one[k] for one in read]) for k in (0, 1))
        if self.form.startswith("duration"):
            return days[:, None] * DAY
        columns = [days * 24.0 if self.form == "time of day" else days]
        of_cycle = {"day of year": year_day, "weekday": np.floor(days) + 4.0, "hour": days}  # 1970 began on a Thursday
        for part in self.parts[1::2]:
            cycle = part.partition(",")[0]
            angle = 2.0 * np.pi * of_cycle[cycle] / CYCLES[cycle]
            columns += [np.where(np.isnan(days), np.nan, wave(angle)) for wave in (np.sin, np.cos)]
        return np.column_stack(columns)


def choose_times(
    texts: Sequence[str], counts: Floats, least: float, *, is_told: bool = False, order: str = ""
) -> Times | None:
    """Choose how times are written, if `least` of the cells are.

    None too where day and month cannot be told apart, unless their `order` is known, one of `ORDERS`.  `counts`
    (n_texts,) say how many cells hold each text; what `is_told` to be a date may be written in digits alone.
    """

    def share(form: str) -> float:
        return float(counts @ [_moment(form, text) is not None for text in texts])

    if counts @ [DIGIT.search(text) is not None for text in texts] < least * counts.sum():
        return None
    few = texts[:: len(texts) // FEW_TEXTS + 1]  # a form that none of them has is not that of nearly all
    excluded = {*(() if is_told else TOLD_ONLY), *((set(ORDERS) - {order}) if order else ())}
    forms = [form for form in FORMS if form not in excluded]
    shares = {form: share(form) if any(_moment(form, text) for text in few) else 0.0 for form in forms}
    form = max(forms, key=lambda one: shares[one])
    if not shares[form] or shares[form] < least * counts.sum():
        return None
    if not order and shares[DAY_FIRST] == shares[MONTH_FIRST] == shares[form]:
        with_dots = all("." in text for text in texts)  # these part day, month and year, in this order
        form = DAY_FIRST if with_dots else _order_of_months(texts)
        if not form:
            return None
    if form in {"time of day", "duration", "duration in minutes"}:
        # 08:15 has two digits, and 1:02:15 beside 59:30 is in hours.
        in_full = [text for text in texts if text.count(":") > 1]
        is_clock = any(text[-1:] in "mM." for text in texts) or all(re.match(r"\d\d:", text) for text in texts)
        if is_clock and shares["time of day"] >= max(shares.values()):
            return Times("time of day")
        in_minutes = form == "duration in minutes" or 0 < len(in_full) < len(texts)
        return Times("duration in minutes" if in_minutes else "duration")
    moments = [_moment(form, text) for text in texts]
    return Times(form, any(one is not None and one.has_clock for one in moments))


def _order_of_months(texts: Sequence[str]) -> str:
    """Find the order in which all days are the first of a month, and months differ; empty where there is none."""
    found = filter(None, (FORMS[DAY_FIRST][0].fullmatch(text.strip()) for text in texts))
    pairs = {(int(one["day"]), int(one["month"])) for one in found}
    first, second = ({pair[k] for pair in pairs} for k in (0, 1))
    if first == {1} and len(second) >= MANY_DAYS:
        return DAY_FIRST
    return MONTH_FIRST if second == {1} and len(first) >= MANY_DAYS else ""


def _moment(form: str, text: str) -> Moment | None:
    """Read a cell; None where it is not written so, or there is no such day."""
    found = next(filter(None, (pattern.fullmatch(text.strip()) for pattern in FORMS[form])), None)
    if found is None:
        return None
    of = found.groupdict()
    if form.startswith("duration"):
        number: Callable[[str], float] = lambda name: float(of.get(name) or 0)  # noqa: E731
        minutes = number("minutes") + number("minute") + 60.0 * number("hours")
        return Moment(number("days") + (60.0 * minutes + number("second")) / DAY)
    clock = _clock(of)
    if clock is None or form == "time of day":
        return None if clock is None else Moment(clock, has_clock=True)
    year, month = int(of["year"]), (of.get("month") or str(3 * int(of.get("quarter") or 0) - 2)).lower()
    if len(of["year"]) < len("1970"):
        year += 1900 if year >= PIVOT else 2000
    number_of_month = int(month) if month.isdigit() else MONTH_OF.get(month[:4]) or MONTH_OF.get(month[:3], 0)
    try:
        day = date(year, number_of_month, int(of.get("day") or 1)).toordinal()
    except ValueError:
        return None
    return Moment(day - EPOCH + clock, day - date(year, 1, 1).toordinal() + clock, of.get("hour") is not None)


def _clock(of: dict[str, str | None]) -> float | None:
    """Give the part of a day; None where there is no such hour."""
    hour, half = int(of.get("hour") or 0), (of.get("half") or "").lower()[:1]
    if hour > (12 if half else 24):
        return None
    if half:
        hour = hour % 12 + 12 * (half == "p")
    second = float((of.get("second") or "0").replace(",", "."))
    return (3600.0 * hour + 60.0 * int(of.get("minute") or 0) + second) / DAY
