"""From a press of J to the next sample on the screen, in a Chromium that is spoken to over its own pipe.

Playwright attaches itself to each page in a way that makes Chromium refuse to make pages ready ahead (`PrerenderingDisabledByDevTools`), so what
people see cannot be measured with it. Here the tab is attached to, as Chromium's own tools do. Protocol: Chrome DevTools Protocol, `--remote-debugging-pipe`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.browser import FLAGS

ANSWER_S = 30.0
READY_S = 6.0
AT_3_AND_4 = """import fcntl, os, sys
_, theirs, answers, *command = sys.argv
theirs, answers = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in (theirs, answers))
os.dup2(theirs, 3)
os.dup2(answers, 4)
os.execv(command[0], command)"""
PRESSED = """addEventListener("keydown", (event) => {
    sessionStorage.setItem("pressed", performance.timeOrigin + event.timeStamp);
}, {capture: true})"""
FROM_PRESS_TO_PAINT = """(() => {
    const {activationStart, deliveryType} = performance.getEntriesByType("navigation")[0];
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
    return JSON.stringify({took: performance.timeOrigin + painted - Number(sessionStorage.getItem("pressed")),
        how: activationStart ? "ready" : deliveryType || "plain load", plot: !!document.querySelector("#plot canvas")});
})()"""


class Chromium:
    """One browser and what it says."""

    def __init__(self, executable: Path, folder: Path, width: int, height: int) -> None:
        """Start it. It looks for its pipe at 3 and 4."""
        theirs, self._to = os.pipe()
        self._from, answers = os.pipe()

        command = [sys.executable, "-c", AT_3_AND_4, str(theirs), str(answers), str(executable), *FLAGS, "--headless=new",
                   "--remote-debugging-pipe", f"--user-data-dir={folder}", f"--window-size={width},{height}", "about:blank"]  # fmt: skip
        self._process = subprocess.Popen(
            command,
            pass_fds=(theirs, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self.pages: dict[str, str] = {}
        self._asked, self._answers = 0, dict[int, dict[str, Any]]()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        left = b""
        while heard := os.read(self._from, 1 << 16):
            *whole, left = (left + heard).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._answers[message["id"]] = message
                elif (
                    message["method"] == "Target.attachedToTarget" and message["params"]["targetInfo"]["type"] == "page"
                ):
                    self.pages[message["params"]["sessionId"]] = message["params"]["targetInfo"].get("subtype", "")

    def send(self, method: str, to: str = "", **parameters: Any) -> dict[str, Any]:
        """A command and its answer; RuntimeError where it is refused or none comes."""
        self._asked += 1
        mine, message = self._asked, {"id": self._asked, "method": method, "params": parameters}
        os.write(self._to, json.dumps(message | ({"sessionId": to} if to else {})).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_S
        while mine not in self._answers and time.monotonic() < deadline:
            time.sleep(0.005)
        answer = self._answers.pop(mine, {"error": "no answer"})
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        os.close(self._to)


@contextmanager
def started(executable: Path, width: int, height: int) -> Iterator[Chromium]:
    """A browser whose one tab is attached to."""
    with tempfile.TemporaryDirectory(prefix="mast-next-", ignore_cleanup_errors=True) as folder:
        browser = Chromium(executable, Path(folder), width, height)
        try:
            (tab,) = browser.send("Target.getTargets", filter=[{"type": "tab"}])["targetInfos"]
            session = browser.send("Target.attachToTarget", targetId=tab["targetId"], flatten=True)["sessionId"]
            browser.send("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True)
            yield browser
        finally:
            browser.close()


def measure(
    browser: Chromium, url: str, cookies: list[Any], slower: float, line: dict[str, Any], ahead: bool
) -> dict[str, Any]:
    """Milliseconds from the key to the first paint (`took`), whether the page was ready or fetched ahead (`how`), and whether its plot is drawn."""
    named = ("name", "value", "domain", "path", "httpOnly", "secure")
    browser.send("Storage.setCookies", cookies=[{name: one[name] for name in named} for one in cookies])
    (page,) = browser.pages
    for method, more in (
        ("Network.enable", {}),
        ("Network.setBlockedURLs", {"urls": [] if ahead else ["*/bench/ahead"]}),
        ("Network.emulateNetworkConditions", line),
        ("Emulation.setCPUThrottlingRate", {"rate": slower}),
        ("Page.navigate", {"url": url}),
    ):
        browser.send(method, page, **more)
    time.sleep(READY_S)
    for other, kind in list(browser.pages.items()):
        if kind == "prerender":
            browser.send("Emulation.setCPUThrottlingRate", other, rate=slower)
    browser.send("Runtime.evaluate", page, expression=PRESSED)
    browser.send("Input.dispatchKeyEvent", page, type="keyDown", key="j", text="j", code="KeyJ")
    time.sleep(READY_S)
    for one in reversed(browser.pages):  # the page that was ready has a session of its own
        try:
            said = browser.send("Runtime.evaluate", one, expression=FROM_PRESS_TO_PAINT)["result"].get("value")
        except RuntimeError:
            continue
        found: dict[str, Any] = json.loads(said) if said else {"took": None}
        if found["took"] is not None:
            return found
    raise RuntimeError("no next sample was painted")
