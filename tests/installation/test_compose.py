"""The compose file: what each container may do, and where passwords stand."""

from typing import Any

import pytest
import yaml

from career_navigator.environment import BASE_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_capability_a_read_only_root_and_bounds(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - in memory, of the container
    assert service["mem_limit"]
    assert service["pids_limit"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_not_run_as_root(name: str) -> None:
    # The image of the application names its user itself.
    assert SERVICES[name].get("user", "root") != "root" or SERVICES[name]["image"] == COMPOSE["name"]


def test_both_servers_ask_for_a_password_of_the_environment() -> None:
    web = SERVICES["web"]["environment"]

    assert "${MONGODB_PASSWORD:?" in web["MONGODB_URI"]
    assert "${REDIS_PASSWORD:?" in web["REDIS_URL"]
    assert "--keyFile" in SERVICES["mongodb"]["command"][-1]
    assert "requirepass" in SERVICES["redis"]["command"][-1]


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_arguments_of_a_process(name: str) -> None:
    # With $$ the container's shell reads the variable, with $ it would be written into the command.
    command = str(SERVICES[name].get("command", "")) + str(SERVICES[name].get("healthcheck", ""))

    assert "PASSWORD" not in command.replace("$$MONGODB_PASSWORD", "")
