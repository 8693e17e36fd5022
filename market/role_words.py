"""Unify the spelling of words in role names and titles, and remove words that only state a level. Pure."""

import re
from functools import lru_cache

from market.roles import normalize_role

# Each line has a word, then its other spellings, which may have several words. A hyphen joins words that belong
# together, so that "Data Center Engineer" is not matched as "Data ... Engineer".
_SPELLINGS = """
engineer: engineers, developer, developers, programmer, programmers, coder, dev, devs, eng, engr, engineering specialist
administrator: administrators, admin, admins
analyst: analysts
architect: architects
designer: designers
manager: managers, mgr, mgrs
scientist: scientists
tester: testers
software: sw
software engineer: software development engineer, sde, swe, softwareengineer, softwaredeveloper
site reliability engineer: sre, site reliability engineers, sres
database administrator: dba, dbas
system administrator: sysadmin, sysadmins, sys admin
machine learning engineer: mle
test automation engineer: sdet, software engineer in test, software developer in test
test automation engineer: software development engineer in test, development engineer in test
system: systems
solution: solutions
integration: integrations
application: applications
ai: artificial intelligence
bi: business intelligence
ml: machine learning
mlops: machine learning operations, ml operations
nlp: natural language processing
qa: quality assurance
ui: user interface
ux: user experience
cybersecurity: cyber security, cyber-security
genai: gen ai, generative ai
llm: llms, large language model
penetration tester: pen tester, pentester
.net: dotnet, dot net, net core
c#: c sharp, csharp
c++: cpp
go: golang
javascript: js, java script
typescript: ts
node.js: nodejs, node js
react: reactjs, react.js, react js
vue: vuejs, vue.js, vue js
angular: angularjs, angular.js
ruby on rails: ror
kubernetes: k8s
help desk: helpdesk
scrum master: scrummaster
data-center: data center, data centre, datacenter, datacentre
gtm: go to market
mobile-banking: mobile banking
mobile-payments: mobile payments, mobile money
objective-c: objective c
react-native: react native, reactnative
development manager: dev manager, dev mgr
engineering manager: eng manager, eng mgr
development lead: dev lead
engineering lead: eng lead
entry-level: entry level
software engineer: softwareentwickler, softwareentwicklerin, software entwickler, softwareprogrammierer
software engineer: développeur logiciel, développeuse logiciel, ingénieur logiciel, ingénieure logiciel
software engineer: desarrollador de software, desarrolladora de software, ingeniero de software
software engineer: ingeniera de software, desenvolvedor de software, desenvolvedora de software
software engineer: engenheiro de software, engenheira de software, sviluppatore software
engineer: entwickler, entwicklerin, programmierer, programmiererin, ingenieur, ingenieurin
data engineer: ingénieur données, ingénieur de données, ingénieur data, ingeniero de datos, ingeniera de datos
data engineer: engenheiro de dados, engenheira de dados, dateningenieur
data analyst: analyste de données, analyste data, analista de datos, analista de dados, datenanalyst, datenanalystin
data scientist: científico de datos, científica de datos, cientista de dados, datenwissenschaftler
data scientist: datenwissenschaftlerin
database administrator: datenbankadministrator, datenbankadministratorin
system administrator: systemadministrator, systemadministratorin, administrateur système, administrateur systèmes
system administrator: administrador de sistemas, administradora de sistemas
project manager: projektmanager, projektmanagerin, projektleiter, projektleiterin, chef de projet, cheffe de projet
project manager: jefe de proyecto, gerente de projetos, gerente de proyectos
product manager: produktmanager, produktmanagerin, chef de produit, cheffe de produit
solution architect: architecte de solutions, architecte solution, arquitecto de soluciones, arquiteto de soluções
"""
# Words next to which "developer" is not a synonym of "engineer".
_WORDS_AFTER_DEVELOPER = (
    *(
        "advocate",
        "advocates",
        "advocacy",
        "community",
        "content",
        "education",
        "ecosystem",
        "evangelist",
        "experience",
    ),
    *("infrastructure", "marketing", "operations", "platform", "productivity", "program", "programs", "relations"),
    *("sales", "success", "support", "tools", "tooling"),
)
_WORDS_BEFORE_DEVELOPER = (
    *(
        "application",
        "applications",
        "business",
        "community",
        "content",
        "course",
        "curriculum",
        "estate",
        "instructional",
        "land",
        "leadership",
    ),
    *("market", "partner", "people", "property", "sales", "talent", "training"),
)
_PHRASES: dict[str, str] = {f"developer {word}": f"developer {word}" for word in _WORDS_AFTER_DEVELOPER}
_PHRASES |= {
    f"{word} {noun}": f"{word} developer" for word in _WORDS_BEFORE_DEVELOPER for noun in ("developer", "developers")
}
for _line in _SPELLINGS.strip().splitlines():
    _word, _, _spellings = _line.partition(": ")
    _PHRASES |= dict.fromkeys(_spellings.split(", "), _word)
