"""Endpoints under /skills: skill search, name normalization and extraction from text."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.filters import BaseFilterBackend
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from career_navigator.api.pagination import EnvelopePagination
from career_navigator.api.viewsets import PublicViewSet
from market.selectors import get_skill_market
from skills import serializers
from skills.extraction import SkillSpan
from skills.selectors import get_extractor, get_vocabulary
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary, find_skills


class SkillPagination(EnvelopePagination):
    """Pagination that returns the page under `skills`."""

    result_key = "skills"


class SkillFilterBackend(BaseFilterBackend):
    """Filter of the vocabulary by `query`, `category`, `subcategory` and `kind`."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filters = {
            name: view.query[name] for name in ("query", "category", "subcategory", "kind") if name in view.query
        }
        return find_skills(vocabulary=queryset, **filters)


class SkillViewSet(ListModelMixin, RetrieveModelMixin, PublicViewSet):
    """Public endpoints for the skill vocabulary."""

    serializer_class = serializers.SkillSerializer
    action_options = {
        "list": {"operation_id": "skills_list", "query_serializer_class": serializers.SkillsQuery},
        "retrieve": {"serializer_class": serializers.SkillInMarketSerializer},
    }
    pagination_class = SkillPagination
    filter_backends = [SkillFilterBackend]
    lookup_url_kwarg = "name"
    # A skill name can contain a slash, as in "ci/cd".
    lookup_value_regex = ".*?[^/]"

    def get_queryset(self) -> Any:
        return get_vocabulary()

    def get_object(self) -> dict[str, Any]:
        """Return the skill named in the path, in any spelling, with its market stats.

        Raises:
            NotFound: Neither the vocabulary nor a recent posting contains the skill.
        """
        vocabulary, name = get_vocabulary(), self.kwargs["name"]
        entry = vocabulary.get(name) if len(name) <= serializers.MAX_NAME_LENGTH else None
        skill = entry or _build_unlisted_skill(name, vocabulary)
        if skill is None or not skill.is_skill:
            raise NotFound("This skill does not exist.", "skill_not_found")
        market = get_skill_market(skill=skill.name, now=timezone.now())
        if entry is None and not market.count:
            raise NotFound("This skill does not exist.", "skill_not_found")
        return asdict(skill) | {"market": market}

    def list(self, request: Request) -> Response:
        """Search the skill vocabulary.

        `query` matches the beginning of a name, an alias or a word in them. Without `query`, all skills are listed.
        """
        return super().list(request)

    def retrieve(self, request: Request, name: str) -> Response:
        """Return a skill and its share of the job market.

        The name can be in any spelling. The response includes the skill's aliases, prerequisites and related skills,
        and the number of postings in the last 30 days that require the skill.
        """
        return super().retrieve(request)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.NamesSerializer,
        serializer_class=serializers.NormalizedNamesSerializer,
    )
    def normalize(self, request: Request) -> Response:
        """Return the canonical names of skills in any spelling.

        Names that are not skills, and names that the vocabulary does not contain, are listed separately.
        """
        vocabulary = get_vocabulary()
        recognized, not_skills, unrecognized = [], [], []
        for name in filter(str.strip, self.body["skills"]):
            skill = vocabulary.get(name)
            if skill is None:
                unrecognized.append(name)
            elif skill.is_skill:
                recognized.append({"given": name, "skill": skill.name})
            else:
                not_skills.append(name)
        names = {
            "skills": list(dict.fromkeys(match["skill"] for match in recognized)),
            "recognized": recognized,
            "not_skills": not_skills,
            "unrecognized": unrecognized,
        }
        return Response(self.get_serializer(names).data)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=serializers.TextSerializer,
        serializer_class=serializers.ExtractionSerializer,
        # The most CPU time an anonymous request can use: up to 0.3 s.
        throttle_scope="extract_address",
    )
    def extract(self, request: Request) -> Response:
        """Extract the skills from a text, with the position of each mention.

        The text can be a posting or a resume. Everyday words that are spelled like a skill ("go fast") are ignored.
        """
        text = self.body["text"]
        by_skill: dict[str, list[SkillSpan]] = {}
        for span in get_extractor().find_spans(text):
            by_skill.setdefault(span.skill, []).append(span)
        skills = {
            category: [{"skill": name, "spans": by_skill[name]} for name in names]
            for category, names in get_vocabulary().get_skill_categories(by_skill).items()
        }
        return Response(self.get_serializer({"skills": skills, "total": len(by_skill)}).data)


def _build_unlisted_skill(name: str, vocabulary: Vocabulary) -> Skill | None:
    """Build a skill for a name that is not in the vocabulary, spelled as postings store an unknown slug."""
    readable = vocabulary.map_technology_slugs([name]) if len(name) <= serializers.MAX_NAME_LENGTH else []
    return Skill(name=readable[0], display_name=readable[0], category=DEFAULT_CATEGORY) if readable else None
