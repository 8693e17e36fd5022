"""The endpoints keep to what /openapi.json says of them, whatever is sent."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from career_navigator.wsgi import application

pytestmark = pytest.mark.usefixtures("servers_emptied", "time_to_read")

ADVICE = ("/learning/", "/projects/")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

_SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", application)

# The values at every bound and beyond it are always tried; random ones besides, when asked to be thorough.
_IS_THOROUGH = settings.get_current_profile_name() == "thorough"
_thoroughness = settings(
    max_examples=settings().max_examples // 2,
    phases=[Phase.explicit, Phase.generate] if _IS_THOROUGH else [Phase.explicit],
    suppress_health_check=list(HealthCheck),
)


def get_schema(operation: str) -> schemathesis.BaseSchema:
    """The schema, of which this operation alone is tried: its method and its path."""
    method, path = operation.split()
    siblings = [f"{other.upper()} {path}" for other in _SCHEMA.raw_schema["paths"][path] if other.upper() != method]
    config = {
        # By path, so that methods which the path lacks are tried, too.
        "operations": [
            {"exclude-path": path, "enabled": False},
            *({"include-name": sibling, "enabled": False} for sibling in siblings),
        ],
        # Words of our source are no values to try, and would be looked for again in each test.
        "analysis": {"constants": {"enabled": False}},
    }
    schema = schemathesis.openapi.from_dict(_SCHEMA.raw_schema, config=schemathesis.Config.from_dict(config))
    schema.app = application
    return schema


@pytest.fixture
def operation(request: pytest.FixtureRequest) -> schemathesis.BaseSchema:
    return get_schema(request.param)


def for_each_operation(*, if_path: Callable[[str], bool]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a test with an argument `case` one for each operation whose path is fit, with all that is to be tried.

    A test makes its own cases, by the fixture `operation`: made when tests are collected, as schemathesis does by
    itself, each of xdist's workers would make those of all tests.
    """
    labels = sorted(operation.ok().label for operation in _SCHEMA.get_all_operations())
    parametrize = pytest.mark.parametrize(
        "operation", [label for label in labels if if_path(label.split()[1])], indirect=True
    )
    return lambda test: parametrize(schemathesis.pytest.from_fixture("operation").parametrize()(_thoroughness(test)))


@pytest.fixture(autouse=True)
def _no_waiting(settings: Any) -> None:
    """Nobody works the queue off here, so there is nothing to wait for."""
    settings.FETCH_JOBS_WAIT_SECONDS = 0


def _headers(member):
    # Over WSGI nothing unpacks a compressed answer before it is checked.
    return {"Authorization": f"Bearer {member.token}", "Accept-Encoding": "identity"}


# Whether the service is ready depends on a worker, which the tests do not have.
@for_each_operation(if_path=lambda path: not path.startswith(("/health/ready", *ADVICE)))
def test_keeps_to_the_schema(case, ada):
    case.call_and_validate(headers=_headers(ada), checks=CHECKS)


@pytest.fixture
def jobs(post_jobs):
    post_jobs()


@for_each_operation(if_path=lambda path: path.startswith(ADVICE))
def test_keeps_to_the_schema_with_a_catalogue(case, newcomer, jobs):
    case.call_and_validate(headers=_headers(newcomer), checks=CHECKS)
