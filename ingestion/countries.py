"""The country a search is to look in, from the place people ask for."""

from market.place_labels import read_place


def country_code_of(place: str) -> str | None:
    """The ISO 3166 alpha-2 code of the country a place names or lies in; None where it says none.

    Names count as wholes: "Indianapolis, IN" is US and "Milwaukee" is not GB.
    """
    return read_place(place).country_code
