"""Postings as a source might give them."""

from datetime import UTC, date, datetime, timedelta

import factory

from market.posting import Posting

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


class PostingFactory(factory.Factory):
    class Meta:
        model = Posting

    source = "theirstack"
    job_id = factory.Sequence(str)
    url = factory.LazyAttribute(lambda o: f"https://jobs.example.com/{o.job_id}" if o.job_id else None)
    title = "Backend Developer"
    company = "Acme"
    description = "We build things."
    location = "Austin, TX"
    place = "Austin, TX"
    technology_slugs = ("python",)
    date_posted = TODAY
