"""MongoDB documents of the market: postings, closings, daily stats, dirty days and roles."""

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    LongField,
    ObjectIdField,
    StringField,
    ValidationError,
)

from career_navigator.db.catalogues import CuratedDocument
from career_navigator.documents import StoredDocument
from career_navigator.external_ids import ROLE_SCHEMES, ExternalId, InvalidExternalId
from market.role_table import Role, RoleTable

MARKET_SCOPE = "market"
# The catalogue name of the table of roles, under which the cache version is stored.
ROLES = "roles"


class JobPostingDocument(StoredDocument):
    """A stored job posting. `market.services` writes postings in bulk.

    `search_roles` are the normalized roles (see `market.roles`) whose searches returned the posting. `roles` are the
    search roles plus the registered roles that the title names.
    `day` is the UTC midnight of the day the posting belongs to. It is set when the posting is first stored and never
    changes. `scraped_at` is when the posting was first collected.
    `nice_to_have` is the subset of `skills` that the text marks as optional. `years_asked` is the experience in years
    that the text requires. Salaries are per year. `country_codes` includes `country_code`.
    `market.posting` computes `title_key`, `company_key`, `search_words`, `url_key` and `pay_usd`. `market.copies`
    computes `copy_key` and `text_signature`. A posting that repeats an earlier posting has `copy_of`, `copy_group`,
    `copied_day` and `copy_similarity` (see `market.copy_groups`).
    """

    source = StringField(required=True)
    job_id = StringField()
    url = StringField()
    title = StringField(required=True)
    normalized_title = StringField()
    company = StringField(required=True)
    company_domain = StringField()
    company_industry = StringField()
    company_industry_id = IntField()
    company_employee_count = IntField()
    company_country_code = StringField()
    company_logo = StringField()
    company_linkedin_url = StringField()
    location = StringField()
    place = StringField(required=True)
    country_code = StringField()
    country_codes = ListField(StringField())
    coordinates = DictField(FloatField())
    description = StringField()
    skills = ListField(StringField())
    skills_source = StringField(choices=("slugs", "text"))
    nice_to_have = ListField(StringField())
    years_asked = FloatField()
    technology_slugs = ListField(StringField())
    keyword_slugs = ListField(StringField())
    roles = ListField(StringField())
    search_roles = ListField(StringField())
    search_keywords = StringField()
    search_location = StringField()
    final_url = StringField()
    source_url = StringField()
    day = DateTimeField(required=True)
    date_posted = DateTimeField()
    discovered_at = DateTimeField()
    closed_at = DateTimeField()
    reposted = BooleanField()
    date_reposted = DateTimeField()
    scraped_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    remote = BooleanField()
    hybrid = BooleanField()
    salary_string = StringField()
    salary_currency = StringField()
    min_annual_salary = FloatField()
    max_annual_salary = FloatField()
    min_annual_salary_usd = LongField()
    max_annual_salary_usd = LongField()
    pay_usd = FloatField()
    seniority = StringField()
    employment_statuses = ListField(StringField())
    easy_apply = BooleanField()
    hidden = BooleanField()
    title_key = StringField()
    company_key = StringField()
    search_words = ListField(StringField())
    url_key = StringField()
    copy_key = StringField()
    text_signature = BinaryField()
    copy_of = ObjectIdField()
    copy_group = StringField()
    copied_day = DateTimeField()
    copy_similarity = FloatField()
    content_hash = StringField(required=True)

    meta = {
        "collection": "job_postings",
        # Older releases had a unique index on the URL.
        "retired_indexes": [["url"]],
        # Every index slows down every write, so each one must serve a query in this code base.
        "indexes": [
            # Storing finds an existing posting by its source's id, or by its URL if it has no id.
            {
                "fields": ["source", "job_id"],
                "unique": True,
                "partialFilterExpression": {"job_id": {"$type": "string"}},
            },
            # At most one posting without an id can have a URL. Postings with different ids can share a URL.
            {
                "fields": ["url_key", "source", "job_id"],
                "unique": True,
                "partialFilterExpression": {"url_key": {"$type": "string"}},
            },
            # Grouping the copies of a posting.
            {"fields": ["copy_key"], "partialFilterExpression": {"copy_key": {"$type": "string"}}},
            # Recomputing a day's stats, retention, and job lists (newest first, then by id). Skipped postings and
            # postings that do not match `hidden`, `remote` or `hybrid` are passed over without reading the document.
            {"fields": ["day", "id", "hidden", "remote", "hybrid"]},
            # The postings of a role in a window. This index and the next six also serve job lists, newest first.
            {"fields": ["roles", "day", "id"]},
            # Related skills, which are counted in the newest postings that require a skill.
            {"fields": ["skills", "day", "id"]},
            # Registering a role, which finds the stored postings whose title names it.
            {"fields": ["search_words", "day", "id"]},
            {"fields": ["country_codes", "day", "id"]},
            {"fields": ["place", "day", "id"]},
            {"fields": ["company_key", "day", "id"]},
            {"fields": ["seniority", "day", "id"]},
            # Job lists, best paid first. Skipped postings are passed over without reading the document.
            {"fields": ["-pay_usd", "-day", "-id", "hidden"], "partialFilterExpression": {"pay_usd": {"$gt": 0}}},
            # The number of hidden postings.
            {"fields": ["hidden"], "partialFilterExpression": {"hidden": True}},
            # `list_recent_postings` and the ingestion stats.
            {"fields": ["-scraped_at"]},
            # `find_postings_by_keywords` and the admin's search.
            {"fields": ["$title"], "default_language": "none"},
        ],
    }


