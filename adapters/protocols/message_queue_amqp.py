"""AMQP 0-9-1 by pika: one connection for each turn or message, publisher confirms on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika import exceptions, frame
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from adapters.protocols.broker import Message, Place, delivered
from hub.port import Delivery, Denied, OutcomeUnknown, Unavailable

_IDLE_S = 0.3
_FRAME = 131_072  # the most a frame may hold; we say so when the connection is opened
_BODY = 16 << 20
_REFUSED = (exceptions.ProbableAuthenticationError, exceptions.ProbableAccessDeniedError)


class _Bounded(pika.SelectConnection):  # type: ignore[misc]
    """pika waits for the rest of whatever length a peer declares, also before it greeted us, and gathers it. Both ends
    are overridden of the pinned release, which has no limit for either."""

    def _on_data_available(self, data_in: bytes) -> None:
        super()._on_data_available(data_in)
        if len(self._frame_buffer) > _FRAME:
            self._too_much("a frame that is too long")

    def _process_frame(self, frame_value: Any) -> None:
        if isinstance(frame_value, frame.Header) and frame_value.body_size > _BODY:
            self._too_much("a message that is too long")
        else:
            super()._process_frame(frame_value)

    def _too_much(self, what: str) -> None:
        self._frame_buffer = b""
        if not self.is_closed:
            self._terminate_stream(exceptions.ProtocolSyntaxError(what))


class _Settled:
    """What was settled one behind the other, told to the broker in one word for so many: each word is a turn to the
    network. Whoever falls before it is told gets them again, which harms nobody."""

    def __init__(self, channel: Any, most: int) -> None:
        self._channel, self._most = channel, most
        self._through, self._told = 0, 0

    def add(self, tag: int) -> None:
        if tag != self._through + 1:  # another before it is not settled
            self._channel.basic_ack(tag)
            return
        self._through = tag
        if tag - self._told >= self._most:
            self.tell()

    def tell(self) -> None:
        if self._through > self._told:
            self._channel.basic_ack(self._through, multiple=True)
            self._told = self._through


class Amqp:
    def __init__(self, place: Place) -> None:
        self._place = place

    def knock(self, deadline: float) -> None:
        with self._connection(deadline) as connection:
            queue = self._place.own["queue"]
            if queue:
                with _understood():
                    connection.channel().queue_declare(queue, passive=True)

    def publish(self, message: Message, deadline: float) -> None:
        with self._connection(deadline) as connection:
            with _understood():
                channel = connection.channel()
                channel.confirm_delivery()
            properties = pika.BasicProperties(
                content_type=message.content_type, message_id=message.id or None, delivery_mode=2
            )
            try:
                channel.basic_publish(message.exchange, message.topic, message.body, properties, mandatory=True)
            except exceptions.UnroutableError as error:
                raise Unavailable("the broker knows no queue for it") from error
            except (exceptions.AMQPError, OSError) as error:
                raise OutcomeUnknown(f"no confirm: {type(error).__name__}") from error

    def receive(self, deadline: float) -> Iterator[Delivery]:
        own = self._place.own
        with self._connection(deadline) as connection, _understood():
            channel = connection.channel()
            channel.basic_qos(prefetch_count=own["prefetch"])
            settled = _Settled(channel, own["prefetch"] // 2)
            try:
                for method, properties, body in channel.consume(own["queue"], inactivity_timeout=_IDLE_S):
                    if method is None or time.monotonic() > deadline:
                        break
                    yield delivered(properties.message_id or "", body, own["body"], (settled, method.delivery_tag))
            finally:
                with suppress(exceptions.AMQPError, OSError):  # then they come again, and are known
                    settled.tell()
            channel.cancel()

    def acknowledge(self, delivery: Delivery) -> None:
        settled, tag = delivery.handle
        with _understood():
            settled.add(tag)

    @contextmanager
    def _connection(self, deadline: float) -> Iterator[Any]:
        connection = self._connected(deadline)
        try:
            yield connection
        finally:
            with suppress(exceptions.AMQPError, OSError):
                connection.close()

    def _connected(self, deadline: float) -> Any:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unavailable("no time was left to connect")
        try:
            connection = pika.BlockingConnection(self._parameters(left), _impl_class=_Bounded)
        except _REFUSED as error:
            raise Denied("the broker refuses our account") from error
        except (exceptions.AMQPError, AMQPConnectorException, OSError) as error:  # pika lets two families out
            raise Unavailable(f"connect: {type(error).__name__}") from error
        # pika waits for a confirm without a limit of its own; this ends the connection under it. Its blocking face
        # offers no such timer, so the pinned release's inner one is used.
        wire = connection._impl
        wire.ioloop.call_later(max(0.0, deadline - time.monotonic()), lambda: _end(wire))
        return connection

    def _parameters(self, left: float) -> pika.ConnectionParameters:
        place = self._place
        return pika.ConnectionParameters(
            host=place.target.address,
            port=place.target.port,
            virtual_host=place.own["virtual_host"],
            credentials=pika.PlainCredentials(place.username, place.password),
            ssl_options=pika.SSLOptions(place.tls, place.target.host) if place.tls else None,
            connection_attempts=1,
            frame_max=_FRAME,
            socket_timeout=left,
            stack_timeout=left,
            blocked_connection_timeout=left,
        )


def _end(wire: Any) -> None:
    if wire.is_open:
        wire._terminate_stream(exceptions.ConnectionBlockedTimeout("the deadline passed"))


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except exceptions.ChannelClosedByBroker as error:
        if error.reply_code == 403:
            raise Denied("the broker refuses us this queue") from error
        raise Unavailable(f"the broker closed the channel: {error.reply_code}") from error
    except (exceptions.AMQPError, OSError) as error:
        raise Unavailable(f"the broker went away: {type(error).__name__}") from error
