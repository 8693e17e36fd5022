"""Tests of the endpoints under /projects."""

import time
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects.documents import ProjectIdeaDocument
from tests.fixtures.catalogues import IDEAS

PATHS = ("/projects/recommendations", "/projects/skill-building", "/projects/search", "/projects/all")


@pytest.fixture
def request_projects(newcomer):
    """Return a function that sends requests as the newcomer, who has the skills Python and Linux."""

    def get(path, **parameters):
        response = newcomer.get(f"/projects/{path}?{urlencode(parameters, doseq=True)}")
        assert response.status_code == 200, response.content
        return response.json()

    return get


def list_ids(projects):
    return [project["id"] for project in projects]


def test_returns_every_documented_field_of_a_project(request_projects):
    (first, *_) = request_projects("all")

    assert first == IDEAS[0] | {"skill_match_percentage": 50.0, "missing_skills": ["sql"]}


def test_recommendations_have_every_documented_field(request_projects):
    response = request_projects("recommendations", difficulty="Intermediate", skill_focus=["Docker", "k8s"], limit=1)

    assert response == {
        "projects": response["projects"],
        "total_projects": 2,
        "filters_applied": {
            "difficulty": "Intermediate",
            "skill_focus": ["Docker", "k8s"],
            "limit": 1,
            "target_role": None,
        },
        "user_skill_count": 2,
        "recommendations": response["recommendations"],
    }
    assert list_ids(response["projects"]) == [3]
    assert response["recommendations"] == [
        "Begin with Shop Back End. The new skills in it are Django, PostgreSQL and Docker."
    ]


def test_recommends_projects_for_the_first_target_role_first(request_projects):
    response = request_projects("recommendations")

    assert list_ids(response["projects"]) == [1, 5, 3, 2, 4]
    assert response["total_projects"] == 5
    assert response["filters_applied"] == {"difficulty": None, "skill_focus": None, "limit": 10, "target_role": None}
    assert response == request_projects("recommendations")


def test_recommends_only_projects_for_the_requested_role(request_projects):
    response = request_projects("recommendations", target_role="devops-engineer")

    assert sorted(list_ids(response["projects"])) == [2, 4]
    assert response["filters_applied"]["target_role"] == "devops-engineer"


def test_explains_if_no_project_is_for_the_role(request_projects):
    response = request_projects("recommendations", target_role="Chef")

    assert response["total_projects"] == 5
    assert response["recommendations"][0] == (
        "No project is specifically for Chef, so these projects are based only on your skills."
    )


def test_ranks_projects_by_demand(request_projects, newcomer, post_jobs):
    newcomer.put("/learning/progress/postgresql", {"status": "done"})
    newcomer.put("/auth/me", {"skills": ["python", "linux", "django", "sql", "c"]})
    post_jobs(demand={"kafka": 10})

    response = request_projects("recommendations", limit=2)

    assert list_ids(response["projects"]) == [3, 5]
    focused = request_projects("recommendations", skill_focus="kafka")
    sentences = focused["recommendations"][-1]
    assert "Kafka is the only skill you lack for 1 of the projects shown. 100.0% of the postings" in sentences


def test_does_not_recommend_finished_projects(request_projects, newcomer):
    newcomer.put("/projects/1/progress", {"status": "finished"})
    newcomer.put("/projects/2/progress", {"status": "started"})

    response = request_projects("recommendations")

    assert sorted(list_ids(response["projects"])) == [2, 3, 4, 5]
    assert len(request_projects("all")) == 5


def test_applies_filters_before_the_limit(request_projects):
    everything = request_projects("recommendations", skill_focus="postgresql", limit=50)
    cut = request_projects("recommendations", skill_focus="postgresql", limit=1)

    assert sorted(list_ids(everything["projects"])) == [3, 5]
    assert cut["projects"] == everything["projects"][:1]
    assert cut["total_projects"] == 2


def test_recommends_nothing_if_no_project_matches(request_projects):
    response = request_projects("recommendations", skill_focus="greenhouse-keeping")

    assert (response["projects"], response["total_projects"]) == ([], 0)
    assert response["recommendations"] == ["No project matches all filters. Remove a filter to see more projects."]