class EmployerSentence(StoredDocument):
    """A sentence of an employer's postings and the titles of postings that contain it (see `market.employer_words`)."""

    id = StringField(primary_key=True)
    titles = ListField(StringField())
    seen_at = DateTimeField(required=True)

    meta = {
        "collection": "employer_sentences",
        # Longer than postings are kept by default.
        "indexes": [{"fields": ["seen_at"], "expireAfterSeconds": 400 * 24 * 3600}],
    }


class PostingClosing(StoredDocument):
    """A source's notice that a job was closed, by source and job id. The posting may not be stored yet.

    `known_at` is the latest time the notice covers. A posting that was discovered or reposted after it is open again.
    """

    key = StringField(primary_key=True)
    closed_at = DateTimeField(required=True)
    known_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {"collection": "posting_closings", "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}]}


class DailyStats(StoredDocument):
    """The stats of one day and one scope: the whole market, or one role by its normalized name.

    Counts by name are stored as parallel lists. MongoDB accepts any name in a list, unlike in a key, and PyMongo
    decodes lists fastest. `salary_*` have one entry per distinct posting with a usable salary. `postings`, `remote`,
    `on_site` and places count all postings. Everything else counts the `jobs`, which are the postings that are not
    copies of an earlier posting. `employer_*` have their number by employer (see `market.samples`). Rows that older
    releases closed have neither. A closed day (`sealed`) has final stats, and its postings are deleted.
    A role's row also has the skills and pay of its postings, packed as described in `market.daily_stats`. While a row
    is being replaced, `writer` identifies the replacement and `before` holds the previous row. `market.stats_rows`
    resolves which of the two is visible.
    """

    scope = StringField(required=True)
    day = DateTimeField(required=True)
    postings = IntField(required=True)
    remote = IntField(required=True)
    on_site = IntField(required=True)
    jobs = IntField()
    employer_keys = BinaryField()
    employer_jobs = BinaryField()
    skill_names = ListField(StringField())
    skill_counts = ListField(IntField())
    technology_names = ListField(StringField())
    technology_counts = ListField(IntField())
    place_names = ListField(StringField())
    place_counts = ListField(IntField())
    salary_places = ListField(StringField())
    salary_minimums = ListField(IntField())
    salary_maximums = ListField(IntField())
    skill_keys = BinaryField()
    skill_tallies = BinaryField()
    posting_sizes = BinaryField()
    posting_skills = BinaryField()
    posting_pay = BinaryField()
    computed_at = DateTimeField(required=True)
    sealed = BooleanField()
    writer = StringField()
    before = DictField()

    meta = {
        "collection": "market_figures",
        "indexes": [
            # Reading a scope's window, and replacing the row of one day.
            {"fields": ["scope", "day"], "unique": True},
            # Finding all scopes of a day when the day is recomputed or closed.
            {"fields": ["day"]},
        ],
    }


class DirtyDay(StoredDocument):
    """A day whose stats may be stale.

    `token` changes with every mark. `writers` has the start time of each write to the day's postings in progress.
    """

    day = DateTimeField(primary_key=True)
    token = StringField(required=True)
    writers = DictField(DateTimeField())

    meta = {"collection": "dirty_days"}


class StatsState(StoredDocument):
    """The commit state of the daily stats (see `market.stats_rows`).

    `version` identifies the latest rendered responses. `committed` lists the writers whose rows are visible but still
    carry a `writer`. `commits` counts commits.
    """

    name = StringField(primary_key=True)
    version = StringField()
    commits = IntField(required=True, default=0)
    committed = ListField(StringField())

    meta = {"collection": "stats_state"}


class RegisteredRole(StoredDocument):
    """A role that was collected or requested. Postings whose title names the role belong to it.

    `given_at` is set when the role has been added to all postings stored before its registration. Its daily stats are
    hidden until then.
    """

    name = StringField(primary_key=True)
    label = StringField(required=True)
    known_since = DateTimeField(required=True)
    given_at = DateTimeField()

    meta = {"collection": "known_roles"}


class RoleDocument(CuratedDocument):
    """A stored entry of the table of roles. The fields are described in `market.role_table.Role`."""

    name = StringField(required=True, unique=True, max_length=100)
    names = ListField(StringField(max_length=100))
    whole_names = ListField(StringField(max_length=100))
    near_roles = ListField(StringField(max_length=100))
    searched_titles = ListField(StringField(max_length=100))
    external_ids = ListField(StringField(max_length=300))
    # Hash of the content that seeding wrote. If the current content has a different hash, a curator edited the entry.
    seed_hash = StringField(default="")
    updated_at = DateTimeField()

    NAME_LISTS = ("names", "whole_names", "near_roles", "searched_titles")
    LISTS = (*NAME_LISTS, "external_ids")

    catalogue = ROLES
    meta = {"collection": "roles"}

    def __str__(self) -> str:
        return str(self.name)

    def clean(self) -> None:
        """Check the names against the other entries.

        Raises:
            ValidationError: A name has no words or belongs to another role, or a near role is unknown.
        """
        others = RoleDocument.objects(id__ne=self.id).order_by("id")
        problems = self.list_problems(RoleTable.from_roles(document.as_role() for document in others))
        if problems:
            errors = {name: ValidationError(message, field_name=name) for name, message in problems.items()}
            raise ValidationError("invalid names of a role", errors=errors)

    def list_problems(self, table: RoleTable) -> dict[str, str]:
        """Return what is wrong with the entry beside the entries of a table, by field."""
        own, problems = self.as_role().key, {}
        for field, names in (("name", [self.name or ""]), *((name, getattr(self, name)) for name in self.NAME_LISTS)):
            if wordless := [name for name in names if not table.canonicalize(name)]:
                problems[field] = f"a role must contain at least one word, got {wordless[0]!r}"
            elif field in ("name", "names", "whole_names"):
                owners = {name: table.get(name) for name in names}
                taken = [
                    f"{name!r} belongs to {owner.name}" for name, owner in owners.items() if owner and owner.key != own
                ]
                if taken:
                    problems[field] = ", ".join(taken)
            elif field == "near_roles":
                unknown = [name for name in names if table.get(name) is None]
                if unknown:
                    problems[field] = f"the table has no role {', '.join(unknown)}"
        try:
            for external_id in self.external_ids:
                ExternalId.parse(external_id, schemes=ROLE_SCHEMES)
        except InvalidExternalId as error:
            problems["external_ids"] = str(error)
        return problems

    def as_role(self) -> Role:
        """Return the entry as a `Role`, the value object that the pure modules use."""
        return Role(name=self.name or "", **{name: tuple(getattr(self, name)) for name in self.LISTS})
