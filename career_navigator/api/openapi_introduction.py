"""The introduction of the OpenAPI document, in Markdown. Tests compare its codes, paths and limits with the code."""

INTRODUCTION = """\
Career Navigator shows which skills the job market requires, which of them a person lacks, and how to learn them.

Requests and responses are JSON in UTF-8, except for uploaded and downloaded files. Times are in UTC and in ISO 8601
format. Paths work with and without a trailing slash. Every response has an `X-Request-ID`, which identifies the request
in the server's log.

## Authentication

1. Register with `POST /auth/register`. The body needs `email`, `password` and `full_name`.
2. Log in with `POST /auth/login`:

   ```json
   {"email": "ada@example.com", "password": "SecurePass123"}
   ```

   The response contains `access_token`, `refresh_token`, `token_type` and `expires_in`. `/auth/register?login=true`
   returns these fields too, so no login is needed. OAuth2 clients can use `POST /auth/login/form`, a password form in
   which `username` is the email address.
3. Send the access token with every request, as `Authorization: Bearer <access_token>`. Operations without a security
   requirement in this document need no token.
4. The access token expires after `expires_in` seconds. Requests then return 401 with the code `token_expired`. To get a
   new pair of tokens, send `{"refresh_token": "..."}` to `POST /auth/refresh`. Use only the new pair from then on. A
   refresh token works once, and for another 20 seconds by default, because concurrent requests may use the same token.
   Using it later ends the session.
5. To end the session, send the refresh token to `POST /auth/logout`. The access tokens of the session stop working too.

## Errors

All errors have the same shape:

```json
{
  "detail": "skills.1 must be text.",
  "code": "validation",
  "errors": {"skills.1": ["This field must be text."], "email": ["This field is required."]},
  "error_codes": {"skills.1": ["invalid"], "email": ["required"]}
}
```

- `detail` is a message for people, and its wording may change. With the code `role_without_jobs` it is an object.
- `code` is for programs, and its meaning never changes. The schema `ErrorCodeEnum` lists all codes with their meanings.
  New codes may be added, so handle an unknown code by the HTTP status.
- Errors about invalid input also have `errors` and `error_codes`, which contain the messages and the codes of each
  invalid field. A name such as `skills.1` is the path to a nested value, and `non_field_errors` refers to the body as
  a whole. The schema `FieldErrorCodeEnum` lists the codes of fields.

401 responses have a `WWW-Authenticate` header, and 405 responses list the supported methods in `Allow`. 503 means that
a server is unavailable or busy. Try again after the number of seconds in `Retry-After`.

The API ignores body fields and query parameters that it does not know. It reports their names in the `Ignored-Fields`
header and, if the body is an object, usually also in its field `ignored_fields`.

## Paging

Long lists take the query parameters `limit` (at least 1) and `offset` (the number of items to skip, 0 by default). Each
operation documents its default and its maximum. A value out of range returns 400. Most responses contain the number of
all items as `total`. The last page is reached when `offset` plus `limit` is at least `total`:

```
GET /skills?limit=50&offset=100
{"skills": [...], "total": 137, "limit": 50, "offset": 100}
```

`POST /jobs/relevant_jobs` takes `limit` and `offset` in its body.

## Selecting fields

Most operations that return a list take `fields`: the names of the item fields to return, separated by commas. For
example, `GET /jobs/list_jobs?fields=id,job_title,company` returns jobs with these three fields. An unknown name returns
400, and the message lists the available names.

## Versions

The `ETag` of a resource that you can change is its `updated_at` in quotes. To avoid overwriting a change by another
client, send the `ETag` as `If-Match` when you change or delete the resource. If the stored version differs, the
response is 412 with the code `stale_version`, and nothing changes. Read the resource again, and repeat your change.

`If-Match: *` matches every version, but requires that the resource exists. Without `If-Match` the last change wins.
Concurrent changes may return 409 with the code `concurrent_change`. Operations that do not document `If-Match` ignore
it.

`GET /market/trending` and `GET /countries` have an `ETag` too. Send it as `If-None-Match` to get a 304 response without
a body if nothing changed.

## Rate limits

A request over a limit returns 429 with the code `throttled`. Wait for the number of seconds in `Retry-After`. Operators
can change the limits. The defaults are:

| Requests | Limit |
|---|---|
| All requests of a user | 6000 per minute |
| All requests from an IP address | 12000 per minute |
| Failed logins to an account | 10 per minute |
| Failed logins from an IP address | 60 per minute |
| Logins to an account | 60 per minute |
| Logins from an IP address | 300 per minute |
| Registrations of an email address | 10 per minute |
| Registrations from an IP address | 60 per minute |
| Password reset emails to an address | 5 per hour |
| Password reset requests from an IP address | 30 per hour |
| Confirmation emails requested by a user | 5 per hour |
| Wrong passwords of a user who is logged in | 10 per minute |
| Activity log entries of a user | 2000 per hour |
| `POST /jobs/fetch_jobs` of a user | 10 per hour |
| Checks of a resume by a user | 60 per minute |
| `POST /skills/extract` from an IP address | 60 per minute |

An IPv6 /64 network counts as one IP address.

## Compression

With `Accept-Encoding: gzip`, text responses of at least 1024 bytes are compressed. The `ETag` of a compressed response
is weak, such as `W/"..."`. `If-Match` and `If-None-Match` accept it in both forms.
"""
