"""Uploads of resumes in structured formats and HTML: /resumes/generate."""

import json

import pytest

from accounts.tests.uploads import get_resume, send_text, upload

pytestmark = pytest.mark.usefixtures("tools_seeded", "no_wait")

RESUME = {
    "basics": {"name": "Mona Vale", "label": "Baker", "email": "mona@example.org", "phone": None},
    "work": [
        {
            "name": "Crust Ltd",
            "position": "Baker",
            "startDate": "2019-05",
            "endDate": "2021-04",
            "summary": "Wrote Python",
        },
        {"name": "Dough plc", "position": "Helper"},
    ],
    "skills": [{"name": "Tools", "keywords": ["Docker", "Kubernetes"]}],
    "languages": [{"language": "Norwegian"}],
    "hobbies": ["bread"],
}


def test_takes_over_a_json_resume_field_by_field(ada, worker):
    response = upload(ada, json.dumps(RESUME).encode(), name="resume.json")

    assert response.status_code == 201, response.content
    resume = get_resume(ada, response.json()["resume_id"])
    assert resume["file"]["media_type"] == "application/json"
    assert resume["content"]["basics"] == {"name": "Mona Vale", "label": "Baker", "email": "mona@example.org"}
    assert resume["content"]["work"] == RESUME["work"]
    parsed = resume["parsed"]
    assert {skill["name"]: skill["found_in"] for skill in parsed["skills"]} == {
        "docker": ["skills"],
        "kubernetes": ["skills"],
        "python": ["experience"],
    }
    assert [entry["start_date"] for entry in parsed["experience"]] == ["2019-05", None]
    assert parsed["experience_years"]["value"] == 2
    assert [line["text"] for line in parsed["unread"]] == ["hobbies: ['bread']"]
    assert resume["offered_fields"]["full_name"] == "Mona Vale"
    assert resume["offered_fields"]["languages"] == ["Norwegian"]


def test_reads_the_json_export_of_a_resume_back(ada, worker):
    first = upload(ada, json.dumps(RESUME).encode()).json()["resume_id"]
    exported = ada.get(f"/resumes/{first}.json").content

    second = upload(ada, exported).json()["resume_id"]

    contents = [get_resume(ada, resume_id)["content"] for resume_id in (first, second)]
    assert contents[0] | {"meta": None} == contents[1] | {"meta": None}


def test_confirms_values_of_a_structured_resume(ada, worker):
    resume_id = upload(ada, json.dumps(RESUME).encode()).json()["resume_id"]

    response = ada.post(
        f"/resumes/{resume_id}/confirm",
        {"skills": ["Docker"], "fields": ["full_name", "experience", "experience_years"]},
    )

    assert response.status_code == 200, response.content
    assert "docker" in [skill.casefold() for skill in response.json()["skills"]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (json.dumps(RESUME), "Mona Vale"),
        (
            "<html><body><h1>Mona Vale</h1><p>mona.vale@example.org</p><h2>Skills</h2><p>Docker</p></body></html>",
            "Mona Vale",
        ),
    ],
    ids=["JSON", "HTML"],
)
def test_reads_pasted_text_in_these_formats_like_a_file(ada, worker, content, name):
    response = send_text(ada, content)

    assert response.status_code == 201, response.content
    resume = get_resume(ada, response.json()["resume_id"])
    assert resume["content"]["basics"]["name"] == name
    assert "html" not in [skill["name"] for skill in resume["parsed"]["skills"]]


def test_rejects_json_that_is_no_resume(ada, worker):
    response = upload(ada, b'{"name": "Mona Vale", "jobs": ["Baker"]}')

    assert (response.status_code, response.json()["reason"]) == (400, "unknown_type")
