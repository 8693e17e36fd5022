"""The stable error codes of the API, and plain-language replacements for DRF's error messages.

Clients branch on the codes, so a code never changes its meaning. `docs/reference/error-codes.md` lists both tables,
and the OpenAPI document has them as enums. Add a new code here and to that page.
"""

import re
from collections.abc import Mapping

# The `code` of an error response: its HTTP status, and its meaning, which is also the default `detail`.
ERROR_CODES: Mapping[str, tuple[int, str]] = {
    "validation": (400, "The input is invalid. `errors` and `error_codes` name each invalid field and the reason."),
    "malformed_body": (400, "The body does not match its media type."),
    "incomplete_body": (400, "The connection closed before the whole body arrived."),
    "malformed_request": (400, "The request cannot be parsed, or it has too many fields."),
    "unknown_host": (400, "The `Host` header is not a host name of this service."),
    "upload_refused": (400, "The uploaded resume cannot be read. `reason` gives the cause."),
    "not_authenticated": (401, "The request has no access token."),
    "token_expired": (401, "The access token has expired. Refresh it."),
    "token_invalid": (401, "The access token is invalid, or its session has ended. Log in again."),
    "refresh_token_invalid": (401, "The refresh token is unknown, used or expired. Log in again."),
    "wrong_credentials": (401, "The email address or the password is wrong."),
    "permission_denied": (403, "You do not have permission to do this."),
    "other_user": (403, "`user_id` belongs to another user."),
    "token_too_old": (403, "Erasing an account requires an access token issued in the last five minutes."),
    "signature_invalid": (403, "The webhook signature does not match the body."),
    "not_found": (404, "Not found."),
    "path_not_found": (404, "This path does not exist."),
    "job_not_found": (404, "There is no job with this id."),
    "application_not_found": (404, "You have neither saved this job nor applied for it."),
    "resume_not_found": (404, "You have no resume with this id."),
    "search_not_found": (404, "You have no saved search with this id."),
    "run_not_found": (404, "You have no run with this id."),
    "skill_not_found": (404, "The skill is neither in the vocabulary nor in any job."),
    "project_not_found": (404, "There is no project with this id."),
    "progress_not_found": (404, "There is no progress for this skill or project."),
    "role_without_jobs": (
        404,
        "There are no jobs for this role in the window. `detail` is an object here.",
    ),
    "webhooks_off": (404, "Webhooks are disabled on this server."),
    "metrics_off": (404, "Metrics are disabled on this server."),
    "method_not_allowed": (405, "This path does not support the method. `Allow` lists the supported methods."),
    "body_timeout": (408, "The body did not arrive in time."),
    "conflict": (409, "The request conflicts with stored data."),
    "concurrent_change": (
        409,
        "Another request changed this resource. Read it again, then repeat your change.",
    ),
    "profile_empty": (409, "The profile lacks data that this endpoint needs. `detail` names what to fill in."),
    "nothing_to_compare": (409, "The job states nothing that can be compared with the profile."),
    "application_in_progress": (409, "The application is past the stage that this request applies to."),
    "too_many_searches": (409, "You have reached the maximum number of saved searches."),
    "too_many_resumes": (409, "You have reached the maximum number of generated resumes."),
    "resume_too_long": (409, "The resume would exceed the maximum length."),
    "resume_processing": (409, "The resume is still being processed. Try again shortly."),
    "resume_unreadable": (409, "The uploaded file could not be read, so this resume has no content."),
    "resume_not_confirmable": (409, "Only an uploaded resume that was read successfully can be confirmed."),
    "stale_version": (412, "`If-Match` does not match the stored version. Read it again."),
    "body_too_large": (413, "The body is too large."),
    "unsupported_media_type": (
        415,
        "The media type of the body is not supported. `detail` lists the supported types.",
    ),
    "throttled": (429, "Too many requests. `Retry-After` is the number of seconds to wait."),
    "unexpected_error": (500, "An unexpected error occurred. It is logged under the request's id."),
    "unavailable": (
        503,
        "A required server is unavailable. Try again after `Retry-After` seconds.",
    ),
    "queue_unavailable": (503, "The task could not be queued, and nothing was changed. Try again."),
    "busy": (503, "The service is overloaded. Try again after `Retry-After` seconds."),
    "not_ready": (503, "Returned by `/health/ready` only: a dependency of the service is unavailable."),
}

