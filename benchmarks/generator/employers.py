"""Fictitious employers in the format of the source. All their URLs are on example.com."""

from functools import cache
from typing import Any

from benchmarks.generator.skills import SKILL_NAMES

_FIRST_WORDS = (
    "Amberwick",
    "Brightfern",
    "Calderoak",
    "Dovemoor",
    "Elmstead",
    "Fennimore",
    "Glasswell",
    "Hartleaf",
    "Ironbeck",
    "Juneberry",
    "Kestrelby",
    "Larkhollow",
    "Mossgrove",
    "Northfold",
    "Oakenshire",
    "Pinebarrow",
    "Quillstone",
    "Rowanmere",
    "Silverlea",
    "Thistledown",
    "Umberfield",
    "Vinterby",
    "Willowcombe",
    "Yarrowgate",
    "Zephyrwood",
    "Copperhale",
    "Driftmere",
    "Fallowmead",
    "Greywether",
    "Honeycroft",
)
_SECOND_WORDS = (
    "Labs",
    "Systems",
    "Health",
    "Logistics",
    "Bank",
    "Software",
    "Energy",
    "Retail",
    "Insurance",
    "Mobility",
    "Media",
    "Robotics",
    "Education",
    "Analytics",
    "Payments",
    "Networks",
    "Travel",
    "Foods",
    "Aerospace",
    "Consulting",
)
# Per second word of a name: the industry, its id at the source, and a half-sentence for adverts.
_TRADES: dict[str, tuple[str, int, str]] = {
    "Labs": ("Software Development", 4, "turns inventions into products that small companies can afford"),
    "Systems": ("IT Services and IT Consulting", 96, "runs the systems that public services depend on"),
    "Health": ("Hospitals and Health Care", 14, "helps clinics spend less time on paper and more with patients"),
    "Logistics": ("Transportation and Logistics", 116, "moves parcels through warehouses on three continents"),
    "Bank": ("Banking", 41, "offers accounts and loans to people and small firms"),
    "Software": ("Software Development", 4, "makes planning software for construction companies"),
    "Energy": ("Utilities", 59, "balances wind and solar power across regional grids"),
    "Retail": ("Retail", 27, "sells household goods online and in four hundred shops"),
    "Insurance": ("Insurance", 42, "insures homes, bicycles and small businesses"),
    "Mobility": ("Motor Vehicle Manufacturing", 53, "rents electric scooters and vans by the minute"),
    "Media": ("Online Media", 113, "publishes news and podcasts in eleven languages"),
    "Robotics": ("Automation Machinery Manufacturing", 147, "builds robots that sort and pack fruit"),
    "Education": ("E-Learning Providers", 132, "brings courses and exams to universities and their students"),
    "Analytics": ("Information Services", 84, "tells shops what their customers will want next season"),
    "Payments": ("Financial Services", 43, "processes card and bank payments for online merchants"),
    "Networks": ("Telecommunications", 8, "connects rural towns to fast and affordable internet"),
    "Travel": ("Travel Arrangements", 30, "plans and books journeys for groups and companies"),
    "Foods": ("Food and Beverage Services", 32, "delivers groceries from local farms"),
    "Aerospace": ("Aviation and Aerospace", 94, "operates small satellites that watch crops and forests"),
    "Consulting": ("Business Consulting", 11, "advises manufacturers on their digital projects"),
}
_SIZES = ((24, "11-50"), (130, "51-200"), (410, "201-500"), (780, "501-1000"), (2900, "1001-5000"), (14000, "10001+"))


@cache
def load_employers() -> tuple[dict[str, Any], ...]:
    """Return 600 company objects in a fixed order, each with technology lists as long as real ones."""
    return tuple(
        _build_company(first_word, second_word, i * len(_SECOND_WORDS) + j)
        for i, first_word in enumerate(_FIRST_WORDS)
        for j, second_word in enumerate(_SECOND_WORDS)
    )


def describe_trade(name: str) -> str:
    """Return the end of a sentence that says what the employer with this name does."""
    return _TRADES[name.rsplit(" ", 1)[1]][2]


def _build_company(first_word: str, second_word: str, number: int) -> dict[str, Any]:
    name = f"{first_word} {second_word}"
    slug = f"{first_word}-{second_word}".lower()
    industry, industry_id, _ = _TRADES[second_word]
    employees, size_range = _SIZES[number % len(_SIZES)]
    technologies = sorted(SKILL_NAMES)[number % 40 :: 2]
    return {
        "id": f"demo-{number:04d}",
        "name": name,
        "domain": f"{slug}.example.com",
        "url": f"https://{slug}.example.com",
        "linkedin_url": f"https://social.example.com/company/{slug}",
        "logo": f"https://{slug}.example.com/logo.png",
        "industry": industry,
        "industry_id": industry_id,
        "country": "United States",
        "country_code": "US",
        "city": None,
        "employee_count": employees + number,
        "employee_count_range": size_range,
        "founded_year": 1980 + number % 44,
        "funding_stage": None,
        "is_recruiting_agency": number % 23 == 0,
        "num_jobs": 20 + number % 300,
        "num_technologies": len(technologies),
        "technology_slugs": technologies,
        "technology_names": [SKILL_NAMES[slug] for slug in technologies],
        "has_blurred_data": False,
    }
