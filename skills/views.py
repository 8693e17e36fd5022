"""The endpoints under /skills: the vocabulary and extraction."""

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
from skills import serializers as shapes
from skills.extraction import SkillSpan
from skills.selectors import get_extractor, get_vocabulary
from skills.vocabulary import DEFAULT_CATEGORY, Skill, Vocabulary, find_skills


class SkillPagination(EnvelopePagination):
    result_key = "skills"


class SkillFilterBackend(BaseFilterBackend):
    """Search the vocabulary."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        asked = {name: view.query[name] for name in ("query", "category", "subcategory") if name in view.query}
        return find_skills(vocabulary=queryset, **asked)


class SkillViewSet(ListModelMixin, RetrieveModelMixin, PublicViewSet):
    """The vocabulary; open to everybody."""

    serializer_class = shapes.SkillSerializer
    action_options = {
        "list": {"operation_id": "skills_list", "query_serializer_class": shapes.SkillsQuery},
        "retrieve": {"serializer_class": shapes.SkillInMarketSerializer},
    }
    pagination_class = SkillPagination
    filter_backends = [SkillFilterBackend]
    lookup_url_kwarg = "name"
    # A name may have a slash in it: "ci/cd".
    lookup_value_regex = ".*?[^/]"

    def get_queryset(self) -> Any:
        return get_vocabulary()

    def get_object(self) -> dict[str, Any]:
        """Return the skill of the path, in any spelling, with its market. Raises NotFound."""
        words, name = get_vocabulary(), self.kwargs["name"]
        listed = words.get(name) if len(name) <= shapes.MAX_NAME_LENGTH else None
        skill = listed or _is_unlisted(name, words)
        if skill is None or not skill.is_skill:
            raise NotFound("There is no such skill.", "skill_not_found")
        market = get_skill_market(skill=skill.name, now=timezone.now())
        if listed is None and not market.count:
            raise NotFound("There is no such skill.", "skill_not_found")
        return asdict(skill) | {"market": market}

    def list(self, request: Request) -> Response:
        """Search the skill vocabulary.

        `query` is the beginning of a name or an alias. Without it all skills are listed.
        """
        return super().list(request)

    def retrieve(self, request: Request, name: str) -> Response:
        """Return one skill, in any spelling, and its share of the market.

        With its aliases, what it builds on, related skills, and how many postings of the last 30 days ask for it.
        """
        return super().retrieve(request)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.NamesSerializer,
        serializer_class=shapes.NormalizedNamesSerializer,
    )
    def normalize(self, request: Request) -> Response:
        """Return the canonical names of skills in any spelling.

        What is no known skill is listed apart.
        """
        words = get_vocabulary()
        recognized, not_skills, unrecognized = [], [], []
        for given in filter(str.strip, self.body["skills"]):
            skill = words.get(given)
            if skill is None:
                unrecognized.append(given)
            elif skill.is_skill:
                recognized.append({"given": given, "skill": skill.name})
            else:
                not_skills.append(given)
        names = {
            "skills": list(dict.fromkeys(each["skill"] for each in recognized)),
            "recognized": recognized,
            "not_skills": not_skills,
            "unrecognized": unrecognized,
        }
        return Response(self.get_serializer(names).data)

    @action(
        detail=False,
        methods=["post"],
        request_serializer_class=shapes.TextSerializer,
        serializer_class=shapes.ExtractionSerializer,
        # The most processor time that can be asked for without a token: up to 0.3 s.
        throttle_scope="extract_address",
    )
    def extract(self, request: Request) -> Response:
        """Find the skills that a text asks for, and where.

        For a posting or a resume. Words that only look like skills ("go fast") are not taken for them; each find has
        its positions in the text.
        """
        text = self.body["text"]
        by_skill: dict[str, list[SkillSpan]] = {}
        for span in get_extractor().spans(text):
            by_skill.setdefault(span.skill, []).append(span)
        skills = {
            category: [{"skill": name, "spans": by_skill[name]} for name in names]
            for category, names in get_vocabulary().get_skill_categories(by_skill).items()
        }
        return Response(self.get_serializer({"skills": skills, "total": len(by_skill)}).data)


def _is_unlisted(name: str, words: Vocabulary) -> Skill | None:
    """A skill that only the source's slugs name, the way such a slug is written in postings."""
    readable = words.map_technology_slugs([name]) if len(name) <= shapes.MAX_NAME_LENGTH else []
    return Skill(name=readable[0], display_name=readable[0], category=DEFAULT_CATEGORY) if readable else None
