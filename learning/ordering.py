"""Order the skills of a roadmap and find alternatives among them. Pure.

A roadmap is divided into stages of about five skills. The skills of one stage can be learned in parallel because all
their prerequisites are in earlier stages. Within a stage, missing skills come before held ones, ordered by the
share of postings that require them. Early stages contain the skills that most postings require, and their
prerequisites. A held skill comes directly before the skills that build on it, or at the end if there are none.
Skills that are learned alongside other skills, such as soft skills, follow the technical skills. Skills that have an
alternative in the roadmap come last.

Alternatives exist because the postings of a role together require, for example, three clouds and five languages, but no
single posting requires them all. Of each group of interchangeable skills, the roadmap recommends one that the learner
has or has started or, failing that, the one that most postings require.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from math import ceil
from typing import Protocol

# Capacity of a stage, in missing skills. Long roadmaps use larger stages, so that there are about eight stages.
MIN_STAGE_SIZE = 5
TYPICAL_STAGES = 8
MAX_PROJECTS = 2
# Maximum number of skills a suggested project requires that are not learned yet. Projects list about seven skills, and
# almost every project requires at least one that is not in the roadmap.
MAX_NEW_SKILLS = 3


class ProjectOption(Protocol):
    """The attributes of a project idea that a roadmap uses."""

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
    """The part of a roadmap in which a missing skill is learned. Prerequisites can move a skill to an earlier phase."""

    TECHNICAL = 0
    ALONGSIDE = 1
    ALTERNATIVE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSkill:
    """A skill to place in a roadmap. `priority` is the percentage of postings that require the skill."""

    name: str
    priority: float
    is_held: bool
    phase: Phase = Phase.TECHNICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A skill and the stage it is placed in."""

    candidate: CandidateSkill
    stage: int


def order_skills(
    *,
    candidates: Iterable[CandidateSkill],
    prerequisites: Mapping[str, Collection[str]],
    held: Collection[str] = (),
    hours: Callable[[str], int] = lambda name: 1,
) -> list[Step]:
    """Order the candidates so that each skill follows its direct and indirect prerequisites.

    Skills that require each other in a cycle are ordered by priority. If a skill builds on skills that are neither
    candidates nor `held`, its priority is scaled down to the skill's own fraction of the total hours, so that
    skills with long preparation do not come first. The hours of a shared prerequisite are split between the skills that
    need it.

    Args:
        candidates: The skills to order.
        prerequisites: Direct prerequisites of every skill, including skills that are not candidates.
        held: Skills that the learner has, including skills that are not candidates.
        hours: Returns the estimated hours to learn a skill.
    """
    skills = {candidate.name: candidate for candidate in candidates}
    prerequisites_of = {name: find_prerequisites(name, prerequisites) & skills.keys() for name in skills}
    inherited_priority = {name: skill.priority for name, skill in skills.items()}
    phases = {name: skill.phase for name, skill in skills.items()}
    for name, skill in skills.items():
        if not skill.is_held:
            for prerequisite in prerequisites_of[name]:
                inherited_priority[prerequisite] = max(inherited_priority[prerequisite], skill.priority)
                phases[prerequisite] = min(phases[prerequisite], skill.phase)

    remaining = {name for name, skill in skills.items() if not skill.is_held}
    capacity = max(MIN_STAGE_SIZE, ceil(len(remaining) / TYPICAL_STAGES))
    external_prerequisites = {
        name: find_prerequisites(name, prerequisites) - skills.keys() - set(held) for name in remaining
    }
    dependent_counts = Counter(
        prerequisite for skill_prerequisites in external_prerequisites.values() for prerequisite in skill_prerequisites
    )
    learned_external: set[str] = set()

    def compute_weight(name: str) -> float:
        preparation = sum(
            hours(prerequisite) / dependent_counts[prerequisite]
            for prerequisite in external_prerequisites[name] - learned_external
        )
        return (
            inherited_priority[name] * hours(name) / (hours(name) + preparation)
            if preparation
            else inherited_priority[name]
        )

    placed: set[str] = set()
    steps: list[Step] = []
    stage = 0
    while remaining:
        stage += 1
        phase = min(phases[name] for name in remaining)
        in_phase = {name for name in remaining if phases[name] == phase}
        ready = [name for name in in_phase if not prerequisites_of[name] & remaining] or list(in_phase)
        ready.sort(key=lambda name: (-compute_weight(name), -skills[name].priority, name))
        chosen, foundations = [], set[str]()
        for name in ready[:capacity]:
            held_prerequisites = {
                prerequisite for prerequisite in prerequisites_of[name] if skills[prerequisite].is_held
            } - placed
            if held_prerequisites:
                # Place the held prerequisites in this stage and the skill in the next one. The remaining skills of
                # this stage have less weight, so they follow in the next stage too.
                foundations |= held_prerequisites
            elif not foundations:
                chosen.append(name)
        chosen.sort(key=lambda name: (-skills[name].priority, name))
        ordered = chosen + _order_by_priority(foundations, skills, prerequisites_of)
        steps += [Step(candidate=skills[name], stage=stage) for name in ordered]
        placed.update(ordered)
        learned_external.update(*(external_prerequisites[name] for name in chosen))
        remaining.difference_update(chosen)
    unplaced_held = _order_by_priority(skills.keys() - placed, skills, prerequisites_of)
    return steps + [Step(candidate=skills[name], stage=max(stage, 1)) for name in unplaced_held]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSuggestion:
    """A project suggested for a skill. `new_skills` are the project's skills that are not learned at that point."""

    project: ProjectOption
    new_skills: tuple[str, ...]


