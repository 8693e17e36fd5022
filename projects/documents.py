"""Documents for project ideas and for users' progress with projects."""

from mongoengine import BooleanField, DateTimeField, IntField, ListField, ObjectIdField, StringField

from career_navigator.db.catalogues import CuratedDocument, ProgressLog
from career_navigator.documents import StoredDocument
from projects.ideas import CATALOGUE, DIFFICULTIES

MAX_URL_LENGTH = 2_000
STATUSES = ("started", "finished")


class ProjectIdeaDocument(CuratedDocument):
    """A stored project idea. The fields are described in `projects.ideas.Idea`."""

    id = IntField(primary_key=True, min_value=1, max_value=2**31 - 1)
    title = StringField(required=True, min_length=1, max_length=200)
    description = StringField(required=True, min_length=1, max_length=2_000)
    difficulty = StringField(required=True, choices=DIFFICULTIES)
    estimated_time = StringField(required=True, min_length=1, max_length=50)
    skills = ListField(StringField(min_length=1, max_length=100), required=True)
    features = ListField(StringField(max_length=500))
    roles = ListField(StringField(max_length=100))
    outcome = StringField(default="", max_length=1_000)
    stretch = ListField(StringField(max_length=500))
    # Hidden ideas stay stored but are not returned by the API.
    hidden = BooleanField()
    # Hash of the content that seeding wrote. If the current content has a different hash, a curator edited the idea.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    CONTENT_FIELDS = (
        *("title", "description", "difficulty", "estimated_time"),
        *("skills", "features", "roles", "outcome", "stretch"),
    )

    catalogue = CATALOGUE
    meta = {
        "collection": "project_ideas",
        # Older releases searched ideas with a text index. Searches now use the index in memory.
        "retired_indexes": [["_fts", "_ftsx"]],
    }

    def __str__(self) -> str:
        return str(self.title)


class ProjectProgress(StoredDocument):
    """A user's progress with one project. `finished_at` is set only while the status is `finished`."""

    user = ObjectIdField(required=True)
    project = IntField(required=True)
    status = StringField(required=True, choices=STATUSES)
    repository_url = StringField(max_length=MAX_URL_LENGTH)
    started_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    finished_at = DateTimeField()

    meta = {
        "collection": "project_progress",
        "indexes": [
            # A user has at most one progress document per project. Also serves lists by user.
            {"fields": ["user", "project"], "unique": True},
        ],
    }

    def __str__(self) -> str:
        return f"{self.project}: {self.status}"


PROJECT_PROGRESS = ProgressLog(
    collection="project_progress",
    subject="project",
    begun_at="started_at",
    done="finished",
    done_at="finished_at",
    link="repository_url",
)
export_progress, erase_progress = PROJECT_PROGRESS.export, PROJECT_PROGRESS.erase
