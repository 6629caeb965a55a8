"""Dates, times of day and durations; the oracle is Python's own calendar."""

from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import pytest

from em_impute.columns.times import choose_times

moment = partial(datetime, tzinfo=UTC)
DAYS = [date(2019, 5, 1), date(2020, 2, 29), date(1999, 12, 31), date(2021, 7, 15)]
FORMATS = {
    "%Y-%m-%d": "ISO date",
    "%Y-%m-%dT00:00:00Z": "ISO date and time",
    "%Y%m%dT000000Z": "ISO date and time",
    "%d.%m.%Y": "date, day first",
    "%d/%m/%y": "date, day first",
    "%m/%d/%Y": "date, month first",
    "%d %b %Y": "date",
    "%d-%b-%y": "date",
    "%B %d, %Y": "date",
    "%a, %d %b %Y": "date",
}


@pytest.mark.parametrize(("form", "kind"), FORMATS.items(), ids=FORMATS)
def test_a_date_becomes_days_and_where_it_is_in_the_year_and_the_week(form, kind):
    texts = [day.strftime(form) for day in DAYS]
    times = choose_times(texts, np.ones(4), 0.95)
    numbers = dict(zip(times.parts, times.numbers(texts).T, strict=True))
    year_day = np.array([day.timetuple().tm_yday - 1 for day in DAYS])
    weekday = np.array([day.isoweekday() for day in DAYS])

    assert times.kind == kind
    assert numbers["days"].tolist() == [(day - date(1970, 1, 1)).days for day in DAYS]
    np.testing.assert_allclose(numbers["day of year, sine"], np.sin(2 * np.pi * year_day / 365.2425), atol=1e-12)
    np.testing.assert_allclose(numbers["weekday, cosine"], np.cos(2 * np.pi * weekday / 7), atol=1e-9)


def test_a_moment_has_an_hour_by_the_clock_that_was_read():
    texts = ["2019-05-01 06:00", "2019-05-01T18:30:15.5+02:00", "2019-05-02 00:00:00Z"]
    times = choose_times(texts, np.ones(3), 0.95)
    days = dict(zip(times.parts, times.numbers(texts).T, strict=True))["days"]
    expected = [moment(2019, 5, 1, 6), moment(2019, 5, 1, 18, 30, 15, 500_000), moment(2019, 5, 2)]

    np.testing.assert_allclose(days, [(one - moment(1970, 1, 1)).total_seconds() / 86_400 for one in expected])
    assert times.parts[-2:] == ("hour, sine", "hour, cosine")


CLOCKS = {
    "durations": (["1:47:45", "0:59:30"], "duration", [6465, 3570]),
    "of more than a day": (["0 days 01:47:45", "3 days 00:00:01"], "duration", [6465, 259_201]),
    "some of an hour": (["59:30", "1:02:15", "7:05"], "duration in minutes", [3570, 3735, 425]),
    "times of day": (["08:15", "23:45"], "time of day", [8.25, 23.75]),
    "laps": (["1:23.456", "59:01.5"], "duration in minutes", [83.456, 3541.5]),
    "with their unit": (["2:05 min", "75:30 min"], "duration in minutes", [125, 4530]),
    "hours with theirs": (["2:05 h", "12:30 hrs"], "duration", [7500, 45_000]),
    "hours alone": (["5pm", "11.30 am"], "time of day", [17, 11.5]),
    "halves": (["8:15 am", "12:30 PM", "12:00 a.m."], "time of day", [8.25, 12.5, 0]),
}


@pytest.mark.parametrize(("texts", "kind", "expected"), CLOCKS.values(), ids=CLOCKS)
def test_times_of_day_and_durations(texts, kind, expected):
    times = choose_times(texts, np.ones(len(texts)), 0.95)

    assert times.kind == kind
    np.testing.assert_allclose(times.numbers(texts)[:, 0], expected, rtol=1e-12)


def test_day_and_month_that_nothing_tells_apart_stay_texts():
    texts, counts = ["1/2/2020", "3/4/2020"], np.ones(2)

    assert choose_times(texts, counts, 0.95) is None
    assert choose_times(texts, counts, 0.5, is_told=True) is None
    assert (
        choose_times(["1.2.2020", "3.4.2020"], counts, 0.95).form == "date, day first"
    )  # as all who write dots have it
    assert choose_times([*texts, "13/4/2020"], np.ones(3), 0.95).form == "date, day first"
    assert choose_times([*texts, "4/13/2020"], np.ones(3), 0.95).form == "date, month first"


@pytest.mark.parametrize(
    "text", ["2 juillet 2021", "2. Juli 2021", "2 de julio de 2021", "2 luglio 2021", "2 jul. 2021", "02-JUL-21"]
)
def test_a_month_has_its_name_in_several_languages(text):
    texts = [text, text.replace("2", "13", 1).lower() if text[0] != "0" else "13-AOÛ-21"]
    times = choose_times([text], np.ones(1), 0.95)

    assert times.kind == "date"
    assert times.numbers(texts)[0, 0] == (date(2021, 7, 2) - date(1970, 1, 1)).days
    assert not np.isnan(times.numbers(texts)[1, 0])


@pytest.mark.parametrize(
    "texts", [["Apr 2021", "Dec 1999"], ["Apr-21", "Dec-99"], ["2021Q2", "1999-Q4"], ["Q2 2021", "Q4/1999"]]
)
def test_a_month_or_a_quarter_is_its_first_day(texts):
    times = choose_times(texts, np.ones(2), 0.95)
    first = date(2021, 4, 1), date(1999, 10 if "Q" in texts[1] else 12, 1)

    assert times.kind == "date"
    assert times.numbers(texts)[:, 0].tolist() == [(day - date(1970, 1, 1)).days for day in first]


def test_days_that_are_not_and_other_texts_are_no_dates():
    for texts in (["2019-13-01"], ["2019-02-30"], ["32.1.2020"], ["12 Foo 2020"], ["25:61"], ["May"], ["20190501"]):
        assert choose_times(texts, np.ones(1), 0.95) is None
    assert choose_times(["20190501"], np.ones(1), 0.95, is_told=True).form == "date in digits"
