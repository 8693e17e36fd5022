"""Staff add, check, collect and close boards in the admin."""

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis

from career_navigator.db.connection import database
from ingestion.documents import Board, CollectionRunDocument
from market.services import store_postings
from tests.factories import PostingFactory
from tests.queued import take_queued

BOARDS = "/admin/ingestion/board/"


def add_board(name: str = "acme", **changes) -> Board:
    return Board(**{"source": "greenhouse", "name": name, "company": "Acme"} | changes).save()


def select(client: Client, action: str, *boards: Board, **values: str):
    data = {"action": action, "_selected_action": [str(board.id) for board in boards]} | values
    return client.post(BOARDS, data, follow=True)


def list_messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_lists_the_health_of_each_board(staff_client: Client) -> None:
    now = timezone.now()
    add_board()
    add_board("collected", collected_at=now, postings=7)
    add_board("failing", last_error="network: broken", failures=2)
    add_board("removed", gone_at=now, last_error="not_found: gone")

    assert b"collected" in staff_client.get(BOARDS).content
    for health, names in {"new": ["acme"], "ok": ["collected"], "failing": ["failing"], "gone": ["removed"]}.items():
        listed = staff_client.get(BOARDS, {"health": health}).context["cl"].result_list
        assert [board.name for board in listed] == names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"source": "linkedin", "name": "acme"}, "There is no source"),
        ({"source": "lever", "name": "a/b"}, "may contain only letters"),
        ({"source": "lever", "name": "acme", "host": "not a host"}, "is not a host name"),
    ],
)
def test_rejects_a_board_that_cannot_be_requested(staff_client: Client, values, message: str) -> None:
    page = staff_client.post(f"{BOARDS}add/", {"company": "Acme", "evidence": "confirmed"} | values).content.decode()

    assert message in page
    assert Board.objects.count() == 0


def test_adds_a_board(staff_client: Client) -> None:
    values = {"source": "lever", "name": "acme", "company": "Acme", "host": "api.eu.lever.co", "evidence": "confirmed"}
    staff_client.post(f"{BOARDS}add/", values)

    board = Board.objects.get()
    assert (board.source, board.name, board.host, board.evidence) == ("lever", "acme", "api.eu.lever.co", "confirmed")


def test_collects_the_selected_boards_now(staff_client: Client, redis: Redis) -> None:
    board = add_board(collected_at=timezone.now())

    response = select(staff_client, "collect_now", board)

    run = CollectionRunDocument.objects.get()
    assert (run.trigger, run.requested_by, run.source) == ("admin", "staff root", "greenhouse")
    assert take_queued(redis) == [("ingestion.tasks.collect_board", [str(run.id), "greenhouse/acme"])]
    assert list_messages(response) == ["The collection of 1 boards is queued."]
    assert list_messages(select(staff_client, "collect_now", board)) == [
        "The selected boards are being collected already."
    ]


def test_closes_missing_postings_after_a_confirmation(staff_client: Client) -> None:
    store_postings(postings=[PostingFactory.build(source="greenhouse", job_id="acme:1")], now=timezone.now())
    board = add_board(open_ids=["acme:1"], held_ids=["acme:1"], held_reason="the listing is empty")

    page = select(staff_client, "close_missing", board).content.decode()
    assert "1 postings, because the listing is empty." in page
    assert database().job_postings.count_documents({"closed_at": None}) == 1

    response = select(staff_client, "close_missing", board, confirmed="yes")

    assert list_messages(response) == ["1 postings were closed."]
    assert database().job_postings.count_documents({"closed_at": None}) == 0
    assert Board.objects.get().held_ids == []


def test_repeats_the_boards_of_a_run_that_failed(staff_client: Client, redis: Redis) -> None:
    add_board()
    run = CollectionRunDocument(
        trigger="schedule",
        source="greenhouse",
        roles=["greenhouse/acme"],
        status="failed",
        searches=[{"role": "greenhouse/acme", "place": "", "status": "failed", "error": "network: broken"}],
        created_at=timezone.now(),
    ).save()

    staff_client.post(f"/admin/ingestion/collectionrun/{run.id}/repeat/")

    repeated = CollectionRunDocument.objects(id__ne=run.id).get()
    assert (repeated.source, repeated.roles) == ("greenhouse", ["greenhouse/acme"])
    assert take_queued(redis) == [("ingestion.tasks.collect_board", [str(repeated.id), "greenhouse/acme"])]


def test_shows_the_run_of_a_board(staff_client: Client) -> None:
    run = CollectionRunDocument(
        trigger="schedule",
        source="greenhouse",
        roles=["greenhouse/acme"],
        status="finished",
        searches=[{"role": "greenhouse/acme", "place": "", "status": "finished"}],
        created_at=timezone.now(),
    ).save()

    page = staff_client.get(f"/admin/ingestion/collectionrun/{run.id}/change/").content.decode()

    assert "the board has no open posting that could be stored" in page
