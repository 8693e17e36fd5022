"""Under which titles a role is searched for, and which titles a search must not bring in.

Every variation is a whole phrase that names the role: the source matches all its words in any order, so a bare
"Engineer" or "Backend" would buy postings of every other trade.
"""

from functools import cache

from market.roles import normalize_role

# The role, and what else it is called. A spelling stands beside another ("Full-stack", "Fullstack") because the
# source does not say whether it takes them for one word.
_VARIATIONS = """
Software Engineer: Software Developer, SDE, Software Development Engineer
Backend Developer: Back-end Developer, Backend Engineer, Back-end Engineer
Frontend Developer: Front-end Developer, Frontend Engineer, Front-end Engineer, UI Developer, UI Engineer
Full Stack Developer: Full Stack, Fullstack Developer, Full-stack Developer, Full Stack Engineer, Fullstack Engineer
Web Developer: Web Engineer, Web Application Developer
Mobile Developer: Mobile Engineer, Mobile App Developer, Mobile Application Developer
iOS Developer: iOS Engineer, Swift Developer
Android Developer: Android Engineer, Android App Developer
React Developer: React Engineer, ReactJS Developer, React.js Developer
React Native Developer: React Native Engineer
Angular Developer: Angular Engineer, AngularJS Developer
Vue Developer: Vue Engineer, Vue.js Developer, VueJS Developer
Node.js Developer: Node.js Engineer, NodeJS Developer, Node Developer, Node Engineer
JavaScript Developer: JavaScript Engineer, TypeScript Developer, TypeScript Engineer
Python Developer: Python Engineer, Python Software Engineer, Django Developer
Java Developer: Java Engineer, Java Software Engineer, Spring Boot Developer
.NET Developer: .NET Engineer, C# Developer, C# Engineer, Dot Net Developer
C++ Developer: C++ Engineer, C++ Software Engineer
Go Developer: Golang Developer, Golang Engineer, Go Engineer
Rust Developer: Rust Engineer, Rust Software Engineer
PHP Developer: PHP Engineer, Laravel Developer
Ruby Developer: Ruby Engineer, Ruby on Rails Developer, Ruby on Rails Engineer, Rails Developer
Scala Developer: Scala Engineer
Salesforce Developer: Salesforce Engineer
SAP Developer: ABAP Developer, SAP ABAP Developer
Blockchain Developer: Blockchain Engineer, Smart Contract Developer, Smart Contract Engineer, Web3 Developer
Game Developer: Game Engineer, Game Programmer, Gameplay Programmer, Gameplay Engineer, Unity Developer
Embedded Engineer: Embedded Software Engineer, Embedded Developer, Embedded Systems Engineer, Firmware Engineer
Robotics Engineer: Robotics Software Engineer
Data Scientist: Data Science Engineer, Applied Scientist
Data Engineer: Data Platform Engineer, Big Data Engineer, ETL Developer, ETL Engineer
Data Analyst: Data Analytics Specialist, Analytics Analyst, Reporting Analyst
Analytics Engineer: BI Engineer, Business Intelligence Engineer
BI Developer: Business Intelligence Developer, BI Engineer, Business Intelligence Engineer, Power BI Developer
Business Analyst: Business Systems Analyst, IT Business Analyst
Data Architect: Data Solutions Architect, Data Platform Architect
Database Administrator: DBA, Database Engineer
Machine Learning Engineer: ML Engineer, Machine Learning Developer, Machine Learning Software Engineer
MLOps Engineer: ML Ops Engineer, Machine Learning Operations Engineer, ML Platform Engineer, ML Infrastructure Engineer
AI Engineer: Artificial Intelligence Engineer, AI Developer, AI/ML Engineer, Generative AI Engineer, LLM Engineer
NLP Engineer: Natural Language Processing Engineer, NLP Scientist
Computer Vision Engineer: Computer Vision Developer, Computer Vision Scientist
Research Scientist: Machine Learning Researcher, AI Researcher, AI Research Scientist
Prompt Engineer: AI Prompt Engineer
DevOps Engineer: DevOps Developer, Dev Ops Engineer, SRE, Site Reliability Engineer, Platform Engineer
Site Reliability Engineer: SRE, Site Reliability Developer
Platform Engineer: Infrastructure Engineer, Cloud Platform Engineer
Cloud Engineer: Cloud Developer, Cloud Infrastructure Engineer, AWS Engineer, Azure Engineer, GCP Engineer
AWS Architect: Solutions Architect, Cloud Architect, AWS Solutions Architect, AWS Cloud Architect
Cloud Architect: Cloud Solutions Architect, Cloud Solution Architect
Solutions Architect: Solution Architect
Software Architect: Application Architect, Software Solutions Architect
Security Engineer: Cybersecurity Engineer, Cyber Security Engineer, Information Security Engineer
Security Analyst: Cybersecurity Analyst, Cyber Security Analyst, Information Security Analyst, SOC Analyst
Penetration Tester: Penetration Testing Engineer, Pen Tester, Ethical Hacker, Offensive Security Engineer
Network Engineer: Network Administrator, Network Infrastructure Engineer
Systems Administrator: System Administrator, Sysadmin, Linux Administrator, Windows Administrator
Systems Engineer: System Engineer, Linux Engineer
IT Support Specialist: IT Support Engineer, IT Support Technician, Help Desk Technician, Desktop Support Technician
QA Engineer: Quality Assurance Engineer, Software Test Engineer, QA Analyst, Software Tester
QA Automation Engineer: Test Automation Engineer, Automation Test Engineer, SDET, Software Development Engineer in Test
Product Manager: Technical Product Manager, Digital Product Manager, Product Owner
Project Manager: Technical Project Manager, IT Project Manager
Scrum Master: Agile Coach, Agile Scrum Master
Technical Program Manager: Engineering Program Manager
Engineering Manager: Software Engineering Manager, Software Development Manager
UX Designer: User Experience Designer, UI/UX Designer, UX/UI Designer, Product Designer, Interaction Designer
UI Designer: User Interface Designer, UI/UX Designer, Visual Designer
UX Researcher: User Experience Researcher, User Researcher
Technical Writer: Documentation Engineer, Documentation Writer
Developer Advocate: Developer Relations Engineer, Developer Evangelist
"""

# What a search for a role with these words brings in and should not.
EXCLUSIONS: dict[str, tuple[str, ...]] = {
    "data architect": ("data center", "data centre"),
    "data engineer": ("data center", "data centre"),
    "go": ("go to market",),
    "java": ("javascript", "java script"),
    "product manager": ("product marketing",),
    "react": ("react native",),
}

# Excluded when read, not when asked for. The source takes the words in any order, and so would also leave out
# "Product Manager, Marketing Platform"; and a search for the word "java" brings no "JavaScript" in the first place.
EXCLUDED_WHEN_READ = frozenset(
    {"data center", "data centre", "java script", "javascript", "product marketing"},
)


@cache
def variations_by_role() -> dict[str, tuple[str, ...]]:
    """By the role's key: the role as it is written, then its variations."""
    table = {}
    for line in _VARIATIONS.strip().splitlines():
        role, _, others = line.partition(": ")
        table[normalize_role(role)] = (role, *others.split(", "))
    return table


def known_roles() -> tuple[str, ...]:
    """The roles with variations of their own, in the table's order."""
    return tuple(variations[0] for variations in variations_by_role().values())
