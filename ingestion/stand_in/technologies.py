"""The list of technologies the source knows: a small part of its catalogue endpoint."""

from urllib.parse import parse_qs

from ingestion.stand_in.answers import Answer, invalid_field_answer, json_answer
from ingestion.stand_in.catalogue import Catalogue
from ingestion.stand_in.generated_skills import SKILL_NAMES


def technology_list(*, catalogue: Catalogue, query: str) -> Answer:
    """Answer GET /v0/catalog/keywords: the slugs in use with their counts, by `page`, `limit` and `slugs`."""
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        page, limit = int(given.get("page", 0)), int(given.get("limit", 25))
    except ValueError:
        return invalid_field_answer(field="page", kind="int_parsing", message="Input should be a valid integer")
    if page < 0 or limit < 1:
        return invalid_field_answer(field="limit", kind="greater_than_equal", message="Input is too small")
    wanted = set(filter(None, given.get("slugs", "").split(",")))
    items = [
        {
            "name": SKILL_NAMES.get(slug, slug),
            "slug": slug,
            "type": "technology",
            "jobs": jobs,
            "companies": companies,
            "companies_found_last_week": 0,
        }
        for slug, (jobs, companies) in catalogue.slug_counts().items()
        if not wanted or slug in wanted
    ]
    metadata = {"total_results": len(items), "page": page, "limit": limit}
    return json_answer({"data": items[page * limit : (page + 1) * limit], "metadata": metadata})
