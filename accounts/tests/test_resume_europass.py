"""Resumes in the formats of the present and the former Europass editor. The files were made for these tests."""

import json

import pytest

from accounts.resumes.files.sandbox import extract_text


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


CANDIDATE = """<?xml version="1.0" encoding="UTF-8"?>
<Candidate xmlns="http://www.europass.eu/1.0" xmlns:oa="http://www.openapplications.org/oagis/9"
  xmlns:eures="http://www.europass_eures.eu/1.0" xmlns:hr="http://www.hr-xml.org/3">
<hr:DocumentID schemeID="x"/>
<CandidatePerson>
  <PersonName><oa:GivenName>Mona</oa:GivenName><hr:FamilyName>Vale</hr:FamilyName></PersonName>
  <Communication><ChannelCode>Email</ChannelCode><oa:URI>mona@example.org</oa:URI></Communication>
  <Communication><ChannelCode>Telephone</ChannelCode><UseCode>mobile</UseCode><CountryDialing>47</CountryDialing>
    <oa:DialNumber>22555010</oa:DialNumber></Communication>
  <Communication><ChannelCode>Web</ChannelCode><oa:URI>example.org/mona</oa:URI></Communication>
  <Communication><ChannelCode>Social Media</ChannelCode><UseCode>linkedin</UseCode>
    <oa:URI>https://linkedin.com/in/mona</oa:URI></Communication>
  <Communication><UseCode>home</UseCode><Address type="home"><oa:AddressLine>Quay 1</oa:AddressLine>
    <oa:CityName>Athens</oa:CityName><CountryCode>el</CountryCode>
    <oa:PostalCode>11</oa:PostalCode></Address></Communication>
  <hr:BirthDate>1990-01-01</hr:BirthDate><PrimaryLanguageCode name="NORMAL">nor</PrimaryLanguageCode>
</CandidatePerson>
<CandidateProfile languageCode="en">
  <hr:ID schemeID="x"/><hr:ExecutiveSummary>&lt;p&gt;Bakes &amp;amp; sells.&lt;/p&gt;</hr:ExecutiveSummary>
  <EmploymentHistory>
    <EmployerHistory><hr:OrganizationName>Crust Ltd</hr:OrganizationName>
      <OrganizationContact><Communication><Address><oa:CityName>Oslo</oa:CityName><CountryCode>no</CountryCode>
      </Address>      </Communication></OrganizationContact>
      <PositionHistory><PositionTitle typeCode="FREETEXT">Baker</PositionTitle>
        <eures:EmploymentPeriod><eures:StartDate><hr:FormattedDateTime>2019-05-01</hr:FormattedDateTime></eures:StartDate>
        <hr:CurrentIndicator>true</hr:CurrentIndicator></eures:EmploymentPeriod>
        <oa:Description>&lt;p&gt;Ran it.&lt;/p&gt;
        &lt;ul&gt;&lt;li&gt;Baked&lt;/li&gt;&lt;li&gt;Sold&lt;/li&gt;&lt;/ul&gt;</oa:Description>
      </PositionHistory></EmployerHistory>
    <EmployerHistory><hr:OrganizationName>Dough plc</hr:OrganizationName>
      <PositionHistory><PositionTitle>Helper</PositionTitle><eures:EmploymentPeriod>
        <eures:StartDate><hr:FormattedDateTime>2015</hr:FormattedDateTime></eures:StartDate>
        <eures:EndDate><hr:FormattedDateTime>2019-04</hr:FormattedDateTime></eures:EndDate></eures:EmploymentPeriod>
      </PositionHistory></EmployerHistory>
  </EmploymentHistory>
  <EducationHistory><EducationOrganizationAttendance><hr:OrganizationName>Baking School</hr:OrganizationName>
    <AttendancePeriod><StartDate><hr:FormattedDateTime>2012</hr:FormattedDateTime></StartDate>
      <EndDate><hr:FormattedDateTime>2015</hr:FormattedDateTime></EndDate><Ongoing>false</Ongoing></AttendancePeriod>
    <EducationDegree><hr:DegreeName>BSc</hr:DegreeName><FieldOfStudy typeCode="URI"><MainFieldOfStudy>
      <ProgramConcentration>Rye</ProgramConcentration></MainFieldOfStudy></FieldOfStudy>
      <FinalGrade><hr:ScoreText>1.3</hr:ScoreText></FinalGrade></EducationDegree>
  </EducationOrganizationAttendance></EducationHistory>
  <eures:Licenses><eures:License><hr:LicenseTypeCode>b</hr:LicenseTypeCode></eures:License></eures:Licenses>
  <PersonQualifications><PersonCompetency><CompetencyID schemeName="NORMAL">ger</CompetencyID>
    <hr:TaxonomyID>language</hr:TaxonomyID>
    <eures:CompetencyDimension><hr:CompetencyDimensionTypeCode>CEF-Understanding-Listening</hr:CompetencyDimensionTypeCode>
      <eures:Score><hr:ScoreText>C1</hr:ScoreText></eures:Score></eures:CompetencyDimension>
    <eures:CompetencyDimension><hr:CompetencyDimensionTypeCode>CEF-Writing-Production</hr:CompetencyDimensionTypeCode>
      <eures:Score><hr:ScoreText>B2</hr:ScoreText></eures:Score></eures:CompetencyDimension>
  </PersonCompetency></PersonQualifications>
  <Skills><PersonCompetency><hr:TaxonomyID>Digital_Skill</hr:TaxonomyID><hr:CompetencyName>Excel</hr:CompetencyName>
    </PersonCompetency><SkillsGroup><Title>Ovens</Title><PersonCompetency><hr:TaxonomyID>Digital_Skill</hr:TaxonomyID>
    <hr:CompetencyName>Gas</hr:CompetencyName></PersonCompetency></SkillsGroup></Skills>
  <ConferencesAndSeminars><ConferenceAndSeminar><Title>Bread days</Title></ConferenceAndSeminar>
  </ConferencesAndSeminars>
</CandidateProfile></Candidate>"""


