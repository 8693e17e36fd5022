"""The table of roles: names of one role, different roles, near roles, and the titles that name a role."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.posting import normalize_words
from market.role_table import Role, RoleTable, load_default_table
from market.roles import get_display_role, normalize_role

TABLE = load_default_table()
SAME = [
    ["Backend Developer", "Backend Engineer", "Back-end Software Engineer", "Back End Developer", "Backend Programmer"],
    [
        "Backend Developer",
        "Sr. Backend Eng",
        "Backend Senior Engineer",
        "Software Engineer, Backend",
        "Backend Engineer II",
    ],
    ["Backend Developer", "Backend-Entwickler (m/w/d)", "Backendentwickler:in", "Développeur·se Backend"],
    ["Backend Developer", "Desarrollador/a Backend", "Desenvolvedor Back-end", "Backend Developers"],
    ["Frontend Developer", "Front-End Software Engineer", "UI Engineer", "Software Engineer - Front End"],
    ["Software Engineer", "Software Developer", "SDE", "SWE", "Softwareentwickler (m/w/d)", "Ingénieur Logiciel"],
    ["Software Engineer", "Desarrollador de Software", "Engenheiro de Software", "Software Engineer II"],
    ["Site Reliability Engineer", "SRE", "SRE Engineer", "Senior SRE", "Site Reliability Developer"],
    ["Machine Learning Engineer", "ML Engineer", "MLE", "Machine Learning Software Engineer"],
    ["AI Engineer", "Artificial Intelligence Engineer", "GenAI Engineer", "LLM Engineer", "AI/ML Engineer"],
    ["QA Automation Engineer", "Test Automation Engineer", "SDET", "Software Development Engineer in Test"],
    ["Data Engineer", "Data Engineering Specialist", "Ingeniero de Datos", "Engenheiro de Dados"],
    ["Java Developer", "Java Software Engineer", "Développeuse Java", "Java-Entwicklerin", "Programador Java"],
    ["Rust Developer", "Rust Programmer", "Rust Software Developer"],
    ["Go Developer", "Golang Engineer", "Software Engineer (Golang)"],
    # Roles that the table does not contain.
    ["Cobol Developer", "COBOL Programmer", "Senior Cobol Software Engineer"],
    ["Ropewalk Keeper", "Senior Ropewalk Keeper", "Ropewalk-Keeper"],
]
DIFFERENT = [
    ["Backend Developer", "Frontend Developer", "Full Stack Developer"],
    ["Data Engineer", "Data Analyst", "Data Scientist", "Data Center Engineer", "Data Entry Specialist"],
    ["Java Developer", "JavaScript Developer", "Java Script Developer Advocate"],
    ["Product Manager", "Project Manager", "Product Marketing Manager", "Product Owner", "Production Manager"],
    ["Product Manager", "Product - Senior Manager, Marketing"],
    ["Go Developer", "Software Engineer, Go-to-Market", "Go-To-Market Engineer", "C++ Developer"],
    ["Software Engineer", "Engineering Manager", "QA Engineer", "Software Engineer in Test", "Developer Advocate"],
    ["Sales Engineer", "Sales Developer", "Software Engineer", "Business Developer"],
    ["Network Engineer", "Network Software Engineer", "Security Engineer"],
    ["React Developer", "React Native Developer"],
    ["C++ Developer", "C# Developer"],
    ["DevOps Engineer", "Site Reliability Engineer", "Platform Engineer", "Machine Learning Engineer"],
    ["UX Designer", "UX Researcher", "UX Writer", "Frontend Developer"],
    ["Mobile Developer", "Software Engineer, Mobile Banking"],
    ["Mechanical Engineer", "Software Engineer"],
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[-1])
def test_each_name_of_a_role_counts_for_every_other(names):
    misses = [(one, other) for one in names for other in names if not TABLE.names_role(title=one, role=other)]

    assert misses == []
    assert len({TABLE.canonicalize(name) for name in names}) == 1


@pytest.mark.parametrize("names", DIFFERENT, ids=lambda names: names[-1])
def test_different_roles_do_not_count_for_each_other(names):
    pairs = [(one, other) for one in names for other in names if one != other]

    assert [pair for pair in pairs if TABLE.is_same(*pair) or TABLE.names_role(title=pair[0], role=pair[1])] == []


@pytest.mark.parametrize(
    ("role", "key"),
    [
        ("Lead Engineer", "lead engineer"),
        ("Chief of Staff", "chief of staff"),
        ("Lead Generation Manager", "lead generation manager"),
        ("Intern", "intern"),
        ("DevOps", "devops engineer"),
        ("Developer Experience Engineer", "developer experience engineer"),
        ("Data Center Engineer", "data center engineer"),
        ("開発（部）Data Engineer", "開発 部 data engineer"),
        ("—", ""),
    ],
)
def test_a_role_keeps_the_words_that_say_what_the_work_is(role, key):
    assert TABLE.canonicalize(role) == key


def test_a_title_names_each_of_its_alternatives():
    roles = ["AI Engineer", "Machine Learning Engineer", "UX Designer", "Data Engineer", "iOS Developer"]

    assert TABLE.find_named(title="AI/ML Engineer", roles=roles) == roles[:2]
    assert TABLE.find_named(title="Senior iOS/Android Developer", roles=roles) == ["iOS Developer"]


def test_finding_named_roles_keeps_their_order_and_spelling():
    roles = ["Chef", "data engineer", "", "Data-Engineer", "Java Developer", "Senior Data Engineer"]

    named = TABLE.find_named(title="Senior Data Engineer (f/m/d)", roles=roles)

    assert named == ["data engineer", "Data-Engineer", "Senior Data Engineer"]


def test_no_title_names_an_empty_role():
    assert TABLE.find_named(title="Data Engineer", roles=[]) == []
    assert TABLE.find_named(title="Data Engineer", roles=["", "-"]) == []


def test_near_roles_are_near_in_both_directions():
    assert "site reliability engineer" in TABLE.list_near("DevOps")
    assert "devops engineer" in TABLE.list_near("Senior SRE")
    assert TABLE.list_near("Ropewalk Keeper") == []


def test_every_name_of_the_seed_file_leads_to_its_role():
    strays = [
        (role.name, name)
        for role in TABLE.roles.values()
        for name in (role.name, *role.names, *role.whole_names)
        if TABLE.canonicalize(name) != role.key
    ]
    unknown = [(role.name, near) for role in TABLE.roles.values() for near in role.near_roles if not TABLE.get(near)]

    assert (strays, unknown) == ([], [])


def test_a_table_decides_which_names_are_one_role():
    table = RoleTable.from_roles([Role(name="Rope Maker", names=("Ropemaker",), whole_names=("Ropes",))])

    assert table.is_same("Senior Ropemaker", "rope-maker")
    assert table.is_same("Ropes", "Rope Maker")
    assert not table.names_role(title="Ropes Seller", role="Rope Maker")


ROLES = sorted(role.name for role in TABLE.roles.values())
WORDS = "senior lead data engineer developer software back-end full stack c++ react native go to market center ii / in"
names = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from(WORDS.split()), max_size=6).map(" ".join), st.sampled_from(ROLES)
)


@given(names)
def test_canonicalizing_a_key_again_does_not_change_it(role):
    key = TABLE.canonicalize(role)

    assert TABLE.canonicalize(key) == normalize_role(key) == key
    assert TABLE.canonicalize(get_display_role(key)) == key
    assert bool(key) == bool(normalize_role(role))


@given(names, st.lists(names, max_size=4))
def test_finding_many_roles_agrees_with_checking_each_role(title, roles):
    named = TABLE.find_named(title=title, roles=roles)

    assert named == [role for role in roles if TABLE.names_role(title=title, role=role)]


@given(names, names)
def test_a_title_that_names_a_role_has_one_of_its_search_words(title, role):
    if TABLE.names_role(title=title, role=role):
        assert set(normalize_words(title)) & set(TABLE.list_search_words(role))
