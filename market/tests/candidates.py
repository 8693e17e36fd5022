"""Helpers that sign up users with target roles and store postings of these roles."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from django.test import Client
from django.utils import timezone

from accounts.authentication import start_session
from accounts.documents import User
from accounts.services import register_user
from market.membership import register_role
from market.refresh import refresh_stats
from market.services import store_postings
from tests.factories import PostingFactory

ENTRIES: list[dict[str, Any]] = [
    {"name": "python", "display_name": "Python", "category": "Programming Languages"},
    {"name": "docker", "display_name": "Docker", "category": "Tools/Technologies"},
    {"name": "kubernetes", "display_name": "Kubernetes", "category": "Tools/Technologies", "aliases": ["k8s"]},
    {"name": "postgresql", "display_name": "PostgreSQL", "category": "Databases", "aliases": ["postgres"]},
]


@dataclass
class SignedUpUser:
    """A registered user with an access token."""

    pk: Any
    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **parameters: Any) -> Any:
        return self.client.get(path, parameters, headers={"Authorization": f"Bearer {self.token}"})

    def get_gaps(self, status: int = 200, **parameters: Any) -> dict[str, Any]:
        response = self.get("/skills/gap-analysis", **({"role": "Software Engineer"} | parameters))
        assert response.status_code == status, response.content
        return orjson.loads(response.content)


def sign_up(skills=("Python",), target_roles=("Software Engineer",)) -> SignedUpUser:
    now = timezone.now()
    count = User.objects.count()
    user = register_user(
        email=f"ada{count}@example.org",
        password="Secure-Pass-123",
        full_name="Ada Lovelace",
        skills=list(skills),
        target_roles=list(target_roles),
        now=now,
    ).user
    return SignedUpUser(pk=user.pk, token=start_session(user_id=user.pk, now=now).access_token)


def store(*slug_lists, role="Software Engineer", days_ago=0, refresh=True, **fields):
    now = timezone.now()
    register_role(role=role, now=now)
    day = now.date() - timedelta(days=days_ago)
    # Each of an employer of its own, because adverts of one employer widen the intervals.
    postings = [
        PostingFactory.build(
            title=role,
            technology_slugs=tuple(slugs.split()),
            date_posted=day,
            **{"company": f"Employer {number}"} | fields,
        )
        for number, slugs in enumerate(slug_lists)
    ]
    store_postings(postings=postings, role=role, now=now)
    if refresh:
        refresh_stats(now=now)
