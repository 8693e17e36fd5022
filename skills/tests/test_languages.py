"""Tests of skills in German, French, Spanish and Portuguese texts."""

import pytest

from skills.extraction import SkillExtractor
from skills.languages import LANGUAGES, detect_languages, read_translations
from skills.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("You write Python and ship to the cloud.", ()),
        ("Python, Docker, Kubernetes", ()),
        ("[Blog](https://www.example.com/des/una.com), jobs@example.com, na.py", ()),
        ("Du entwickelst mit Python.", ("de",)),
        ("Vous développez avec Python.", ("fr",)),
        ("Conocimientos de Python.", ("es",)),
        ("Experiência com Python.", ("pt",)),
        (
            "We are the makers of ships and of boats for you. " * 20 + "Du hast Erfahrung mit Python und Go. " * 20,
            ("de",),
        ),
    ],
)
def test_detects_languages_other_than_english(text: str, languages: tuple[str, ...]) -> None:
    assert detect_languages(text) == languages


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("Fließende Englischkenntnisse und gute Französischkenntnisse", {"english", "french"}),
        ("Erfahrung in der Softwareentwicklung und mit relationalen Datenbanken", {"software engineering"}),
        ("Erfahrung in der Softwareentwicklung und mit relationalen Datenbanken", {"relational databases"}),
        ("Teamgeist, Eigeninitiative und analytisches Denken", {"teamwork", "self-motivation", "analytical thinking"}),
        ("Vous avez l'esprit d'équipe et une expérience en développement web.", {"teamwork", "web development"}),
        ("Espagnol courant et allemand apprécié pour la cybersécurité", {"spanish", "german", "cybersecurity"}),
        ("Capacidad de análisis, trabajo en equipo y alemán", {"analytical thinking", "teamwork", "german"}),
        ("Dominio de ciencia de datos y bases de datos relacionales", {"data science", "relational databases"}),
        ("Conhecimentos de segurança da informação e redes", {"information security", "computer networking"}),
        ("Trabalho em equipe, comunicação e espanhol", {"teamwork", "communication", "spanish"}),
        ("Erfahrung mit Penetrationstests und der DSGVO", {"penetration testing", "gdpr"}),
        (
            "Sie beherrschen testgetriebene Entwicklung und Lasttests.",
            {"test-driven development", "performance testing"},
        ),
        ("Vous maîtrisez la conception d'API et les tests d'intrusion.", {"api design", "penetration testing"}),
        ("Modélisation des menaces et référencement naturel pour nos équipes", {"threat modeling", "seo"}),
        ("Conocimientos de arquitectura de la información y pruebas de carga", {"information architecture"}),
        ("Gestión de vulnerabilidades y tolerancia a fallos", {"vulnerability management", "fault tolerance"}),
        ("Experiência com sistemas de recomendação e edição de vídeo", {"recommender systems", "video editing"}),
        ("Kenntnisse in Go und R", {"go", "r"}),
        ("Maîtrise de Go, Rust ou C++", {"go", "rust", "c++"}),
        ("Wir nutzen Vue, React und Chef, Puppet, Ansible", {"vue.js", "react", "chef", "puppet", "ansible"}),
    ],
)
def test_finds_the_names_of_skills_in_other_languages(extractor: SkillExtractor, text: str, skills: set[str]) -> None:
    assert skills <= set(extractor.extract_skills(text))


@pytest.mark.parametrize(
    ("text", "skill"),
    [
        ("Dein Chef ist für dich da.", "chef"),
        ("Chef de projet pour une équipe de cinq", "chef"),
        ("Un bureau avec vue sur la mer", "vue.js"),
        ("Télétravail possible deux jours par semaine dans nos bureaux", "remote work"),
        ("Ein Helm und Schuhe sind Pflicht für die Baustelle.", "helm"),
        ("We hire Informatik students to work in the lab of our team.", "computer science"),
    ],
)
def test_ignores_words_that_mean_something_else_in_the_language(
    extractor: SkillExtractor, text: str, skill: str
) -> None:
    assert skill not in extractor.extract_skills(text)


def test_locates_a_translated_name_in_the_text(extractor: SkillExtractor) -> None:
    text = "Experiência com ciência de dados."

    spans = extractor.find_spans(text)

    assert [text[span.start : span.end] for span in spans] == ["ciência de dados"]


def test_every_translation_names_a_skill_of_the_vocabulary(vocabulary: Vocabulary) -> None:
    skills = {skill for language in LANGUAGES for _, skill in read_translations()[language]}

    assert [skill for skill in sorted(skills) if vocabulary.get_canonical_name(skill) != skill] == []


def test_no_name_has_two_meanings_in_one_language() -> None:
    for language in LANGUAGES:
        meanings: dict[str, set[str]] = {}
        for name, skill in read_translations()[language]:
            meanings.setdefault(name.casefold(), set()).add(skill)

        assert {name: skills for name, skills in meanings.items() if len(skills) > 1} == {}
