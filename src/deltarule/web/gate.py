"""The gate before every route: what does not come from the page of this run, on this machine, goes no further.

A page of another site can send requests here, can rebind its own name to this address, and can read what is not
guarded; another program on this machine can guess ports. So, in this order: HTTP alone; one Host, which is this address
and port; a path that begins with the secret of this run; the method of the route; of a POST an Origin that is this
page, JSON, and at most MOST_BYTES; and no Sec-Fetch-Site of another page, but for someone who follows the address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from hmac import compare_digest
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES = 65_536
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types lit-html formula"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
}


class RefusedError(Exception):
    """A request that goes no further, with its status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Gate:
    """An ASGI application before another: `methods` are those of its routes, by the path behind the secret."""

    def __init__(self, app: App, host: str, token: str, methods: Mapping[str, str]) -> None:
        self.app, self.host, self.token, self.methods = app, host, token, methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        try:
            self._admit(scope)
            if scope["method"] == "POST":
                receive = _again(await _body(receive))
        except RefusedError as refusal:
            await _say(send, refusal)
            return
        await self.app(scope, receive, _with_headers(send))

    def _admit(self, scope: Scope) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        if headers.get("host") != [self.host]:
            raise RefusedError(400, f"this page is at {self.host} alone.")
        _, token, route = (*scope["path"].split("/", 2), "", "")[:3]
        if not scope["path"].startswith("/") or not compare_digest(token.encode(), self.token.encode()):
            raise RefusedError(404, "there is no such page; take the address that was printed.")
        if route not in self.methods:
            raise RefusedError(404, "there is no such page.")
        method = self.methods[route]
        if scope["method"] != method:
            raise RefusedError(405, f"this is asked for by {method}.")
        origin = f"http://{self.host}"
        if method == "POST":
            if headers.get("origin") != [origin]:
                raise RefusedError(403, "this is for the page of this run alone.")
            if headers.get("content-type", [""])[0].partition(";")[0].strip().lower() != "application/json":
                raise RefusedError(415, "this takes JSON.")
        elif headers.get("origin", [origin]) != [origin]:
            raise RefusedError(403, "this is for the page of this run alone.")
        site = headers.get("sec-fetch-site", ["same-origin"])
        allowed = {"same-origin"} if method == "POST" else {"same-origin", "none"}
        is_visit = (
            route == ""
            and headers.get("sec-fetch-mode") == ["navigate"]
            and headers.get("sec-fetch-dest") == ["document"]
        )
        if (len(site) != 1 or site[0] not in allowed) and not (is_visit and site == ["cross-site"]):
            raise RefusedError(403, "this is for the page of this run alone.")


async def _body(receive: Receive) -> bytes:
    """Return the whole body, or refuse one that is too large before more of it is read."""
    body, is_more = b"", True
    while is_more:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise RefusedError(413, f"a message may have {MOST_BYTES:,} bytes.")
        is_more = message.get("more_body", False)
    return body


def _again(body: bytes) -> Receive:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _with_headers(send: Send) -> Send:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            rest = HEADERS if b"cache-control" in names else {**HEADERS, "cache-control": "no-store"}
            message = {**message, "headers": given + [(n.encode(), v.encode()) for n, v in rest.items()]}
        await send(message)

    return sent


async def _say(send: Send, refusal: RefusedError) -> None:
    body = f"{refusal}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": refusal.status, "headers": headers}
    await _with_headers(send)(start)
    await send({"type": "http.response.body", "body": body})
