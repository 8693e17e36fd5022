"""Factories for postings as a source returns them, and for documents stored without a service."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from bson import ObjectId
from django.utils import timezone
from factory.base import Factory
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence

from accounts.documents import User
from accounts.resumes.documents import Resume
from accounts.searches.documents import SavedSearch
from career_navigator.documents import TaskRunDocument
from ingestion.documents import CollectedRole, CollectionRunDocument
from learning.documents import LearningResourceDocument
from market.posting import Posting
from projects.documents import ProjectIdeaDocument
from projects.ideas import Idea
from skills.documents import SkillDocument

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
T = TypeVar("T")


class DocumentFactory(Factory[T]):
    """A factory that stores MongoEngine documents of type `T`.

    Type checkers know the result of `create()` and `build()`, but not that of calling the class.
    """

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: type[T], *args: Any, **fields: Any) -> T:
        document: Any = model_class(*args, **fields)
        document.save()
        return document


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


class PostingFactory(Factory[Posting]):
    class Meta:
        model = Posting

    source = "theirstack"
    job_id = Sequence(str)
    url = LazyAttribute(lambda o: f"https://jobs.example.com/{o.job_id}" if o.job_id else None)
    title = "Backend Developer"
    company = "Acme"
    # Postings of one employer with equal texts would be copies of one advert.
    description = Sequence("We build things, number {}.".format)
    location = "Austin, TX"
    place = "Austin, TX"
    technology_slugs = ("python",)
    date_posted = TODAY


class IdeaFactory(Factory[Idea]):
    class Meta:
        model = Idea

    id = Sequence(int)
    title = LazyAttribute(lambda o: f"Project {o.id}")
    description = ""
    difficulty = "Beginner"
    estimated_time = "1 week"
    skills = ("a",)
    features = ()
    roles = ("Backend Developer",)
    outcome = ""
    stretch = ()


class UserFactory(DocumentFactory[User]):
    class Meta:
        model = User

    email = Sequence("ann{}@example.org".format)
    hashed_password = "x"
    full_name = "Ann"
    created_at = LazyFunction(timezone.now)
    updated_at = SelfAttribute("created_at")


class ResumeFactory(DocumentFactory[Resume]):
    class Meta:
        model = Resume

    user = LazyFunction(ObjectId)
    source = "upload"
    status = "ready"
    version = Sequence(lambda n: n + 1)
    created_at = LazyFunction(timezone.now)


class SavedSearchFactory(DocumentFactory[SavedSearch]):
    class Meta:
        model = SavedSearch

    user = LazyFunction(ObjectId)
    number = 0
    name = "Mine"
    created_at = LazyFunction(timezone.now)
    updated_at = SelfAttribute("created_at")
    since = SelfAttribute("created_at")
    mailed_since = SelfAttribute("created_at")


class TaskRunFactory(DocumentFactory[TaskRunDocument]):
    """Factory for finished runs. `due_at`, if given, is also the time of the run."""

    class Meta:
        model = TaskRunDocument

    task = "something"
    status = "finished"
    created_at = LazyAttribute(lambda o: getattr(o, "due_at", None) or timezone.now())


class CollectionRunFactory(DocumentFactory[CollectionRunDocument]):
    class Meta:
        model = CollectionRunDocument

    trigger = "command"
    created_at = LazyFunction(timezone.now)


class CollectedRoleFactory(DocumentFactory[CollectedRole]):
    class Meta:
        model = CollectedRole

    role = "backend developer"
    place = "Berlin"


class SkillFactory(DocumentFactory[SkillDocument]):
    class Meta:
        model = SkillDocument

    name = Sequence("skill {}".format)
    display_name = LazyAttribute(lambda o: o.name.title())


class LearningResourceFactory(DocumentFactory[LearningResourceDocument]):
    class Meta:
        model = LearningResourceDocument

    skill = "python"
    type = "Video"
    title = Sequence("Lesson {}".format)
    url = LazyAttribute(lambda o: f"https://example.org/{o.title.replace(' ', '-').lower()}")
    description = "Teaches it well."
    level = "Beginner"


class ProjectIdeaFactory(DocumentFactory[ProjectIdeaDocument]):
    class Meta:
        model = ProjectIdeaDocument

    id = Sequence(lambda n: n + 1_000)
    title = "Library"
    description = "Lend books. Then mend them."
    difficulty = "Beginner"
    estimated_time = "1 week"
    skills = ("python",)
