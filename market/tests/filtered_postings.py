"""Postings for tests of job filters, and helpers that return the postings a filter matches."""

from typing import Any

from market.documents import JobPostingDocument
from market.jobs.filters import JobFilter, build_job_query
from market.jobs.selectors import NEWEST_FIRST
from market.jobs.serializers import JobFilterSerializer
from market.jobs.services import hide_postings
from market.services import store_postings
from skills.services import seed_skills
from tests.factories import NOW, PostingFactory, days_ago

SKILLS: list[dict[str, Any]] = [
    {"name": "python", "category": "Programming Languages", "display_name": "Python"},
    {"name": "nodejs", "category": "Frameworks/Libraries", "display_name": "Node.js", "slugs": ["node-js"]},
    {"name": "react", "category": "Frameworks/Libraries", "display_name": "React"},
    {"name": "react native", "category": "Frameworks/Libraries", "slugs": ["react-native"]},
    {"name": "c++", "category": "Programming Languages", "display_name": "C++", "slugs": ["cpp"]},
    {"name": "greenhouse", "category": "Tools/Technologies", "is_skill": False},
]


POSTINGS: dict[str, dict[str, Any]] = {
    "austin": {"title": "Senior Back-End Developer", "technology_slugs": ("python", "node-js"), "seniority": "senior"},
    "berlin": {
        "title": "Data Engineer",
        "company": "ACME, Inc.",
        "place": "Berlin, Germany",
        "country_code": "DE",
        "technology_slugs": ("python",),
        "hybrid": True,
        "salary_currency": "EUR",
        "min_annual_salary": 60_000.0,
        "max_annual_salary": 80_000.0,
        "min_annual_salary_usd": 65_000,
        "max_annual_salary_usd": 87_000,
        "date_posted": days_ago(1),
    },
    "remote": {
        "title": "C++ Engineer",
        "company": "Ädler & Söhne",
        "place": "Remote",
        "country_code": "US",
        "technology_slugs": ("cpp",),
        "remote": True,
        "date_posted": days_ago(2),
    },
    "mobile": {
        "title": "React Native Developer (Remote)",
        "company": "$where",
        "place": "San Francisco, CA",
        "country_code": "US",
        "country_codes": ("US", "CA"),
        "technology_slugs": ("react-native",),
        "remote": False,
        "seniority": "junior",
        "salary_currency": "USD",
        "max_annual_salary": 150_000.0,
        "max_annual_salary_usd": 150_000,
        "date_posted": days_ago(6),
    },
    "web": {
        "title": "React Developer",
        "company": ".*",
        "place": "San Diego, CA",
        "country_code": "US",
        "technology_slugs": ("react",),
        "min_annual_salary_usd": 100_000,
        "date_posted": days_ago(7),
    },
}


def store():
    seed_skills(entries=SKILLS, now=NOW)
    postings = [
        PostingFactory.build(**({"job_id": name, "company": "Acme", "country_code": "US"} | fields))
        for name, fields in POSTINGS.items()
    ]
    store_postings(postings=postings, now=NOW)
    store_postings(postings=[PostingFactory.build(job_id="hidden", country_code="US")], now=NOW)
    hide_postings(ids=[JobPostingDocument.objects.get(job_id="hidden").pk], hidden=True, now=NOW)


def parse_filter(body) -> JobFilter:
    serializer = JobFilterSerializer(data=body)
    serializer.is_valid(raise_exception=True)
    return serializer.job_filter


def find_rows(mongo, body):
    return list(mongo.job_postings.find(build_job_query(parse_filter(body), now=NOW)).sort(NEWEST_FIRST))


def find_job_ids(mongo, body) -> set[str]:
    return {row["job_id"] for row in find_rows(mongo, body)}
