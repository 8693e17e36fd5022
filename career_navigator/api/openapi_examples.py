"""A drf-spectacular hook that adds recorded requests and responses as examples of operations."""

import json
from functools import cache
from typing import Any

from career_navigator.environment import BASE_DIR

# One file per tag, written by `manage.py record_examples`. Each file maps operation ids to `parameters`, `body`,
# `status` and `answer`. Keys that do not apply are absent.
EXAMPLES = BASE_DIR / "fixtures" / "examples"
_JSON = "application/json"


@cache
def load_examples() -> dict[str, dict[str, Any]]:
    """Return the recorded examples by operation id."""
    examples: dict[str, dict[str, Any]] = {}
    for file in sorted(EXAMPLES.glob("*.json")):
        examples |= json.loads(file.read_text(encoding="utf-8"))
    return examples


def show_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the example request and response to each recorded operation."""
    examples = load_examples()
    for methods in result["paths"].values():
        for operation in methods.values():
            example = examples.get(operation["operationId"])
            if example is not None:
                _add_example(example, operation, result["components"]["schemas"])
    return result


def _add_example(example: dict[str, Any], operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
    if "body" in example:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        content["example"] = example["body"]
        if media_type != _JSON:
            # Swagger UI fills form fields from the examples of the fields, not from the example of the body.
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            fields = schemas[name]["properties"] if name else content["schema"]["properties"]
            for field, schema in fields.items():
                if schema.get("format") != "binary":
                    # Swagger UI omits a field with an empty example, and invents a value for one without an example.
                    schema["examples"] = [example["body"].get(field, "")]
    if "answer" in example:
        for content in operation["responses"][example["status"]]["content"].values():
            content["example"] = example["answer"]
