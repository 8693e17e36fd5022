"""Read the Candidate XML of the present Europass editor. Run only inside `extract_worker`: see `sandbox`."""

from typing import Any

from accounts.resumes.imports.europass_values import (
    NATIVE,
    build_location,
    describe_levels,
    get_value,
    iterate_texts,
    list_lines,
    list_unread,
    name_country,
    name_language,
    read_html,
    read_period,
)
from accounts.resumes.imports.trees import Node, find, get_text, iterate
from accounts.resumes.imports.values import ImportedResume, build_url, drop_empty, drop_empty_entries, parse_date

_CANDIDATE_SECTIONS = frozenset(
    {
        *(
            "ExecutiveSummary",
            "EmploymentHistory",
            "EducationHistory",
            "PersonQualifications",
            "Skills",
            "DigitalSkills",
        ),
        *("Licenses", "Certifications", "CourseCertifications", "PublicationHistory", "Projects", "VoluntaryWorks"),
    }
)


def read_candidate(document: Node) -> ImportedResume:
    """Return the content of a Candidate document. Sections that are not imported are listed in `unread`."""
    person, profile = find(document, "CandidatePerson"), find(document, "CandidateProfile")
    imported = ImportedResume({})
    languages = [
        {"language": name_language(text), "fluency": NATIVE}
        for code in iterate(person, "PrimaryLanguageCode")
        if (text := get_value(code))
    ]
    qualifications = [*iterate(profile, "PersonQualifications", "PersonCompetency")]
    competencies = [*qualifications, *iterate(profile, "Skills", "PersonCompetency")]
    languages += [_build_candidate_language(competency) for competency in competencies if _is_language(competency)]
    skills: list[dict[str, Any]] = [
        {"name": get_text(competency, "CompetencyName")} for competency in competencies if not _is_language(competency)
    ]
    for group in iterate(profile, "Skills", "SkillsGroup"):
        names = [get_text(competency, "CompetencyName") for competency in iterate(group, "PersonCompetency")]
        skills.append({"name": get_text(group, "Title"), "keywords": [*filter(None, names)]})
    for group in iterate(profile, "DigitalSkills", "DigitalSkillsGroup"):
        names = [get_value(skill) for skill in iterate(group, "DigitalSkill")]
        skills.append({"name": get_text(group, "Title"), "keywords": [*filter(None, names)]})
    imported.content = drop_empty(
        {
            "basics": _build_candidate_basics(person, profile),
            "work": drop_empty_entries(
                _build_candidate_work(employer, position)
                for employer in iterate(profile, "EmploymentHistory", "EmployerHistory")
                for position in [*iterate(employer, "PositionHistory")] or [{}]
            ),
            "volunteer": drop_empty_entries(
                {
                    "organization": get_text(volunteering, "Title"),
                    **read_period(volunteering, "Date"),
                    **read_html(volunteering, "Description"),
                }
                for volunteering in iterate(profile, "VoluntaryWorks", "VoluntaryWork")
            ),
            "education": drop_empty_entries(
                _build_candidate_education(attendance)
                for attendance in iterate(profile, "EducationHistory", "EducationOrganizationAttendance")
            ),
            "certificates": drop_empty_entries(_build_candidate_certificates(profile)),
            "publications": drop_empty_entries(
                {
                    "name": get_text(publication, "Title"),
                    "publisher": get_text(publication, "Publisher") or get_text(publication, "Journal"),
                    "releaseDate": parse_date(get_text(publication, "Year")),
                    "url": build_url(get_text(publication, "DOI", "Link")),
                    "summary": read_html(publication, "FormattedPublicationDescription").get("summary"),
                }
                for publication in iterate(profile, "PublicationHistory", "Publication")
            ),
            "skills": drop_empty_entries(skills),
            "languages": drop_empty_entries(languages),
            "projects": drop_empty_entries(
                {
                    "name": get_text(project, "Title"),
                    "url": build_url(get_text(project, "Link")),
                    "description": "\n".join(list_lines(get_text(project, "Description"))),
                    **read_period(project, "Date"),
                }
                for project in iterate(profile, "Projects", "Project")
            ),
        }
    )
    list_unread(profile, _CANDIDATE_SECTIONS, imported)
    return imported


