"""Settling what collection met and the vocabulary does not know."""

from datetime import datetime

from mongoengine.errors import NotUniqueError

from skills.documents import SkillDocument, UnknownSlug
from skills.names import spelling_key
from skills.selectors import vocabulary


class UnsettledSlugError(ValueError):
    """A slug that cannot be settled so. `reason` is stable: `unknown_skill` or `known`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def settle_as_alias(*, slug: str, skill: str, now: datetime) -> None:
    """Let the slug mean a skill that the vocabulary has. Raises `UnsettledSlugError`."""
    # One atomic update, as two curators may settle slugs of one skill at once; saving is what tells every process.
    document = SkillDocument.objects(name=skill).modify(add_to_set__slugs=slug, set__updated_at=now, new=True)
    if document is None:
        raise UnsettledSlugError("unknown_skill", f"The vocabulary has no skill {skill!r}.")
    document.save()
    UnknownSlug.objects(slug=slug).delete()


def settle_as_new(*, slug: str, is_skill: bool, now: datetime) -> SkillDocument:
    """Let the slug be an entry of its own: a skill, or something adverts mention that nobody learns.

    Raises `UnsettledSlugError` when the vocabulary knows the spelling by now.
    """
    known = next((each for each in vocabulary() if spelling_key(each.name) == spelling_key(slug)), None)
    if known is not None:
        raise UnsettledSlugError("known", f"The vocabulary has {known.name!r} already.")
    name = spelling_key(slug) or slug.lower()
    words = name.split()
    document = SkillDocument(
        name=name,
        display_name=" ".join(word[:1].upper() + word[1:] for word in words),
        slugs=[slug],
        is_skill=is_skill,
        updated_at=now,
    )
    try:
        document.save(force_insert=True)
    except NotUniqueError as error:
        # Somebody settled another spelling of it since this process read the vocabulary.
        raise UnsettledSlugError("known", f"The vocabulary has {name!r} already.") from error
    UnknownSlug.objects(slug=slug).delete()
    return document