# Longer spellings come first, because a regular expression takes the first alternative that matches.
_SPELLING_PATTERN = re.compile(
    r"(?<!\S)(?:" + "|".join(map(re.escape, sorted(_PHRASES, key=len, reverse=True))) + r")(?!\S)"
)
# French, Spanish, Portuguese and Italian titles put the technology after the noun: "Développeuse Java".
_NOUN_FIRST = re.compile(
    r"(?<!\S)(?:développeur|développeuse|ingénieur|ingénieure|desarrollador|desarrolladora|ingeniero|ingeniera"
    r"|programador|programadora|desenvolvedor|desenvolvedora|engenheiro|engenheira|sviluppatore|sviluppatrice)"
    r"(?: (?:se|euse|e|a|o|es))?(?: (?:développeuse|desarrolladora|desenvolvedora|programadora))?(?: (?:de|en|em))?"
    r" (full stack|react native|machine learning|\S+)"
)
_LEVEL = (
    r"senior|sénior|sr|snr|junior|júnior|jr|jnr|lead|principal|staff|distinguished|mid|midlevel|mid[- ]level|associate"
)
_ENTRY = r"entry-level|graduate|intern|internship|trainee|apprentice"
_NOUN = (
    r"engineer|architect|scientist|analyst|designer|manager|administrator|specialist|consultant|tester|technician"
    r"|researcher|writer|owner"
)
# Not levels in "Lead Generation Manager", "Mid-Market Account Executive" and "Graduate Recruiter".
_LEADING_LEVELS = re.compile(rf"^(?:(?:{_LEVEL}|{_ENTRY}) (?!(?:generation|market|program|recruit\w*)(?!\S)))+")
_TRAILING_LEVELS = re.compile(rf"(?: (?:senior|sénior|sr|snr|junior|júnior|jr|jnr|{_ENTRY}))+$")
# Trailing notes on genders and places: "Backend-Entwickler:in (m/w/d)", "Data Engineer (Remote)".
_NOTES = re.compile(r"(?: (?:[dfhmwx](?: [dfhmwx])+|all genders|remote|hybrid|onsite|on site)|(?<= engineer) in)+$")
_LEVEL_NUMBER = re.compile(rf"(?<!\S)({_NOUN}) (?:i|ii|iii|iv|v|[1-6])(?!\S)")
# A level between words, without punctuation: "Backend Senior Engineer", but not "Product - Senior Manager".
_MIDDLE_LEVELS = re.compile(
    rf"(?<=\w) +(?:{_LEVEL})\.? +(?=(?:software +)?(?:{_NOUN}|developer|programmer)s?\b)", re.IGNORECASE
)
# "iOS/Android Developer" names two roles.
_ALTERNATIVES = re.compile(
    r"([\w.+#-]+) ?[/&] ?([\w.+#-]+)"
    r" +((?:software +)?(?:engineer|developer|programmer|designer|architect|analyst)s?)\b",
    re.IGNORECASE,
)
_COMPOUND_ENDINGS = ("entwickler", "entwicklerin")
_COMPOUND = re.compile(r"(?<!\S)(\w{2,}?)entwickler(?:in)?(?!\S)")
# A name that is only one of these words does not describe the work.
_BARE_NOUNS = frozenset(f"{_NOUN}|developer|lead|head|director".split("|"))


def unify_words(text: str) -> str:
    """Return the key of a role or title with one spelling per word: "Sr. Golang Developer" -> "sr go engineer"."""
    return _move_nouns(_unify_spellings(text))


def _unify_spellings(text: str) -> str:
    key = _COMPOUND.sub(r"\1 entwickler", normalize_role(text))
    return _SPELLING_PATTERN.sub(lambda found: _PHRASES[found[0]], key)


def _move_nouns(key: str) -> str:
    return _NOUN_FIRST.sub(r"\1 engineer", key)


def unify_name(role: str) -> str:
    """Return the unified words of a role without its level, unless only a bare noun would remain."""
    with_levels = unify_words(role)
    key = _NOTES.sub("", unify_words(_MIDDLE_LEVELS.sub(" ", role)))
    key = _LEVEL_NUMBER.sub(r"\1", key)
    key = _TRAILING_LEVELS.sub("", _LEADING_LEVELS.sub("", key)) or with_levels
    return with_levels if key in _BARE_NOUNS else key


@lru_cache(maxsize=65_536)
def build_title_text(title: str) -> str:
    """Return a title's words for searching phrases, with a space at both ends.

    Readings of the same title are separated by "|": as written, with nouns moved, without levels, and for each of two
    alternatives.
    """
    readings = [_unify_spellings(title)]
    moved = _move_nouns(readings[0])
    if moved != readings[0]:
        readings.append(moved)
    without_levels = _MIDDLE_LEVELS.sub(" ", title)
    if without_levels != title:
        readings.append(unify_words(without_levels))
    readings += [
        unify_words(f"{word} {found[3]}") for found in _ALTERNATIVES.finditer(title) for word in (found[1], found[2])
    ]
    return f" {' | '.join(readings)} "


def list_source_words(word: str) -> set[str]:
    """Return the source words of `word`. A title whose unified words include `word` has one of them."""
    return _SOURCES.get(word, set()) | {word, *(word + ending for ending in _COMPOUND_ENDINGS), *word.split("-")}


def _build_sources() -> dict[str, set[str]]:
    sources: dict[str, set[str]] = {}
    for spelling, words in _PHRASES.items():
        for word in words.split():
            sources.setdefault(word, set()).add(spelling.split()[0])
    nouns = re.findall(r"\w{6,}", _NOUN_FIRST.pattern)
    sources["engineer"].update(nouns)
    return sources


_SOURCES = _build_sources()
