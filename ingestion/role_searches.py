"""Search requests to TheirStack for a role in a place, and the check whether a result belongs to the role."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from market.geo.labels import parse_place_label
from market.geo.names import Place, get_state_name, list_city_spellings
from market.roles import normalize_role, title_names_role

# Each line has a role and its other titles, as whole phrases. TheirStack matches all words of a phrase in any order, so
# a bare "Engineer" or "Backend" would return, and charge for, postings of many other roles. Spellings such as
# "Full-stack" and "Fullstack" are both listed, because TheirStack does not document whether it treats them as the same.
_VARIATIONS = """
Software Engineer: Software Developer, SDE, Software Development Engineer
Backend Developer: Back-end Developer, Backend Engineer, Back-end Engineer
Frontend Developer: Front-end Developer, Frontend Engineer, Front-end Engineer, UI Developer, UI Engineer
Full Stack Developer: Full Stack, Fullstack Developer, Full-stack Developer, Full Stack Engineer, Fullstack Engineer
Web Developer: Web Engineer, Web Application Developer
Mobile Developer: Mobile Engineer, Mobile App Developer, Mobile Application Developer
iOS Developer: iOS Engineer, Swift Developer
Android Developer: Android Engineer, Android App Developer
React Developer: React Engineer, ReactJS Developer, React.js Developer
React Native Developer: React Native Engineer
Angular Developer: Angular Engineer, AngularJS Developer
Vue Developer: Vue Engineer, Vue.js Developer, VueJS Developer
Node.js Developer: Node.js Engineer, NodeJS Developer, Node Developer, Node Engineer
JavaScript Developer: JavaScript Engineer, TypeScript Developer, TypeScript Engineer
Python Developer: Python Engineer, Python Software Engineer, Django Developer
Java Developer: Java Engineer, Java Software Engineer, Spring Boot Developer
.NET Developer: .NET Engineer, C# Developer, C# Engineer, Dot Net Developer
C++ Developer: C++ Engineer, C++ Software Engineer
Go Developer: Golang Developer, Golang Engineer, Go Engineer
Rust Developer: Rust Engineer, Rust Software Engineer
PHP Developer: PHP Engineer, Laravel Developer
Ruby Developer: Ruby Engineer, Ruby on Rails Developer, Ruby on Rails Engineer, Rails Developer
Scala Developer: Scala Engineer
Salesforce Developer: Salesforce Engineer
SAP Developer: ABAP Developer, SAP ABAP Developer
Blockchain Developer: Blockchain Engineer, Smart Contract Developer, Smart Contract Engineer, Web3 Developer
Game Developer: Game Engineer, Game Programmer, Gameplay Programmer, Gameplay Engineer, Unity Developer
Embedded Engineer: Embedded Software Engineer, Embedded Developer, Embedded Systems Engineer, Firmware Engineer
Robotics Engineer: Robotics Software Engineer
Data Scientist: Data Science Engineer, Applied Scientist
Data Engineer: Data Platform Engineer, Big Data Engineer, ETL Developer, ETL Engineer
Data Analyst: Data Analytics Specialist, Analytics Analyst, Reporting Analyst
Analytics Engineer: BI Engineer, Business Intelligence Engineer
BI Developer: Business Intelligence Developer, BI Engineer, Business Intelligence Engineer, Power BI Developer
Business Analyst: Business Systems Analyst, IT Business Analyst
Data Architect: Data Solutions Architect, Data Platform Architect
Database Administrator: DBA, Database Engineer
Machine Learning Engineer: ML Engineer, Machine Learning Developer, Machine Learning Software Engineer
MLOps Engineer: ML Ops Engineer, Machine Learning Operations Engineer, ML Platform Engineer, ML Infrastructure Engineer
AI Engineer: Artificial Intelligence Engineer, AI Developer, AI/ML Engineer, Generative AI Engineer, LLM Engineer
NLP Engineer: Natural Language Processing Engineer, NLP Scientist
Computer Vision Engineer: Computer Vision Developer, Computer Vision Scientist
Research Scientist: Machine Learning Researcher, AI Researcher, AI Research Scientist
Prompt Engineer: AI Prompt Engineer
DevOps Engineer: DevOps Developer, Dev Ops Engineer, SRE, Site Reliability Engineer, Platform Engineer
Site Reliability Engineer: SRE, Site Reliability Developer
Platform Engineer: Infrastructure Engineer, Cloud Platform Engineer
Cloud Engineer: Cloud Developer, Cloud Infrastructure Engineer, AWS Engineer, Azure Engineer, GCP Engineer
AWS Architect: Solutions Architect, Cloud Architect, AWS Solutions Architect, AWS Cloud Architect
Cloud Architect: Cloud Solutions Architect, Cloud Solution Architect
Solutions Architect: Solution Architect
Software Architect: Application Architect, Software Solutions Architect
Security Engineer: Cybersecurity Engineer, Cyber Security Engineer, Information Security Engineer
Security Analyst: Cybersecurity Analyst, Cyber Security Analyst, Information Security Analyst, SOC Analyst
Penetration Tester: Penetration Testing Engineer, Pen Tester, Ethical Hacker, Offensive Security Engineer
Network Engineer: Network Administrator, Network Infrastructure Engineer
Systems Administrator: System Administrator, Sysadmin, Linux Administrator, Windows Administrator
Systems Engineer: System Engineer, Linux Engineer
IT Support Specialist: IT Support Engineer, IT Support Technician, Help Desk Technician, Desktop Support Technician
QA Engineer: Quality Assurance Engineer, Software Test Engineer, QA Analyst, Software Tester
QA Automation Engineer: Test Automation Engineer, Automation Test Engineer, SDET, Software Development Engineer in Test
Product Manager: Technical Product Manager, Digital Product Manager, Product Owner
Project Manager: Technical Project Manager, IT Project Manager
Scrum Master: Agile Coach, Agile Scrum Master
Technical Program Manager: Engineering Program Manager
Engineering Manager: Software Engineering Manager, Software Development Manager
UX Designer: User Experience Designer, UI/UX Designer, UX/UI Designer, Product Designer, Interaction Designer
UI Designer: User Interface Designer, UI/UX Designer, Visual Designer
UX Researcher: User Experience Researcher, User Researcher
Technical Writer: Documentation Engineer, Documentation Writer
Developer Advocate: Developer Relations Engineer, Developer Evangelist
"""

# By words of the role: phrases that its search also finds although they name another role.
EXCLUSIONS: dict[str, tuple[str, ...]] = {
    "data architect": ("data center", "data centre"),
    "data engineer": ("data center", "data centre"),
    "go": ("go to market",),
    "java": ("javascript", "java script"),
    "product manager": ("product marketing",),
    "react": ("react native",),
}

# Phrases to exclude only from the results, not in the request. TheirStack matches words in any order, and so would also
# exclude "Product Manager, Marketing Platform". A search for the word "java" does not return "JavaScript" anyway.
EXCLUDED_FROM_RESULTS = frozenset(
    {"data center", "data centre", "java script", "javascript", "product marketing"},
)

DEFAULT_ROLES = (
    "Software Engineer",
    "Data Scientist",
    "DevOps Engineer",
    "Frontend Developer",
    "Backend Developer",
    "Full Stack Developer",
    "Machine Learning Engineer",
    "Product Manager",
)
DEFAULT_PLACES = ("United States", "Remote")

# Special characters of regular expressions. `re.escape` would also escape spaces, which other engines may reject.
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


@cache
def load_role_variations() -> dict[str, tuple[str, ...]]:
    """Return the table of roles: by normalized role, the role's title followed by its other titles."""
    table = {}
    for line in _VARIATIONS.strip().splitlines():
        role, _, others = line.partition(": ")
        table[normalize_role(role)] = (role, *others.split(", "))
    return table


