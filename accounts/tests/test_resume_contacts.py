"""Parsing of names, email addresses, phone numbers and links."""

import pytest

from accounts.resumes.parsing.contact import parse_contact
from accounts.resumes.parsing.lines import split_lines
from accounts.resumes.parsing.styles import LineStyle


@pytest.fixture(autouse=True)
def _servers():
    """Override the fixture that empties the databases, since these tests use none."""


def _parse(text, styles=None, links=()):
    lines = split_lines(text, styles)
    return parse_contact(text=text, head=lines, lines=lines, links=links)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("Renée d'Arcy-Whitfield", "Renée d'Arcy-Whitfield"),
        ("Abd al-Karim ibn Yusuf", "Abd al-Karim ibn Yusuf"),
        ("ludo brandt", "ludo brandt"),
        ("KOVÁCS, Réka", "Réka KOVÁCS"),
        ("Okafor, Chidi", "Chidi Okafor"),
        ("Robin Hale (they/them)", "Robin Hale"),
        ("Robin Hale she/her", "Robin Hale"),
        ("Prof. Dr. Ute Lang", "Ute Lang"),
        ("Grace Lim, PhD, PMP", "Grace Lim"),
        ("Wendy Osgood RN, BSN", "Wendy Osgood"),
        ("Nom : Elsa Roche", "Elsa Roche"),
        ("M I R A   S O L", "MIRA SOL"),
        ("Summer Lane", "Summer Lane"),
        ("Carter Cook", "Carter Cook"),
        ("山田太郎", "山田太郎"),
        ("김민준", "김민준"),
        ("Мария Иванова", "Мария Иванова"),
        ("प्रिया शर्मा", "प्रिया शर्मा"),
        ("Ottilie\nFairweather", "Ottilie Fairweather"),
        ("Curriculum Vitae\nPeter Zumstein", "Peter Zumstein"),
        ("Yusuf Demirci – Mechanical Engineer", "Yusuf Demirci"),
        ("Zephyr", "Zephyr"),
        ("Product Designer", None),
        ("Scrum Master", None),
    ],
)
def test_parses_names_in_many_forms(lines, name):
    found = _parse(f"{lines}\nx77@example.com\n+1 312 555 0111").name

    assert (found.value if found else None) == name


def test_takes_the_largest_line_for_the_name_if_the_margin_comes_first():
    lines = ["Lisbon", "lead@example.com", "", "Joana Prado", "Designer"]
    styles = [LineStyle(size=2.2) if line == "Joana Prado" else LineStyle() for line in lines]

    name = _parse("\n".join(lines), styles).name

    assert name is not None
    assert name.value == "Joana Prado"


@pytest.mark.parametrize(
    ("line", "email"),
    [
        ("tara.o'neil@example.org", "tara.o'neil@example.org"),
        ("E-Mail:tara+cv@example.org.", "tara+cv@example.org"),
        ("tara@example.xn--90a3ac", "tara@example.xn--90a3ac"),
        ("tara@bücher.example", "tara@bücher.example"),
        ("tara at example", None),
        # A narrow column divides the address.
        ("tara.neil@mail.exam\nple.org", "tara.neil@mail.example.org"),
        ("tara.neil@example.or\ng", "tara.neil@example.org"),
        ("tara.neil@example.org\nLondon", "tara.neil@example.org"),
    ],
)
def test_parses_email_addresses(line, email):
    found = _parse(f"Tara Neil\n{line}").email

    assert (found.value if found else None) == email


def test_reads_email_and_phone_from_link_targets():
    contact = _parse("Tara Neil\nEmail me", links=["mailto:tara@example.org?subject=Hi", "tel:+13125550148"])

    assert contact.email is not None
    assert contact.phone is not None
    assert (contact.email.value, contact.phone.value) == ("tara@example.org", "+13125550148")


@pytest.mark.parametrize(
    ("line", "phone"),
    [
        ("Tel. +34 600 55 01 89", "+34 600 55 01 89"),
        ("Teléfono: +52 55 5500 0174", "+52 55 5500 0174"),
        ("(11) 95550-0170", "(11) 95550-0170"),
        ("+33 (0)6 39 98 02 69", "+33 (0)6 39 98 02 69"),
        ("• +1 312 555 0199", "+1 312 555 0199"),
        ("- GPA 3.91/4.00", None),
        ("- CGPA: 8.76/10.00", None),
        ("- ISBN 978-0-306-40615-7", None),
        ("- Patent US 9,876,543", None),
        ("- Served 14.250.000 users from 10.0.100.200", None),
    ],
)
def test_parses_phone_numbers_and_no_other_numbers(line, phone):
    found = _parse(f"Tara Neil\n{line}").phone

    assert (found.value if found else None) == phone


@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("taraneil.codes", ["https://taraneil.codes"]),
        ("bitbucket.org/tara | dribbble.com/tara", ["https://bitbucket.org/tara", "https://dribbble.com/tara"]),
        ("https://example.com/cv_(short)", ["https://example.com/cv_(short)"]),
        ("(see https://example.com/cv)", ["https://example.com/cv"]),
        ("tara@example.com, Node.js, ASP.NET", []),
        ("github.com/tara, github.com/tara/pumps", ["https://github.com/tara", "https://github.com/tara/pumps"]),
    ],
)
def test_parses_links_without_scheme(line, links):
    assert [link.value for link in _parse(f"Tara Neil\n{line}").links] == links
