"""Record the examples of the OpenAPI document from a running demonstration installation."""

import hashlib
import hmac
import json
import re
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from bson import ObjectId
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.documents import EmailConfirmation, PasswordReset, User
from accounts.searches.services import make_token
from accounts.services import erase_everything
from career_navigator.api.openapi import METHODS
from career_navigator.api.openapi_examples import EXAMPLES
from career_navigator.commands import SummaryCommand
from fixtures.example_calls import CALLS, EMAIL, OTHER_EMAIL, Call
from ingestion.documents import OPEN_RUN_STATUSES, CollectionRunDocument
from ingestion.views import SIGNATURE_HEADER

# Limits for the lists and texts of a recorded example.
MAX_ITEMS = 2
MAX_LENGTH = 400
_TIMEOUT_SECONDS = 60
_COLLECTION_SECONDS = 300
# Replacements for secrets, which belong to the installation and expire.
_TOKENS = {"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.an-access-token", "refresh_token": "a-refresh-token"}
_SECRETS = _TOKENS | dict.fromkeys(("confirmation_token", "reset_token", "unsubscribe_token"), "the-token-of-a-message")


class Command(SummaryCommand):
    """Command that records the examples of the OpenAPI document."""

    help = (
        "Records the examples of the OpenAPI document from a running demonstration installation. Erases the accounts "
        "that it creates."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}", help="URL of the installation")
        parser.add_argument("--directory", type=Path, default=EXAMPLES, help="directory for the recorded files")

    def summarize(self, **options: Any) -> dict[str, Any]:
        if not settings.DEMONSTRATION:
            raise CommandError("Examples can only be recorded from demonstration data. Unset THEIR_STACK_API_KEY.")
        if not settings.THEIR_STACK_WEBHOOK_SECRET:
            raise CommandError("Set THEIR_STACK_WEBHOOK_SECRET for this command and for the running installation.")
        _wait_for_postings()
        _erase_accounts()
        try:
            recorded = Recorder(options["url"]).record(CALLS)
        finally:
            _erase_accounts()
        options["directory"].mkdir(parents=True, exist_ok=True)
        for tag, examples in recorded.items():
            text = json.dumps(examples, ensure_ascii=False, indent=2, sort_keys=True)
            (options["directory"] / f"{tag}.json").write_text(f"{text}\n", encoding="utf-8")
        return {tag: len(examples) for tag, examples in sorted(recorded.items())}


class Recorder:
    """Client that makes the example calls in order, as the installation's OpenAPI document describes them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.values: dict[str, Any] = {}
        document = requests.get(f"{url}/openapi.json", timeout=_TIMEOUT_SECONDS).json()
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }

    def record(self, calls: tuple[Call, ...]) -> dict[str, dict[str, Any]]:
        """Make the calls and return the examples by tag and operation. Raises CommandError if a call fails."""
        examples: dict[str, dict[str, Any]] = defaultdict(dict)
        for call in calls:
            self._issue_token(call)
            tag = self.operations[call.operation][2]["tags"][0]
            examples[tag][call.operation] = self._make_call(call)
        return examples

    def _make_call(self, call: Call) -> dict[str, Any]:
        method, path, operation = self.operations[call.operation]
        parameters, body = _fill_in(call.parameters, self.values), _fill_in(call.body, self.values)
        places = {parameter["name"]: parameter["in"] for parameter in operation.get("parameters", ())}
        request = requests.Request(
            method.upper(),
            self.url + re.sub(r"{(\w+)}", lambda name: quote(str(parameters[name[1]]), safe=""), path),
            params={name: value for name, value in parameters.items() if places[name] == "query"},
        )
        if "access_token" in self.values and any("bearer" in each for each in operation.get("security", ())):
            request.headers["Authorization"] = f"Bearer {self.values['access_token']}"
        if body is not None:
            _set_body(request, body, media_type=next(iter(operation["requestBody"]["content"])))
        if call.operation == "theirstack_webhook":
            parameters[SIGNATURE_HEADER] = request.headers[SIGNATURE_HEADER] = _sign(request.data)
        with requests.Session() as session:
            response = session.send(request.prepare(), timeout=_TIMEOUT_SECONDS)
        if not response.ok:
            raise CommandError(f"{call.operation} failed with status {response.status_code}: {response.text[:500]}")
        example = {
            "parameters": _replace_secrets(parameters, call.parameters),
            "body": _replace_secrets(body, call.body),
            "status": str(response.status_code),
            "answer": self._read_response(response, call),
        }
        return {name: value for name, value in example.items() if value not in (None, {})}

    def _read_response(self, response: requests.Response, call: Call) -> Any:
        """Return the response's content for the example, or None if it is binary. Stores values for later calls."""
        media_type = response.headers.get("Content-Type", "").split(";")[0]
        if media_type.startswith("text/"):
            return _truncate(response.content.decode())
        if media_type != "application/json" or not response.content:
            return None
        content = response.json()
        for name, path in call.captures.items():
            try:
                self.values[name] = _find_value(content, path)
            except (LookupError, TypeError) as error:
                # Recording twice within a day fails, because jobs are not fetched again on the same day.
                message = f"{call.operation} returned no {path}. Record from a new installation with a new VAR_DIR."
                raise CommandError(message) from error
        return _shorten(content)

    def _issue_token(self, call: Call) -> None:
        """Issue the token that a user would get by email, if the call needs one."""
        needed, now = {*_list_needed(call.parameters), *_list_needed(call.body)}, timezone.now()
        if "confirmation_token" in needed:
            user_id = ObjectId(self.values["user_id"])
            self.values["confirmation_token"] = EmailConfirmation.issue(user_id=user_id, now=now)
        if "reset_token" in needed:
            self.values["reset_token"] = PasswordReset.issue(user_id=ObjectId(self.values["user_id"]), now=now)
        if "unsubscribe_token" in needed:
            self.values["unsubscribe_token"] = make_token(search_id=ObjectId(self.values["search_id"]))