@lru_cache(maxsize=4_096)
def list_role_variations(role: str) -> tuple[str, ...]:
    """Return the titles to search for: the role as written, then its other titles.

    For a role that is not in the table, the only other title swaps a final "developer" and "engineer". Returns an empty
    tuple for a role without words.
    """
    key = normalize_role(role)
    if not key:
        return ()
    others = load_role_variations().get(key)
    if others is None:
        others = _swap_words(role)
    distinct: dict[str, str] = {}
    for variation in (" ".join(role.split()), *others):
        distinct.setdefault(variation.casefold(), variation)
    return tuple(distinct.values())


def _swap_words(role: str) -> tuple[str, ...]:
    *before, last = role.split()
    other = {"developer": "Engineer", "engineer": "Developer"}.get(last.casefold())
    return (" ".join((*before, other)),) if before and other else ()


def list_excluded_title_phrases(role: str) -> tuple[str, ...]:
    """Return phrases of similar titles that name another role, such as "react native" for "React Developer"."""
    return tuple(
        phrase
        for words, phrases in EXCLUSIONS.items()
        if title_names_role(title=role, role=words)
        for phrase in phrases
        if not title_names_role(title=role, role=phrase)
    )


def belongs_to_search(*, role: str, title: str) -> bool:
    """Return whether a posting found by a search for the role really belongs to the role.

    Only excluded phrases count against a posting. "React Native Developer" is not a React developer's job, while
    "React / React Native Developer" also names the role and is accepted.
    """
    rest = f" {normalize_role(title)} "
    excluded = False
    for phrase in list_excluded_title_phrases(role):
        words_of_phrase = f" {normalize_role(phrase)} "
        while words_of_phrase in rest:
            excluded = True
            rest = rest.replace(words_of_phrase, " ")
    if not excluded:
        return True
    words = set(rest.split())
    return any(words.issuperset(normalize_role(variation).split()) for variation in list_role_variations(role))


