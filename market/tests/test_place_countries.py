"""The countries of place labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.geo.labels import parse_place_label


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("United States", "US"),
        ("united states of america", "US"),
        ("USA", "US"),
        ("U.S.", "US"),
        ("us", "US"),
        ("India", "IN"),
        ("United Kingdom", "GB"),
        ("UK", "GB"),
        ("England", "GB"),
        ("Canada", "CA"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("Australia", "AU"),
        ("Singapore", "SG"),
        ("UAE", "AE"),
        ("South Korea", "KR"),
        ("North Korea", "KP"),
        ("Russia", "RU"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Czech Republic", "CZ"),
        ("Viet Nam", "VN"),
        ("Vietnam", "VN"),
        ("Côte d'Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("DEU", "DE"),
        ("FR", "FR"),
        ("Indianapolis, IN", "US"),
        ("San Francisco, CA", "US"),
        ("Lafayette, Georgia", "US"),
        ("Texas", "US"),
        ("Milwaukee", "US"),
        ("Milwaukee, WI", "US"),
        ("Toronto, ON", "CA"),
        ("Toronto, CA", "CA"),
        ("London, UK", "GB"),
        ("London", "GB"),
        ("Paris, FR", "FR"),
        ("Remote - US", "US"),
        ("Remote (Canada)", "CA"),
        # Georgia means the US state, unless a city of the country is named.
        ("Georgia", "US"),
        ("Tbilisi, Georgia", "GE"),
    ],
)
def test_finds_the_country_of_a_place(place, code):
    assert parse_place_label(place).country_code == code


@pytest.mark.parametrize("place", ["", "Remote", "Anywhere", "Europe", "Erewhon", "CA", "DE", "Chadwick", "Omanville"])
def test_finds_no_country_for_an_ambiguous_place(place):
    assert parse_place_label(place).country_code is None


@given(st.text(max_size=60))
def test_the_code_of_any_text_has_two_letters_or_is_none(place):
    code = parse_place_label(place).country_code

    assert code is None or (len(code) == 2 and code.isupper())
