"""Factories for postings as a source returns them, and for documents stored without a service."""

from datetime import UTC, date, datetime, timedelta

import factory
from bson import ObjectId
from django.utils import timezone
from factory.mongoengine import MongoEngineFactory

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


class IdeaFactory(factory.Factory):
    class Meta:
        model = Idea

    id = factory.Sequence(int)
    title = factory.LazyAttribute(lambda o: f"Project {o.id}")
    description = ""
    difficulty = "Beginner"
    estimated_time = "1 week"
    skills = ("a",)
    features = ()
    roles = ("Backend Developer",)
    outcome = ""
    stretch = ()


class UserFactory(MongoEngineFactory):
    class Meta:
        model = User

    email = factory.Sequence("ann{}@example.org".format)
    hashed_password = "x"
    full_name = "Ann"
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.SelfAttribute("created_at")


class ResumeFactory(MongoEngineFactory):
    class Meta:
        model = Resume

    user = factory.LazyFunction(ObjectId)
    source = "upload"
    status = "ready"
    version = factory.Sequence(lambda n: n + 1)
    created_at = factory.LazyFunction(timezone.now)


class SavedSearchFactory(MongoEngineFactory):
    class Meta:
        model = SavedSearch

    user = factory.LazyFunction(ObjectId)
    number = 0
    name = "Mine"
    created_at = factory.LazyFunction(timezone.now)
    updated_at = factory.SelfAttribute("created_at")
    since = factory.SelfAttribute("created_at")
    mailed_since = factory.SelfAttribute("created_at")


class TaskRunFactory(MongoEngineFactory):
    """Factory for finished runs. `due_at`, if given, is also the time of the run."""

    class Meta:
        model = TaskRunDocument

    task = "something"
    status = "finished"
    created_at = factory.LazyAttribute(lambda o: getattr(o, "due_at", None) or timezone.now())


class CollectionRunFactory(MongoEngineFactory):
    class Meta:
        model = CollectionRunDocument

    trigger = "command"
    created_at = factory.LazyFunction(timezone.now)


class CollectedRoleFactory(MongoEngineFactory):
    class Meta:
        model = CollectedRole

    role = "backend developer"
    place = "Berlin"


class SkillFactory(MongoEngineFactory):
    class Meta:
        model = SkillDocument

    name = factory.Sequence("skill {}".format)
    display_name = factory.LazyAttribute(lambda o: o.name.title())


class LearningResourceFactory(MongoEngineFactory):
    class Meta:
        model = LearningResourceDocument

    skill = "python"
    type = "Video"
    title = factory.Sequence("Lesson {}".format)
    url = factory.LazyAttribute(lambda o: f"https://example.org/{o.title.replace(' ', '-').lower()}")
    description = "Teaches it well."
    level = "Beginner"


class ProjectIdeaFactory(MongoEngineFactory):
    class Meta:
        model = ProjectIdeaDocument

    id = factory.Sequence(lambda n: n + 1_000)
    title = "Library"
    description = "Lend books. Then mend them."
    difficulty = "Beginner"
    estimated_time = "1 week"
    skills = ("python",)
