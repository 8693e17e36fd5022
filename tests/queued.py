"""Helpers that read the task queue or run its tasks in this process, for tests that need no real worker."""

import base64

import orjson

from career_navigator.celery import app


def take_queued(redis) -> list[tuple[str, list]]:
    """Remove all tasks from the queues and return (name, arguments) pairs, oldest first within each queue."""
    waiting = []
    for queue in app.amqp.queues:
        while (message := redis.rpop(queue)) is not None:
            message = orjson.loads(message)
            arguments, _, _ = orjson.loads(base64.b64decode(message["body"]))
            waiting.append((message["headers"]["task"], arguments))
    return waiting


def run_waiting(redis) -> None:
    """Run the queued tasks as a worker does: with their ids and headers. An error ends only its own task."""
    app.loader.import_default_modules()
    for queue in app.amqp.queues:
        while (message := redis.rpop(queue)) is not None:
            message = orjson.loads(message)
            arguments, _, _ = orjson.loads(base64.b64decode(message["body"]))
            headers = message["headers"]
            app.tasks[headers["task"]].apply(arguments, task_id=headers["id"], headers=headers)


def count_queued(redis) -> int:
    """Return the number of tasks in all queues."""
    return sum(redis.llen(queue) for queue in app.amqp.queues)


def run_queued(redis) -> list[str]:
    """Run the queued tasks and the tasks that those queue. Return their names in order."""
    app.loader.import_default_modules()
    names = []
    while waiting := take_queued(redis):
        for name, arguments in waiting:
            app.tasks[name](*arguments)
            names.append(name)
    return names