def _set_body(request: requests.Request, body: dict[str, Any], *, media_type: str) -> None:
    if media_type == "multipart/form-data":
        request.files = [(name, (None, str(value))) for name, value in body.items()]
    elif media_type == "application/json":
        request.data = json.dumps(body).encode()
        request.headers["Content-Type"] = media_type
    else:
        request.data = body


def _sign(body: Any) -> str:
    return "sha256=" + hmac.new(settings.THEIR_STACK_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def _fill_in(value: Any, values: Mapping[str, Any]) -> Any:
    """Replace placeholders such as "<job_id>" by their values."""
    if isinstance(value, Mapping):
        return {name: _fill_in(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [_fill_in(each, values) for each in value]
    return values[value[1:-1]] if isinstance(value, str) and value.startswith("<") else value


def _list_needed(value: Any) -> Iterator[str]:
    """Yield the names of placeholders such as "<job_id>"."""
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _list_needed(each)
    elif isinstance(value, str) and value.startswith("<"):
        yield value[1:-1]


def _replace_secrets(sent: Any, call: Any) -> Any:
    """Replace the values of placeholders for secrets in what was sent for a call."""
    if isinstance(sent, Mapping):
        return {name: _replace_secrets(each, call.get(name)) for name, each in sent.items()}
    return _SECRETS.get(call[1:-1], sent) if isinstance(call, str) else sent


def _find_value(content: Any, path: str) -> Any:
    """Return the value at a dotted path such as "items.0.id"."""
    for step in path.split("."):
        content = content[int(step)] if isinstance(content, list) else content[step]
    return content


def _shorten(value: Any) -> Any:
    """Replace tokens and truncate lists and texts to MAX_ITEMS and MAX_LENGTH."""
    if isinstance(value, Mapping):
        return {name: _TOKENS.get(name) or _shorten(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_shorten(each) for each in value[:MAX_ITEMS]]
    return _truncate(value) if isinstance(value, str) else value


def _truncate(text: str) -> str:
    # Worker names contain the host name.
    text = text.replace(f"@{socket.gethostname()}", "@host")
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH].rstrip()} ..."


def _wait_for_postings() -> None:
    """Wait until the demonstration's postings are collected."""
    give_up_at = time.monotonic() + _COLLECTION_SECONDS
    while not CollectionRunDocument.objects(status="finished") or CollectionRunDocument.objects(
        status__in=OPEN_RUN_STATUSES
    ):
        if time.monotonic() > give_up_at:
            raise CommandError("The demonstration postings are not collected yet. Try again when they are.")
        time.sleep(1)


def _erase_accounts() -> None:
    for user in User.objects(email__in=[EMAIL, OTHER_EMAIL]):
        erase_everything(user=user, now=timezone.now())
