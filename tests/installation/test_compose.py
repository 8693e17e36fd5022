"""The compose file: permissions and limits of the containers, and handling of passwords."""

from typing import Any

import pytest
import yaml

from career_navigator.environment import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened_and_limited(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a tmpfs inside the container
    assert service["mem_limit"]
    assert service["pids_limit"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_runs_as_root(name: str) -> None:
    # The Dockerfile sets the user of the application.
    assert SERVICES[name].get("user", "root") != "root" or SERVICES[name]["image"] == COMPOSE["name"]


def test_both_servers_take_their_password_from_the_environment() -> None:
    web = SERVICES["web"]["environment"]

    assert "${MONGODB_PASSWORD:?" in web["MONGODB_URI"]
    assert "${REDIS_PASSWORD:?" in web["REDIS_URL"]
    assert "--keyFile" in SERVICES["mongodb"]["command"][-1]
    assert "requirepass" in SERVICES["redis"]["command"][-1]


@pytest.mark.parametrize("name", SERVICES)
def test_no_process_has_a_password_in_its_arguments(name: str) -> None:
    # The container's shell expands $$, but Compose itself expands $ and would put the password into the command.
    command = str(SERVICES[name].get("command", "")) + str(SERVICES[name].get("healthcheck", ""))

    assert "PASSWORD" not in command.replace("$$MONGODB_PASSWORD", "")