def test_lists_projects_that_practise_given_skills(request_projects):
    assert list_ids(request_projects("skill-building", skills=["Docker", "K8s"])) == [4, 2, 3]
    assert list_ids(request_projects("skill-building", skills="Docker", difficulty="Intermediate", limit=1)) == [2]
    assert request_projects("skill-building", skills="docker", limit=1)[0]["skill_match_percentage"] == 50.0
    assert request_projects("skill-building", skills="apache") == []
    assert request_projects("skill-building", skills="greenhouse") == []


def test_search_returns_every_documented_field(request_projects):
    response = request_projects("search", query="ledger", skills=["Kafka"], difficulty="Advanced", limit=5, offset=0)

    assert response == {
        "projects": [IDEAS[4] | {"skill_match_percentage": 33.3, "missing_skills": ["kafka", "postgresql"]}],
        "total_found": 1,
        "message": None,
        "search_query": "ledger",
        "filters_applied": {"skills": ["Kafka"], "difficulty": "Advanced", "limit": 5, "offset": 0},
    }
    assert request_projects("search", query="ledger")["filters_applied"] == {
        "skills": None,
        "difficulty": None,
        "limit": 20,
        "offset": 0,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ledger", [1, 5]),
        ("LEDG", [1, 5]),
        ("event ledger", [5, 1]),
        ("k8s", [4]),
        ("clusters", [4]),
        ("zebra", []),
        ("+", []),
    ],
)
def test_finds_projects_by_words_most_relevant_first(request_projects, query, found):
    response = request_projects("search", query=query)

    assert list_ids(response["projects"]) == found
    assert response["total_found"] == len(found)


def test_search_says_which_filter_to_leave_out(request_projects):
    response = request_projects("search", query="ledger", skills=["Kafka"], difficulty="Beginner")

    assert (response["projects"], response["total_found"]) == ([], 0)
    assert response["message"] == (
        'No Beginner project that practices Kafka is about "ledger". Without `skills`, 1 project is found and without'
        " `difficulty`, 1 project is found."
    )


def test_ranks_projects_with_a_named_skill_first(request_projects):
    assert sorted(list_ids(request_projects("search", query="docker")["projects"])[:3]) == [2, 3, 4]


def test_paginates_search_and_list(request_projects):
    everything = list_ids(request_projects("search", query="build", limit=100)["projects"])

    assert sorted(everything) == [1, 2, 3, 4, 5]
    assert [list_ids(request_projects("search", query="build", limit=1, offset=n)["projects"]) for n in range(6)] == [
        *([number] for number in everything),
        [],
    ]
    assert request_projects("search", query="build", limit=1, offset=3)["total_found"] == 5
    assert list_ids(request_projects("all", limit=2, offset=1)) == [2, 3]
    assert list_ids(request_projects("all", difficulty="Advanced")) == [4, 5]
    assert request_projects("all", offset=5) == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("recommendations?difficulty=Hard", "difficulty"),
        ("recommendations?difficulty=", "difficulty"),
        ("recommendations?limit=0", "limit"),
        ("recommendations?limit=51", "limit"),
        ("recommendations?limit=many", "limit"),
        ("recommendations?skill_focus=", "skill_focus.0"),
        ("recommendations?target_role=", "target_role"),
        ("recommendations?target_role=%2B", "target_role"),
        ("skill-building", "skills"),
        ("skill-building?skills=a&limit=51", "limit"),
        ("skill-building?" + "&".join(["skills=a"] * 51), "skills"),
        ("search", "query"),
        ("search?query=", "query"),
        ("search?query=a&limit=101", "limit"),
        ("search?query=a&offset=-1", "offset"),
        ("search?query=a&difficulty=x", "difficulty"),
        ("all?limit=101", "limit"),
        ("all?offset=x", "offset"),
    ],
)
def test_rejects_invalid_parameters_by_name(newcomer, path, field):
    response = newcomer.get(f"/projects/{path}")

    assert response.status_code == 400
    assert field in response.json()["errors"]


def test_ignores_unknown_parameters(request_projects):
    assert request_projects("all", color="red") == request_projects("all")