def test_reads_the_xml_of_the_present_europass_editor_field_by_field():
    file = extract_text(CANDIDATE.encode())

    assert file.content == {
        "basics": {
            "name": "Mona Vale",
            "email": "mona@example.org",
            "phone": "+47 22555010",
            "url": "https://example.org/mona",
            "summary": "Bakes & sells.",
            "location": {"address": "Quay 1", "postalCode": "11", "city": "Athens", "countryCode": "GR"},
            "profiles": [{"network": "Linkedin", "url": "https://linkedin.com/in/mona"}],
        },
        "work": [
            {
                "name": "Crust Ltd",
                "position": "Baker",
                "location": "Oslo, Norway",
                "startDate": "2019-05-01",
                "summary": "Ran it.",
                "highlights": ["Baked", "Sold"],
            },
            {"name": "Dough plc", "position": "Helper", "startDate": "2015", "endDate": "2019-04"},
        ],
        "education": [
            {
                "institution": "Baking School",
                "studyType": "BSc",
                "area": "Rye",
                "score": "1.3",
                "startDate": "2012",
                "endDate": "2015",
            }
        ],
        "certificates": [{"name": "Driving license B"}],
        "skills": [{"name": "Excel"}, {"name": "Ovens", "keywords": ["Gas"]}],
        "languages": [
            {"language": "Norwegian", "fluency": "Native speaker"},
            {"language": "German", "fluency": "B2 to C1"},
        ],
    }
    assert file.unread == ("ConferencesAndSeminars: Bread days",)


