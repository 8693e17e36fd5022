"""What waits in the queue, and running it in this process: for tests of what queues, not of the worker."""

import base64

import orjson

from career_navigator.celery import app

QUEUE = "celery"


def take_queued(redis) -> list[tuple[str, list]]:
    """The waiting tasks by name with their arguments, oldest first; the queue is empty afterwards."""
    waiting = []
    while (message := redis.rpop(QUEUE)) is not None:
        message = orjson.loads(message)
        arguments, _, _ = orjson.loads(base64.b64decode(message["body"]))
        waiting.append((message["headers"]["task"], arguments))
    return waiting


def run_queued(redis) -> list[str]:
    """Run what waits, and what that queues in turn; the names in order."""
    names = []
    while waiting := take_queued(redis):
        for name, arguments in waiting:
            app.tasks[name](*arguments)
            names.append(name)
    return names
