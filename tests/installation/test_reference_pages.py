"""The pages under docs/reference name every setting, command, option, metric, logger, collection and index."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from dotenv import dotenv_values

from career_navigator.documents import StoredDocument
from career_navigator.environment import BASE_DIR

REFERENCE = BASE_DIR / "docs" / "reference"
# Options that Django adds to every management command.
BASE_OPTIONS = {"--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback"} | {
    "--no-color",
    "--force-color",
    "--skip-checks",
}
METRIC_TYPES = {"Counter": "counter", "CounterMetricFamily": "counter"} | {
    "Histogram": "histogram",
    "GaugeMetricFamily": "gauge",
}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
# Collections without a document class.
PLAIN_COLLECTIONS = {"catalogue_versions", "data_migrations"}


def _read(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def _list_rows(text: str) -> list[list[str]]:
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if line.startswith("| `")]


def _find_section(text: str, heading: str) -> str:
    found = re.search(rf"^###? {re.escape(heading)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def _list_names(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _list_own_commands() -> dict[str, Any]:
    own = {config.name for config in apps.get_app_configs() if Path(config.path).parent == BASE_DIR}
    return {name: load_command_class(str(app), name) for name, app in get_commands().items() if app in own}


COMMANDS = _list_own_commands()
CURRENT_COMMANDS = sorted(name for name, each in COMMANDS.items() if not each.help.startswith("Deprecated"))


def _parse_production_modules() -> Iterator[tuple[str, ast.Module]]:
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if folder.parent != BASE_DIR:
            continue
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(BASE_DIR).with_suffix("").parts
            if "tests" not in parts:
                yield ".".join(parts), ast.parse(path.read_text(encoding="utf-8"))


def _list_calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))


def _list_subclasses(parent: Any) -> Iterator[Any]:
    for child in parent.__subclasses__():
        yield child
        yield from _list_subclasses(child)


def _list_documents() -> dict[str, Any]:
    documents = [each for each in _list_subclasses(StoredDocument) if not each._meta.get("abstract")]
    return {each._meta["collection"]: each for each in documents if "tests" not in each.__module__.split(".")}


DOCUMENTS = _list_documents()


def _list_indexes(document: Any) -> list[tuple[str, ...]]:
    marks = {1: "", -1: "-", "text": "$"}
    names = {field.db_field: name for name, field in document._fields.items()}
    return sorted(
        tuple(f"{marks[order]}{names.get(key, key)}" for key, order in index["fields"])
        for index in document._meta["index_specs"]
    )


def test_settings_page_names_every_setting_with_its_default() -> None:
    shown = {row[0].strip("`"): row[2] for row in _list_rows(_read("settings.md"))}

    defaults = {
        name: f"`{value}`" if value else "empty" for name, value in dotenv_values(BASE_DIR / ".env.example").items()
    }
    assert shown == defaults


def test_commands_page_names_every_command() -> None:
    text = _read("commands.md")

    overview = {row[0].strip("`").split()[0] for row in _list_rows(_find_section(text, "Overview"))}
    deprecated = {row[0].strip("`") for row in _list_rows(_find_section(text, "Deprecated names"))}
    assert sorted(re.findall(r"^### `(\w+)`$", text, re.MULTILINE)) == CURRENT_COMMANDS
    assert overview == {*CURRENT_COMMANDS} - {"record_examples"}
    assert deprecated == {*COMMANDS} - {*CURRENT_COMMANDS}


@pytest.mark.parametrize("name", CURRENT_COMMANDS)
def test_commands_page_names_every_option(name: str) -> None:
    actions = COMMANDS[name].create_parser("manage.py", name)._actions
    options = {max(action.option_strings, key=len) for action in actions if action.option_strings}
    positionals = {str(action.metavar or action.dest).upper() for action in actions if not action.option_strings}

    shown = {_list_names(row[0])[0].split()[0] for row in _list_rows(_find_section(_read("commands.md"), f"`{name}`"))}
    assert shown == (options - BASE_OPTIONS) | positionals


def test_commands_page_names_every_make_target() -> None:
    makefile = (BASE_DIR / "Makefile").read_text(encoding="utf-8")
    section = _find_section(_read("commands.md"), "make targets")

    shown = [row[0].strip("`").removeprefix("make ") for row in _list_rows(section)]
    assert sorted(shown) == sorted(set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) - {"help"})


def test_metrics_page_names_every_metric_with_its_type_and_labels() -> None:
    declared = {}
    for _, module in _parse_production_modules():
        for call in _list_calls(module):
            kind = METRIC_TYPES.get(getattr(call.func, "id", ""))
            first = call.args[0] if call.args else None
            if kind is None or not isinstance(first, ast.Constant) or "career_navigator_" not in str(first.value):
                continue
            labels = [*call.args[2:3], *(each.value for each in call.keywords if each.arg == "labels")]
            names = [ast.literal_eval(each) for each in labels]
            declared[f"{first.value!s}{'_total' if kind == 'counter' else ''}"] = (kind, [*(names[0] if names else ())])

    rows = _list_rows(_find_section(_read("metrics.md"), "Metrics"))
    assert {row[0].strip("`"): (row[1], _list_names(row[2])) for row in rows} == declared


def test_metrics_page_names_every_logger_with_its_levels() -> None:
    declared: dict[str, set[str]] = {"career_navigator.observability.middleware": {"INFO", "DEBUG"}}
    for name, module in _parse_production_modules():
        for call in _list_calls(module):
            method = getattr(call.func, "attr", "")
            if method in LOG_METHODS and getattr(getattr(call.func, "value", None), "id", "") == "logger":
                declared.setdefault(name, set()).add(method.upper().replace("EXCEPTION", "ERROR"))

    rows = _list_rows(_find_section(_read("metrics.md"), "Log events"))
    assert {row[0].strip("`"): {*row[1].split(", ")} for row in rows} == declared


def test_data_model_page_names_every_collection() -> None:
    named = re.findall(r"^### `(\w+)`$", _read("data-model.md"), re.MULTILINE)

    assert sorted(named) == sorted({*DOCUMENTS} | PLAIN_COLLECTIONS)


@pytest.mark.parametrize("collection", sorted(DOCUMENTS))
def test_data_model_page_describes_the_fields_and_every_index_of_a_collection(collection: str) -> None:
    document = DOCUMENTS[collection]
    section = _find_section(_read("data-model.md"), f"`{collection}`")

    fields = [name for row in _list_rows(section) for name in _list_names(row[0])]
    indexes = [tuple(_list_names(line.split(":")[0].split(" (")[0])) for line in re.findall(r"^- (.*)$", section, re.M)]
    assert section.strip().startswith(f"`{document.__module__}.{document.__name__}`")
    assert set(fields) <= set(document._fields)
    assert sorted(indexes) == _list_indexes(document)
