"""In which order to learn what a role asks for, and what of it need not be learnt. Pure.

A roadmap is cut into stages of a handful of skills. The skills of a stage can be learnt side by side: all they build
on is in an earlier stage. Within a stage missing skills come before held ones, each by how many postings ask for them.
Into the early stages come the skills that postings ask for most, and whatever those build on; a held skill comes
just before what builds on it, and at the end where nothing does. What is learnt alongside, such as soft skills, follows
the technical ones, and last come those that another skill of the roadmap replaces.

A roadmap of three clouds and five languages is a list of what all postings together ask for, and no single one of them
asks for it all. Of each group of skills that replace one another the one that is held, begun or asked for most is
learnt; the rest stays in view, last.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from math import ceil
from typing import Protocol

# A stage holds a handful of missing skills, and in a long roadmap as many as make some eight stages of it.
MIN_STAGE_SIZE = 5
TYPICAL_STAGES = 8
MAX_PROJECTS = 2
# A project may bring so many skills that are not learnt by then: it lists some seven, and hardly one needs nothing that
# is not in a roadmap.
MAX_NEW_SKILLS = 3


class ProjectOption(Protocol):
    """What a roadmap needs to know of a project."""

    @property
    def id(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def difficulty(self) -> str: ...
    @property
    def estimated_time(self) -> str: ...
    @property
    def skills(self) -> tuple[str, ...]: ...
    @property
    def skill_set(self) -> frozenset[str]: ...
    @property
    def role_keys(self) -> frozenset[str]: ...
    @property
    def effort(self) -> int: ...


class Phase(IntEnum):
    """When it is a missing skill's turn: each kind comes after the one before, except for what that builds on."""

    TECHNICAL = 0
    ALONGSIDE = 1
    ALTERNATIVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSkill:
    """A skill of the roadmap. `priority` is the share of postings that ask for it, in percent."""

    name: str
    priority: float
    held: bool
    phase: Phase = Phase.TECHNICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A skill in its place."""

    wanted: CandidateSkill
    stage: int


def order_skills(
    *,
    wanted: Iterable[CandidateSkill],
    prerequisites: Mapping[str, Collection[str]],
    acquired: Collection[str] = (),
    hours: Callable[[str], int] = lambda name: 1,
) -> list[Step]:
    """Put skills in order; `prerequisites` are the direct ones of any skill, those that are not wanted too.

    A skill never comes before what it builds on, directly or by way of skills that are not wanted. Skills that need
    each other in a circle are taken by priority. Where a skill builds on what is neither wanted nor `learnt`, it counts
    for only its own part of all these `hours`, so that what takes long to come to does not come first; what several
    skills build on costs each of them its share.
    """
    skills = {each.name: each for each in wanted}
    needs = {name: find_prerequisites(name, prerequisites) & skills.keys() for name in skills}
    urgency = {name: each.priority for name, each in skills.items()}
    phases = {name: each.phase for name, each in skills.items()}
    for name, each in skills.items():
        if not each.held:
            for need in needs[name]:
                urgency[need] = max(urgency[need], each.priority)
                phases[need] = min(phases[need], each.phase)

    open_names = {name for name, each in skills.items() if not each.held}
    capacity = max(MIN_STAGE_SIZE, ceil(len(open_names) / TYPICAL_STAGES))
    outside = {name: find_prerequisites(name, prerequisites) - skills.keys() - set(acquired) for name in open_names}
    builders = Counter(need for needs_outside in outside.values() for need in needs_outside)
    met: set[str] = set()

    def weight(name: str) -> float:
        below = sum(hours(need) / builders[need] for need in outside[name] - met)
        return urgency[name] * hours(name) / (hours(name) + below) if below else urgency[name]

    placed: set[str] = set()
    steps: list[Step] = []
    stage = 0
    while open_names:
        stage += 1
        phase = min(phases[name] for name in open_names)
        due = {name for name in open_names if phases[name] == phase}
        ready = [name for name in due if not needs[name] & open_names] or list(due)
        ready.sort(key=lambda name: (-weight(name), -skills[name].priority, name))
        chosen, foundations = [], set[str]()
        for name in ready[:capacity]:
            behind = {need for need in needs[name] if skills[need].held} - placed
            if behind:
                # What is held already opens the way within this stage, and the skill itself follows in the next one;
                # with it follows what weighs less.
                foundations |= behind
            elif not foundations:
                chosen.append(name)
        chosen.sort(key=lambda name: (-skills[name].priority, name))
        in_order = chosen + _order_by_priority(foundations, skills, needs)
        steps += [Step(wanted=skills[name], stage=stage) for name in in_order]
        placed.update(in_order)
        met.update(*(outside[name] for name in chosen))
        open_names.difference_update(chosen)
    rest = _order_by_priority(skills.keys() - placed, skills, needs)
    return steps + [Step(wanted=skills[name], stage=max(stage, 1)) for name in rest]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSuggestion:
    """A project in its place. `new_skills` are those of it that are neither held nor learnt by then."""

    exercise: ProjectOption
    new_skills: tuple[str, ...]


def choose_projects(
    *,
    steps: Sequence[Step],
    held: Collection[str],
    prerequisites: Mapping[str, Collection[str]],
    project_options: Mapping[str, Sequence[ProjectOption]],
    role_key: str,
    finished: Collection[int] = (),
) -> dict[str, tuple[ProjectSuggestion, ...]]:
    """For each skill up to two projects that exercise it with what is learnt by then, the skill itself included.

    `exercises` are the projects by skill. Those that need fewest new skills come first, then those for the role, then
    those that were not proposed for an earlier skill, then those that put more of what was learnt last to use, then the
    easier ones. One with more than three new skills, or with more new ones than learnt ones, is not proposed.
    Whatever a learnt skill builds on counts as learnt.
    """
    acquired = set(held).union(*(find_prerequisites(name, prerequisites) for name in held))
    order = {step.wanted.name: place for place, step in enumerate(steps)}
    proposed: set[int] = set()
    chosen: dict[str, tuple[ProjectSuggestion, ...]] = {}
    for step in steps:
        name = step.wanted.name
        acquired |= {name} | find_prerequisites(name, prerequisites)
        fitting = []
        for each in project_options.get(name, ()):
            if each.id in finished:
                continue
            new = len(each.skill_set - acquired)
            if new <= MAX_NEW_SKILLS and new * 2 <= len(each.skill_set):
                recent = sum(order.get(skill, 0) for skill in each.skill_set & acquired)
                place = (new, role_key not in each.role_keys, each.id in proposed, -recent, each.effort, each.id)
                fitting.append((place, each))
        best = [each for _, each in sorted(fitting, key=lambda pair: pair[0])[:MAX_PROJECTS]]
        chosen[name] = tuple(
            ProjectSuggestion(exercise=each, new_skills=tuple(skill for skill in each.skills if skill not in acquired))
            for each in best
        )
        proposed.update(each.id for each in best)
    return chosen


def find_prerequisites(name: str, prerequisites: Mapping[str, Collection[str]]) -> set[str]:
    """What a skill builds on, directly or not; never itself."""
    found: set[str] = set()
    waiting = list(prerequisites.get(name, ()))
    while waiting:
        need = waiting.pop()
        if need not in found:
            found.add(need)
            waiting.extend(prerequisites.get(need, ()))
    found.discard(name)
    return found


def order_prerequisites(name: str, prerequisites: Mapping[str, Collection[str]]) -> list[str]:
    """All that a skill builds on, each after what it builds on itself."""
    ordered: list[str] = []
    met = {name}

    def follow(skill: str) -> None:
        for need in prerequisites.get(skill, ()):
            if need not in met:
                met.add(need)
                follow(need)
                ordered.append(need)

    follow(name)
    return ordered


def _order_by_priority(
    names: Collection[str], skills: Mapping[str, CandidateSkill], needs: Mapping[str, set[str]]
) -> list[str]:
    """The names by priority, each after those of them that it needs."""
    waiting = sorted(names, key=lambda name: (-skills[name].priority, name))
    ordered: list[str] = []
    while waiting:
        left = set(waiting)
        name = next((name for name in waiting if not needs[name] & left), waiting[0])
        waiting.remove(name)
        ordered.append(name)
    return ordered


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
_MIN_PERCENT_REQUIRED = 50
# A skill replaces another one that is asked for at most so many times as often.
_MAX_DEMAND_RATIO = 2


def find_alternatives(
    *, wanted: Iterable[CandidateSkill], begun: Collection[str], prerequisites: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return the missing skills that need not be learnt, each with the one that replaces it.

    Never among them is what is `begun`, what half of the postings ask for, and what another skill to learn builds on.
    What builds on one that need not be learnt, and is one of a group itself, need not be learnt either.
    """
    skills = {each.name: each for each in wanted}
    to_learn = {
        name
        for name, each in skills.items()
        if each.held or name in begun or each.priority >= _MIN_PERCENT_REQUIRED or name not in _GROUPED
    }
    needed: set[str] = set()
    for name in to_learn:
        if not skills[name].held:
            needed |= find_prerequisites(name, prerequisites)
    found: dict[str, str] = {}
    for group in GROUPS:
        members = [skills[name] for name in group if name in skills and name not in found]
        kept = [each for each in members if each.name in to_learn or each.name in needed]
        kept.sort(key=lambda each: (not each.held, -each.priority, each.name))
        open_members = [each for each in members if each not in kept]

        def spared_below(each: CandidateSkill) -> str | None:
            """Return what replaces a skill that this one builds on."""
            spared = find_prerequisites(each.name, prerequisites) & found.keys()
            return found[min(spared)] if spared else None

        open_members.sort(key=lambda each: (spared_below(each) is not None, -each.priority, each.name))
        for each in open_members:
            within = [other for other in kept if other.priority * _MAX_DEMAND_RATIO >= each.priority]
            stand_in = within[0].name if within else spared_below(each)
            if stand_in is not None and each.name not in needed:
                found[each.name] = stand_in
            else:
                kept.append(each)
                to_learn.add(each.name)
                needed |= find_prerequisites(each.name, prerequisites)
    return found
