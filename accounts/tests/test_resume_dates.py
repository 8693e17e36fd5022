"""Parsing of the dates and periods in a line of a resume."""

import pytest

from accounts.resumes.parsing.dates import find_dates, find_spans


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _format(span):
    return str(span.since), str(span.until) if span.until else None


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("Nov. '18 - Feb. '20", "2018-11", "2020-02"),
        ("Oct ’16 – now", "2016-10", None),
        ("9/14 - 11/17", "2014-09", "2017-11"),
        ("Jan 20 - Mar 21", "2020-01", "2021-03"),
        ("April 2016 up to date", "2016-04", None),
        ("Autumn 2015", "2015-09", "2015-11"),
        ("Spring 2014 - Winter 2016", "2014-03", "2016"),
        ("Q2 2018 to Q4 2019", "2018-04", "2019-12"),
        ("2018 Q3 – 2019 Q1", "2018-07", "2019-03"),
        ("H1 2020 - H2 2021", "2020-01", "2021-12"),
        ("Oct-Dec 2017", "2017-10", "2017-12"),
        ("November – February 2020", "2019-11", "2020-02"),
        ("Sep 15 – Dec 20, 2020", "2020-09", "2020-12"),
        ("3rd May 2014 - 21st June 2016", "2014-05", "2016-06"),
        ("05.10.2011 - 30.11.2013", "2011-10", "2013-11"),
        ("01/03/2019 – 31/12/2020", "2019-03", "2020-12"),
        ("03/15/2019 – 12/31/2020", "2019-03", "2020-12"),
        ("2012-02-01 until 2013-06-30", "2012-02", "2013-06"),
        ("May 2011 ⟶ June 2012", "2011-05", "2012-06"),
        ("May 2011 \u00ad June 2012", "2011-05", "2012-06"),
        ("May 2011 --- June 2012", "2011-05", "2012-06"),
        ("Okt. 2013 – Jänner 2015", "2013-10", "2015-01"),
        ("von Mai 2010 bis heute", "2010-05", None),
        ("ab 04/2021", "2021-04", None),
        ("du 1er mars 2019 au 30 avril 2020", "2019-03", "2020-04"),
        ("depuis juillet 2018", "2018-07", None),
        ("déc. 2012 à ce jour", "2012-12", None),
        ("de enero de 2015 a marzo de 2017", "2015-01", "2017-03"),
        ("septiembre 2014 – la actualidad", "2014-09", None),
        ("abr. de 2021 - o momento", "2021-04", None),
        ("fevereiro de 2013 até maio de 2014", "2013-02", "2014-05"),
        ("październik 2016 – grudzień 2018", "2016-10", "2018-12"),
        ("2017 - nadal", "2017", None),
        ("Mar 2018 –", "2018-03", None),
        ("2016 →", "2016", None),
        ("Aug2013-Sept2015", "2013-08", "2015-09"),
        ("2014–16", "2014", "2016"),
        ("2014/15", "2014", "2015"),
        ("Sept 2021 - expected May 2025", "2021-09", "2025-05"),
    ],
)
def test_parses_periods_in_many_forms_and_languages(text, since, until):
    (span,) = find_dates(f"Surveyor, Larkspur Ltd\t{text}")

    assert _format(span) == (since, until)


@pytest.mark.parametrize(
    ("text", "date"),
    [("2013", "2013"), ("08/2014", "2014-08"), ("2 mars 2017", "2017-03"), ("(expected May 2028)", "2028-05")],
)
def test_takes_a_single_date_for_start_and_end(text, date):
    (span,) = find_dates(text)

    assert (_format(span), span.is_range) == ((date, date), False)


@pytest.mark.parametrize(
    "text",
    [
        "GPA 3.97-4.00",
        "ISBN 978-3-16-148410-0",
        "12.500.000 users",
        "20 - 30 people",
        "may march on",
        "1,142 of 1,600 points",
        "$2019",
        "13/2018 - 14/2019",
    ],
)
def test_finds_no_period_in_other_numbers(text):
    assert find_spans(text) == []


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2018-02..2021-06", ("2018-02", "2021-06")),
        ("2013..2015", ("2013", "2015")),
        ("2018…2020", ("2018", "2020")),
        ("03/2018 ... 05/2019", ("2018-03", "2019-05")),
        ("06/17..08/18", ("2017-06", "2018-08")),
        ("Jan 2020..present", ("2020-01", None)),
    ],
)
def test_takes_dots_between_dates_for_a_dash(text, period):
    (span,) = find_spans(text)

    assert (_format(span), text[span.start : span.end]) == (period, text)


@pytest.mark.parametrize("text", ["01.2021 - ...", "2021 – …", "03/2021 - ?", "2021-04 –"])
def test_takes_a_dash_before_dots_for_an_open_end(text):
    (span,) = find_spans(text)

    assert (span.since.year, span.until, text[span.start : span.end]) == (2021, None, text)


def test_takes_no_dots_at_the_end_of_a_text_for_a_dash():
    assert [span.is_range for span in find_dates("2018...")] == [False]


def test_keeps_two_periods_of_a_line_apart():
    assert [_format(span) for span in find_spans("2010 - 2012, 2015 - 2016")] == [("2010", "2012"), ("2015", "2016")]
