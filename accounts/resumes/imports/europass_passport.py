"""Read the SkillsPassport XML and JSON that the Europass editor wrote before 2020.

Run only inside `extract_worker`: see `sandbox`.
"""

from typing import Any

from accounts.resumes.imports.europass_values import (
    NATIVE,
    build_location,
    describe_levels,
    get_value,
    iterate_texts,
    iterate_values,
    list_lines,
    list_unread,
    read_html,
)
from accounts.resumes.imports.trees import Node, find, get_text, iterate
from accounts.resumes.imports.values import ImportedResume, build_url, drop_empty, drop_empty_entries, parse_date

_PASSPORT_SECTIONS = frozenset(
    {"Identification", "Headline", "WorkExperience", "Education", "Skills", "Achievement", "WorkExperienceList"}
    | {"EducationList", "AchievementList", "ReferenceTo", "ReferenceToList", "Documentation"}
)
_SKILL_GROUPS = {
    "Communication": "Communication skills",
    "Organisational": "Organizational skills",
    "JobRelated": "Job-related skills",
    "Computer": "Digital skills",
    "Other": "Other skills",
}


def read_learner(learner: Node) -> ImportedResume:
    """Return the content of a SkillsPassport document. Sections that are not imported are listed in `unread`."""
    imported = ImportedResume({})
    identification = find(learner, "Identification")
    contact = find(identification, "ContactInfo")
    address = find(contact, "Address", "Contact")
    skills = find(learner, "Skills")
    headline = find(learner, "Headline", "Description")
    websites = [build_url(get_text(website, "Contact")) for website in iterate(contact, "Website")]
    linguistic = find(skills, "Linguistic")
    imported.content = drop_empty(
        {
            "basics": drop_empty(
                {
                    "name": " ".join(
                        filter(
                            None, (get_text(identification, "PersonName", part) for part in ("FirstName", "Surname"))
                        )
                    ),
                    "label": get_text(headline, "Label") or get_value(headline),
                    "email": get_text(contact, "Email", "Contact"),
                    "phone": next((get_text(phone, "Contact") for phone in iterate(contact, "Telephone")), None),
                    "url": next(filter(None, websites), None),
                    "location": build_location(
                        address=get_text(address, "AddressLine"),
                        postal_code=get_text(address, "PostalCode"),
                        city=get_text(address, "Municipality"),
                        country=get_text(address, "Country", "Code"),
                    ),
                }
            ),
            "work": drop_empty_entries(
                _build_learner_work(experience) for experience in iterate(learner, "WorkExperience")
            ),
            "education": drop_empty_entries(
                _build_learner_education(education) for education in iterate(learner, "Education")
            ),
            "awards": drop_empty_entries(
                {
                    "title": get_text(achievement, "Title", "Label"),
                    "summary": "\n".join(list_lines(get_text(achievement, "Description"))),
                }
                for achievement in iterate(learner, "Achievement")
            ),
            "certificates": drop_empty_entries(
                {"name": f"Driving license {code}"}
                for code in (
                    iterate_texts(skills, "Driving", "Description", "Licence")
                    or iterate_texts(skills, "Driving", "Description")
                )
            ),
            "skills": drop_empty_entries(
                {"name": label, "keywords": lines}
                for name, label in _SKILL_GROUPS.items()
                if (lines := list_lines(get_text(skills, name, "Description")))
            ),
            "languages": drop_empty_entries(
                [
                    *(
                        {"language": get_text(language, "Description", "Label"), "fluency": NATIVE}
                        for language in iterate(linguistic, "MotherTongue")
                    ),
                    *(
                        {
                            "language": get_text(language, "Description", "Label"),
                            "fluency": describe_levels(iterate_values(find(language, "ProficiencyLevel"))),
                        }
                        for language in iterate(linguistic, "ForeignLanguage")
                    ),
                ]
            ),
        }
    )
    list_unread(learner, _PASSPORT_SECTIONS, imported)
    return imported


def _build_learner_work(experience: Node) -> dict[str, Any]:
    employer = find(experience, "Employer")
    address = find(employer, "ContactInfo", "Address", "Contact")
    place_names = filter(None, (get_text(address, "Municipality"), get_text(address, "Country", "Label")))
    return {
        "name": get_text(employer, "Name"),
        "position": get_text(experience, "Position", "Label"),
        "location": ", ".join(place_names),
        "url": build_url(get_text(employer, "ContactInfo", "Website", "Contact")),
        **_read_learner_period(experience),
        **read_html(experience, "Activities"),
    }


def _build_learner_education(education: Node) -> dict[str, Any]:
    return {
        "institution": get_text(education, "Organisation", "Name"),
        "studyType": get_text(education, "Title"),
        "area": get_text(education, "Field", "Label"),
        "courses": list_lines(get_text(education, "Activities")),
        **_read_learner_period(education),
    }


def _read_learner_period(entry: Node) -> dict[str, Any]:
    def read_date(name: str) -> str | None:
        date_node = find(entry, "Period", name)
        parts = [get_text(date_node, part) or get_text(date_node, part.casefold()) for part in ("Year", "Month", "Day")]
        # XML writes months as "--10" and days as "---01".
        digits = [part.lstrip("-") for part in parts if part]
        return parse_date("-".join(digits)) if digits else None

    return {"startDate": read_date("From"), "endDate": read_date("To")}
