"""Headless Chromium, driven by the DevTools protocol over two pipes: open a page, listen to it, measure it, draw it."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

__all__ = ["BrowserError", "BrowserMissingError", "Chromium", "Page", "find_program"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60.0  # seconds for any one answer; the machine may be busy with much else
FAREWELL = 10.0  # seconds to end by itself
TALLEST = 8000  # CSS pixels in one picture: above 16,384 device pixels Chromium repeats what it has drawn
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # it is tiny in containers
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    # Nothing of its own may talk to the network or outlive it.
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)
MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8")
UNDISTURBED = """
    window.alerts = 0;
    for (const name of ["alert", "confirm", "prompt"]) window[name] = () => { window.alerts += 1; };
"""


class BrowserMissingError(RuntimeError):
    """No Chromium is installed."""


class BrowserError(RuntimeError):
    """Chromium said no, fell silent, or ended."""


def find_program():
    """Name the browser: the environment variable CHROMIUM, else the first of PROGRAMS that is installed."""
    wanted = os.environ.get("CHROMIUM")
    for name in (wanted,) if wanted else PROGRAMS:
        if program := shutil.which(name):
            return program
    raise BrowserMissingError(
        f"Chromium was not found (tried: {wanted or ', '.join(PROGRAMS)}); "
        "`make test-browser` installs it on Debian and Ubuntu, and CHROMIUM=/path/to/it names another"
    )


class Chromium:
    """A browser that lives as long as its `with` block."""

    def __init__(self):
        self.program = find_program()
        self.process = None
        self.pages = {}
        self._calls = 0
        self._heard = bytearray()
        self._messages = deque()

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="em-impute-browser-")
        self._log = Path(self._folder) / "chromium.log"
        flags = [*FLAGS, f"--user-data-dir={self._folder}/profile", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        theirs_to_read, self._to_browser = _pipe()
        self._from_browser, theirs_to_write = _pipe()
        try:
            # A spawn rather than subprocess: the browser reads descriptor 3 and writes 4, whatever ours are.
            self.process = os.posix_spawn(
                self.program,
                [self.program, *flags, "about:blank"],
                {**os.environ, "HOME": self._folder},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, str(self._log), os.O_WRONLY | os.O_CREAT, 0o600),
                    (os.POSIX_SPAWN_DUP2, theirs_to_read, 3),
                    (os.POSIX_SPAWN_DUP2, theirs_to_write, 4),
                ],
                setpgroup=0,  # so that its children can be ended with it
            )
        finally:
            os.close(theirs_to_read)
            os.close(theirs_to_write)
        try:
            self.version = self.call("Browser.getVersion")["product"]
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        with suppress(BrowserError, OSError):
            self.post("Browser.close")
        self._end()

    def _end(self):
        """Wait for the process, end what is left of it by force, and remove its folder."""
        os.close(self._to_browser)
        deadline = time.monotonic() + FAREWELL
        ended = False
        while not ended and time.monotonic() < deadline:
            ended = os.waitpid(self.process, os.WNOHANG)[0] != 0
            time.sleep(0.02)
        with suppress(ProcessLookupError):  # as soon as nobody is left in the group
            for _ in range(20):  # or only of the dead whom their new parent has not yet buried
                os.killpg(self.process, signal.SIGKILL)
                if not ended:
                    ended = os.waitpid(self.process, 0)[0] != 0
                time.sleep(0.01)
        os.close(self._from_browser)
        shutil.rmtree(self._folder, ignore_errors=True)

    def open(self, address, **look):
        """Open a page, wait until it is loaded, and give it; `look` is what `Page.look` takes."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, target, session)
        page.prepare()
        page.look(**look)
        page.go(address)
        return page

    # ---- The protocol: JSON messages, each ended by NUL; an answer bears the number of its question ----

    def post(self, method, session=None, **parameters):
        """Send a command and do not wait for its answer; give its number."""
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        unsent = memoryview(json.dumps(message).encode() + b"\0")
        while unsent:
            unsent = unsent[os.write(self._to_browser, unsent) :]
        return self._calls

    def call(self, method, session=None, **parameters):
        """Send a command and give its result; events that come meanwhile go to their pages."""
        number = self.post(method, session, **parameters)
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self._next(deadline, method)
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']}")
                return message["result"]

    def wait(self, happened, what):
        """Take messages until `happened()`."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            self._next(deadline, what)

    def _next(self, deadline, what):
        """Take one message; an event is passed on to its page at once."""
        while not self._messages:
            ready, _, _ = select.select([self._from_browser], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise BrowserError(f"{what}: no answer within {PATIENCE:.0f} s\n{self._last_words()}")
            more = os.read(self._from_browser, 1 << 20)
            if not more:
                raise BrowserError(f"{what}: {self.program} has ended\n{self._last_words()}")
            *whole, rest = (bytes(self._heard) + more).split(b"\0")
            self._heard = bytearray(rest)
            self._messages.extend(map(json.loads, whole))
        message = self._messages.popleft()
        if "method" in message and (page := self.pages.get(message.get("sessionId"))):
            page.hear(message["method"], message["params"])
        return message

    def _last_words(self):
        with suppress(OSError):
            return self._log.read_text(errors="replace")[-2000:]
        return ""


class Page:
    """One open page, and everything that was heard from it: complaints, requests, dialogs."""

    def __init__(self, browser, target, session):
        self.browser = browser
        self.target = target
        self.session = session
        self.complaints = []  # "source: text" of console, exceptions, log and issues, at level warning or error
        self.requests = []  # addresses
        self.dialogs = []  # what alert() and its like would have shown
        self.loads = 0

    def call(self, method, **parameters):
        """Send a command to this page."""
        return self.browser.call(method, self.session, **parameters)

    def prepare(self):
        """Listen to everything, and hook the dialogs before any script of the page."""
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=UNDISTURBED)

    def look(self, *, width=1200, height=900, phone=False, scheme="light", medium="screen"):
        """See the page as on a screen of `width` × `height` CSS pixels, in a colour scheme, or in print."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self.call(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def go(self, address):
        """Load an address, and let what a page does first be done."""
        loads = self.loads
        answer = self.call("Page.navigate", url=address)
        if "errorText" in answer:
            raise BrowserError(f"{address}: {answer['errorText']}")
        self.browser.wait(lambda: self.loads > loads, f"loading {address}")
        self.evaluate("document.fonts.ready.then(() => new Promise(done => setTimeout(done, 50)))")

    def close(self):
        """Close the page; what was heard stays."""
        self.browser.call("Target.closeTarget", targetId=self.target)
        del self.browser.pages[self.session]

    def hear(self, event, news):
        """Keep what an event tells."""
        match event:
            case "Runtime.consoleAPICalled" if news["type"] in {"error", "warning", "assert"}:
                said = " ".join(str(one.get("value", one.get("description"))) for one in news["args"])
                self.complaints.append(f"console: {said}")
            case "Runtime.exceptionThrown":
                details = news["exceptionDetails"]
                self.complaints.append(f"exception: {details.get('exception', details).get('description', details)}")
            case "Log.entryAdded" if news["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{news['entry']['source']}: {news['entry']['text']}")
            case "Audits.issueAdded":
                self.complaints.append(f"issue: {news['issue']['code']} {json.dumps(news['issue']['details'])}")
            case "Network.requestWillBeSent":
                self.requests.append(news["request"]["url"])
            case "Page.javascriptDialogOpening":
                self.dialogs.append(news["message"])
                self.browser.post("Page.handleJavaScriptDialog", self.session, accept=True)
            case "Page.loadEventFired":
                self.loads += 1

    def evaluate(self, expression):
        """Evaluate JavaScript in the page, which its content security policy does not forbid; give its value."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if details := answer.get("exceptionDetails"):
            raise BrowserError(f"{expression[-200:]}: {details.get('exception', details).get('description', details)}")
        return answer["result"].get("value")

    def measure(self, name, *arguments):
        """Call one of the functions in measures.js."""
        return self.evaluate(f"({MEASURES}).{name}({', '.join(map(json.dumps, arguments))})")

    def press(self, key):
        """Press and release a key that has no character."""
        for kind in ("rawKeyDown", "keyUp"):
            codes = {"Tab": 9, "Escape": 27}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key])

    def accessible(self, selector):
        """List what assistive software is told of each element that matches: {"role", "name"}, None if hidden."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        told = {node.get("backendDOMNodeId"): node for node in nodes if not node["ignored"]}
        root = self.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        found = []
        for number in self.call("DOM.querySelectorAll", nodeId=root, selector=selector)["nodeIds"]:
            node = told.get(self.call("DOM.describeNode", nodeId=number)["node"]["backendNodeId"])
            found.append(node and {part: node.get(part, {}).get("value", "") for part in ("role", "name")})
        return found

    def draw(self, path):
        """Save a picture of the whole page; a tall one goes into several, path-1.png, path-2.png …; give their paths."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        tops = range(0, max(1, int(size["height"])), TALLEST)
        paths = [path if len(tops) == 1 else path.with_stem(f"{path.stem}-{part + 1}") for part in range(len(tops))]
        for one, top in zip(paths, tops, strict=True):
            clip = {"x": 0, "y": top, "width": size["width"], "height": min(TALLEST, size["height"] - top), "scale": 1}
            answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
            one.write_bytes(base64.b64decode(answer["data"]))
        return paths


def _pipe():
    """Make a pipe above the descriptors that a browser expects, 3 and 4; children do not inherit it."""
    pair = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in pair)
    for end in pair:
        os.close(end)
    return high