PASSPORT = {
    "SkillsPassport": {
        "LearnerInfo": {
            "Identification": {
                "PersonName": {"FirstName": "Mona", "Surname": "Vale"},
                "ContactInfo": {
                    "Address": {"Contact": {"Municipality": "Oslo", "Country": {"Code": "NO", "Label": "Norway"}}},
                    "Email": {"Contact": "mona@example.org"},
                    "Telephone": [{"Contact": "+47 22 55 50 10", "Use": {"Code": "mobile"}}],
                },
            },
            "Headline": {"Type": {"Code": "position"}, "Description": {"Label": "Baker"}},
            "WorkExperience": [
                {
                    "Period": {"From": {"Year": 2019, "Month": 5, "Day": 1}, "Current": True},
                    "Position": {"Label": "Baker"},
                    "Activities": "<p>Ran it.</p><ul><li>Baked</li></ul>",
                    "Employer": {
                        "Name": "Crust Ltd",
                        "ContactInfo": {"Address": {"Contact": {"Municipality": "Oslo"}}},
                    },
                }
            ],
            "Education": [
                {
                    "Period": {"From": {"Year": 2012}, "To": {"Year": 2015}},
                    "Title": "BSc",
                    "Organisation": {"Name": "Baking School"},
                }
            ],
            "Skills": {
                "Linguistic": {
                    "MotherTongue": [{"Description": {"Code": "no", "Label": "Norwegian"}}],
                    "ForeignLanguage": [
                        {"Description": {"Label": "German"}, "ProficiencyLevel": {"Listening": "C1", "Writing": "C1"}}
                    ],
                },
                "Computer": {"Description": "<p>Excel</p>"},
                "Driving": {"Description": ["B", "C"]},
            },
            "Publications": [{"Title": "On rye"}],
        }
    }
}
PASSPORT_XML = """<SkillsPassport xmlns="http://europass.cedefop.europa.eu/Europass"><LearnerInfo>
<Identification><PersonName><FirstName>Mona</FirstName><Surname>Vale</Surname></PersonName><ContactInfo>
<Address><Contact><Municipality>Oslo</Municipality><Country><Code>NO</Code><Label>Norway</Label></Country></Contact></Address>
<Email><Contact>mona@example.org</Contact></Email>
<TelephoneList><Telephone><Contact>+47 22 55 50 10</Contact></Telephone></TelephoneList></ContactInfo></Identification>
<Headline><Description><Label>Baker</Label></Description></Headline>
<WorkExperienceList><WorkExperience><Period><From year="2019" month="--05" day="---01"/><Current>true</Current></Period>
<Position><Label>Baker</Label></Position><Activities>&lt;p&gt;Ran it.&lt;/p&gt;
&lt;ul&gt;&lt;li&gt;Baked&lt;/li&gt;&lt;/ul&gt;</Activities>
<Employer><Name>Crust Ltd</Name><ContactInfo><Address><Contact><Municipality>Oslo</Municipality></Contact></Address>
</ContactInfo></Employer></WorkExperience></WorkExperienceList>
<EducationList><Education><Period><From year="2012"/><To year="2015"/></Period><Title>BSc</Title>
<Organisation><Name>Baking School</Name></Organisation></Education></EducationList>
<Skills><Linguistic><MotherTongueList><MotherTongue><Description><Label>Norwegian</Label></Description></MotherTongue>
</MotherTongueList><ForeignLanguageList><ForeignLanguage><Description><Label>German</Label></Description>
<ProficiencyLevel><Listening>C1</Listening><Writing>C1</Writing></ProficiencyLevel></ForeignLanguage></ForeignLanguageList>
</Linguistic><Computer><Description>&lt;p&gt;Excel&lt;/p&gt;</Description></Computer>
<Driving><Description><Licence>B</Licence><Licence>C</Licence></Description></Driving></Skills>
<Publications><Title>On rye</Title></Publications></LearnerInfo></SkillsPassport>"""


@pytest.mark.parametrize("data", [json.dumps(PASSPORT).encode(), PASSPORT_XML.encode()], ids=["JSON", "XML"])
def test_reads_files_of_the_former_europass_editor_field_by_field(data):
    file = extract_text(data)

    assert file.content == {
        "basics": {
            "name": "Mona Vale",
            "label": "Baker",
            "email": "mona@example.org",
            "phone": "+47 22 55 50 10",
            "location": {"city": "Oslo", "countryCode": "NO"},
        },
        "work": [
            {
                "name": "Crust Ltd",
                "position": "Baker",
                "location": "Oslo",
                "startDate": "2019-05-01",
                "summary": "Ran it.",
                "highlights": ["Baked"],
            }
        ],
        "education": [{"institution": "Baking School", "studyType": "BSc", "startDate": "2012", "endDate": "2015"}],
        "certificates": [{"name": "Driving license B"}, {"name": "Driving license C"}],
        "skills": [{"name": "Digital skills", "keywords": ["Excel"]}],
        "languages": [
            {"language": "Norwegian", "fluency": "Native speaker"},
            {"language": "German", "fluency": "C1"},
        ],
    }
    assert file.unread == ("Publications: On rye",)
