"""Values that an upload offers for the profile: place, languages and target roles."""

import pytest

from accounts.documents import MAX_ROLES
from accounts.resumes.parsing.languages import parse_languages
from accounts.resumes.parsing.resume import build_json_resume, parse_resume
from tests.factories import NOW

RESUME = """Grace Hopper
Senior Compiler Engineer
12 Navy Street, Arlington, VA | grace@example.org | +1 703 555 0123

Experience
Software Engineer, Remington Rand
Jan 2019 - present
- Wrote a compiler

Languages
English (native), German – B2
French: fluent; Python

Skills
Docker
"""


def parse(text):
    return parse_resume(text=text, spans=[], now=NOW.date())


@pytest.fixture
def offered(empty_servers, ada):
    resume_id = ada.post("/resumes/generate", {"user_id": ada.id, "source": "upload", "content": RESUME}).json()[
        "resume_id"
    ]
    return f"/resumes/{resume_id}", ada


def test_offers_place_languages_and_roles(offered):
    path, ada = offered
    resume = ada.get(path).json()["resume"]

    fields = resume["offered_fields"]
    assert fields["location"] == "Arlington, VA"
    assert fields["languages"] == ["English", "German", "French"]
    assert fields["target_roles"] == ["Senior Compiler Engineer", "Software Engineer"]
    assert resume["parsed"]["languages"][1] == {"language": {"value": "German", "confidence": 0.95}, "fluency": "B2"}
    assert resume["content"]["basics"]["location"] == {"city": "Arlington", "region": "VA", "countryCode": "US"}
    assert resume["content"]["languages"][0] == {"language": "English", "fluency": "native"}


def test_adds_confirmed_values_to_lists_and_collects_for_new_roles(offered, queued):
    path, ada = offered
    ada.put("/auth/me", {"languages": ["Finnish"]})
    queued()

    response = ada.post(f"{path}/confirm", {"fields": ["location", "languages", "target_roles"]})

    assert response.status_code == 200
    profile = ada.get("/auth/me").json()
    assert profile["location"] == "Arlington, VA"
    assert profile["languages"] == ["Finnish", "English", "German", "French"]
    # The role that the profile already has keeps its spelling.
    assert profile["target_roles"] == ["Software Engineer", "Senior Compiler Engineer"]
    assert queued() == [("ingestion.tasks.collect_for_user", [ada.id, ["Senior Compiler Engineer"]])]


@pytest.mark.parametrize("body", [{}, {"skills": [], "fields": []}, {"skill": ["docker"]}, {"skills": []}])
def test_rejects_a_confirmation_without_a_selection(offered, body):
    path, ada = offered

    response = ada.post(f"{path}/confirm", body)

    assert response.status_code == 400
    assert response.json()["error_codes"] == {"non_field_errors": ["nothing_picked"]}
    assert response.json().get("ignored_fields", []) == [name for name in body if name == "skill"]
    assert ada.get(path).json()["resume"]["confirmed_at"] is None


def test_rejects_a_confirmation_without_a_body(offered):
    path, ada = offered

    assert ada.send("POST", f"{path}/confirm").status_code == 400


def test_adds_roles_only_up_to_the_limit(offered):
    path, ada = offered
    ada.put("/auth/me", {"target_roles": [f"Role {number}" for number in range(MAX_ROLES)]})

    response = ada.post(f"{path}/confirm", {"fields": ["target_roles"]})

    assert (response.status_code, response.json()["error_codes"]) == (400, {"fields": ["too_many"]})


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ("Ada Lovelace\nBerlin, Germany", "Berlin, Germany"),
        ("Ada Lovelace\nLocation: Munich", "Munich, Germany"),
        ("Ada Lovelace | ada@example.org | Austin, TX 78701", "Austin, TX"),
        ("Ada Lovelace\nAddress: 5 King Street, London, UK", "London, United Kingdom"),
        ("Ada Lovelace\nPython, Java", None),
        ("Paris Hilton\nAcme, Inc.", None),
        ("Ada Lovelace, PhD", None),
        ("Jordan Georgia", None),
    ],
)
def test_parses_a_place_and_nothing_else(head, place):
    found = parse(f"{head}\n\nSkills\nDocker\n").contact.place

    assert (found.value if found else None) == place


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("English, German, French", [("English", None), ("German", None), ("French", None)]),
        ("• Mandarin Chinese (fluent)", [("Mandarin Chinese", "fluent")]),
        ("Native: Portuguese", [("Portuguese", "Native")]),
        ("Spanish - professional working proficiency", [("Spanish", "professional working proficiency")]),
        ("English and Hindi", [("English", None), ("Hindi", None)]),
        ("Python, Java, C++, Go", []),
        ("Polishing furniture", []),
        ("English, english, English (C2)", [("English", None)]),
        ("English " + "x" * 500, [("English", None)]),
        ("", []),
    ],
)
def test_parses_spoken_languages(line, expected):
    assert [(spoken.language.value, spoken.fluency) for spoken in parse_languages([line])] == expected


@pytest.mark.parametrize(
    ("line", "role"),
    [
        ("Desired role: Senior Backend Engineer", "Senior Backend Engineer"),
        ("Target position: Data Analyst", "Data Analyst"),
        ("Target: DevOps Engineer", "DevOps Engineer"),
        ("ada@example.org | Job title: QA Tester", "QA Tester"),
        ("Title: Dr.", "Software Engineer"),
        ("Position: at the front", "Software Engineer"),
    ],
)
def test_offers_a_labeled_role_before_other_candidates(line, role):
    contact = parse(f"Ada Lovelace\nSoftware Engineer\n{line}\n\nSkills\nDocker\n").contact

    assert (contact.headline.value, contact.name.value) == (role, "Ada Lovelace")


@pytest.mark.parametrize(
    "line", ["Name: Hans Müller", "Full name: Hans Müller", "NAME:Hans Müller", "Username: Hans\nHans Müller"]
)
def test_parses_a_labeled_name(line):
    assert parse(f"Resume\n{line}\nhans@example.org\n\nSkills\nDocker\n").contact.name.value == "Hans Müller"


@pytest.mark.parametrize(
    "line", ["Looking for work as an engineer", "Engineer at Acme", "engineer@example.org", "10 years as a developer"]
)
def test_does_not_take_a_sentence_for_a_headline(line):
    assert parse(f"Ada Lovelace\n{line}\n\nSkills\nDocker\n").contact.headline is None


def test_omits_what_a_resume_does_not_contain():
    parsed = parse("Ada Lovelace\nada@example.org\n\nSkills\nDocker\n")

    assert (parsed.contact.place, parsed.contact.headline, parsed.languages) == (None, None, ())
    assert {"location", "languages"} & build_json_resume(parsed, display_names={}).keys() == set()


def test_offers_the_result_of_an_earlier_release(offered, mongo):
    path, ada = offered
    earlier = {"parsed.languages": "", "parsed.contact.place": "", "parsed.contact.headline": "", "updated_at": ""}
    mongo.resumes.update_one({}, {"$unset": earlier})

    response = ada.get(path)

    assert response.status_code == 200
    assert response.json()["resume"]["offered_fields"].keys() & {"location", "languages"} == set()
    assert response.json()["resume"]["updated_at"] == response.json()["resume"]["created_at"]
