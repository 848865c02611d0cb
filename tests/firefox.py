"""Debian's Firefox, asked by WebDriver BiDi: Playwright drives only a build of its own.

The protocol is JSON over a WebSocket (https://www.w3.org/TR/webdriver-bidi/): a command has a
number, and its answer has the same.
"""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
"""Debian: `apt install firefox-esr`."""

LONGEST = 60
"""Seconds that anything may take."""


class Tab:
    """A page in Firefox."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._context = ""

    async def _ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        await self._socket.write_message(json.dumps(command))
        while True:
            text = await asyncio.wait_for(self._socket.read_message(), LONGEST)
            assert text is not None, "Firefox has ended"
            answer = json.loads(text)
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    async def open(self, address: str) -> None:
        """Open an address, and wait until all of it is loaded."""
        await self._ask("session.new", capabilities={})
        created = await self._ask("browsingContext.create", type="tab")
        self._context = created["context"]
        await self._ask(
            "browsingContext.navigate", context=self._context, url=address, wait="complete"
        )

    async def evaluate(self, function: str, *arguments: str) -> Any:
        """Call a function of JavaScript, and return the text, number or truth that it promises."""
        found = await self._ask(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": value} for value in arguments],
            awaitPromise=True,
            target={"context": self._context},
        )
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return found["result"].get("value")


@asynccontextmanager
async def tab(profile: Path) -> AsyncIterator[Tab]:
    """Start Firefox with an empty profile; at the end it is ended."""
    assert FIREFOX is not None
    process = await asyncio.create_subprocess_exec(
        *(FIREFOX, "--headless", "--no-remote", "--remote-debugging-port=0"),
        *("--profile", str(profile)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        address = await asyncio.wait_for(_address(process.stderr), LONGEST)
        socket = await websocket_connect(f"{address}/session", max_message_size=1 << 26)
        yield Tab(socket)
        socket.close()
    finally:
        process.terminate()
        await process.communicate()


async def _address(told: asyncio.StreamReader) -> str:
    """Return where Firefox listens, which it says when it does."""
    async for line in told:
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", line.decode())
        if found:
            return found[1]
    raise AssertionError("Firefox doesn't say where it listens")
