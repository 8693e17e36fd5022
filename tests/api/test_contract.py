"""The endpoints comply with /openapi.json for all generated requests."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from career_navigator.wsgi import application

pytestmark = pytest.mark.usefixtures("empty_servers", "long_parse_timeout")

ADVICE = ("/learning/", "/projects/")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

_SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", application)

# Boundary values are always tried. The thorough profile adds random values.
_IS_THOROUGH = settings.get_current_profile_name() == "thorough"
_thoroughness = settings(
    max_examples=settings().max_examples // 2,
    phases=[Phase.explicit, Phase.generate] if _IS_THOROUGH else [Phase.explicit],
    suppress_health_check=list(HealthCheck),
)


def get_schema(operation: str) -> schemathesis.BaseSchema:
    """Return the schema restricted to one operation, given as "METHOD /path"."""
    method, path = operation.split()
    siblings = [f"{other.upper()} {path}" for other in _SCHEMA.raw_schema["paths"][path] if other.upper() != method]
    config = {
        # Select by path, so that unsupported methods are tried too.
        "operations": [
            {"exclude-path": path, "enabled": False},
            *({"include-name": sibling, "enabled": False} for sibling in siblings),
        ],
        # Do not collect constants from the source code as values: each test would scan the code again.
        "analysis": {"constants": {"enabled": False}},
    }
    schema = schemathesis.openapi.from_dict(_SCHEMA.raw_schema, config=schemathesis.Config.from_dict(config))
    schema.app = application
    return schema


@pytest.fixture
def operation(request: pytest.FixtureRequest) -> schemathesis.BaseSchema:
    return get_schema(request.param)


def for_each_operation(*, if_path: Callable[[str], bool]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Parametrize a test that takes a `case` by all operations whose path satisfies `if_path`.

    The fixture `operation` generates the cases when a test runs. schemathesis generates them on collection by
    default, which would make every xdist worker generate the cases of all tests.
    """
    labels = sorted(found.ok().label for found in _SCHEMA.get_all_operations() if isinstance(found, Ok))
    parametrize = pytest.mark.parametrize(
        "operation", [label for label in labels if if_path(label.split()[1])], indirect=True
    )
    return lambda test: parametrize(schemathesis.pytest.from_fixture("operation").parametrize()(_thoroughness(test)))


@pytest.fixture(autouse=True)
def _no_waiting(settings: Any) -> None:
    """Do not wait for queued tasks, because no worker runs."""
    settings.FETCH_JOBS_WAIT_SECONDS = 0


def _headers(member):
    # The WSGI transport of schemathesis does not decompress responses.
    return {"Authorization": f"Bearer {member.token}", "Accept-Encoding": "identity"}


# /health/ready depends on a worker, and these tests have none.
@for_each_operation(if_path=lambda path: not path.startswith(("/health/ready", *ADVICE)))
def test_complies_with_the_schema(case, ada):
    case.call_and_validate(headers=_headers(ada), checks=CHECKS)


@pytest.fixture
def jobs(post_jobs):
    post_jobs()


@for_each_operation(if_path=lambda path: path.startswith(ADVICE))
def test_complies_with_the_schema_with_a_catalogue(case, newcomer, jobs):
    case.call_and_validate(headers=_headers(newcomer), checks=CHECKS)
