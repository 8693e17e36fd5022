"""The issues that the readability check derives from the values read from a resume."""

import pytest

from accounts.resumes.files.features import LAYOUT_FEATURES
from accounts.resumes.readability import MAX_EXAMPLES, SEVERITIES, assess_readability


@pytest.fixture(autouse=True)
def _servers():
    """Pure functions need no servers."""


@pytest.fixture(autouse=True)
def _long_parse_timeout():
    """Pure functions read no files."""


def build_found(value, confidence=0.9):
    return {"value": value, "confidence": confidence}


def build_position(**changes):
    position = {"title": build_found("Baker"), "company": build_found("Mill"), "start_date": "2019", "end_date": None}
    return position | {"confidence": 0.9} | changes


def build_unread(text, reason="text"):
    return {"line": 1, "text": text, "section": "experience", "reason": reason}


def build_parsed(**changes):
    parsed = {
        "contact": {name: build_found(name) for name in ("name", "email", "phone")},
        "skills": [{"name": "python", "found_in": ["skills"]}],
        "experience": [build_position()],
        "education": [
            {
                "institution": build_found("Orran"),
                "degree": build_found("MA"),
                "area": None,
                "start_date": None,
                "end_date": "2015",
            }
        ],
    }
    return parsed | changes


def assess(*, layout_features=(), **changes):
    return assess_readability(build_parsed(**changes), layout_features=layout_features)


def test_a_complete_resume_is_good():
    readability = assess()

    assert (readability.verdict, readability.issues) == ("good", ())


@pytest.mark.parametrize("name", ["name", "email", "phone"])
def test_reports_a_missing_contact_detail(name):
    contact = build_parsed()["contact"] | {name: None}

    (issue,) = assess(contact=contact).issues

    assert issue.code == f"missing_{name}"


@pytest.mark.parametrize(
    ("changes", "code", "example"),
    [
        ({"start_date": None}, "unread_dates", "Baker, Mill"),
        ({"title": None}, "incomplete_positions", "Mill, 2019"),
        ({"company": None}, "incomplete_positions", "Baker, 2019"),
        ({"company": build_found("Mill", 0.4)}, "uncertain_values", "company: Mill"),
    ],
)
def test_quotes_the_position_that_was_not_read_well(changes, code, example):
    readability = assess(experience=[build_position(), build_position(**changes)])

    (issue,) = readability.issues
    assert (issue.code, issue.count, issue.examples) == (code, 1, (example,))
    assert readability.verdict == "fair"


def test_quotes_the_first_unread_lines_and_counts_all():
    (issue,) = assess(unread=[build_unread(f"line {number}") for number in range(30)]).issues

    assert (issue.code, issue.count) == ("unread_lines", 30)
    assert issue.examples == tuple(f"line {number}" for number in range(MAX_EXAMPLES))


def test_quotes_the_lines_whose_dates_were_not_understood():
    unread = [build_unread("Baker, Mill, 20xx", "dates"), build_unread("Hobbies", "section")]

    (issue,) = assess(unread=unread, experience=[build_position(start_date=None)]).issues

    assert (issue.code, issue.count, issue.examples) == ("unread_dates", 1, ("Baker, Mill, 20xx",))


@pytest.mark.parametrize("feature", LAYOUT_FEATURES)
def test_reports_each_feature_of_the_layout(feature):
    (issue,) = assess(layout_features=[feature]).issues

    assert issue.code == feature


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({"experience": []}, "poor"), ({"skills": []}, "fair"), ({"education": []}, "good")],
)
def test_the_most_severe_issue_decides_the_verdict(changes, verdict):
    assert assess(**changes).verdict == verdict


def test_lists_the_most_severe_issue_first():
    severities = [issue.severity for issue in assess(layout_features=LAYOUT_FEATURES, experience=[], skills=[]).issues]

    assert severities == sorted(severities, key=SEVERITIES.index)
    assert severities[0] == "high"
