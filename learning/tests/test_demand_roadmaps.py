"""Tests of roadmaps that are based on postings alone, because the role has no blueprint."""

from learning.resources import ResourceCatalogue
from learning.roadmaps import Learner, RoadmapSource, build_roadmap
from skills.vocabulary import FIELD, Skill, Vocabulary

VOCABULARY = Vocabulary(
    [
        Skill(name="statistics", display_name="Statistics", category="Tools/Technologies"),
        Skill(
            name="machine learning",
            display_name="Machine Learning",
            category="Tools/Technologies",
            kind=FIELD,
            prerequisites=("statistics",),
        ),
        Skill(name="python", display_name="Python", category="Programming Languages"),
        Skill(
            name="langchain",
            display_name="LangChain",
            category="Frameworks/Libraries",
            prerequisites=("machine learning", "python"),
        ),
    ]
)


def test_foundations_are_technologies_and_methods_but_not_fields_or_their_prerequisites() -> None:
    roadmap = build_roadmap(
        target_role="Sales Engineer",
        role_key="sales engineer",
        source=RoadmapSource.POSTINGS,
        postings=20,
        priorities={"langchain": 30.0},
        learner=Learner(named_skills=(), statuses={}),
        vocabulary=VOCABULARY,
        prerequisites=VOCABULARY.prerequisites,
        resources=ResourceCatalogue([], canonical={}),
        project_options={},
        typical_hours={"langchain": 15, "python": 90},
    )

    (path,) = roadmap.paths
    assert path.prerequisites == ("machine learning", "python")
    assert path.foundations == ("python",)
    assert path.estimated_hours == 105
