"""A Celery consumer that does not lose or duplicate messages when the connection to Redis is lost.

Celery 5.7 with kombu 5.7 restores unacknowledged messages to the queue while it closes the lost connection. By then, a
worker that waits for messages has dropped the connection's parameters, so `restore_unacked_once` uses a closed
transport and the worker exits with "'NoneType' object has no attribute 'hostname'" (the traceback of
https://github.com/celery/kombu/issues/582). If restoring succeeds, tasks that are still running start a second time. If
it fails, tasks with a countdown reappear only after `visibility_timeout`.
"""

import warnings
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker import consumer, state
from kombu.transport import redis
from kombu.transport.virtual import Message


class Consumer(consumer.Consumer):
    """Consumer that moves the unacknowledged messages of a lost Redis connection to the next connection.

    Running tasks are acknowledged over the new connection when they end. All other tasks are requeued. Other brokers
    redeliver unacknowledged messages themselves.
    """

    task_consumer: Any  # kombu's consumer of the current connection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unacknowledged: dict[str, Message] = {}
        super().__init__(*args, **kwargs)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        channel = self.task_consumer and self.task_consumer.channel
        # Includes the channel for Sentinel, which is a subclass.
        if isinstance(channel, redis.Channel):
            qos: Any = channel.qos
            qos._flush()  # remove acknowledged messages
            self._unacknowledged.update(qos._delivered)
            qos._delivered.clear()
        with warnings.catch_warnings():
            # Celery warns that running tasks may be redelivered, which does not apply here.
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(exc)

    def on_ready(self) -> None:
        """Take over the messages of the lost connection. Celery calls this before reading from a new connection."""
        channel = self.task_consumer.channel
        running = {request.message.delivery_tag for request in state.active_requests}
        for tag, message in list(self._unacknowledged.items()):
            message.channel = channel
            # Also stores the message again in a Redis that has lost its data.
            channel.qos.append(message, tag)
            if message.headers.get("id") in state.successful_requests:
                channel.basic_ack(tag)  # the first acknowledgement was lost with the connection
            elif tag not in running:
                channel.basic_reject(tag, requeue=True)
            del self._unacknowledged[tag]
        super().on_ready()
