"""A small vocabulary with its resources, and projects, to test with."""

from typing import Any

SKILLS: list[dict[str, Any]] = [
    {"name": "python", "display_name": "Python", "category": "Programming Languages", "aliases": ["py"]},
    {"name": "sql", "display_name": "SQL", "category": "Programming Languages", "subcategory": "Query and Data"},
    {"name": "linux", "display_name": "Linux", "category": "Tools/Technologies"},
    {"name": "docker", "display_name": "Docker", "prerequisites": ["linux"]},
    {"name": "kubernetes", "display_name": "Kubernetes", "aliases": ["k8s"], "prerequisites": ["docker"]},
    {
        "name": "django",
        "display_name": "Django",
        "category": "Frameworks/Libraries",
        "prerequisites": ["Python"],
        "slugs": ["django"],
    },
    {"name": "postgresql", "display_name": "PostgreSQL", "category": "Databases", "prerequisites": ["sql"]},
    {"name": "apache", "display_name": "Apache HTTP Server"},
    {"name": "kafka", "display_name": "Kafka", "aliases": ["apache kafka"]},
    {"name": "c", "display_name": "C", "category": "Programming Languages"},
    {"name": "c#", "display_name": "C#", "category": "Programming Languages", "aliases": ["csharp"]},
    {"name": "ci/cd", "display_name": "CI/CD"},
    {"name": "communication", "display_name": "Communication", "category": "Soft Skills"},
    {"name": "greenhouse", "display_name": "Greenhouse", "is_skill": False},
]


def resource(skill: str, kind: str, title: str, **changes: Any) -> dict[str, Any]:
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return {
        "skill": skill,
        "type": kind,
        "title": title,
        "url": f"https://example.org/{name}",
        "description": f"Teaches {skill} well.",
        "level": "Beginner",
        "free": True,
        "language": "en",
        "provider": "Example",
    } | changes


RESOURCES = [
    resource("python", "Book", "Thinking in Python", level="Intermediate", free=False),
    resource("python", "Documentation", "The Python Tutorial", url="https://docs.python.org/3/tutorial/"),
    resource("python", "Course", "Programming for Everybody", description="A gentle course with Python, from zero."),
    resource("docker", "Documentation", "Docker Docs"),
    resource("docker", "Video", "Containers from Scratch"),
    resource("kubernetes", "Documentation", "Kubernetes Docs"),
    resource("apache", "Documentation", "HTTP Server Manual"),
    resource("kafka", "Documentation", "Event Streaming Manual", language="zh"),
    resource("c", "Book", "The C Language"),
    resource("c#", "Course", "Foundations of C#"),
    resource("sql", "Course", "Select Everything"),
]


def idea(number: int, title: str, difficulty: str, skills: list[str], **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "description": f"Build {title.lower()}, step by step.",
        "difficulty": difficulty,
        "estimated_time": "1-2 weeks",
        "skills": skills,
        "features": ["Runs offline", "Keeps a log", "Tells why", "Undoes mistakes"],
        "roles": ["Backend Developer"],
        "outcome": "Proves that it can be done.",
        "stretch": ["Make it faster"],
    } | changes


IDEAS = [
    idea(1, "Expense Ledger", "Beginner", ["python", "sql"]),
    idea(2, "Container Lab", "Intermediate", ["docker", "linux"], roles=["DevOps Engineer"]),
    idea(3, "Shop Back End", "Intermediate", ["python", "django", "postgresql", "docker"]),
    idea(4, "Cluster at Home", "Advanced", ["kubernetes", "docker", "linux", "ci/cd"], roles=["DevOps Engineer"]),
    idea(5, "Event Ledger", "Advanced", ["kafka", "python", "postgresql"]),
]