def choose_projects(
    *,
    steps: Sequence[Step],
    held: Collection[str],
    prerequisites: Mapping[str, Collection[str]],
    project_options: Mapping[str, Sequence[ProjectOption]],
    role_key: str,
    completed: Collection[int] = (),
) -> dict[str, tuple[ProjectSuggestion, ...]]:
    """Choose up to two projects per skill that practice it and suit the skills learned up to its step.

    Projects with the fewest new skills come first. Ties are broken by match with the role, by not being suggested for
    an earlier skill, by use of recently learned skills, and by least effort. A project is skipped if it has more than
    three new skills or more new skills than learned ones. All prerequisites of a learned skill count as learned.

    Args:
        steps: The ordered skills of the roadmap.
        held: Skills that the learner has.
        prerequisites: Direct prerequisites of every skill.
        project_options: Projects by canonical skill name.
        role_key: Normalized target role.
        completed: Ids of projects the learner has completed, which are not suggested.
    """
    learned = set(held).union(*(find_prerequisites(name, prerequisites) for name in held))
    order = {step.candidate.name: index for index, step in enumerate(steps)}
    suggested: set[int] = set()
    chosen: dict[str, tuple[ProjectSuggestion, ...]] = {}
    for step in steps:
        name = step.candidate.name
        learned |= {name} | find_prerequisites(name, prerequisites)
        ranked = []
        for project in project_options.get(name, ()):
            if project.id in completed:
                continue
            new_count = len(project.skill_set - learned)
            if new_count <= MAX_NEW_SKILLS and new_count * 2 <= len(project.skill_set):
                recency = sum(order.get(skill, 0) for skill in project.skill_set & learned)
                is_for_other_role = role_key not in project.role_keys
                rank = (new_count, is_for_other_role, project.id in suggested, -recency, project.effort, project.id)
                ranked.append((rank, project))
        best = [project for _, project in sorted(ranked, key=lambda pair: pair[0])[:MAX_PROJECTS]]
        chosen[name] = tuple(
            ProjectSuggestion(
                project=project, new_skills=tuple(skill for skill in project.skills if skill not in learned)
            )
            for project in best
        )
        suggested.update(project.id for project in best)
    return chosen


