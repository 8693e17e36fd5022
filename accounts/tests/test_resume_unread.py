"""Unread lines and uncertain values in the response of an upload."""

RESUME = """Vera Nadel
vera.nadel@example.org
Loves brass bands

Experience

Senior Engineer, Northgate Foods\tJan 2022 - Present
- Led a team of six

Printer, Violet Press\tTrinity term
- Set type

Hogwarts\t2014 - 2016

Education

B.Sc. Physics, University of Marram, 2010 - 2014
Read many books on tides.

Certifications
Forklift license
"""


def _upload(ada, text):
    path = ada.post("/resumes/generate", {"user_id": ada.id, "source": "upload", "content": text}).json()["address"]
    return ada.get(path).json()["resume"]


def test_lists_the_lines_that_no_value_was_taken_from(empty_servers, ada):
    resume = _upload(ada, RESUME)

    assert [(line["line"], line["section"], line["reason"]) for line in resume["unread"]] == [
        (3, "header", "text"),
        (10, "experience", "dates"),
        (18, "education", "text"),
        (21, "other", "section"),
    ]
    assert resume["unread"][0]["text"] == "Loves brass bands"
    assert resume["parsed"]["unread"] == resume["unread"]


def test_lists_a_name_in_the_head_of_a_position_that_is_neither_title_nor_employer(empty_servers, ada):
    text = RESUME.replace(
        "Senior Engineer, Northgate Foods\tJan", "Northgate Foods\nPlatform team\nSenior Engineer\tJan"
    )

    resume = _upload(ada, text)

    assert "Platform team" in [line["text"] for line in resume["unread"]]
    assert "Northgate Foods" not in [line["text"] for line in resume["unread"]]


def test_asks_about_uncertain_values_and_does_not_offer_them(empty_servers, ada):
    resume = _upload(ada, RESUME)

    assert resume["questions"] == [{"field": "experience.2.company", "value": "Hogwarts", "confidence": 0.4}]
    assert resume["offered_fields"]["experience"] == (
        "Senior Engineer, Northgate Foods (2022-01 to present)\nPrinter, Violet Press"
    )
    assert resume["parsed"]["experience"][1]["start_date"] is None


def test_a_generated_resume_has_neither(empty_servers, ada):
    ada.put("/auth/me", {"skills": ["Python"], "professional_summary": "Builds pumps."})

    path = ada.post("/resumes/generate", {"user_id": ada.id, "source": "generated"}).json()["address"]

    resume = ada.get(path).json()["resume"]
    assert (resume["unread"], resume["questions"]) == ([], [])
