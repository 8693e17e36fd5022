"""The codes of errors, which are stable: programs go by them, and people read the sentences beside them.

`docs/api.md` lists both tables, and the OpenAPI document has them as enumerations. A new code goes into the table here
and into the page.
"""

import re
from collections.abc import Mapping

# Of a whole answer: the status, and when it is answered.
ERROR_CODES: Mapping[str, tuple[int, str]] = {
    "validation": (400, "The input is invalid; `errors` and `error_codes` say which fields, and why."),
    "malformed_body": (400, "The body is not what its media type says it is."),
    "incomplete_body": (400, "The request ended before its body did."),
    "malformed_request": (400, "The request cannot be read, or has more fields than are read."),
    "unknown_host": (400, "The `Host` header names no host of this service."),
    "upload_refused": (400, "The uploaded resume cannot be read; `reason` says why."),
    "not_authenticated": (401, "No access token was sent."),
    "token_expired": (401, "The access token has expired: refresh it."),
    "token_invalid": (401, "The access token is none of ours, or its session has ended: log in again."),
    "refresh_token_invalid": (401, "The refresh token is unknown, used or expired: log in again."),
    "wrong_credentials": (401, "The e-mail address or the password is wrong."),
    "permission_denied": (403, "What is asked for is not permitted."),
    "other_user": (403, "The `user_id` is another user's."),
    "token_too_old": (403, "Erasing the account takes a token of the last five minutes."),
    "signature_invalid": (403, "The signature of a webhook event does not fit its body."),
    "not_found": (404, "There is nothing under this address."),
    "path_not_found": (404, "The API has no such path."),
    "job_not_found": (404, "There is no job with this id."),
    "application_not_found": (404, "The job is neither saved nor applied for."),
    "resume_not_found": (404, "You have no resume with this id."),
    "search_not_found": (404, "You have no saved search with this id."),
    "run_not_found": (404, "You have no run with this id."),
    "skill_not_found": (404, "Neither the vocabulary nor any job knows the skill."),
    "project_not_found": (404, "There is no project with this id."),
    "progress_not_found": (404, "No progress is stored for the skill or project."),
    "role_without_jobs": (404, "No job is stored for the role in the window; here alone `detail` is an object."),
    "webhooks_off": (404, "This server takes no webhook events."),
    "metrics_off": (404, "This server shows no metrics."),
    "method_not_allowed": (405, "The path does not take this method; `Allow` names those that it takes."),
    "body_timeout": (408, "The body did not arrive in time."),
    "conflict": (409, "What is asked for contradicts what is stored."),
    "concurrent_change": (409, "It was changed at the same time: read it again, then repeat the change."),
    "profile_empty": (409, "The profile is too empty for this; `detail` names what to fill in."),
    "nothing_to_compare": (409, "The job says nothing that the profile could be compared with."),
    "application_in_progress": (409, "The application is beyond the stage that this request is for."),
    "too_many_searches": (409, "You have as many saved searches as there can be."),
    "too_many_resumes": (409, "You have as many written resumes as there can be."),
    "resume_too_long": (409, "What the resume would hold is more than a resume can."),
    "resume_processing": (409, "The resume is still being read: ask again shortly."),
    "resume_unreadable": (409, "The file could not be read, so there is nothing to show of it."),
    "resume_not_confirmable": (409, "Only an uploaded resume that was read can be confirmed."),
    "stale_version": (412, "`If-Match` names another version than the stored one: read it again."),
    "body_too_large": (413, "The body is larger than is read."),
    "unsupported_media_type": (415, "The body's media type is not taken here; `detail` names those that are."),
    "throttled": (429, "There were too many requests; `Retry-After` says in how many seconds to try again."),
    "unexpected_error": (500, "Something broke; it is logged under the request's id."),
    "unavailable": (503, "A server that this one depends on is unavailable: try again after `Retry-After`."),
    "queue_unavailable": (503, "The task cannot be queued just now, and nothing was done: try again."),
    "busy": (503, "Too much is asked for at once: try again after `Retry-After`."),
    "not_ready": (503, "`/health/ready` alone: something that serving depends on does not work."),
}

# Of a field, in `error_codes`.
FIELD_CODES: Mapping[str, str] = {
    "required": "The field is missing.",
    "null": "The field must not be null.",
    "blank": "The field must not be empty text.",
    "invalid": "The value is of the wrong type or form.",
    "invalid_choice": "The value is none of those that the field takes.",
    "max_length": "The text or the list is too long.",
    "min_length": "The text or the list is too short.",
    "max_value": "The number is too large.",
    "min_value": "The number is too small.",
    "empty": "The list, the object or the file is empty.",
    "not_a_list": "The value has to be a list.",
    "not_an_object": "The value has to be an object.",
    "not_a_file": "The value has to be a file, in a multipart form.",
    "malformed": "The body cannot be read, or the file is damaged.",
    "control_characters": "The text holds control characters.",
    "already_registered": "An account has this e-mail address.",
    "not_public": "The e-mail address is at no public domain.",
    "wrong_password": "This is not the account's password.",
    "weak_password": "The password breaks a rule that the sentence names.",
    "token_invalid": "The token of the message is unknown, used or expired.",
    "read_only": "The field cannot be changed here.",
    "contradiction": "The value contradicts another one in the request.",
    "no_target_roles": "The profile names no target role.",
    "not_a_target_role": "The role is none of the profile's target roles.",
    "not_in_resume": "The resume does not say this.",
    "nothing_picked": "Nothing was picked from the resume.",
    "not_ready": "The resume is not ready.",
    "too_many": "There are more of them than there can be.",
    "encrypted": "The file is encrypted.",
    "no_text": "The file holds no text.",
    "too_large": "The file, the text or the object is too large.",
    "too_complex": "The file is too long or too involved, or the object too deep.",
    "unknown_type": "The file is neither text, PDF nor DOCX.",
    "lost": "The reading of the file was interrupted: upload it again.",
}