def test_serves_an_edit_within_a_second(request_projects):
    assert request_projects("all")[0]["title"] == "Expense Ledger"
    document = ProjectIdeaDocument.objects(id=1).get()
    document.title = "Household Ledger"
    document.save()

    time.sleep(0.85)
    assert request_projects("all")[0]["title"] == "Household Ledger"
    document.delete()
    time.sleep(0.85)
    assert list_ids(request_projects("all")) == [2, 3, 4, 5]


def test_finished_project_offers_skills_but_adds_none(newcomer, request_projects):
    started = newcomer.put("/projects/2/progress", {"status": "started"})
    finished = newcomer.put(
        "/projects/2/progress/", {"status": "finished", "repository_url": "https://example.org/lab.git"}
    )

    assert started.status_code == finished.status_code == 200
    assert started.json()["offered_skills"] == []
    response = finished.json()
    assert response == {
        "project_id": 2,
        "title": "Container Lab",
        "status": "finished",
        "repository_url": "https://example.org/lab.git",
        "started_at": started.json()["started_at"],
        "updated_at": response["updated_at"],
        "finished_at": response["updated_at"],
        "offered_skills": ["docker"],
    }
    assert newcomer.get("/learning/progress").json()["total"] == 0
    assert request_projects("recommendations")["user_skill_count"] == 2
    del response["offered_skills"]
    assert newcomer.get("/projects/progress").json() == {"progress": [response], "total": 1}

    newcomer.put("/learning/progress/docker", {"status": "done", "evidence_url": response["repository_url"]})

    assert request_projects("recommendations")["user_skill_count"] == 3
    again = newcomer.put("/projects/2/progress", {"status": "finished"}).json()
    assert again["offered_skills"] == []
    assert again["finished_at"] == response["finished_at"]
    assert again["repository_url"] == response["repository_url"]


def test_finished_project_can_be_reverted(newcomer):
    newcomer.put("/projects/2/progress", {"status": "finished", "repository_url": "https://example.org/a"})

    response = newcomer.put("/projects/2/progress", {"status": "started", "repository_url": None}).json()

    assert (response["finished_at"], response["repository_url"], response["offered_skills"]) == (None, None, [])
    assert newcomer.delete("/projects/2/progress", None).status_code == 204
    assert newcomer.delete("/projects/2/progress", None).status_code == 404
    assert newcomer.get("/projects/progress").json() == {"progress": [], "total": 0}


def test_lists_progress_with_a_deleted_project(newcomer):
    newcomer.put("/projects/2/progress", {"status": "finished"})
    ProjectIdeaDocument.objects(id=2).get().delete()
    time.sleep(0.85)

    assert newcomer.get("/projects/progress").json()["progress"][0]["title"] is None
    assert newcomer.delete("/projects/2/progress", None).status_code == 204


@pytest.mark.parametrize("project", ["0", "99", "-1", "x", "1.0", "٣", "9" * 30, "%00"])
def test_returns_404_for_an_unknown_project(newcomer, project):
    assert newcomer.put(f"/projects/{project}/progress", {"status": "started"}).status_code == 404
    assert newcomer.delete(f"/projects/{project}/progress", None).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "done"}, "status"),
        ({"status": "started", "repository_url": "git@example.org:a/b"}, "repository_url"),
        ({"status": "started", "repository_url": ""}, "repository_url"),
    ],
)
def test_rejects_invalid_progress_by_field(newcomer, body, field):
    response = newcomer.put("/projects/1/progress", body)

    assert response.status_code == 400
    assert field in response.json()["errors"]


VALUES = st.text(max_size=20) | st.integers(-3, 120).map(str) | st.sampled_from(["Beginner", "python", "Docker"])
NAMES = st.sampled_from(["difficulty", "skill_focus", "skills", "limit", "offset", "target_role", "query"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameters=st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_no_parameters_cause_a_server_error(newcomer, parameters):
    for path in PATHS:
        response = newcomer.get(f"{path}?{urlencode(parameters)}")
        assert response.status_code in (200, 400)
        if response.status_code == 400:
            assert response.json()["errors"]
