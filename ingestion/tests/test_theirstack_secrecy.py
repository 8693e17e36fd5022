"""The API key is sent in one header and appears nowhere else."""

import logging
import traceback

import pytest
import requests

from ingestion.sources.theirstack.errors import TheirStackClientError, TheirStackConfigurationError
from ingestion.sources.theirstack.transport import BearerKey, Secret
from ingestion.tests.scripted_server import KEY, RECENT, Reply

ECHOES_THE_KEY = {
    "request_id": f"for {KEY}",
    "error": {"code": KEY, "title": f"Bad key {KEY}", "description": f"Bearer {KEY} is unknown"},
}
FAULTS = [
    Reply(drops=True),
    Reply(body={"data": []}, content_length=500),
    Reply(body=KEY.encode()),
    Reply(body=KEY),
    Reply(body={"data": KEY}),
    Reply(status=307, headers={"Location": f"http://127.0.0.1:1/?key={KEY}"}),
    *(Reply(status=status, body=ECHOES_THE_KEY) for status in (400, 401, 402, 403, 404, 422, 429, 500)),
    Reply(status=422, body={"detail": [{"loc": ["header", KEY], "msg": f"{KEY} is odd"}]}),
    Reply(status=422, body={"detail": f"{KEY} is odd"}),
]


def _render_crash_report(error):
    """Return the texts, fields and local variables of an exception and its chain, as in a crash report."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts = ["".join(report.format(chain=True))]
    while error is not None:
        texts += [str(error), repr(error), repr(error.args), repr(vars(error))]
        for name in ("request", "response"):
            attached = getattr(error, name, None)
            texts += [repr(vars(attached)), str(attached.headers)] if attached is not None else []
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


@pytest.fixture
def debug_log(caplog):
    """Capture the log of all libraries, as with LOG_LEVEL=DEBUG."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
def test_no_error_and_no_log_line_shows_the_key(server, connect, debug_log, fault):
    server.reply_with(*[fault] * 2)
    client = connect(max_retries=1)

    with pytest.raises(TheirStackClientError) as caught:
        client.search_jobs(RECENT)

    fields = [str(caught.value), repr(caught.value), repr(vars(caught.value))]
    assert KEY not in "\n".join(fields)
    assert KEY not in debug_log.text
    assert server.received[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "fault",
    [
        Reply(drops=True),
        Reply(body={"data": []}, content_length=500),
        Reply(hang_seconds=1),
        Reply(status=401),
    ],
)
def test_a_crash_report_with_local_variables_does_not_show_the_key(server, connect, fault):
    server.reply_with(fault)
    client = connect(max_retries=0, timeout=0.2)

    with pytest.raises(TheirStackClientError) as caught:
        client.search_jobs(RECENT)

    assert KEY not in _render_crash_report(caught.value)


def test_an_unreachable_address_does_not_show_the_key(connect, debug_log):
    client = connect(base_url="http://127.0.0.1:1", max_retries=0)

    with pytest.raises(TheirStackClientError) as caught:
        client.search_jobs(RECENT)

    assert KEY not in _render_crash_report(caught.value)
    assert KEY not in debug_log.text


@pytest.mark.parametrize("key", ["seen-by-\nnobody", "seen by nobody", " seen-by-nobody", "sëen-by-nobody"])
def test_rejects_an_invalid_key_without_revealing_it(connect, key):
    with pytest.raises(TheirStackConfigurationError) as caught:
        connect(api_key=key)

    assert "nobody" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_neither_the_client_nor_its_parts_show_the_key(connect):
    client = connect()

    transport = client._transport
    texts = [repr(client), str(client), repr(vars(client)), repr(transport), repr(vars(transport))]
    texts += [repr(transport._auth), repr(vars(transport._auth)), repr(vars(transport._session))]

    assert not [text for text in texts if KEY in text]


def test_a_request_with_the_key_does_not_show_it():
    request = requests.Request("GET", "http://localhost", auth=BearerKey(api_key=KEY)).prepare()

    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(request.headers)
    assert KEY not in repr(vars(request))


def test_an_entry_in_netrc_does_not_replace_the_key(server, connect, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.reply_with(Reply(body={"data": []}))

    connect().search_jobs(RECENT)

    assert server.received[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_secret_is_masked_in_the_repr_of_its_container():
    container = {"key": Secret(KEY), "list": [Secret(KEY)]}

    assert KEY not in repr(container)
    assert KEY not in f"{container}"
    assert Secret(KEY) == KEY
