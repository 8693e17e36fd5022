"""drf-spectacular hook that shows recorded requests and answers as the examples of operations."""

import json
from functools import cache
from typing import Any

from career_navigator.environment import BASE_DIR

# One file per tag, with an entry per operation's id: its `parameters`, `body`, `status` and `answer`, as far as it has
# them. `manage.py record_examples` writes them.
EXAMPLES = BASE_DIR / "fixtures" / "examples"
_JSON = "application/json"


@cache
def load_examples() -> dict[str, dict[str, Any]]:
    """Return the recorded examples by operation."""
    examples: dict[str, dict[str, Any]] = {}
    for file in sorted(EXAMPLES.glob("*.json")):
        examples |= json.loads(file.read_text(encoding="utf-8"))
    return examples


def show_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the example request and answer to each operation that was recorded."""
    examples = load_examples()
    for methods in result["paths"].values():
        for operation in methods.values():
            example = examples.get(operation["operationId"])
            if example is not None:
                _show(example, operation, result["components"]["schemas"])
    return result


def _show(example: dict[str, Any], operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
    if "body" in example:
        ((media_type, content),) = operation["requestBody"]["content"].items()
        content["example"] = example["body"]
        if media_type != _JSON:
            # Swagger fills the fields of a form from their own examples.
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            fields = schemas[name]["properties"] if name else content["schema"]["properties"]
            for field, schema in fields.items():
                if schema.get("format") != "binary":
                    # It sends no empty one, and makes up those that have none.
                    schema["examples"] = [example["body"].get(field, "")]
    if "answer" in example:
        for content in operation["responses"][example["status"]]["content"].values():
            content["example"] = example["answer"]
