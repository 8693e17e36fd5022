"""The places of generated postings, in the location format of the source."""

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A city. `salary_factor` scales salaries, and `currency_per_usd` converts them to the local currency."""

    weight: float
    city: str
    location: dict[str, Any]
    short_label: str
    long_label: str
    salary_factor: float
    currency: str
    currency_per_usd: float


# city | state (abroad: country) and its code | relative weight | salary in percent | coordinates
_CITIES = """
San Francisco | California CA | 10 | 125 | 37.77, -122.42
New York | New York NY | 11 | 118 | 40.71, -74.01
Seattle | Washington WA | 7 | 118 | 47.61, -122.33
Austin | Texas TX | 6 | 102 | 30.27, -97.74
Boston | Massachusetts MA | 5 | 108 | 42.36, -71.06
Chicago | Illinois IL | 4 | 98 | 41.88, -87.63
Denver | Colorado CO | 3 | 98 | 39.74, -104.99
Los Angeles | California CA | 4 | 108 | 34.05, -118.24
San Jose | California CA | 3 | 124 | 37.34, -121.89
Atlanta | Georgia GA | 3 | 92 | 33.75, -84.39
Dallas | Texas TX | 3 | 94 | 32.78, -96.80
Raleigh | North Carolina NC | 2 | 91 | 35.78, -78.64
Portland | Oregon OR | 1.5 | 97 | 45.52, -122.68
Indianapolis | Indiana IN | 1 | 84 | 39.77, -86.16
Milwaukee | Wisconsin WI | 1 | 84 | 43.04, -87.91
Miami | Florida FL | 1.5 | 90 | 25.76, -80.19
Phoenix | Arizona AZ | 1.5 | 88 | 33.45, -112.07
Minneapolis | Minnesota MN | 1.2 | 92 | 44.98, -93.27
Pittsburgh | Pennsylvania PA | 1 | 88 | 40.44, -80.00
Salt Lake City | Utah UT | 1 | 90 | 40.76, -111.89
"""
_CITIES_ABROAD = """
London | United Kingdom GB | 4 | 80 | 51.51, -0.13
Toronto | Canada CA | 3 | 78 | 43.65, -79.38
Berlin | Germany DE | 3 | 72 | 52.52, 13.41
Munich | Germany DE | 1 | 76 | 48.14, 11.58
Paris | France FR | 1.5 | 68 | 48.86, 2.35
Amsterdam | Netherlands NL | 1.2 | 74 | 52.37, 4.90
Bengaluru | India IN | 4 | 30 | 12.97, 77.59
Hyderabad | India IN | 1.5 | 28 | 17.39, 78.49
Sydney | Australia AU | 1.2 | 82 | -33.87, 151.21
Singapore | Singapore SG | 1.2 | 76 | 1.35, 103.82
Dublin | Ireland IE | 1 | 78 | 53.35, -6.26
Madrid | Spain ES | 1 | 52 | 40.42, -3.70
"""
_CONTINENTS = {"US": "NA", "CA": "NA", "IN": "AS", "SG": "AS", "AU": "OC"}
_CURRENCIES = {
    "US": ("USD", 1.0),
    "GB": ("GBP", 0.79),
    "CA": ("CAD", 1.37),
    "IN": ("INR", 84.0),
    "AU": ("AUD", 1.52),
    "SG": ("SGD", 1.34),
}


@cache
def load_places() -> tuple[Place, ...]:
    """Return all places in a fixed order."""
    us_rows = [(row, True) for row in _CITIES.strip().splitlines()]
    foreign_rows = [(row, False) for row in _CITIES_ABROAD.strip().splitlines()]
    return tuple(_build_place(row, is_us, number) for number, (row, is_us) in enumerate(us_rows + foreign_rows))


def _build_place(row: str, is_us: bool, number: int) -> Place:
    city, region, weight, salary_percent, coordinates = (cell.strip() for cell in row.split("|"))
    region_name, code = region.rsplit(" ", 1)
    latitude, longitude = (float(part) for part in coordinates.split(","))
    state, state_code = (region_name, code) if is_us else (None, None)
    country, country_code = ("United States", "US") if is_us else (region_name, code)
    currency, per_usd = _CURRENCIES.get(country_code, ("EUR", 0.92))
    display_name = ", ".join(part for part in (city, state, country) if part)
    return Place(
        weight=float(weight),
        city=city,
        location={
            "id": 9_000_000 + number,
            "name": city,
            "type": "city",
            "display_name": display_name,
            "state": state,
            "state_code": state_code,
            "admin1_code": state_code,
            "admin1_name": state,
            "country_code": country_code,
            "country_name": country,
            "continent": _CONTINENTS.get(country_code, "EU"),
            "feature_code": "PPL",
            "latitude": latitude,
            "longitude": longitude,
        },
        short_label=f"{city}, {state_code or country}",
        long_label=display_name,
        salary_factor=int(salary_percent) / 100,
        currency=currency,
        currency_per_usd=per_usd,
    )
