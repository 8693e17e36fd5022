"""Text, pay, place and dates as sources of boards state them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.sources.fields import build_place_fields, list_statuses, read_workplace
from ingestion.sources.pay import build_pay
from ingestion.sources.text import convert_html, redact_contacts
from ingestion.sources.values import read_timestamp


class TestText:
    @pytest.mark.parametrize(
        ("fragment", "text"),
        [
            ("<p>One</p><p>Two</p>", "One\n\nTwo"),
            ("<div>One<br>Two</div>", "One\nTwo"),
            ("<li>One</li><li>Two</li>", "* One\n* Two"),
            ("<ul><li>Caf&eacute;&nbsp;work</li></ul>", "* Café work"),
            ("&lt;p&gt;R&amp;amp;D&lt;/p&gt;", "R&D"),
            ("<p>the tag &lt;script&gt; as text</p>", "the tag <script> as text"),
            ("<script>alert(1)</script><style>p {}</style><p>Text</p>", "Text"),
            ('<p>See <a href="https://example.org">our page</a></p>', "See our page"),
            ("plain text\n\nwith lines", "plain text\n\nwith lines"),
            ("salary < 5 & more", "salary < 5 & more"),
            ("", ""),
            (None, ""),
            (7, ""),
        ],
    )
    def test_converts_html_to_text(self, fragment, text):
        assert convert_html(fragment) == text

    def test_keeps_the_text_of_markup_that_is_nested_too_deeply(self):
        assert "Python" in convert_html("<div>" * 5_000 + "Python" + "</div>" * 5_000)

    @given(st.text(max_size=300))
    def test_converts_any_text(self, text):
        assert isinstance(convert_html(f"<p>{text}</p>"), str)

    @pytest.mark.parametrize(
        ("text", "redacted"),
        [
            ("Write to jane.doe+jobs@acme.co.uk today", "Write to [email] today"),
            ("Call +49 (0)30 1234-567", "Call [phone]"),
            ("We have 10,000 customers in 2026", "We have 10,000 customers in 2026"),
            ("pay 120000-150000 USD", "pay 120000-150000 USD"),
            ("Follow @acme", "Follow @acme"),
        ],
    )
    def test_redacts_contacts_and_no_other_numbers(self, text, redacted):
        assert redact_contacts(text) == redacted


class TestPay:
    @pytest.mark.parametrize(
        ("period", "factor"),
        [
            *(("1 YEAR", 1), ("annual", 1), ("month", 12), ("0.5 MONTH", 24), ("fortnightly", 26)),
            *(("per-week-salary", 52), ("1 DAY", 260), ("hourly", 2_080)),
        ],
    )
    def test_converts_a_period_to_a_year(self, period, factor):
        pay = build_pay(minimum=60_000 / factor, maximum=72_000 / factor, currency="EUR", period=period)

        assert (round(pay.min_annual_salary or 0), round(pay.max_annual_salary or 0)) == (60_000, 72_000)
        assert (pay.salary_currency, pay.min_annual_salary_usd) == ("EUR", None)

    @pytest.mark.parametrize(
        ("minimum", "maximum", "currency", "period"),
        [
            (60_000, 50_000, "USD", "year"),
            (0, 50_000, "USD", "year"),
            (60_000, None, "USD", "year"),
            (60_000, 70_000, "XYZ", "year"),
            (60_000, 70_000, None, "year"),
            (60_000, 70_000, "USD", None),
            (60_000, 70_000, "USD", "1 TIME"),
            (3_000, 4_000, "USD", "year"),
            (200_000, 210_000, "USD", "month"),
            ("text", "text", "USD", "year"),
        ],
    )
    def test_has_no_yearly_pay_for_what_cannot_be_right(self, minimum, maximum, currency, period):
        pay = build_pay(minimum=minimum, maximum=maximum, currency=currency, period=period)

        assert (pay.min_annual_salary, pay.max_annual_salary, pay.salary_currency) == (None, None, None)

    def test_accepts_numbers_as_text_and_sets_the_pay_in_dollars(self):
        pay = build_pay(minimum="100000", maximum="120000.5", currency="usd", period="Yearly")

        assert (pay.min_annual_salary, pay.max_annual_salary_usd) == (100_000, 120_000)
        assert pay.salary_string == "100,000–120,000.5 USD per year"


@pytest.mark.parametrize(
    ("texts", "statuses"),
    [
        (["Full-time"], ("full_time",)),
        (["Full Time", "Experienced"], ("full_time",)),
        (["Vollzeit", "Teilzeit"], ("full_time", "part_time")),
        (["Internship"], ("internship",)),
        (["International EOR"], ()),
        (["Short Term"], ("temporary",)),
        (["Freelancer"], ("contract",)),
        ([None, 7, ""], ()),
    ],
)
def test_reads_employment_statuses_from_whole_words(texts, statuses):
    assert list_statuses(*texts) == statuses


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Remote", (True, False)),
        ("hybrid", (False, True)),
        ("on-site", (False, False)),
        ("OnSite", (False, False)),
        ("unspecified", (None, None)),
        (None, (None, None)),
        (["Remote"], (None, None)),
    ],
)
def test_reads_the_workplace(value, expected):
    assert read_workplace(value) == expected


@pytest.mark.parametrize(
    ("label", "place", "country"),
    [
        ("Hybrid - London", "London, United Kingdom", "GB"),
        ("Remote, Italy", "Remote", "IT"),
        ("Leipzig, Sachsen", "Leipzig, Germany", "DE"),
        (None, "Unknown", None),
    ],
)
def test_reads_the_place_of_a_label(label, place, country):
    fields = build_place_fields(label=label)

    assert (fields["place"], fields["country_code"]) == (place, country)


@pytest.mark.parametrize("value", [1_763_640_000, 1_763_640_000_000, "1763640000"])
def test_reads_seconds_and_milliseconds(value):
    assert read_timestamp(value) == datetime(2025, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, -1, 0, 1e30, "soon", True, float("nan")])
def test_reads_no_time_from_other_values(value):
    assert read_timestamp(value) is None
