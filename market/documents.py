"""What the market is made of: postings, the stats of each day, and the days whose stats are behind."""

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    FloatField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from career_navigator.documents import StoredDocument

MARKET_SCOPE = "market"


class JobPostingDocument(StoredDocument):
    """One job advert. Written in bulk by `market.services`; `roles` are normalized (see `market.roles`).

    `search_roles` are those whose searches returned it; `roles` are these and the registered ones that the title names.
    `day` is the UTC midnight of the day the posting belongs to; it is settled when the posting is first stored.
    `scraped_at` is when it was first collected. `nice_to_have` are those of the `skills` that are only wished for, and
    `years_asked` the experience, both as the wording says. A salary is a year's pay. `country_codes` has the
    `country_code`; `title_key`, `company_key`, `search_words`, `url_key` and `pay_usd` are what `market.posting` makes
    of the posting.
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
    content_hash = StringField(required=True)

    meta = {
        "collection": "job_postings",
        # Older releases let one posting have a URL.
        "retired_indexes": [["url"]],
        # Each index costs every write, so each stands for a query of ours.
        "indexes": [
            # Storing: a posting is found again by its source's id, or by its URL where an id is missing.
            {
                "fields": ["source", "job_id"],
                "unique": True,
                "partialFilterExpression": {"job_id": {"$type": "string"}},
            },
            # Without an id one posting may have a URL; with different ids any number may share it.
            {
                "fields": ["url_key", "source", "job_id"],
                "unique": True,
                "partialFilterExpression": {"url_key": {"$type": "string"}},
            },
            # Recomputing a day's stats, and retention. Lists of jobs, newest first, then by id: what is skipped, and
            # what the last three do not fit, is passed over without reading a posting.
            {"fields": ["day", "id", "hidden", "remote", "hybrid"]},
            # The postings of a role in a window; and, as each of the following, in a list of jobs, newest first.
            {"fields": ["roles", "day", "id"]},
            # And the newest postings that ask for a skill, of which its related skills are counted.
            {"fields": ["skills", "day", "id"]},
            # The first one of these also finds the postings of a role that is registered.
            {"fields": ["search_words", "day", "id"]},
            {"fields": ["country_codes", "day", "id"]},
            {"fields": ["place", "day", "id"]},
            {"fields": ["company_key", "day", "id"]},
            {"fields": ["seniority", "day", "id"]},
            # Lists of jobs, best paid first: what is skipped is passed over without reading a posting.
            {"fields": ["-pay_usd", "-day", "-id", "hidden"], "partialFilterExpression": {"pay_usd": {"$gt": 0}}},
            # How many of all postings are not shown.
            {"fields": ["hidden"], "partialFilterExpression": {"hidden": True}},
            # `list_recent_postings` and the collection statistics.
            {"fields": ["-scraped_at"]},
            # `find_postings_by_keywords`, and the search of the admin.
            {"fields": ["$title"], "default_language": "none"},
        ],
    }


class PostingClosing(StoredDocument):
    """That a source said a job is closed; by source and id, which may be unknown still.

    `known_at` is the latest time that the news speaks of: what says it was discovered or reposted later is open again.
    """

    key = StringField(primary_key=True)
    closed_at = DateTimeField(required=True)
    known_at = DateTimeField(required=True)
    expires_at = DateTimeField(required=True)

    meta = {"collection": "posting_closings", "indexes": [{"fields": ["expires_at"], "expireAfterSeconds": 0}]}


class DailyStats(StoredDocument):
    """The stats of one day and one scope: the whole market, or one role by its normalized name.

    Maps are kept as parallel lists, which MongoDB stores whatever the names contain and PyMongo decodes fastest.
    `salary_*` hold one entry a posting with a usable salary. A closed day's postings are deleted, its stats final.
    The rows of roles also have their postings' skills and pay, packed as `market.daily_stats` says. While they are
    being replaced they have a `writer`, and what they were as `before`; `market.stats_rows` reads them.
    """

    scope = StringField(required=True)
    day = DateTimeField(required=True)
    postings = IntField(required=True)
    remote = IntField(required=True)
    on_site = IntField(required=True)
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
            # A scope's window, and the replacement of one day.
            {"fields": ["scope", "day"], "unique": True},
            # A day's scopes, when the day is recomputed or closed.
            {"fields": ["day"]},
        ],
    }


class DirtyDay(StoredDocument):
    """A day whose stats may be behind its postings.

    `token` changes with every mark; `writers` tells when each of those began who are changing postings of the day.
    """

    day = DateTimeField(primary_key=True)
    token = StringField(required=True)
    writers = DictField(DateTimeField())

    meta = {"collection": "dirty_days"}


class StatsState(StoredDocument):
    """Which daily stats count: the `version` of the answers rendered last, and whose rows may be seen.

    `committed` are the writers whose rows still have a `writer`, `commits` how often rows were let be seen.
    """

    name = StringField(primary_key=True)
    version = StringField()
    commits = IntField(required=True, default=0)
    committed = ListField(StringField())

    meta = {"collection": "stats_state"}


class RegisteredRole(StoredDocument):
    """A role that somebody collects or asks for: postings whose title names it belong to it.

    `given_at` is when the postings stored before had been given to it; until then its daily stats are not shown.
    """

    name = StringField(primary_key=True)
    label = StringField(required=True)
    known_since = DateTimeField(required=True)
    given_at = DateTimeField()

    meta = {"collection": "known_roles"}
