"""What the tests of the endpoints' contract share: the operations, what is checked, and how much is tried."""

from collections.abc import Callable

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


def schema_of(operation: str) -> schemathesis.BaseSchema:
    """The schema, of which this operation alone is tried: its method and its path."""
    method, path = operation.split()
    siblings = [f"{other.upper()} {path}" for other in _SCHEMA.raw_schema["paths"][path] if other.upper() != method]
    config = {
        # By path, so that methods which the path lacks are tried, too.
        "operations": [
            {"exclude-path": path, "enabled": False},
            *({"include-name": sibling, "enabled": False} for sibling in siblings),
        ],
        # Words of our source are no values to try, and would be looked for anew in each test.
        "analysis": {"constants": {"enabled": False}},
    }
    schema = schemathesis.openapi.from_dict(_SCHEMA.raw_schema, config=schemathesis.Config.from_dict(config))
    schema.app = application
    return schema


def for_each_operation(*, if_path: Callable[[str], bool]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a test with an argument `case` one for each operation whose path is fit, with all that is to be tried.

    Its module has a fixture `operation` that gives the `schema_of` its parameter. So a test makes its own cases: made
    when tests are collected, as schemathesis does by itself, each of xdist's workers would make those of all tests.
    """
    labels = sorted(operation.ok().label for operation in _SCHEMA.get_all_operations())
    parametrize = pytest.mark.parametrize(
        "operation", [label for label in labels if if_path(label.split()[1])], indirect=True
    )
    return lambda test: parametrize(schemathesis.pytest.from_fixture("operation").parametrize()(_thoroughness(test)))
