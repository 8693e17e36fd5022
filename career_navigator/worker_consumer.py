"""The worker's consumer, which keeps what it has taken from the queue when the connection to Redis is lost.

Celery 5.7 with kombu 5.7 hands unacknowledged messages back while it closes the lost connection. A worker that waits
for further messages has dropped the connection's parameters by then: `restore_unacked_once` meets a closed transport,
and the worker ends with "'NoneType' object has no attribute 'hostname'" (the trace of
https://github.com/celery/kombu/issues/582). Where handing back succeeds, tasks that still run are started a second
time; where it fails, tasks that wait for their time are seen again only after `visibility_timeout`.
"""

import warnings
from typing import Any

from celery.exceptions import CPendingDeprecationWarning
from celery.worker import consumer, state
from kombu.transport import redis
from kombu.transport.virtual import Message


class Consumer(consumer.Consumer):
    """Move the unacknowledged messages of a lost connection to Redis to the next one.

    Running tasks are acknowledged over the new connection when they end; all others are put back into the queue.
    Brokers that are not Redis deliver all of them again by themselves.
    """

    task_consumer: Any  # kombu's, of the present connection

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unacknowledged: dict[str, Message] = {}
        super().__init__(*args, **kwargs)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        channel = self.task_consumer and self.task_consumer.channel
        # Of Redis and of Sentinel.
        if isinstance(channel, redis.Channel):
            qos: Any = channel.qos
            qos._flush()  # forget what is acknowledged
            self._unacknowledged.update(qos._delivered)
            qos._delivered.clear()
        with warnings.catch_warnings():
            # Celery warns of running tasks that are delivered a second time, which these are not.
            warnings.simplefilter("ignore", CPendingDeprecationWarning)
            super().on_connection_error_after_connected(exc)

    def on_ready(self) -> None:
        """Called with each new connection, before the first message is read from it."""
        channel = self.task_consumer.channel
        running = {request.message.delivery_tag for request in state.active_requests}
        for tag, message in list(self._unacknowledged.items()):
            message.channel = channel
            # A Redis that has lost its data gets them back, too.
            channel.qos.append(message, tag)
            if message.headers.get("id") in state.successful_requests:
                channel.basic_ack(tag)  # the first time it was lost with the connection
            elif tag not in running:
                channel.basic_reject(tag, requeue=True)
            del self._unacknowledged[tag]
        super().on_ready()
