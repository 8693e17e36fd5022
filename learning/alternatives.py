"""Skills that stand in for one another: whoever has one of them seldom has to learn the next one as well. Pure.

A roadmap of three clouds and five languages is a list of what all postings together ask for, and no single one of them
asks for it all. Of each group the one that is held, begun or asked for most is learnt; the rest stays in view, last.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from learning.roadmaps import Wanted, all_needs

# Each group does one job; languages before what is written in them.
GROUPS = (
    ("python", "java", "c#", "go", "ruby", "php", "kotlin", "scala", "elixir", "nodejs", "rust"),
    ("python", "r", "sas", "stata", "spss"),
    ("django", "fastapi", "flask", "spring boot", "spring", "express", "nestjs", "koa", "fastify", "ruby on rails",
     "laravel", "symfony", "asp.net core", "asp.net", "gin", "quarkus", "micronaut"),
    ("react", "vue.js", "angular", "svelte", "solidjs", "ember.js"),
    ("react native", "flutter", "ionic", "xamarin"),
    ("aws", "azure", "google cloud", "oracle cloud", "ibm cloud", "alibaba cloud", "digitalocean"),
    ("postgresql", "mysql", "sql server", "oracle database", "mariadb"),
    ("kafka", "rabbitmq", "activemq", "apache pulsar", "amazon kinesis", "google pub/sub"),
    ("elasticsearch", "opensearch", "solr"),
    ("snowflake", "bigquery", "amazon redshift", "databricks", "azure synapse"),
    ("airflow", "dagster", "prefect", "luigi"),
    ("tableau", "power bi", "looker", "qlik", "metabase", "apache superset"),
    ("pytorch", "tensorflow", "jax", "keras"),
    ("langchain", "llamaindex"),
    ("pinecone", "weaviate", "chroma", "milvus", "qdrant", "pgvector", "faiss"),
    ("docker", "podman"),
    ("terraform", "pulumi", "aws cloudformation", "opentofu", "aws cdk", "bicep"),
    ("ansible", "puppet", "chef", "saltstack"),
    ("jenkins", "github actions", "gitlab ci", "circleci", "azure devops", "teamcity", "travis ci",
     "bitbucket pipelines"),
    ("argo cd", "flux"),
    ("datadog", "new relic", "dynatrace", "appdynamics"),
    ("github", "gitlab", "bitbucket"),
    ("selenium", "cypress", "playwright", "puppeteer", "webdriverio"),
    ("jest", "vitest", "mocha", "jasmine"),
    ("junit", "testng"),
    ("redux", "mobx", "zustand", "ngrx", "vuex"),
    ("webpack", "vite", "rollup", "parcel"),
    ("tailwind css", "bootstrap", "material ui"),
    ("maven", "gradle"),
    ("npm", "yarn", "pnpm"),
    ("unity", "unreal engine", "godot"),
    ("figma", "sketch", "adobe xd"),
    ("jira", "asana", "trello", "monday.com", "clickup"),
    ("salesforce", "hubspot", "microsoft dynamics 365", "zoho crm"),
    ("okta", "auth0"),
)  # fmt: skip
_GROUPED = frozenset(chain.from_iterable(GROUPS))
# What so many percent of the postings ask for is asked for as it is, not as one of several.
_ASKED_AS_IT_IS = 50
# One stands in for another that is asked for at most so many times as often.
_MOST_TIMES_AS_OFTEN = 2


def find_alternatives(
    *, wanted: Iterable[Wanted], begun: Collection[str], prerequisites: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return the missing skills that need not be learnt, each with the one that stands in for it.

    Never among them is what is `begun`, what half of the postings ask for, and what another skill to learn builds on.
    What builds on one that need not be learnt, and is one of a group itself, need not be learnt either.
    """
    skills = {each.name: each for each in wanted}
    to_learn = {
        name
        for name, each in skills.items()
        if each.held or name in begun or each.priority >= _ASKED_AS_IT_IS or name not in _GROUPED
    }
    needed: set[str] = set()
    for name in to_learn:
        if not skills[name].held:
            needed |= all_needs(name, prerequisites)
    found: dict[str, str] = {}
    for group in GROUPS:
        members = [skills[name] for name in group if name in skills and name not in found]
        kept = [each for each in members if each.name in to_learn or each.name in needed]
        kept.sort(key=lambda each: (not each.held, -each.priority, each.name))
        open_members = [each for each in members if each not in kept]

        def spared_below(each: Wanted) -> str | None:
            """What stands in for a skill that this one builds on."""
            spared = all_needs(each.name, prerequisites) & found.keys()
            return found[min(spared)] if spared else None

        open_members.sort(key=lambda each: (spared_below(each) is not None, -each.priority, each.name))
        for each in open_members:
            within = [other for other in kept if other.priority * _MOST_TIMES_AS_OFTEN >= each.priority]
            stand_in = within[0].name if within else spared_below(each)
            if stand_in is not None and each.name not in needed:
                found[each.name] = stand_in
            else:
                kept.append(each)
                to_learn.add(each.name)
                needed |= all_needs(each.name, prerequisites)
    return found
