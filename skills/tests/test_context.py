"""Tests of mentions that the surrounding text rules out or makes a skill."""

import pytest

from skills.extraction import SkillExtractor

NOT_SKILLS = [
    ("cad", "Base pay: CAD 130,000 to 160,000."),
    ("cad", "You earn 95k CAD, paid monthly."),
    ("cad", "$120,000 CAD plus bonus"),
    ("kong", "Offices in Hong Kong, Tokyo and Sydney"),
    ("java", "A plantation in West Java"),
    ("polish", "The last 10 % of polish matters."),
    ("polish", "Polish your pitch with us."),
    ("dutch", "We are a Dutch company."),
    ("german", "You know the German market."),
    ("english", "Support for non-English speakers"),
    ("palo alto networks", "We work from our Palo Alto office."),
    ("palo alto networks", "Hybrid in Palo Alto or New York"),
    ("design systems", "You will design systems for millions of riders."),
    ("design systems", "We build and design systems that never sleep."),
    ("operating systems", "The agentic operating system for supply chains"),
    ("operating systems", "Building and operating systems at scale"),
    ("operating systems", "Our AI operating system powers clinics."),
    ("aws amplify", "We amplify the voices of patients."),
    ("mulesoft", "Angels from Mulesoft and Figma"),
    ("sap", "A team from SAP, Celonis and Personio"),
    ("aws", "She worked at AWS."),
    ("datadog", "We compete with Datadog and New Relic."),
    ("new relic", "We compete with Datadog and New Relic."),
    ("mentoring", "You get mentorship from senior engineers."),
    ("communication", "Any communication from us comes from our own domain."),
    ("communication", "We build a communication platform."),
    ("collaboration", "In close collaboration with Harvard University"),
    ("selenium", "Selenium is a mineral."),
    ("delphi", "You run a Delphi panel."),
    ("flux", "Markets are in flux."),
    ("flux", "Flux and Stable Diffusion generate our images."),
    ("foundry", "Pipelines in Palantir Foundry"),
    ("pandas", "Feed the pandas, then the lions."),
    ("bash", "Our summer bash is famous."),
    ("windows", "Floor-to-ceiling windows"),
    ("windows", "Long context windows"),
    ("macos", "You know how MAC addresses work."),
    ("macos", "A Big Mac for lunch"),
    ("elasticsearch", "Elastic infrastructure for all"),
    ("nestjs", "Install Google Nest thermostats."),
    ("ruby", "Ruby Princess cruises"),
    ("signal processing", "You buy media through a DSP."),
    ("go-to-market strategy", "Product launches every quarter"),
    ("react", "React to incidents at night."),
    ("full-stack development", "You work with full stack engineers."),
    ("elasticsearch", "An elastic waistband"),
]

SKILLS = [
    ("cad", "CAD models in CATIA"),
    ("kong", "Kong and Envoy as gateways"),
    ("java", "Java, Kotlin and Spring"),
    ("polish", "Native Polish speaker"),
    ("german", "German at C1 level"),
    ("english", "good english skills"),
    ("palo alto networks", "Experience with Palo Alto and Fortinet"),
    ("design systems", "You own our design systems."),
    ("design systems", "Contribute to the design system"),
    ("operating systems", "Linux and other operating systems"),
    ("aws amplify", "AWS Amplify, AppSync and Lambda"),
    ("sap", "You know SAP and ABAP."),
    ("datadog", "Metrics and traces in Datadog"),
    ("mentoring", "You mentor junior engineers."),
    ("mentoring", "Coach and mentor others"),
    ("communication", "Clear communication with clients"),
    ("selenium", "selenium and java for our test suite"),
    ("flux", "Kubernetes deployments by Flux"),
    ("pandas", "using pandas to analyse Python logs"),
    ("bash", "Comfortable in bash"),
    ("windows", "Windows and Linux servers"),
    ("macos", "Mac and Windows desktops"),
    ("elasticsearch", "Search with Elastic and Redis"),
    ("nestjs", "TypeScript, Nest, PostgreSQL"),
    ("signal processing", "DSP for audio hardware"),
    ("go-to-market strategy", "You own GTM strategy."),
    ("a/b testing", "Run A/B experiments"),
    ("react", "React to build the web app, Kotlin for mobile"),
    ("go", "Our stack is Go."),
    ("rust", "The backend is written in Rust."),
    ("angular", "Angular17 and Node20"),
    ("nodejs", "Angular17 and Node20"),
    ("php", "PHP8 and MySQL8"),
    ("mysql", "PHP8 and MySQL8"),
    ("full-stack development", "We are looking for a Full Stack Developer."),
    ("frontend development", "As our next frontend engineer: you are a frontend engineer at heart."),
]


@pytest.mark.parametrize(("skill", "sentence"), NOT_SKILLS)
def test_ignores_a_name_that_the_surrounding_text_rules_out(
    extractor: SkillExtractor, skill: str, sentence: str
) -> None:
    assert skill not in extractor.extract_skills(sentence)


@pytest.mark.parametrize(("skill", "sentence"), SKILLS)
def test_finds_the_skill_in_its_usual_context(extractor: SkillExtractor, skill: str, sentence: str) -> None:
    assert skill in extractor.extract_skills(sentence)


def test_counts_a_trade_in_the_title_of_a_job(extractor: SkillExtractor) -> None:
    text = "Senior DevOps Engineer\nYou work with data engineers."

    spans = extractor.find_spans(text, title_length=len("Senior DevOps Engineer"))

    assert [span.skill for span in spans] == ["devops"]
