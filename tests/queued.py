"""What waits in the queue, and running it in this process: for tests of what queues, not of the worker."""

import base64

import orjson

from career_navigator.celery import app


def take_queued(redis) -> list[tuple[str, list]]:
    """The waiting tasks by name with their arguments, oldest first in each queue; the queues are empty afterwards."""
    waiting = []
    for queue in app.amqp.queues:
        while (message := redis.rpop(queue)) is not None:
            message = orjson.loads(message)
            arguments, _, _ = orjson.loads(base64.b64decode(message["body"]))
            waiting.append((message["headers"]["task"], arguments))
    return waiting


def work_off(redis) -> None:
    """Run what waits as a worker does: with its id and headers, an error ends the task alone."""
    app.loader.import_default_modules()
    for queue in app.amqp.queues:
        while (message := redis.rpop(queue)) is not None:
            message = orjson.loads(message)
            arguments, _, _ = orjson.loads(base64.b64decode(message["body"]))
            headers = message["headers"]
            app.tasks[headers["task"]].apply(arguments, task_id=headers["id"], headers=headers)


def count_queued(redis) -> int:
    """How many tasks wait in all queues."""
    return sum(redis.llen(queue) for queue in app.amqp.queues)


def run_queued(redis) -> list[str]:
    """Run what waits, and what that queues in turn; the names in order."""
    app.loader.import_default_modules()
    names = []
    while waiting := take_queued(redis):
        for name, arguments in waiting:
            app.tasks[name](*arguments)
            names.append(name)
    return names