def find_prerequisites(name: str, prerequisites: Mapping[str, Collection[str]]) -> set[str]:
    """Return the direct and indirect prerequisites of a skill, without the skill itself."""
    prerequisites_found: set[str] = set()
    pending = list(prerequisites.get(name, ()))
    while pending:
        prerequisite = pending.pop()
        if prerequisite not in prerequisites_found:
            prerequisites_found.add(prerequisite)
            pending.extend(prerequisites.get(prerequisite, ()))
    prerequisites_found.discard(name)
    return prerequisites_found


def order_prerequisites(name: str, prerequisites: Mapping[str, Collection[str]]) -> list[str]:
    """Return the direct and indirect prerequisites of a skill, each after its own prerequisites."""
    ordered: list[str] = []
    visited = {name}

    def visit(skill: str) -> None:
        for prerequisite in prerequisites.get(skill, ()):
            if prerequisite not in visited:
                visited.add(prerequisite)
                visit(prerequisite)
                ordered.append(prerequisite)

    visit(name)
    return ordered


def _order_by_priority(
    names: Collection[str], skills: Mapping[str, CandidateSkill], prerequisites_of: Mapping[str, set[str]]
) -> list[str]:
    """Return the names by descending priority, but each name after any of its prerequisites in `names`."""
    pending = sorted(names, key=lambda name: (-skills[name].priority, name))
    ordered: list[str] = []
    while pending:
        unplaced = set(pending)
        name = next((name for name in pending if not prerequisites_of[name] & unplaced), pending[0])
        pending.remove(name)
        ordered.append(name)
    return ordered


# Groups of interchangeable skills. Languages come before the frameworks written in them, because a skill can also be
# replaced when the skill it builds on is.
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
# A skill that at least this percentage of the postings requires cannot be replaced.
_MIN_PERCENT_REQUIRED = 50
# A skill can replace another one only if the other one is in at most this many times as many postings.
_MAX_DEMAND_RATIO = 2


def find_alternatives(
    *, candidates: Iterable[CandidateSkill], started: Collection[str], prerequisites: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return the missing skills that do not need to be learned, each with the skill that replaces it.

    A skill is not replaced if it is in `started`, if at least half of the postings require it, or if another skill to
    learn builds on it. A skill that builds on a replaced skill is replaced too, if it belongs to a group.
    """
    skills = {candidate.name: candidate for candidate in candidates}
    to_learn = {
        name
        for name, skill in skills.items()
        if skill.is_held or name in started or skill.priority >= _MIN_PERCENT_REQUIRED or name not in _GROUPED
    }
    needed: set[str] = set()
    for name in to_learn:
        if not skills[name].is_held:
            needed |= find_prerequisites(name, prerequisites)
    replacements: dict[str, str] = {}
    for group in GROUPS:
        members = [skills[name] for name in group if name in skills and name not in replacements]
        retained = [skill for skill in members if skill.name in to_learn or skill.name in needed]
        retained.sort(key=lambda skill: (not skill.is_held, -skill.priority, skill.name))
        undecided = [skill for skill in members if skill not in retained]

        def find_inherited_replacement(skill: CandidateSkill) -> str | None:
            """Return the skill that replaces a prerequisite of this one, if any."""
            replaced = find_prerequisites(skill.name, prerequisites) & replacements.keys()
            return replacements[min(replaced)] if replaced else None

        undecided.sort(key=lambda skill: (find_inherited_replacement(skill) is not None, -skill.priority, skill.name))
        for skill in undecided:
            sufficient = [other for other in retained if other.priority * _MAX_DEMAND_RATIO >= skill.priority]
            replacement = sufficient[0].name if sufficient else find_inherited_replacement(skill)
            if replacement is not None and skill.name not in needed:
                replacements[skill.name] = replacement
            else:
                retained.append(skill)
                to_learn.add(skill.name)
                needed |= find_prerequisites(skill.name, prerequisites)
    return replacements
