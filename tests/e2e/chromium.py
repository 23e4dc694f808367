"""A headless Chromium, spoken to over its DevTools protocol on two pipes; popups are met before they run.

    with Chromium(tmp_path / "profile") as browser:
        page = browser.open("http://localhost:8000/")
        page.click("button", "Next")
        page.see("Connected")

Nothing waits for a time: whatever is looked for is looked for until it is there, or `PATIENCE_S` are over.
Every name but this machine's leads nowhere, so that no test depends on what is outside.

Source: chromedevtools.github.io/devtools-protocol (flattened sessions, auto-attach).
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.e2e.devtools import BROWSER, FLAGS, PATIENCE_S, BrowserError, DevTools

# What a person would call the thing: its role, and what stands on it.
_FIND = """\
(role, name) => {
  const of = {button: "button", tab: "[role=tab]", option: "[role=option]", label: "label"}[role] ?? role;
  const shown = (one) => one.getClientRects().length && getComputedStyle(one).visibility !== "hidden";
  return [...document.querySelectorAll(of)].find(
    (one) => shown(one) && (name === null || one.innerText.trim().split("\\n")[0] === name)
  );
}"""
# Where to click: in the middle of it, once it can be clicked and nothing lies above it.
_PLACE = f"""\
(role, name) => {{
  const one = ({_FIND})(role, name);
  if (!one || one.disabled) return null;
  one.scrollIntoView({{block: "center"}});
  const {{x, y, width, height}} = one.getBoundingClientRect();
  const at = [x + width / 2, y + height / 2];
  const hit = document.elementFromPoint(...at);
  return hit && (one.contains(hit) || hit.contains(one)) ? at : null;
}}"""


@dataclass(eq=False)
class Exchange:
    """A request of a page and what became of it.

    Attributes:
        status: 0 while there is no answer.
        body: None where nobody can have it any more, as of a redirect, or of a page that is gone.
        failure: why no answer came, or why the page was not given it.
        is_over: nothing more will be known of it.
        document: which one of the page's asked for it.
    """

    method: str
    url: str
    headers: dict[str, str]
    sent: str | None
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    failure: str | None = None
    is_over: bool = False
    document: str = ""

    @property
    def is_preflight(self) -> bool:
        """The browser asks whether the page may ask."""
        return self.method == "OPTIONS"

    @property
    def content_type(self) -> str | None:
        return next((value for name, value in self.answered.items() if name.lower() == "content-type"), None)


class Chromium(DevTools):
    """One browser with a profile of its own, until the end of the block.

    Attributes:
        pages: those that are open, popups among them, in the order of their opening.
        exchanges: every request of every page, in the order of their sending.
        complaints: what pages logged as errors and threw, and what the browser said about them.
    """

    def __init__(self, profile: Path) -> None:
        super().__init__(profile)
        self._requests: dict[tuple[str, str], Exchange] = {}
        self.pages: list[Page] = []
        self.exchanges: list[Exchange] = []
        self.complaints: list[str] = []
        for event, heard in (
            ("Target.attachedToTarget", self._opened),
            ("Target.detachedFromTarget", self._gone),
            ("Page.frameNavigated", self._left),
            ("Page.loadEventFired", self._loaded),
            ("Network.requestWillBeSent", self._sent),
            ("Network.responseReceived", self._received),
            ("Network.loadingFinished", self._finished),
            ("Network.loadingFailed", self._failed),
            ("Runtime.exceptionThrown", self._thrown),
            ("Runtime.consoleAPICalled", self._logged),
            ("Log.entryAdded", self._noted),
        ):
            self.hear(event, heard)

    def open(self, url: str) -> Page:
        """Lead the first page somewhere, and wait until it is loaded."""
        page = self.pages[0]
        page.go(url)
        return page

    def popup(self) -> Page:
        """The page that another one opened, once it has."""
        self.until(lambda: len(self.pages) > 1, "a popup")
        return self.pages[-1]

    def forget(self) -> None:
        """Begin to record anew."""
        self.exchanges.clear()
        self.complaints.clear()

    def __enter__(self) -> Self:
        attached = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        try:
            self.command("Target.setAutoAttach", {**attached, "filter": [{"type": "page"}]})
            self.until(lambda: bool(self.pages), "the first page")
        except BrowserError:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, _session: str, said: dict[str, Any]) -> None:
        session = said["sessionId"]

        def runs(answer: dict[str, Any]) -> None:
            if "result" in answer:
                self.pages.append(Page(self, session))

        for domain in ("Network", "Runtime", "Page", "Log"):
            self.post(f"{domain}.enable", None, session)
        # Answered after the rest: from here on nothing of the page is missed.
        self.post("Runtime.runIfWaitingForDebugger", None, session, runs)

    def _gone(self, _session: str, said: dict[str, Any]) -> None:
        self.pages = [page for page in self.pages if page.session != said["sessionId"]]

    def _left(self, session: str, said: dict[str, Any]) -> None:
        """A page that is led elsewhere waits no longer for what it has asked for; nobody will say so."""
        if "parentId" not in said["frame"]:
            for (whose, _), one in self._requests.items():
                if whose == session and one.document != said["frame"]["loaderId"] and not one.is_over:
                    one.is_over = True
                    if one in self.exchanges:
                        self.exchanges.remove(one)

    def _loaded(self, session: str, _said: dict[str, Any]) -> None:
        for page in self.pages:
            if page.session == session:
                page.loads += 1

    def _sent(self, session: str, said: dict[str, Any]) -> None:
        request, key = said["request"], (session, said["requestId"])
        if "redirectResponse" in said:
            self._answered(self._requests[key], said["redirectResponse"])
            self._requests[key].is_over = True
        exchange = Exchange(
            method=request["method"],
            url=request["url"],
            headers=request["headers"],
            sent=request.get("postData"),
            document=said["loaderId"],
        )
        self._requests[key] = exchange
        self.exchanges.append(exchange)

    def _received(self, session: str, said: dict[str, Any]) -> None:
        exchange = self._requests.get((session, said["requestId"]))
        if exchange is not None:
            self._answered(exchange, said["response"])

    def _finished(self, session: str, said: dict[str, Any]) -> None:
        exchange = self._requests.get((session, said["requestId"]))
        if exchange is not None:

            def kept(answer: dict[str, Any]) -> None:
                exchange.is_over = True
                if "result" in answer:
                    body = answer["result"]["body"]
                    exchange.body = b64decode(body) if answer["result"]["base64Encoded"] else body.encode()

            self.post("Network.getResponseBody", {"requestId": said["requestId"]}, session, kept)

    def _failed(self, session: str, said: dict[str, Any]) -> None:
        exchange = self._requests.get((session, said["requestId"]))
        if exchange is None:
            return
        exchange.is_over = True
        if exchange.status == 204:  # a page that does not look for a body is said to have stopped reading it
            exchange.body = b""
        else:
            cors = said.get("corsErrorStatus", {}).get("corsError", "")
            exchange.failure = f"{said['errorText']} {said.get('blockedReason', '')} {cors}".strip()

    def _thrown(self, _session: str, said: dict[str, Any]) -> None:
        thrown = said["exceptionDetails"]
        self.complaints.append(thrown.get("exception", {}).get("description") or thrown["text"])

    def _logged(self, _session: str, said: dict[str, Any]) -> None:
        if said["type"] in {"error", "assert"}:
            said_there = [str(one.get("value", one.get("description", ""))) for one in said["args"]]
            self.complaints.append(" ".join(said_there))

    def _noted(self, _session: str, said: dict[str, Any]) -> None:
        entry = said["entry"]
        if entry["level"] == "error":
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}".strip())

    @staticmethod
    def _answered(exchange: Exchange, response: dict[str, Any]) -> None:
        exchange.status = response["status"]
        exchange.answered = response["headers"]


@dataclass(eq=False)
class Page:
    """A page of the browser: what it shows, and hands to use it with."""

    browser: Chromium
    session: str
    loads: int = 0

    @property
    def is_open(self) -> bool:
        return self in self.browser.pages

    def go(self, url: str) -> None:
        """Lead it somewhere, and wait until it is loaded."""
        loads = self.loads
        said = self._command("Page.navigate", {"url": url})
        assert "errorText" not in said, said
        self.browser.until(lambda: self.loads > loads, f"{url} to load")

    def reload(self) -> None:
        """Load it again."""
        loads = self.loads
        self._command("Page.reload")
        self.browser.until(lambda: self.loads > loads, "the page to load again")

    def click(self, role: str, name: str | None = None) -> None:
        """Click on what has this role and text with a mouse.

        Args:
            role: button, tab, option, label, or a selector.
            name: the first line of its text; None where the selector says it all.
        """
        x, y = self._found(_PLACE, [role, name], f"{role} {name or ''} to click on")
        for kind in ("mousePressed", "mouseReleased"):
            self._command(
                "Input.dispatchMouseEvent",
                {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1},
            )

    def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        self.click(selector)
        self._command("Input.insertText", {"text": text})

    def see(self, text: str) -> None:
        """Wait until a text is on the page."""
        self._found("(text) => document.body.innerText.includes(text)", [text], f"“{text}” to appear")

    def miss(self, text: str) -> None:
        """Wait until a text is on the page no longer."""
        self._found("(text) => !document.body.innerText.includes(text)", [text], f"“{text}” to go")

    def has(self, role: str, name: str | None = None, *, enabled: bool = True) -> None:
        """Wait until something is there, and can be used or cannot."""
        found = f"({_FIND})(role, name)"
        looked = f"(role, name, off) => {{ const one = {found}; return one && !!one.disabled === off; }}"
        self._found(
            looked, [role, name, not enabled], f"{role} {name or ''} to be {'en' if enabled else 'dis'}abled"
        )

    def wait(self, function: str, *arguments: object) -> Any:
        """Call a function in the page until what it returns is true; that value."""
        return self._found(function, list(arguments), function)

    @property
    def text(self) -> str:
        """Everything that is to be read."""
        return str(self.evaluate("document.body.innerText"))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page.

        Raises:
            BrowserError: it threw.
        """
        said = self._command("Runtime.evaluate", {"expression": expression, "returnByValue": True})
        if "exceptionDetails" in said:
            raise BrowserError(f"{expression}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def picture(self) -> bytes:
        """A PNG of what it shows."""
        return b64decode(self._command("Page.captureScreenshot", {"format": "png"})["data"])

    def _found(self, function: str, arguments: Sequence[object], what: str) -> Any:
        """What a function of the page returns, once it is true; pages may come and go meanwhile."""
        calling = f"({function})(...{json.dumps(arguments)})"
        looked = (
            "new Promise((done) => { const look = () => { let found = null;"
            f" try {{ found = {calling}; }} catch {{ /* the page is being made */ }}"
            " if (found) done(found); else setTimeout(look, 25); }; look(); })"
        )
        asked = {"expression": looked, "awaitPromise": True, "returnByValue": True}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            answers: list[dict[str, Any]] = []
            self.browser.post("Runtime.evaluate", asked, self.session, answers.append)
            self.browser.until(lambda: bool(answers), what)  # noqa: B023  # waited for in this turn
            if "result" in answers[0] and "exceptionDetails" not in answers[0]["result"]:
                return answers[0]["result"]["result"]["value"]
            if not self.is_open:
                break
        raise BrowserError(f"waited for {what}")

    def _command(self, method: str, parameters: object = None) -> dict[str, Any]:
        return self.browser.command(method, parameters, self.session)


__all__ = ["BROWSER", "FLAGS", "BrowserError", "Chromium", "Exchange", "Page"]