def build_search_payload(
    *,
    role: str,
    place: str,
    max_age_days: int,
    limit: int,
    page: int,
    discovered_since: datetime | None,
    known_job_ids: Sequence[int] = (),
    offset: int = 0,
) -> dict[str, Any]:
    """Build the body of a search for a role in a place.

    `page` counts from zero. An empty `place` means anywhere. `offset` is the number of rows to skip before the first
    page. `discovered_since` must be timezone-aware. `known_job_ids` are postings that were already paid for and that
    the search would return again, because they were discovered in its first second. Raises ValueError for a role
    without words.
    """
    titles = list_role_variations(role)
    if not titles:
        raise ValueError(f"a role to search for must contain at least one word, got {role!r}")
    payload: dict[str, Any] = {
        "job_title_or": list(titles),
        # Always sent: the API rejects searches without a filter on the posting date.
        "posted_at_max_age_days": max_age_days,
        "limit": limit,
        "page": page,
    }
    excluded = _list_excluded_in_request(role)
    if excluded:
        payload["job_title_not"] = list(excluded)
    payload |= _build_place_filters(place)
    if discovered_since is not None:
        payload["discovered_at_gte"] = _format_utc_seconds(discovered_since)
    if known_job_ids:
        payload["job_id_not"] = list(known_job_ids)
    if offset:
        payload["offset"] = offset
    return payload


def _list_excluded_in_request(role: str) -> tuple[str, ...]:
    """Return the excluded phrases that the request may name without also excluding titles of the role."""
    return tuple(phrase for phrase in list_excluded_title_phrases(role) if phrase not in EXCLUDED_FROM_RESULTS)


def _build_place_filters(label: str) -> dict[str, Any]:
    if not label.strip():
        return {}
    place = parse_place_label(label)
    filters: dict[str, Any] = {}
    if place.remote and not place.city:
        filters["remote"] = True
    if place.country_code:
        filters["job_country_code_or"] = [place.country_code]
    names = _list_place_names(place)
    if not filters and not names:
        names = (" ".join(label.split()),)
    if names:
        filters["job_location_pattern_or"] = [_SPECIAL.sub(r"\\\g<0>", name) for name in names]
    return filters


def _list_place_names(place: Place) -> tuple[str, ...]:
    """Return the names that a job's location may use for the place, if the place is smaller than a country."""
    if place.city:
        names = list_city_spellings(place.city)
    elif place.remote:
        names = ()  # a remote job names at most its country
    elif place.state_code:
        names = (get_state_name(code=place.state_code),)
    else:
        names = tuple(name for name in (place.region, place.area) if name)
    return tuple(dict.fromkeys(spelling for name in names for spelling in (name, _strip_accents(name))))


def _strip_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _format_utc_seconds(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("discovered_since must be timezone-aware")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
