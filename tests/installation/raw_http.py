"""HTTP over a plain socket, for requests that no HTTP library sends."""

import socket

HOST = "127.0.0.1"


def build_head(path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", "Content-Type: application/json", *headers, "", ""]
    return "\r\n".join(lines).encode()


def build_request(path: str, body: bytes, *headers: str) -> bytes:
    return build_head(path, f"Content-Length: {len(body)}", *headers) + body


def chunk(body: bytes, size: int = 7) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    file = connection.makefile("rb")
    status = int(file.readline().split()[1])
    headers = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, file.read(int(headers.get("content-length", 0)))


def read_until_closed(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))
