"""Tests of GET /learning/roadmap, /learning/roadmap.md and /learning/roadmap.ics."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from icalendar import Calendar


def find_path(roadmap, skill):
    return next(path for path in roadmap["skill_paths"] if path["skill"] == skill)


def test_returns_every_documented_field(roadmap, post_jobs):
    post_jobs()

    response = roadmap()

    assert response.keys() == {
        "target_role",
        "skill_paths",
        "total_skills",
        "missing_skills_count",
        "coverage_percentage",
        "recommendations",
        "total_postings_analyzed",
        "window_days",
        "distinct_jobs",
        "employers",
        "top_employer_share",
        "warning",
        "approximate_before",
        "estimated_hours",
        "alternatives",
        "basis",
        "blueprint",
        "milestones",
    }
    assert (response["basis"], response["blueprint"], response["milestones"]) == ("postings", None, [])
    assert (response["distinct_jobs"], response["employers"]) == (20, 5)
    assert response["target_role"] == "Backend Developer"
    assert response["total_skills"] == 5
    assert response["missing_skills_count"] == 3
    assert response["coverage_percentage"] == 40.0
    assert response["total_postings_analyzed"] == 20
    assert [(path["stage"], path["skill"]) for path in response["skill_paths"]] == [
        (1, "linux"),
        (2, "docker"),
        (2, "sql"),
        (3, "kubernetes"),
        (3, "python"),
    ]
    docker = find_path(response, "docker")
    assert docker == {
        "skill": "docker",
        "display_name": "Docker",
        "kind": "technology",
        "resources": docker["resources"],
        "is_missing": True,
        "priority_score": 70.0,
        "stage": 2,
        "prerequisites": ["linux"],
        "foundations": [],
        "foundation_resources": [],
        "alternative": None,
        "estimated_hours": 20,
        "projects": [
            {
                "id": 2,
                "title": "Container Lab",
                "difficulty": "Intermediate",
                "estimated_time": "1-2 weeks",
                "skills": ["docker", "linux"],
                "new_skills": [],
            },
            {
                "id": 3,
                "title": "Shop Back End",
                "difficulty": "Intermediate",
                "estimated_time": "1-2 weeks",
                "skills": ["python", "django", "postgresql", "docker"],
                "new_skills": ["django", "postgresql"],
            },
        ],
        "status": "open",
        "tier": None,
        "one_of": [],
        "held_through": None,
    }
    assert docker["resources"][0] == {
        "type": "Documentation",
        "title": "Docker Docs",
        "url": "https://example.org/docker-docs",
        "description": "Teaches docker well.",
        "skill": "docker",
        "level": "Beginner",
        "free": True,
        "language": "en",
        "provider": "Example",
    }
    assert find_path(response, "python")["is_missing"] is False
    assert find_path(response, "python")["status"] == "held"
    assert response["estimated_hours"] == sum(path["estimated_hours"] for path in response["skill_paths"])
    assert "Begin with Docker, which 70.0% of the postings require." in response["recommendations"]


def test_agrees_with_the_gap_analysis(roadmap, newcomer, post_jobs):
    post_jobs()

    gap = newcomer.get("/skills/gap-analysis?role=Backend+Developer&threshold=0.1").json()
    response = roadmap()

    missing = {path["skill"] for path in response["skill_paths"] if path["is_missing"]}
    assert missing == set(gap["missing_skills"])
    assert {path["skill"]: path["priority_score"] for path in response["skill_paths"]} == {
        skill["skill"]: skill["required_percentage"] for skill in gap["required_skills"]
    }
    assert response["coverage_percentage"] == gap["coverage_percentage"]


def test_defaults_to_the_first_target_role(roadmap, post_jobs):
    post_jobs()
    post_jobs(role="Data Engineer", demand={"kafka": 10})

    assert roadmap()["target_role"] == "Backend Developer"
    other = roadmap(target_role="data-engineer")
    assert other["target_role"] == "Data Engineer"
    assert [path["skill"] for path in other["skill_paths"]] == ["kafka"]
    assert roadmap(target_role="backend  DEVELOPER")["target_role"] == "Backend Developer"


def test_computes_the_stats_of_a_new_role_on_the_first_request(roadmap, post_jobs):
    post_jobs(role="Senior Rust Developer", demand={"docker": 10})

    assert [path["skill"] for path in roadmap(target_role="Rust Developer")["skill_paths"]] == ["docker"]


def test_counts_only_postings_of_the_last_30_days(roadmap, post_jobs):
    post_jobs(days_ago=30)

    assert roadmap()["total_postings_analyzed"] == 0


def test_falls_back_to_own_skills_without_postings(roadmap, newcomer):
    newcomer.put("/learning/progress/sql", {"status": "planned"})

    response = roadmap(target_role="Data Scientist")

    assert [(path["skill"], path["is_missing"]) for path in response["skill_paths"]] == [
        ("sql", True),
        ("linux", False),
        ("python", False),
    ]
    assert {path["priority_score"] for path in response["skill_paths"]} == {None}
    assert response["coverage_percentage"] is None
    assert response["recommendations"][0].startswith("There are no postings for Data Scientist from the last 30 days")


@pytest.mark.parametrize("off", ["false", "0", "False"])
def test_uses_own_skills_without_the_gap_analysis(roadmap, post_jobs, off):
    post_jobs()

    response = roadmap(include_gap_analysis=off)

    assert [path["skill"] for path in response["skill_paths"]] == ["linux", "python"]
    assert response["total_postings_analyzed"] == 0
    assert {path["priority_score"] for path in response["skill_paths"]} == {None}
    assert response["coverage_percentage"] is None
    assert roadmap(include_gap_analysis="true")["total_skills"] == 5


def test_returns_an_empty_roadmap_without_target_role_and_skills(catalogue, register):
    user = register(skills=[], target_roles=[])

    response = user.get("/learning/roadmap").json()

    assert response["target_role"] is None
    assert response["skill_paths"] == []
    assert response["coverage_percentage"] is None
    assert len(response["recommendations"]) == 2


def test_lists_skills_of_the_roles_projects_if_the_role_has_no_postings(catalogue, register):
    user = register(skills=[], target_roles=["DevOps Engineer"])

    for form in ("", "?include_gap_analysis=true"):
        response = user.get(f"/learning/roadmap{form}").json()
        assert {path["skill"] for path in response["skill_paths"]} == {"docker", "linux", "kubernetes", "ci/cd"}
        assert response["missing_skills_count"] == response["total_skills"] == 4
        assert {path["priority_score"] for path in response["skill_paths"]} == {None}
        assert response["coverage_percentage"] is None
    for form in (".md", ".ics"):
        assert user.get(f"/learning/roadmap{form}").status_code == 200
    assert user.get("/learning/roadmap?include_gap_analysis=false").json()["skill_paths"] == []


def test_done_skills_count_as_held_until_the_status_changes(roadmap, newcomer, post_jobs):
    post_jobs()
    before = roadmap()

    newcomer.put("/learning/progress/K8S", {"status": "done"})

    after = roadmap()
    assert find_path(after, "kubernetes")["is_missing"] is False
    assert find_path(after, "kubernetes")["status"] == "done"
    assert after["missing_skills_count"] == before["missing_skills_count"] - 1
    gap = newcomer.get("/skills/gap-analysis?role=Backend+Developer").json()
    assert "kubernetes" not in gap["missing_skills"]
    roles = newcomer.get("/skills/roles").json()["roles"]
    assert roles[0]["skill_match_count"] == gap["skill_match_count"]
    assert newcomer.get("/projects/recommendations").json()["user_skill_count"] == 3
    assert newcomer.get("/auth/me").json()["skills"] == ["python", "linux"]

    newcomer.put("/learning/progress/kubernetes", {"status": "learning"})

    assert roadmap()["missing_skills_count"] == before["missing_skills_count"]
    assert find_path(roadmap(), "kubernetes")["status"] == "learning"
    gap = newcomer.get("/skills/gap-analysis?role=Backend+Developer").json()
    assert "kubernetes" in gap["missing_skills"]


def test_does_not_suggest_finished_projects(roadmap, newcomer, post_jobs):
    post_jobs()
    newcomer.put("/projects/2/progress", {"status": "finished"})

    assert [project["id"] for project in find_path(roadmap(), "docker")["projects"]] == [3, 4]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ("target_role=", "target_role"),
        ("target_role=%21%21", "target_role"),
        (f"target_role={'x' * 101}", "target_role"),
        ("target_role=%00", "target_role"),
        ("include_gap_analysis=maybe", "include_gap_analysis"),
        ("include_gap_analysis=", "include_gap_analysis"),
    ],
)
@pytest.mark.parametrize("form", ["", ".md", ".ics"])
def test_rejects_invalid_parameters_by_name(newcomer, parameters, field, form):
    response = newcomer.get(f"/learning/roadmap{form}?{parameters}")

    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert field in response.json()["detail"]


@pytest.mark.parametrize("parameters", ["hours_per_week=0", "hours_per_week=81", "hours_per_week=x"])
def test_rejects_hours_per_week_out_of_range(newcomer, parameters):
    response = newcomer.get(f"/learning/roadmap.ics?{parameters}")

    assert response.status_code == 400
    assert response.json()["detail"] == "hours_per_week must be between 1 and 80."


@pytest.mark.parametrize("day", ["9999-12-31", "1999-12-31", "soon", ""])
def test_rejects_invalid_start_dates(newcomer, day):
    response = newcomer.get(f"/learning/roadmap.ics?start_date={day}")

    assert response.status_code == 400
    assert "start_date" in response.json()["errors"]


def test_returns_the_roadmap_as_markdown(newcomer, post_jobs):
    post_jobs()

    response = newcomer.get("/learning/roadmap.md")

    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    page = response.content.decode()
    assert page.startswith("# Roadmap: Backend Developer\n")
    assert page.index("### Docker") < page.index("### Kubernetes") < page.index("### Python\n\nheld")
    assert "- Project: Container Lab (Intermediate)" in page


def test_returns_a_study_plan_as_icalendar(newcomer, post_jobs):
    post_jobs()

    response = newcomer.get("/learning/roadmap.ics?hours_per_week=20&start_date=2026-11-23")

    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    events = Calendar.from_ical(response.content).walk("VEVENT")
    assert [str(event["summary"]) for event in events] == [
        "Learn Docker (20 hours)",
        "Learn SQL (30 hours)",
        "Learn Kubernetes (50 hours)",
    ]
    assert events[0].decoded("dtstart") == date(2026, 11, 23)
    # 100 hours at 20 hours per week take five weeks.
    assert events[-1].decoded("dtend") == date(2026, 12, 28)
    slower = newcomer.get("/learning/roadmap.ics?hours_per_week=10&start_date=2026-11-23")
    assert Calendar.from_ical(slower.content).walk("VEVENT")[-1].decoded("dtend") == date(2027, 2, 1)


def test_accepts_a_role_with_a_line_break(catalogue, register):
    person = register(skills=["Python"], target_roles=["Data\nEngineer"])

    for form in ("", ".md", ".ics"):
        assert person.get(f"/learning/roadmap{form}").status_code == 200


def test_plan_starts_on_the_next_monday(newcomer, post_jobs):
    post_jobs()

    (first, *_) = Calendar.from_ical(newcomer.get("/learning/roadmap.ics").content).walk("VEVENT")

    assert first.decoded("dtstart").weekday() == 0
    assert first.decoded("dtstart") > timezone.now().date()


def test_command_prints_the_roadmap_for_roles_and_skills(catalogue, post_jobs):
    post_jobs()
    printed = io.StringIO()

    call_command("export_roadmaps", "Backend Developer", "--skill", "python", "--skill", "linux", stdout=printed)

    summary = "For a person with Python, Linux. Based on 20 postings. 3 of 5 skills are missing."
    assert summary in printed.getvalue()
    assert "| 2 |  | Docker | 70.0% | 20 | Container Lab (2); Shop Back End (3) |" in printed.getvalue()


def test_command_rejects_names_that_are_not_skills(catalogue):
    with pytest.raises(CommandError, match="Some of these are not skills"):
        call_command("export_roadmaps", "Backend Developer", "--skill", "python", "--skill=-")
