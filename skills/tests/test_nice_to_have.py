"""Tests of requirement parsing: required skills, nice-to-have skills and years of experience."""

from time import process_time

import pytest

from market.requirement_parsing import parse_required_years, parse_requirements, select_nice_to_have
from skills.extraction import SkillExtractor, is_within
from skills.vocabulary import Skill, Vocabulary

NAMES = ("python", "kafka", "docker", "kubernetes", "terraform", "django", "postgresql", "redis")
EXTRACTOR = SkillExtractor(
    Vocabulary(Skill(name=name, display_name=name.title(), category="Tools/Technologies") for name in NAMES)
)


def list_nice_to_have(text: str) -> set[str]:
    wording, spans = parse_requirements(text), EXTRACTOR.find_spans(text)
    return set(
        select_nice_to_have(
            skills=[span.skill for span in spans],
            nice_skills=[span.skill for span in spans if is_within(wording.nice, span.start)],
            get_must_skills=lambda: [span.skill for span in spans if is_within(wording.must, span.start)],
        )
    )


@pytest.mark.parametrize(
    ("text", "nice"),
    [
        ("You know Python and Docker.", set()),
        ("Kafka is a plus.", {"kafka"}),
        ("Kafka is a big plus, Python a must.", {"kafka"}),
        ("Python is required, Kafka is preferred.", {"kafka"}),
        ("Experience with Kafka or Redis would be nice to have.", {"kafka", "redis"}),
        ("Python, Docker, Kafka a plus", {"kafka"}),
        ("Experience with Python (Django preferred)", {"django"}),
        ("Experience with Python, Kafka (a plus) and Docker", {"kafka"}),
        ("Strong Python, ideally with Django.", {"django"}),
        ("Containers (preferably Kubernetes), Python", {"kubernetes"}),
        ("Kafka is desirable but not required; Python is.", {"kafka"}),
        ("Knowledge of Redis is not required.", {"redis"}),
        ("You must know Kafka. Kafka is a plus.", set()),
        ("Bonus points for Terraform.", {"terraform"}),
        ("Bonus: Terraform, Kubernetes", {"terraform", "kubernetes"}),
        ("- [Bonus] You know Terraform", {"terraform"}),
        ("- Terraform (bonus)", {"terraform"}),
        ("Nice to have: Kafka, Redis\nRequired: Python", {"kafka", "redis"}),
        ("**Preferred:** Kafka. Also Redis.", {"kafka", "redis"}),
        ("Python needed\nKafka a plus\nDocker\n", {"kafka"}),
        ("Use Kafka to deliver the desired outcomes.", set()),
        ("Use Kafka by describing desired outcomes.", set()),
        ("Experience with Kafka is highly desired.", {"kafka"}),
        ("Preference for candidates near our Docker office.", set()),
        ("Preference given to candidates with Kafka.", {"kafka"}),
        # "Bonus" refers to pay here.
        ("Salary and annual bonus:\n- Python\n", set()),
        ("We prefer tabs. Python.", set()),
    ],
)
def test_finds_nice_to_have_skills_in_clauses(text, nice):
    assert list_nice_to_have(text) == nice


@pytest.mark.parametrize(
    "heading",
    [
        "Nice to have",
        "Nice-to-haves:",
        "## Bonus points",
        "**Preferred Qualifications**",
        "Preferred qualifications:",
        "### Ideally, you'd have",
        "Preferred (but not required)",
        "Desirable skills:",
        "What makes you stand out:",
        "It's a plus if you have:",
    ],
)
def test_finds_nice_to_have_skills_under_a_heading(heading):
    before, after = "Requirements:\n\n- Python\n- Docker\n\n", "\n\nWhat you'll do\n\n- Run Terraform\n"
    text = f"{before}{heading}\n\n- Kafka\n- Redis, or so{after}"

    assert list_nice_to_have(text) == {"kafka", "redis"}


@pytest.mark.parametrize(
    "heading",
    ["Requirements", "Minimum qualifications:", "What you'll need / Bonus points", "Required and preferred skills:"],
)
def test_skills_under_a_mixed_heading_are_required(heading):
    assert list_nice_to_have(f"{heading}\n\n- Python\n- Kafka\n") == set()


@pytest.mark.parametrize(
    ("text", "nice"),
    [
        # A section ends with its list. A skill that is both required and nice to have is required. Offsets count
        # characters, not bytes.
        ("Nice to have:\n\n- Kafka\n- Redis\n\nWe run Docker and Python on everything.\n", {"kafka", "redis"}),
        ("Requirements\n\n- Python and Kafka\n\nNice to have\n\n- Deep knowledge of Kafka\n- Redis\n", {"redis"}),
        ("İş tanımı: Python gerekli 👍\nNice to have: Kafka\n", {"kafka"}),
    ],
)
def test_finds_the_end_of_a_section_in_any_script(text, nice):
    assert list_nice_to_have(text) == nice


def test_an_explicit_statement_outweighs_a_passing_mention():
    assert list_nice_to_have("We run on Kubernetes and like it.\nNice to have: Kubernetes\n") == {"kubernetes"}


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("5+ years of experience", 5),
        ("3-5 years of experience", 3),
        ("3–5 years’ experience", 3),
        ("4 to 6 years of professional experience", 4),
        ("at least two years in backend development", 2),
        ("Minimum of three (3) years of experience", 3),
        ("Experience: 7+ years in Business Intelligence", 7),
        ("- 4+ years full-stack development", 4),
        ("- Proven experience (5–8 years) in sales", 5),
        ("- Backend development (typically 10+ years), with Go", 10),
        ("- Our office (open for 7 years) is bright", None),
        ("1.5 years of relevant experience", 1.5),
        ("10 yrs experience", 10),
        ("You have 6 or more years of experience", 6),
        ("As our next engineer, you should have 5+ years of experience", 5),
        ("2+ years with Kafka.\n8+ years of software experience", 8),
        ("3+ years of experience\n\nNice to have:\n\n- 9+ years of experience\n", 3),
        ("5+ years of experience; 10+ years is a plus", 5),
        ("We have been 20 years in business", None),
        ("Our team has 15 years of experience", None),
        ("Founded 12 years ago", None),
        ("Over the past 5 years we have grown", None),
        ("A 4-year degree or equivalent experience", None),
        ("You are 18 years of age or older", None),
        ("Equity vests over 4 years", None),
        ("A one year contract", None),
        ("A 401k after 1 year", None),
        ("100% growth year over year", None),
        ("$120,000 per year", None),
        ("Our company has 50 years of experience", None),
        ("No number at all", None),
        ("", None),
    ],
)
def test_parses_the_required_years(text, years):
    assert parse_required_years(text) == years


@pytest.mark.parametrize(
    "piece",
    [
        "nice to have ",
        "a plus (",
        "bonus: ",
        "preferred, ",
        "(a a a a ",
        "must required ",
        "\n**preferred**",
        "1-",
        "5 years ",
        "is is are ",
        "- \n",
        "ideally ",
    ],
)
def test_reads_100_kilobytes_of_any_text_within_two_seconds(piece):
    text = (piece * (100_000 // len(piece) + 1))[:100_000] + " years of experience is a plus"
    started = process_time()

    parse_required_years(text, requirements=parse_requirements(text))

    assert process_time() - started < 2
