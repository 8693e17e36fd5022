"""Names that are departments, parts of longer names or other senses of a word, in invented sentences."""

import time

import pytest

from skills.extraction import SkillExtractor


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("You collaborate closely with design, product management, and data science.", []),
        ("Partner with finance and customer success teams", []),
        ("Work cross-functionally with our data engineering and user research colleagues.", []),
        ("Alignment across engineering, product design and sales is your job.", []),
        ("Liaise with procurement/finance on budgets", []),
        ("Work with Kubernetes, Terraform and Go", ["kubernetes", "terraform", "go"]),
        (
            "You bring experience working with data engineering, data science and dbt.",
            ["data engineering", "data science", "dbt"],
        ),
        ("Work with product managers on machine learning and Spark", ["machine learning", "spark"]),
        ("In close cooperation with product management and sales", []),
        ("You sit beside DevOps software engineers and data science professionals", []),
        ("Join the Platform & Infrastructure team", []),
        ("The QA and support teams use Jira", ["jira"]),
        ("Each squad has a product owner and a tech lead.", []),
        ("You act as technical lead for three squads", ["technical leadership"]),
        ("We are looking for a senior product owner", ["product management"]),
    ],
)
def test_a_department_or_a_colleague_is_not_a_skill(extractor: SkillExtractor, text: str, skills: list[str]) -> None:
    assert extractor.extract_skills(text) == skills


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("Search should be as quick and pleasant as using ChatGPT.", []),
        ("Languages such as Rust, as well as Go", ["rust", "go"]),
        ("Infrastructure as code tools such as Terraform", ["infrastructure as code", "terraform"]),
        ("Sheet metal, welding and milling", []),
        ("Metal, Vulkan and Swift on iOS", ["metal", "vulkan", "swift", "ios"]),
        ("We combine software and full-stack manufacturing", []),
        ("Experience with full-stack development", ["full-stack development"]),
        ("Build tools that save our testers time", []),
        ("Maintain compilers and build tools, such as Bazel", ["compilers", "build systems", "bazel"]),
        ("Fine-tuning the interfaces of our booking site", []),
        ("Fine-tuning open models", ["fine-tuning"]),
        ("Knowledge of LLMs, orchestration frameworks and agents", ["large language models"]),
        ("Docker and container orchestration with Nomad", ["docker", "container orchestration", "nomad"]),
        ("Experience with Oracle HCM and Oracle Retail", []),
        ("Experience with Oracle and MySQL", ["oracle database", "mysql"]),
        ("Connect wallets with permissionless.js", []),
        ("Firebase (Auth, Firestore, Analytics, Crashlytics)", ["firebase", "firestore"]),
        ("Vacuum system design", []),
        ("Unit, UI and systems tests", []),
        ("Our offices stay central to collaboration.", []),
        ("You enjoy in-person collaboration at our Lisbon office.", []),
        ("Strong collaboration and creativity", ["collaboration", "creativity"]),
        ("We train models on proactive reliability", []),
        ("You show empathy, proactive and clear communication", ["empathy", "self-motivation", "communication"]),
        ("Segment networks with VPCs in AWS", ["amazon vpc", "aws"]),
        ("Our cloud offers a VPC and load balancers", ["load balancing"]),
        ("Fast client-side code in React", ["frontend development", "react"]),
        ("Client-side crash rates of our Kotlin app", ["kotlin"]),
        ("Sort large data sets in Excel", ["excel"]),
        ("Store large data sets with Spark", ["big data", "spark"]),
        ("Model evaluation for credit scores", []),
        ("Model evaluation for LLMs", ["llm evaluation", "large language models"]),
        ("Log Analytics", []),
        ("Agile, insightful and kind", []),
        ("Agile, Scrum and Kanban", ["agile", "scrum", "kanban"]),
        ("Test infrastructure for robots", []),
        ("Design systems and make decisions that last", []),
        ("Own design systems and component libraries", ["design systems", "component libraries"]),
        ("A crew of people from places like Stripe, Okta and Twilio", []),
        ("Continuous integrations for a shipyard", ["ci/cd"]),
        ("Consultants for energy, FP and MEP", []),
        ("FP in Haskell", ["functional programming", "haskell"]),
        ("Architectural design of timber houses", []),
        ("Architectural design of our back-end", ["software architecture"]),
        ("Performance testing of antennas", []),
        ("Performance testing of APIs with JMeter", ["performance testing", "apis", "jmeter"]),
        ("Knowledge of private Android OSs", ["android"]),
    ],
)
def test_the_words_beside_a_name_decide_its_sense(extractor: SkillExtractor, text: str, skills: list[str]) -> None:
    assert extractor.extract_skills(text) == skills


@pytest.mark.parametrize(
    ("title", "skills"),
    [
        ("Senior Data Scientist (m/f/d)", ["data science"]),
        ("Data Platform Engineer", ["data engineering"]),
        ("Network & Database Administrators", ["database administration"]),
        ("Lead Game Developer, Unity", ["game development", "unity"]),
        ("Product Manager – Payments", ["product management"]),
        ("Machine Learning Engineer", ["machine learning"]),
        ("Keeper of the Lighthouse", []),
    ],
)
def test_the_trade_in_a_title_counts(extractor: SkillExtractor, title: str, skills: list[str]) -> None:
    text = f"{title}\nYou will work with a data analyst and a project manager."

    assert [span.skill for span in extractor.find_spans(text, title_length=len(title))] == skills


@pytest.mark.parametrize("unit", ["and ", "work with and ", "design, ", "work with a b c d, ", "a/b/", "as a b c as "])
def test_repeated_links_take_no_exponential_time(extractor: SkillExtractor, unit: str) -> None:
    text = "work with " + (unit * 40 + "sales ") * 200
    used = time.process_time()

    extractor.find_spans(text[:60_000])

    # An exponential pattern would need hours. The measured time is below a tenth of a second.
    assert time.process_time() - used < 30
