"""The page's server: a table of routes, on this machine alone, behind the gate.

GET   ""  static/NAME  events     the page, what it is made of, and a stream of frames
GET   export/NAME                 files to keep, of the session as it is
POST  act  ask                    commands and questions
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from deltarule.errors import DeltaruleError, OutputError
from deltarule.web.commands import export
from deltarule.web.exports import EXPORTS, exported
from deltarule.web.gate import App, Gate
from deltarule.web.messages import act, as_json, ask, moment, refusal
from deltarule.web.session import FRAMES, Session
from deltarule.web.static_files import static_files

HOST = "127.0.0.1"
PORT, PORTS = 8420, 100
"""The first port that is tried, and how many."""
KEEP_ALIVE = 15.0
"""Seconds after which a stream says that it lives."""
GRACE = 1
"""Seconds that open requests have when it ends."""


def bound(port: int | None) -> tuple[socket.socket, int, str]:
    """Return a listening socket, its port, and what is to be said where it is not the one that was asked for.

    Raises
    ------
    OutputError
        No port is free.
    """
    first = PORT if port is None else port
    for tried in range(first, min(first + PORTS, 65_536)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, tried))
            listener.listen()
        except OSError as error:
            listener.close()
            if isinstance(error, PermissionError):
                raise OutputError(f"port {tried} may not be listened on; choose one from 1024 on.") from None
            continue
        found = listener.getsockname()[1]
        said = f"port {first} is in use; the page is at {found}." if tried != first else ""
        return listener, found, said
    raise OutputError(f"no port from {first} on is free; choose another with --port.")


class Page:
    """A session behind an address; `serve` stays until it is stopped, `start` returns at once."""

    def __init__(self, session: Session, port: int | None = None) -> None:
        self.session = session
        self._listener, self.port, self.notice = bound(port)
        self.host = f"{HOST}:{self.port}"
        self.token = secrets.token_urlsafe(32)
        config = uvicorn.Config(
            self._app(),
            http="h11",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"http://{self.host}/{self.token}/"

    def _repr_html_(self) -> str:
        """Return what a notebook shows that has no anywidget, or where a port was named."""
        return (
            f'<p>The page is at <a href="{self.address}" target="_blank">{self.address}</a>, for this machine alone; '
            'where "deltarule[notebook]" is installed, explore without a port shows it in the notebook.</p>'
        )

    def serve(self) -> None:
        """Serve until Ctrl-C, or `stop`."""
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self.session.close()
            self._listener.close()

    def start(self) -> Page:
        """Serve in the background until `stop`, or the end of the program."""
        self._thread = threading.Thread(target=self.serve, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End it; the port is free then."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()

    # Routes ----------------------------------------------------------------------------------------

    def _app(self) -> App:
        table: dict[str, tuple[str, Callable[[Request], Awaitable[Response]]]] = {
            "": ("GET", self._page),
            "events": ("GET", self._events),
            "act": ("POST", self._act),
            "ask": ("POST", self._ask),
        }
        self._static = static_files()
        for name in self._static:
            table[f"static/{name}"] = ("GET", self._file)
        for name in EXPORTS:
            table[f"export/{name}"] = ("GET", self._export)
        self.methods: Mapping[str, str] = {path: method for path, (method, _) in table.items()}
        routes = [
            Route(f"/{self.token}/{path}", handler, methods=[method])
            for path, (method, handler) in table.items()
        ]
        return Gate(Starlette(routes=routes), self.host, self.token, self.methods)  # type: ignore[arg-type]

    async def _page(self, request: Request) -> Response:
        return self._sent("index.html", "no-store")

    async def _file(self, request: Request) -> Response:
        return self._sent(request.scope["path"].split("/static/", 1)[1], "max-age=31536000, immutable")

    def _sent(self, name: str, cache: str) -> Response:
        of = self._static[name]
        return Response(of.body, media_type=of.media_type, headers={"cache-control": cache})

    async def _export(self, request: Request) -> Response:
        name = request.scope["path"].rpartition("/")[2]
        try:
            asked = export(request.query_params)
            content = await run_in_threadpool(exported, self.session, name, asked)
        except DeltaruleError as error:
            return _refused(error)
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return Response(content, media_type=EXPORTS[name].media_type, headers=headers)

    async def _act(self, request: Request) -> Response:
        return await _answered(request, partial(act, self.session))

    async def _ask(self, request: Request) -> Response:
        return await _answered(request, partial(ask, self.session))

    async def _events(self, request: Request) -> Response:
        watch, by = request.query_params.get("watch", ""), request.query_params.get("by", "forward")
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._stream(watch, by), media_type="text/event-stream", headers=headers)

    async def _stream(self, watch: str, by: str) -> AsyncGenerator[str]:
        """Send what the page is made of, and a frame after every change: the latest, FRAMES a second at most.

        One frame may come before its time, so that an act after a pause is shown at once.
        """
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def changed() -> None:
            loop.call_soon_threadsafe(wake.set)

        stop_listening = self.session.listen(changed)
        told, taken = "", 0.0  # taken: the time up to which frames have been sent
        try:
            yield "retry: 1000\n\n"
            while not self._server.should_exit:
                wake.clear()
                taken = max(taken, loop.time()) + 1 / FRAMES
                made, frame = await run_in_threadpool(moment, self.session, watch, by)
                if made != told:
                    told = made
                    yield f"event: settings\ndata: {made}\n\n"
                yield f"event: frame\nid: {frame['rev']}\ndata: {as_json(frame)}\n\n"
                await asyncio.sleep(max(taken - 1 / FRAMES - loop.time(), 0))
                waited = 0.0
                while not wake.is_set() and not self._server.should_exit:
                    try:
                        await asyncio.wait_for(wake.wait(), 0.25)
                    except TimeoutError:
                        waited += 0.25
                        if waited >= KEEP_ALIVE:
                            waited = 0.0
                            yield ":\n\n"
            yield "event: bye\ndata: {}\n\n"
        finally:
            stop_listening()


async def _answered(request: Request, does: Callable[[Any], dict[str, Any]]) -> Response:
    """Return what a message brings, as JSON; 422, a sentence and the field that it is about where it is refused."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return JSONResponse({"error": "this is not JSON.", "field": ""}, 422)
    try:
        return Response(as_json(await run_in_threadpool(does, body)), media_type="application/json")
    except DeltaruleError as error:
        return _refused(error)
    except Exception as error:
        return JSONResponse(refusal(error), 500)


def _refused(error: DeltaruleError) -> Response:
    return JSONResponse(refusal(error), 422)
