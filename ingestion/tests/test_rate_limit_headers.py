"""Parsing of TheirStack's rate-limit headers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from ingestion.sources.theirstack.errors import MAX_WAIT_SECONDS, get_exhausted_seconds, get_retry_after_seconds

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        # Every window has calls left.
        ({"RateLimit-Remaining": "3, 6, 43, 393", "RateLimit-Reset": "1, 19, 3199, 57199"}, None),
        ({"RateLimit-Remaining": "0, 6, 43, 393", "RateLimit-Reset": "1, 19, 3199, 57199"}, 1),
        # The longest wait among the exhausted ones counts.
        ({"RateLimit-Remaining": "0, 0, 43, 393", "RateLimit-Reset": "1, 19, 3199, 57199"}, 19),
        ({"RateLimit-Remaining": "3, 6, 43, 0", "RateLimit-Reset": "1, 19, 3199, 57199"}, 57199),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "7"}, 7),
        ({"RateLimit-Remaining": "-1", "RateLimit-Reset": "7"}, 7),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "0"}, 0),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "-5"}, 0),
        # A timestamp instead of a wait.
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": str(int(NOW.timestamp()) + 42)}, 42),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "999999999"}, MAX_WAIT_SECONDS),
        # Malformed.
        ({"RateLimit-Remaining": "0"}, None),
        ({"RateLimit-Reset": "9"}, None),
        ({"RateLimit-Remaining": "zero, 0", "RateLimit-Reset": "1, 19"}, 19),
        ({"RateLimit-Remaining": "0, 0", "RateLimit-Reset": "soon, 19"}, 19),
        ({"RateLimit-Remaining": "0, 0", "RateLimit-Reset": "4"}, 4),
        ({"RateLimit-Remaining": "nan", "RateLimit-Reset": "inf"}, None),
        ({"RateLimit-Remaining": ",,,", "RateLimit-Reset": ""}, None),
        # The structured form.
        ({"RateLimit": '"per-second";r=3;t=1;pk=:abc=:, "per-minute";r=6;t=19'}, None),
        ({"RateLimit": '"per-second";r=3;t=1, "per-minute";r=0;t=19'}, 19),
        ({"RateLimit": '"a, b";r=0;t=5'}, 5),
        ({"RateLimit": '"hour";r=0', "RateLimit-Policy": '"second";q=4;w=1, "hour";q=50;w=3600'}, 3600),
        ({"RateLimit": '"hour";r=0'}, None),
        ({"RateLimit": '"hour;r=0;t=5'}, 5),
        # The older form.
        ({"RateLimit": "limit=10, remaining=0, reset=5"}, 5),
        ({"RateLimit": "limit=10, remaining=2, reset=5"}, None),
        ({"RateLimit": "remaining=none, reset=5"}, None),
    ],
)
def test_reads_how_long_exhausted_windows_last(headers, seconds):
    assert get_exhausted_seconds(headers=CaseInsensitiveDict(headers), now=NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("5", 5),
        (" 5 ", 5),
        ("2.5", 2.5),
        ("-1", 0),
        ("Fri, 01 May 2026 12:00:30 GMT", 30),
        ("Fri, 01 May 2026 11:00:00 GMT", 0),
        ("Fri, 01 May 2026 12:00:30", 30),
        ("tomorrow", None),
        ("nan", None),
        ("99999999999999999999", MAX_WAIT_SECONDS),
        ("Fri, 99 May 99999 99:99:99 GMT", None),
    ],
)
def test_reads_retry_after_as_seconds_or_as_a_date(value, seconds):
    assert get_retry_after_seconds(headers={"Retry-After": value}, now=NOW) == seconds


@given(
    st.dictionaries(
        st.sampled_from(["RateLimit", "RateLimit-Policy", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"]),
        st.text(max_size=60) | st.text(alphabet='0123456789,;="rtw -.e+GMT', max_size=60),
    )
)
def test_never_fails_and_never_waits_for_more_than_a_day(headers):
    for wait in (
        get_exhausted_seconds(headers=headers, now=NOW),
        get_retry_after_seconds(headers=headers, now=NOW),
    ):
        assert wait is None or 0 <= wait <= MAX_WAIT_SECONDS
