"""The gate: whatever does not come from the page of this run is refused, on every route."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from deltarule.web.gate import MOST_BYTES, POLICY
from deltarule.web.server import Page, bound
from deltarule.web.session import Session

METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "PATCH"]


STATUS = {
    **dict.fromkeys(
        ("foreign host", "host without port", "two hosts", "no host", "localhost", "other port"), 400
    ),
    **dict.fromkeys(("no token", "wrong token", "token in upper case", "absolute target", "folder up"), 404),
    **dict.fromkeys(
        ("null origin", "foreign origin", "no origin", "same site", "cross site", "site none"), 403
    ),
    **dict.fromkeys(("plain text", "form", "no type"), 415),
    "too large": 413,
}
"""What some refusals are answered with."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    made = Page(Session()).start()
    yield made
    made.stop()


def send(page: Page, request: bytes, *, is_whole: bool = False) -> tuple[int, bytes]:
    """Return the status of a raw request and the head of what comes, or all; 0 where the connection is closed."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=30) as connection:
        connection.sendall(request)
        said = b""
        while is_whole or b"\r\n\r\n" not in said:
            part = connection.recv(65_536)
            if not part:
                break
            said += part
    return (int(said.split(b" ", 2)[1]) if said else 0), said


def made(
    page: Page, method: str, route: str, *, path: str | None = None, body: bytes = b"", **changed: str | None
) -> bytes:
    """Return a request as the page itself would send it, with some headers changed, or left out (None)."""
    headers = {"Host": page.host, "Sec-Fetch-Site": "same-origin"}
    if method == "POST":
        headers |= {"Origin": f"http://{page.host}", "Content-Type": "application/json"}
        headers["Content-Length"] = str(len(body))
    for name, value in changed.items():
        header = name.replace("_", "-").title()
        headers.pop(header, None)
        if value is not None:
            headers[header] = value
    path = f"/{page.token}/{route}" if path is None else path
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def body_of(route: str) -> bytes:
    return json.dumps({"do": "pause"} if route == "act" else {"about": "check"}).encode()


def test_the_right_request_passes_on_every_route(page: Page):
    for route, method in page.methods.items():
        status, said = send(page, made(page, method, route, body=body_of(route) if method == "POST" else b""))
        assert status == 200, (route, said)
        head = said.decode("latin-1").lower()
        assert f"content-security-policy: {POLICY}".lower() in head
        for name in ("x-content-type-options: nosniff", "cross-origin-resource-policy: same-origin"):
            assert name in head


def wrong(page: Page, method: str, route: str) -> dict[str, bytes]:
    """Return requests that are each wrong in one way."""
    body = body_of(route) if method == "POST" else b""
    port, token = page.port, page.token

    def like(**changed: str | None) -> bytes:
        return made(page, method, route, body=body, **changed)

    right = like()
    cases = {
        "no token": made(page, method, route, body=body, path=f"/{route}"),
        "wrong token": made(
            page, method, route, body=body, path=f"/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}/{route}"
        ),
        "token in upper case": made(page, method, route, body=body, path=f"/{token.swapcase()}/{route}"),
        "foreign host": like(host="evil.example"),
        "host without port": like(host="127.0.0.1"),
        "two hosts": right.replace(b"\r\nHost:", b"\r\nHost: evil.example\r\nHost:", 1),
        "two equal hosts": right.replace(b"\r\nHost:", f"\r\nHost: {page.host}\r\nHost:".encode(), 1),
        "no host": like(host=None),
        "host in upper case": like(host=f"LOCALHOST:{port}"),
        "trailing dot": like(host=f"127.0.0.1.:{port}"),
        "longer name": like(host=f"127.0.0.1.evil.example:{port}"),
        "localhost": like(host=f"localhost:{port}"),
        "other port": like(host=f"127.0.0.1:{port + 1}"),
        "absolute target": made(page, method, route, body=body, path=f"http://{page.host}/{token}/{route}"),
        "absolute foreign target": made(
            page, method, route, body=body, path=f"http://evil.example/{token}/{route}"
        ),
        "folder up": made(page, method, route, body=body, path=f"/{token}/..%2f{route}"),
        "null origin": like(origin="null"),
        "foreign origin": like(origin="http://evil.example"),
        "origin of another port": like(origin=f"http://127.0.0.1:{port + 1}"),
        "same site": like(sec_fetch_site="same-site"),
        "cross site": like(sec_fetch_site="cross-site"),
        "websocket": made(page, method, route, body=body, path=f"/ws/{route}", upgrade="websocket"),
    }
    if method == "POST":
        large = b'{"do":"' + b"x" * MOST_BYTES + b'"}'
        cases |= {
            "no origin": like(origin=None),
            "site none": like(sec_fetch_site="none"),
            "plain text": like(content_type="text/plain"),
            "form": like(content_type="application/x-www-form-urlencoded"),
            "no type": like(content_type=None),
            "too large": made(page, method, route, body=large),
        }
    return cases


def test_everything_else_is_refused_on_every_route(page: Page):
    for route, method in page.methods.items():
        for name, request in wrong(page, method, route).items():
            status, _ = send(page, request)
            assert status == STATUS.get(name, status), (route, name, status)
            assert 400 <= status < 500, (route, name, status)
        for other in METHODS:
            if other != method:
                status, _ = send(page, made(page, other, route, body=b"{}" if other == "POST" else b""))
                assert 400 <= status < 500, (route, other, status)


def test_an_upgrade_to_a_websocket_is_not_made(page: Page):
    for route, method in page.methods.items():
        if method == "GET":
            request = made(
                page,
                "GET",
                route,
                upgrade="websocket",
                sec_websocket_key="eHh4eHh4eHh4eHh4eHh4eA==",
                sec_websocket_version="13",
            )
            status, _ = send(page, request.replace(b"Connection: close", b"Connection: Upgrade"))
            assert status != 101, route


def test_someone_who_follows_the_address_from_elsewhere_sees_the_page_and_no_more(page: Page):
    visit = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert send(page, made(page, "GET", "", **visit))[0] == 200
    assert send(page, made(page, "GET", "", **(visit | {"sec_fetch_dest": "iframe"})))[0] == 403
    assert send(page, made(page, "GET", "static/app.js", **visit))[0] == 403
    assert send(page, made(page, "GET", "events", **visit))[0] == 403
    assert send(page, made(page, "GET", "", sec_fetch_site="none"))[0] == 200
    assert send(page, made(page, "GET", "", sec_fetch_site=None))[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 60_000, b'{"do":"step","n":1e999}', b"null", b"7"]
)
def test_a_body_that_is_no_command_gets_one_sentence(page: Page, body: bytes):
    status, said = send(page, made(page, "POST", "act", body=body), is_whole=True)
    assert status == 422
    record = json.loads(said.split(b"\r\n\r\n", 1)[1])
    assert record["error"]
    assert page.session.walk.t == 0


def test_the_secret_is_another_one_every_time(page: Page):
    other = Page(Session(), page.port).start()
    assert len(other.token) >= 43
    assert other.token != page.token
    assert other.notice == f"port {page.port} is in use; the page is at {other.port}."
    other.stop()


def test_a_port_in_use_is_passed_over_and_said():
    first, port, _ = bound(None)
    second, other, said = bound(port)
    try:
        assert other > port
        assert said == f"port {port} is in use; the page is at {other}."
    finally:
        first.close()
        second.close()
