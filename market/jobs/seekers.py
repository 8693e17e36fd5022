"""A person's profile as something to be matched."""

from collections.abc import Collection, Iterable

from career_navigator.api.current_user import CurrentUser
from market.geo.labels import parse_place_label
from market.geo.names import REMOTE as ANYWHERE
from skills.matching.sides import REMOTE, Seeker


def seeker_of(caller: CurrentUser, held: Collection[str]) -> Seeker:
    """The caller with the (canonical) skills that they hold. Who names no place prefers the one where they live.

    Pay that is expected in another currency than USD is not compared: nobody here knows a rate.
    """
    places = tuple(dict.fromkeys(_places(caller.preferred_locations or ([caller.location] if caller.location else []))))
    wish = caller.remote_preference
    in_usd = (caller.expected_salary_currency or "USD").upper() == "USD"
    return Seeker(
        skills=frozenset(held),
        desired_roles=tuple(caller.target_roles),
        experience_years=caller.experience_years,
        preferred_locations=tuple(place for place in places if place != ANYWHERE),
        remote_preference=REMOTE if wish is None and ANYWHERE in places else wish,
        expected_salary_usd=caller.expected_salary if in_usd else None,
    )


def _places(labels: Iterable[str]) -> Iterable[str]:
    """Each label as `Seeker.preferred_locations` has it: "Germany" is DE, "Texas" US-TX. A whole part of the world,
    of which nobody here knows the countries, is left out."""
    for label in labels:
        place = parse_place_label(label)
        if place.remote:
            yield ANYWHERE
        if place.city:
            yield place.label
        elif place.state_code:
            yield f"US-{place.state_code}"
        elif place.country_code:
            yield place.country_code
