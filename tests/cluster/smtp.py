"""An SMTP server that stores the emails it receives."""

import socketserver
import threading
import time
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as default_policy
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A received message: its recipient and the lines of its text."""

    to: str
    lines: list[str]


class MailServer:
    """A server on loopback that accepts every message after `seconds`. Use it as a context manager.

    The standard library has had no SMTP server since Python 3.12.
    """

    def __init__(self, *, seconds: float = 0) -> None:
        self._server = _Server(seconds)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="mail server", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def mails(self) -> list[Mail]:
        return list(self._server.mails)

    def clear(self) -> None:
        self._server.mails.clear()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, seconds: float) -> None:
        self.seconds, self.mails = seconds, list[Mail]()
        super().__init__(("127.0.0.1", 0), _Session)


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 ready")
        to = ""
        while line := self.rfile.readline():
            command, _, rest = line.decode().strip().partition(" ")
            match command.upper():
                case "RCPT":
                    to = rest.partition("<")[2].rstrip(">")
                    self._say("250 ok")
                case "DATA":
                    self._say("354 go on")
                    data = b"".join(iter(self.rfile.readline, b".\r\n"))
                    time.sleep(self.server.seconds)
                    self._keep(to, data)
                    self._say("250 taken")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _keep(self, to: str, data: bytes) -> None:
        text = message_from_bytes(data, policy=default_policy).get_body(("plain",))
        assert text is not None
        self.server.mails.append(Mail(to=to, lines=text.get_content().splitlines()))

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
