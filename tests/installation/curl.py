"""A replacement for curl with the options that the docs use. Unlike curl, it exits with 1 on an HTTP error."""

import argparse
import sys
from pathlib import Path

import requests

# Requests that the docs show to be rejected: a part of the URL and the expected status.
REJECTED = {"days=400": 400}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("-F", dest="parts", action="append", default=[])
    parser.add_argument("-o", dest="output")
    parser.add_argument("-s", dest="is_silent", action="store_true")
    parser.add_argument("-i", dest="shows_headers", action="store_true")
    parser.add_argument("--compressed", action="store_true")
    given = parser.parse_args()
    headers = {"Accept-Encoding": "gzip" if given.compressed else "identity"}
    headers |= {name: value.strip() for name, _, value in (each.partition(":") for each in given.headers)}
    named = [(name, value) for name, _, value in (each.partition("=") for each in given.parts)]
    files = [
        (name, (Path(value[1:]).name, Path(value[1:]).read_bytes()) if value.startswith("@") else (None, value))
        for name, value in named
    ]
    response = requests.request(
        given.method or ("POST" if given.data or files else "GET"),
        given.url,
        headers=headers,
        data=given.data.encode() if given.data else None,
        files=files or None,
        timeout=60,
    )
    if given.shows_headers:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in response.headers.items()) + "\n")
    if given.output:
        Path(given.output).write_bytes(response.content)
    else:
        sys.stdout.write(response.text)
    expected = next((status for part, status in REJECTED.items() if part in given.url), None)
    is_expected = response.ok if expected is None else response.status_code == expected
    if not is_expected:
        sys.stderr.write(f"{response.status_code} {response.request.method} {given.url}: {response.text}\n")
    return 0 if is_expected else 1


if __name__ == "__main__":
    sys.exit(main())