def _build_candidate_basics(person: Node, profile: Node) -> dict[str, Any]:
    name = find(person, "PersonName")
    channels: dict[str, list[Node]] = {}
    for communication in iterate(person, "Communication"):
        channels.setdefault(get_text(communication, "ChannelCode").casefold(), []).append(communication)
    phone: Node = next(iter(channels.get("telephone", ())), {})
    dialing = get_text(phone, "CountryDialing").lstrip("+")
    number = get_text(phone, "DialNumber")
    address: Node = next(
        (found for communication in iterate(person, "Communication") if (found := find(communication, "Address"))), {}
    )
    profiles = [
        {"network": get_text(channel, "UseCode").title(), "url": build_url(get_text(channel, "URI"))}
        for channel in channels.get("social media", ())
    ]
    web = (build_url(get_text(channel, "URI")) for channel in channels.get("web", ()))
    return drop_empty(
        {
            "name": " ".join(filter(None, (get_text(name, "GivenName"), get_text(name, "FamilyName")))),
            "email": get_text(next(iter(channels.get("email", ())), {}), "URI"),
            "phone": f"+{dialing} {number}" if dialing and number else number,
            "url": next(filter(None, web), None),
            "summary": "\n".join(list_lines(get_text(profile, "ExecutiveSummary"))),
            "location": build_location(
                address=get_text(address, "AddressLine"),
                postal_code=get_text(address, "PostalCode"),
                city=get_text(address, "CityName"),
                country=get_text(address, "CountryCode"),
            ),
            "profiles": drop_empty_entries(profiles),
        }
    )


def _build_candidate_work(employer: Node, position: Node) -> dict[str, Any]:
    address = find(employer, "OrganizationContact", "Communication")
    addresses = (find(part, "Address") for part in iterate(address))
    place: Node = next(filter(None, addresses), {})
    city = get_text(position, "City") or get_text(place, "CityName")
    country = get_text(position, "Country") or get_text(place, "CountryCode")
    return {
        "name": get_text(employer, "OrganizationName"),
        "position": get_value(find(position, "PositionTitle")),
        "location": ", ".join(filter(None, (city, name_country(country)))),
        **read_period(position, "EmploymentPeriod"),
        **read_html(position, "Description"),
    }


def _build_candidate_education(attendance: Node) -> dict[str, Any]:
    degree = find(attendance, "EducationDegree")
    return {
        "institution": get_text(attendance, "OrganizationName"),
        "studyType": get_text(degree, "DegreeName") or get_text(attendance, "ProgramName"),
        "area": get_text(degree, "FieldOfStudy", "MainFieldOfStudy", "ProgramConcentration"),
        "score": get_text(degree, "FinalGrade", "ScoreText"),
        "url": build_url(get_text(attendance, "Link")),
        "courses": list_lines(get_text(degree, "OccupationalSkillsCovered")),
        **read_period(attendance, "AttendancePeriod"),
    }


def _build_candidate_certificates(profile: Node) -> list[dict[str, Any]]:
    licenses = [{"name": f"Driving license {code}"} for code in iterate_texts(profile, "Licenses", "License")]
    sections = (("Certifications", "Certification"), ("CourseCertifications", "CourseCertification"))
    return licenses + [
        {
            "name": get_text(certificate, "CertificationName") or get_text(certificate, "Title"),
            "issuer": get_text(certificate, "IssuingAuthority") or get_text(certificate, "IssuingAuthorityName"),
            "date": parse_date(get_text(certificate, "FirstIssuedDate", "FormattedDateTime"))
            or read_period(certificate, "Date").get("startDate"),
            "url": build_url(get_text(certificate, "Link")),
        }
        for names in sections
        for certificate in iterate(profile, *names)
    ]


def _is_language(competency: Node) -> bool:
    return get_text(competency, "TaxonomyID").casefold() == "language"


def _build_candidate_language(competency: Node) -> dict[str, Any]:
    scores = (get_text(dimension, "Score", "ScoreText") for dimension in iterate(competency, "CompetencyDimension"))
    return {
        "language": name_language(get_value(find(competency, "CompetencyID"))),
        "fluency": describe_levels(scores),
    }
