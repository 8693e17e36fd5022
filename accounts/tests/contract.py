"""What the tests of the endpoints' contract share: the schema, what is checked, and how much is tried."""

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

schema = schemathesis.openapi.from_wsgi("/openapi.json", application)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# The values at every bound and beyond it are always tried; random ones besides, when asked to be thorough.
_IS_THOROUGH = settings.get_current_profile_name() == "thorough"
thoroughness = settings(
    max_examples=settings().max_examples // 2,
    phases=[Phase.explicit, Phase.generate] if _IS_THOROUGH else [Phase.explicit],
    suppress_health_check=list(HealthCheck),
)
