"""The Python client that `make client` generates and the recorded examples, against a running installation."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pypdf import PdfReader

from career_navigator.api.openapi_examples import load_examples
from career_navigator.environment import BASE_DIR
from fixtures.example_calls import CALLS
from tests.installation.run_command import WEBHOOK_SECRET, Run

PACKAGE = "career_navigator_client"
EMAIL, PASSWORD = "client@example.com", "SecurePass123"
RESUME = """Grace Example
grace@example.com

Summary
Backend developer who likes small services.

Experience
Software Engineer, Example Ltd, 2021-03 to 2024-05
Built services in Python and Docker.

Skills
Python, Docker, PostgreSQL
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.CompletedProcess[str]]:
    """Generate the client, make it importable, and return the output of the generator."""
    directory = tmp_path_factory.mktemp("clients")
    command = ["sh", "deploy/generate-clients.sh", "--python-only", str(Path(sys.executable).parent), str(directory)]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    sys.path.insert(0, str(directory / "python"))
    yield done
    sys.path.remove(str(directory / "python"))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def models(generated: subprocess.CompletedProcess[str]) -> ModuleType:
    return import_module(f"{PACKAGE}.models")


class Api:
    """A wrapper that calls generated operations and checks the status of each response."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        package = import_module(PACKAGE)
        self.base_url = base_url
        self.client = (
            package.AuthenticatedClient(base_url=base_url, token=token, timeout=60)
            if token
            else package.Client(base_url=base_url, timeout=60)
        )

    def __call__(self, operation: str, *path: str, expect: int = 200, **arguments: Any) -> Any:
        module = import_module(f"{PACKAGE}.api.{operation}")
        response = module.sync_detailed(*path, client=self.client, **arguments)
        assert response.status_code == expect, response.content
        return response.parsed


@pytest.fixture
def open_api(generated: subprocess.CompletedProcess[str], demonstration: Run) -> Api:
    return Api(f"http://127.0.0.1:{demonstration.port}")


@pytest.fixture
def log_in(open_api: Api, models: ModuleType) -> Callable[[str], Api]:
    """Return a function that registers and logs in a user with the given email."""

    def log_in(email: str) -> Api:
        profile = models.RegistrationRequest(
            email=email,
            password=PASSWORD,
            full_name="Grace Example",
            skills=["Python", "PostgreSQL"],
            target_roles=["Backend Developer"],
            experience_level=models.ExperienceLevelEnum.YEAR_2ND,
        )
        open_api("auth.auth_register", body=profile, expect=201)
        response = open_api("auth.auth_login", body=models.LoginRequest(email=email, password=PASSWORD))
        return Api(open_api.base_url, response.access_token)

    return log_in


def test_is_generated_without_a_warning_and_imports(generated: subprocess.CompletedProcess[str]) -> None:
    assert generated.returncode == 0, generated.stdout + generated.stderr
    assert "modules can be imported" in generated.stdout
    assert "warning" not in (generated.stdout + generated.stderr).lower()


def test_has_no_generated_names(models: ModuleType) -> None:
    names = [*models.__all__, *(name for each in models.__all__ for name in dir(getattr(models, each)))]

    assert not [name for name in names if "VALUE_" in name or "RequestRequest" in name]
    assert not {"NullEnum", "NameEnum"} & set(names)


def test_registers_and_logs_in_by_json_and_by_form(log_in: Callable[[str], Api], models: ModuleType) -> None:
    api = log_in("json@example.com")
    form = models.LoginFormRequest(username="json@example.com", password=PASSWORD)

    response = Api(api.base_url)("auth.auth_login_form", body=form)
    me = Api(api.base_url, response.access_token)("auth.auth_me")

    assert me.email == response.user.email == "json@example.com"
    assert me.experience_level is models.ExperienceLevelEnum.YEAR_2ND
    assert response.token_type is models.TokenTypeEnum.BEARER


def test_reads_a_gap_and_a_roadmap(log_in: Callable[[str], Api], models: ModuleType) -> None:
    api = log_in("gap@example.com")

    gap = api("skills.skills_gap_analysis", role="Backend Developer", days=90)
    roadmap = api("learning.learning_roadmap")

    assert gap.total_postings_analyzed > 0
    assert gap.required_skills[0].category in models.CategoryEnum
    named = {each.skill for each in gap.required_skills if each.user_has and each.held_through is None}
    assert named <= {"python", "postgresql"}
    assert roadmap.target_role == "Backend Developer"
    assert all(path.status in models.SkillPathStatusEnum for path in roadmap.skill_paths)


def test_searches_jobs_and_scores_one(log_in: Callable[[str], Api], models: ModuleType) -> None:
    api = log_in("jobs@example.com")

    found = api("jobs.jobs_relevant", body=models.RelevantJobsRequest(skills_any=["python"], limit=5))
    job = found.jobs[0]
    score = api("jobs.jobs_match_score", job.id)
    api("jobs.jobs_save", job.id, body=models.SaveJobRequest(), expect=201)
    saved = api("jobs.jobs_saved", stage=models.StageEnum.SAVED)

    short = api("jobs.jobs_list", limit=2, fields=["id", "company"])

    assert found.total > 0
    assert "python" in job.skills
    assert isinstance(job, models.RankedJob)
    assert all({*each.to_dict()} == {"id", "company"} for each in short.jobs)
    assert 0 <= score.score <= 100
    assert {part.name for part in score.parts} <= set(models.MatchCriterionEnum)
    assert [each.job_id for each in saved.applications] == [job.id]


def test_uploads_a_resume_and_downloads_it_in_every_form(log_in: Callable[[str], Api], models: ModuleType) -> None:
    api = log_in(EMAIL)
    types = import_module(f"{PACKAGE}.types")
    file = types.File(payload=BytesIO(RESUME.encode()), file_name="grace.txt", mime_type="text/plain")
    upload = models.ResumeUploadRequest(source=models.ResumeSourceEnum.UPLOAD, file=file)

    made = api("resumes.resumes_generate", body=upload, expect=201)
    resume = api("resumes.resumes_retrieve", made.resume_id).resume
    picked = models.ConfirmationRequest(skills=["docker"], fields=[models.ConfirmableFieldEnum.PROFESSIONAL_SUMMARY])
    confirmed = api("resumes.resumes_confirm", made.resume_id, body=picked)
    pdf, docx, content, page, text = (
        api(f"resumes.resumes_{form}", made.resume_id) for form in ("pdf", "docx", "json", "html", "markdown")
    )

    assert resume.status is models.ResumeStatusEnum.READY
    assert resume.parsed.contact.name.value == "Grace Example"
    assert {skill.name for skill in resume.parsed.skills} == {"python", "docker", "postgresql"}
    assert resume.parsed.experience[0].company.value == "Example Ltd"
    assert resume.offered_fields.professional_summary == "Backend developer who likes small services."
    assert resume.content.basics.name == content.basics.name == "Grace Example"
    assert "docker" in confirmed.skills
    assert "Grace Example" in PdfReader(pdf.payload).pages[0].extract_text()
    assert docx.payload.read(2) == b"PK"
    assert "<html" in page
    assert "Grace Example" in text


def test_reads_errors(open_api: Api, models: ModuleType) -> None:
    wrong = open_api("auth.auth_login", body=models.LoginRequest(email=EMAIL, password="Wrong-Pass-1"), expect=401)
    invalid = open_api("market.market_trending", days=400, expect=400)

    assert wrong.detail
    assert list(invalid.errors.additional_properties) == ["days"]


def test_accepts_every_recorded_example_request(demonstration: Run, tmp_path: Path) -> None:
    """Record the examples again, which fails at the first response that is not 2xx."""
    inherited = {key: value for key, value in os.environ.items() if key not in {"MONGODB_URI", "REDIS_URL"}}
    environment = inherited | {"VAR_DIR": str(demonstration.var_dir), "THEIR_STACK_WEBHOOK_SECRET": WEBHOOK_SECRET}
    url = f"http://127.0.0.1:{demonstration.port}"
    command = [sys.executable, "manage.py", "record_examples", "--url", url, "--directory", str(tmp_path)]

    done = subprocess.run(
        command,
        cwd=BASE_DIR,
        env=environment | {"THEIR_STACK_API_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    recorded = {name: each for file in tmp_path.glob("*.json") for name, each in json.loads(file.read_text()).items()}
    shown = load_examples()
    assert set(recorded) == set(shown)
    # Ids and tokens differ per installation. Everything else must equal the recorded example.
    as_it_stands = [call.operation for call in CALLS if "<" not in f"{call.parameters} {call.body}"]
    assert len(as_it_stands) > 40
    for name in set(as_it_stands) - {"theirstack_webhook"}:
        sent, example = recorded[name], shown[name]
        assert [sent.get(part) for part in ("parameters", "body")] == [
            example.get(part) for part in ("parameters", "body")
        ], f"{name} is called otherwise than it is shown: make examples"
