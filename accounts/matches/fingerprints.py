"""What a match score was computed from, as one short text that changes with any of it. Pure."""

import hashlib
from collections.abc import Mapping

import orjson

from market.jobs.match_score import Opening, Seeker

# Raised whenever the same input comes to have another score.
_RULES = 2


def fingerprint_of(*, seeker: Seeker, opening: Opening, demand: Mapping[str, float]) -> str:
    """Of the profile, the posting, and what the market asks of the posting's skills: no order of theirs matters."""
    said = {
        "rules": _RULES,
        "skills": sorted(seeker.skills),
        "roles": sorted(seeker.desired_roles),
        "years": seeker.experience_years,
        "places": sorted(seeker.preferred_locations),
        "remote": seeker.remote_preference,
        "salary": seeker.expected_salary_usd,
        "title": opening.title,
        "asked": sorted((skill, skill in opening.nice_to_have) for skill in set(opening.skills)),
        "demand": sorted((skill, demand[skill]) for skill in set(opening.skills) & demand.keys()),
        "years_asked": opening.years_asked,
        "where": [opening.place, opening.country_code, sorted(opening.country_codes), opening.remote, opening.hybrid],
        "pay": [opening.min_salary_usd, opening.max_salary_usd],
    }
    return hashlib.blake2b(orjson.dumps(said), digest_size=16).hexdigest()