# The codes of invalid fields, as listed in `error_codes`.
FIELD_CODES: Mapping[str, str] = {
    "required": "The field is missing.",
    "null": "The field must not be null.",
    "blank": "The field must not be an empty string.",
    "invalid": "The value has the wrong type or format.",
    "invalid_choice": "The value is not one of the allowed choices.",
    "max_length": "The text or list is too long.",
    "min_length": "The text or list is too short.",
    "max_value": "The number is too large.",
    "min_value": "The number is too small.",
    "empty": "The list, object or file is empty.",
    "not_a_list": "The value must be a list.",
    "not_an_object": "The value must be an object.",
    "not_a_file": "The value must be a file in a multipart form.",
    "malformed": "The body cannot be parsed, or the file is damaged.",
    "control_characters": "The text contains control characters.",
    "already_registered": "An account with this email address already exists.",
    "not_public": "The email address does not have a public domain.",
    "wrong_password": "The password does not match the account.",
    "weak_password": "The password violates the password policy. The message names the rule.",
    "token_invalid": "The token from the email is unknown, used or expired.",
    "read_only": "The field cannot be changed here.",
    "contradiction": "The value contradicts another value in the request.",
    "no_target_roles": "The profile has no target roles.",
    "not_a_target_role": "The role is not one of the profile's target roles.",
    "not_in_resume": "The value is not in the resume.",
    "nothing_picked": "No value of the resume was selected.",
    "not_ready": "The resume is not ready.",
    "too_many": "There are too many items.",
    "encrypted": "The file is encrypted.",
    "no_text": "The file contains no text.",
    "too_large": "The file, text or object is too large.",
    "too_complex": "The file is too long or too complex, or the object is nested too deeply.",
    "unknown_type": "The file is not a resume in a supported format.",
    "no_spaces": "The text of the file has no spaces between its words.",
    "unmapped_glyphs": "The fonts of the file do not say which letters they show.",
    "lost": "Processing of the file was interrupted. Upload it again.",
}

# Maps other codes that Django, DRF and this project's fields raise to the listed codes.
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

# The code, per HTTP status, of errors that have no listed code.
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

# DRF's messages mention Python types and serializer terms, and DRF has no setting to replace them.
_PLAIN_MESSAGES = tuple(
    (re.compile(pattern, re.DOTALL).fullmatch, plain)
    for pattern, plain in (
        (r"This field may not be null\.", "This field must not be null."),
        (r"This field may not be blank\.", "This field must not be empty."),
        (r"Not a valid string\.", "This field must be text."),
        (r"Ensure this field has no more than (\d+) characters\.", r"This field must have at most \1 characters."),
        (r"Ensure this field has at least (\d+) characters?\.", r"This field must have at least \1 characters."),
        (r"Ensure this field has no more than (\d+) elements\.", r"This field must have at most \1 items."),
        (r"Ensure this field has at least (\d+) elements\.", r"This field must have at least \1 items."),
        (r"Ensure this value is less than or equal to (\S+)\.", r"This field must be at most \1."),
        (r"Ensure this value is greater than or equal to (\S+)\.", r"This field must be at least \1."),
        (r"A valid integer is required\.", "This field must be a whole number."),
        (r"A valid number is required\.|String value too large\.", "This field must be a number."),
        (r"Must be a valid boolean\.", "This field must be true or false."),
        (r"\"(.*)\" is not a valid choice\.", r'This field does not accept "\1".'),
        (r"Expected a list of items but got type .*", "This field must be a list."),
        (r"This (?:list|dictionary) may not be empty\.", "This field must not be empty."),
        (r"Expected a dictionary of items but got type .*", "This field must be an object."),
        (r"Invalid data\. Expected a dictionary, but got .*", "This field must be an object."),
        (r"Date has wrong format\. .*|Expected a date but got .*", "This field must be a date such as 2026-01-31."),
        (
            r"Datetime has wrong format\. .*|Expected a datetime but got .*",
            "This field must be a time such as 2026-01-31T12:00:00Z.",
        ),
        (
            r"The submitted data was not a file\. .*|No filename could be determined\.",
            "This field must be a file with a file name, sent in a multipart form.",
        ),
        (r"No file was submitted\.", "This field is required: send a file in a multipart form."),
        (r"The submitted file is empty\.", "This field must not be an empty file."),
        (r"Ensure this filename has at most (\d+) .*", r"This field's file name must have at most \1 characters."),
        (r"Enter a valid email address\.", "This field must be an email address."),
        (r"Enter a valid URL\.", "This field must be an http or https URL."),
        (r"Null characters are not allowed\.", "This field must not contain null characters."),
        (r"Surrogate characters are not allowed: (.*)\.", r"This field must not contain unpaired surrogates: \1."),
        (r"Invalid input\.|Invalid value\.", "This field has an invalid value."),
    )
)


def get_error_code(code: object, *, status: int) -> str:
    """Return `code` if it is a listed error code, and otherwise the code of the status."""
    name = str(code)
    return name if name in ERROR_CODES else _CODES_BY_STATUS.get(status, "unexpected_error")


def get_field_code(code: object) -> str:
    """Return the listed field code for a code of Django, DRF or this project. Defaults to `invalid`."""
    name = str(code)
    name = _FIELD_CODES_BY_OTHER_NAME.get(name, name)
    return name if name in FIELD_CODES else "invalid"


def rewrite_message(message: str) -> str:
    """Return a plain-language version of a DRF message, and any other message unchanged."""
    for match_message, plain in _PLAIN_MESSAGES:
        match = match_message(message)
        if match:
            return match.expand(plain)
    return message
