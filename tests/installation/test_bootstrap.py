"""The `bootstrap` command, which prepares a database for serving."""

import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from career_navigator.db.connection import database
from career_navigator.environment import BASE_DIR
from career_navigator.management.commands import seed
from skills.documents import SkillDocument


@pytest.fixture(autouse=True)
def unprepared(mongo, settings, tmp_path, django_db_blocker) -> Iterator[None]:
    """Provide a database without the admin's tables, and a temporary VAR_DIR."""
    settings.VAR_DIR = tmp_path / "var"
    forget_tables()
    with django_db_blocker.unblock():
        yield
    forget_tables()


@pytest.fixture
def little_to_seed(monkeypatch, tmp_path) -> None:
    """Seed a single skill, because the complete fixtures take seconds."""
    skill = {"name": "python", "display_name": "Python", "category": "Programming Languages"}
    for name in ("skills", "roles", "learning_resources", "blueprints", "project_ideas", "boards"):
        (tmp_path / f"{name}.json").write_text(json.dumps([skill] if name == "skills" else []))
    monkeypatch.setattr(seed, "FIXTURES", tmp_path)


def forget_tables() -> None:
    for name in database().list_collection_names():
        if name.startswith(("auth_", "django_", "otp_")):
            database().drop_collection(name)


def bootstrap(*arguments) -> str:
    printed = io.StringIO()
    call_command("bootstrap", *arguments, stdout=printed)
    return printed.getvalue()


def test_creates_tables_indexes_seed_data_and_the_staff_account(mongo, settings):
    summary = json.loads(bootstrap("--json"))

    path = settings.VAR_DIR / "admin-password"
    admin = User.objects.get()
    assert summary["admin_password"] == f"stored in {path}"
    assert summary["collections"] >= 8
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (admin.username, admin.is_staff, admin.is_superuser) == ("admin", True, True)
    assert admin.check_password(path.read_text().strip())
    assert len(path.read_text().strip()) >= 20
    assert SkillDocument.objects.count() >= 600
    assert "source_1_job_id_1" in mongo.job_postings.index_information()


def test_prints_the_path_of_the_password_and_not_the_password(settings, little_to_seed):
    printed = bootstrap()

    path = settings.VAR_DIR / "admin-password"
    assert f"admin password: stored in {path}" in printed
    assert path.read_text().strip() not in printed


def test_keeps_the_first_password_on_disk_until_it_is_changed(settings, little_to_seed):
    bootstrap()
    path = settings.VAR_DIR / "admin-password"
    admin = User.objects.get()
    admin.last_login = timezone.now()
    admin.save(update_fields=["last_login"])
    admin.first_name = "Ada"
    admin.save()
    User.objects.create_user("another", password="chosen by a person")
    bootstrap()
    assert path.exists()

    admin.set_password("chosen by a person")
    admin.save()

    assert not path.exists()


def test_keeps_the_account_and_its_password_when_run_again(settings, little_to_seed):
    bootstrap()
    path = settings.VAR_DIR / "admin-password"
    first = path.read_text()
    changed = User.objects.get()
    changed.set_password("chosen by a person")
    changed.save()

    path.write_text(first)  # earlier releases did not delete the file

    printed = bootstrap()

    assert "unchanged" in printed
    assert not path.exists()
    assert User.objects.get().check_password("chosen by a person")


def test_creates_an_account_and_a_password_if_the_account_was_deleted(settings, little_to_seed):
    bootstrap()
    path = settings.VAR_DIR / "admin-password"
    path.chmod(0o644)
    first = path.read_text()
    User.objects.all().delete()

    bootstrap()

    assert path.read_text() != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert User.objects.get().check_password(path.read_text().strip())


def test_reports_that_mongodb_is_unavailable(tmp_path):
    away = {"MONGODB_URI": "mongodb://someone:secret@127.0.0.1:1/nowhere", "VAR_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "manage.py", "bootstrap"],
        cwd=BASE_DIR,
        env=os.environ | away,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "MongoDB is unavailable at mongodb://127.0.0.1:1/nowhere." in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_still_works_as_prepare(little_to_seed, capsys):
    call_command("prepare")

    assert "prepare is deprecated" in capsys.readouterr().err
    assert User.objects.count() == 1


@pytest.mark.usefixtures("little_to_seed", "redis")
def test_adds_missing_keys_to_postings_of_an_older_release_once(mongo):
    mongo.job_postings.insert_one(
        {"source": "x", "title": "t", "company": "c", "place": "p", "url": "http://a.example/"}
    )

    bootstrap()
    keys = mongo.job_postings.find_one()["url_key"]
    mongo.job_postings.update_one({}, {"$unset": {"url_key": ""}})
    bootstrap()

    assert keys == "https://a.example"
    assert "url_key" not in mongo.job_postings.find_one()