# What Django, DRF and our fields call some of these.
_FIELD_CODES_BY_OTHER_NAME = {
    "not_a_dict": "not_an_object",
    "no_name": "not_a_file",
    "make_aware": "invalid",
    "date": "invalid",
    "datetime": "invalid",
    "overflow": "invalid",
    "max_string_length": "invalid",
    "parse_error": "malformed",
    "null_characters_not_allowed": "control_characters",
    "surrogate_characters_not_allowed": "control_characters",
    "control": "control_characters",
    "blank_choice": "invalid_choice",
    "no_number": "invalid",
    "too_deep": "too_complex",
    "too_long": "too_large",
    "bad_key": "invalid",
    "infinite": "invalid",
}

# The code of an error that names none of ours, by its status.
_CODES_BY_STATUS = {
    400: "malformed_request",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    408: "body_timeout",
    409: "conflict",
    412: "stale_version",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "throttled",
    503: "unavailable",
}

# DRF speaks of its own parts, and takes no setting for its sentences.
_PLAIN_SENTENCES = tuple(
    (re.compile(pattern, re.DOTALL).fullmatch, plain)
    for pattern, plain in (
        (r"This field may not be null\.", "This field must not be null."),
        (r"This field may not be blank\.", "This field must not be empty."),
        (r"Not a valid string\.", "This field has to be text."),
        (r"Ensure this field has no more than (\d+) characters\.", r"This field must have at most \1 characters."),
        (r"Ensure this field has at least (\d+) characters?\.", r"This field must have at least \1 characters."),
        (r"Ensure this field has no more than (\d+) elements\.", r"This field must have at most \1 items."),
        (r"Ensure this field has at least (\d+) elements\.", r"This field must have at least \1 items."),
        (r"Ensure this value is less than or equal to (\S+)\.", r"This field must be at most \1."),
        (r"Ensure this value is greater than or equal to (\S+)\.", r"This field must be at least \1."),
        (r"A valid integer is required\.", "This field has to be a whole number."),
        (r"A valid number is required\.|String value too large\.", "This field has to be a number."),
        (r"Must be a valid boolean\.", "This field has to be true or false."),
        (r"\"(.*)\" is not a valid choice\.", r'This field does not take "\1".'),
        (r"Expected a list of items but got type .*", "This field has to be a list."),
        (r"This (?:list|dictionary) may not be empty\.", "This field must not be empty."),
        (r"Expected a dictionary of items but got type .*", "This field has to be an object."),
        (r"Invalid data\. Expected a dictionary, but got .*", "This field has to be an object."),
        (r"Date has wrong format\. .*|Expected a date but got .*", "This field has to be a date such as 2026-01-31."),
        (
            r"Datetime has wrong format\. .*|Expected a datetime but got .*",
            "This field has to be a time such as 2026-01-31T12:00:00Z.",
        ),
        (
            r"The submitted data was not a file\. .*|No filename could be determined\.",
            "This field has to be a file, sent with its name in a multipart form.",
        ),
        (r"No file was submitted\.", "This field is required: a file, in a multipart form."),
        (r"The submitted file is empty\.", "This field has to be a file that is not empty."),
        (r"Ensure this filename has at most (\d+) .*", r"This field's file name must have at most \1 characters."),
        (r"Enter a valid email address\.", "This field has to be an e-mail address."),
        (r"Enter a valid URL\.", "This field has to be an http or https address."),
        (r"Null characters are not allowed\.", "This field must not hold null characters."),
        (r"Surrogate characters are not allowed: (.*)\.", r"This field must not hold half of a character: \1."),
        (r"Invalid input\.|Invalid value\.", "This field has a value that it does not take."),
    )
)


def get_error_code(code: object, *, status: int) -> str:
    """Return the listed code of an error that says it is `code`."""
    name = str(code)
    return name if name in ERROR_CODES else _CODES_BY_STATUS.get(status, "unexpected_error")


def get_field_code(code: object) -> str:
    """Return the listed code of a field's error that says it is `code`."""
    name = str(code)
    name = _FIELD_CODES_BY_OTHER_NAME.get(name, name)
    return name if name in FIELD_CODES else "invalid"


def put_plainly(sentence: str) -> str:
    """Return one of DRF's sentences in words that a client's developer understands, any other as it is."""
    for matches, plain in _PLAIN_SENTENCES:
        found = matches(sentence)
        if found:
            return found.expand(plain)
    return sentence
