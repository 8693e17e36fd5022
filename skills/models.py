"""What the admin sees of the vocabulary."""

from career_navigator.mirrors.models import Mirror
from skills import documents


class Skill(Mirror):
    """An entry of the vocabulary."""

    document = documents.SkillDocument

    class Meta:
        ordering = ("name",)


class UnknownSlug(Mirror):
    """A slug that waits to be settled."""

    document = documents.UnknownSlug

    class Meta:
        ordering = ("-count", "slug")
