"""Every page in a real browser, light and dark: no console error, no request off the machine, and links that lead where they say."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from tests.dashboard.fabricate import Case, world
from tests.dashboard.fabricate_explained import add

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the pages were not opened in a browser")
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the pages were not opened in a browser"),
]

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PAGES = (
    "/",
    "/overview",
    "/performance?model=loans",
    "/performance?model=loans&part=labels",
    "/performance?model=loans&part=calibration",
    "/performance?model=loans&part=cut-offs&cut=0.6",
    "/performance?model=loans&part=weak-spots",
    "/fairness?model=loans&attribute=sex",
    "/fairness?model=loans&part=gaps&attribute=sex",
    "/fairness?model=loans&part=trends&attribute=sex",
    "/fairness?model=loans&part=conflicts&attribute=sex",
    "/fairness?model=loans&part=what-if&attribute=sex&analysis=per-group",
    "/fairness?model=loans&part=proxies&attribute=sex",
    "/drift?model=loans&column=income",
    "/drift?model=loans&part=column&column=income",
    "/drift?model=loans&part=why",
    "/drift?model=loans&part=alarms",
    "/explanations?model=scores",
    "/explanations?model=scores&part=effects&column=income",
    "/robustness?model=scores",
    "/robustness?model=scores&part=log",
    "/alerts",
    "/data?model=loans",
)
ROOT = Path(__file__).resolve().parents[2]
SETTLED = """() => {
  const all = (q) => [...document.querySelectorAll(q)];
  return all('.c-strip, .c-empty').length > 0 && all('[data-testid="stPlotlyChart"]').every(e => e.querySelector('.main-svg'))
    && !all('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]').length
    && document.querySelector('.stApp')?.dataset.testScriptState === 'notRunning';
}"""
OPEN_MS = 20_000


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The real server on a made-up snapshot."""

    def __init__(self, config: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        code = "import sys; from dashboard.serve import serve; serve(sys.argv[1], int(sys.argv[2]))"
        self.process = subprocess.Popen([sys.executable, "-c", code, str(config), str(self.port)], cwd=ROOT, stderr=subprocess.PIPE)
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.address + "/_stcore/health", timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise
                time.sleep(0.1)

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    config = world(tmp_path_factory.mktemp("served"), Case(windows=20))
    with duckdb.connect(str(config.parent / "candor.published" / "1.duckdb")) as connection:
        add(connection, "scores", "loans", Case(windows=6), "Scores")
    running = Server(config)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


class Visit:
    """One visitor, who writes down what goes wrong and what leaves the machine."""

    def __init__(self, browser: sync_api.Browser, server: Server, scheme: str = "light") -> None:
        self.server = server
        self.context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 1000})
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        host = urlsplit(server.address).netloc
        self.page.on("console", lambda message: message.type == "error" and self.trouble.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.trouble.append(f"page: {error}"))
        self.page.on("request", lambda request: self.leaves(request.url, host) and self.trouble.append(f"request: {request.url}"))
        self.page.on("websocket", lambda socket_: urlsplit(socket_.url).netloc != host and self.trouble.append(f"socket: {socket_.url}"))

    @staticmethod
    def leaves(url: str, host: str) -> bool:
        """Whether a request goes to another machine; data: and blob: go nowhere."""
        return urlsplit(url).scheme not in ("data", "blob", "about") and urlsplit(url).netloc != host

    def open(self, path: str) -> sync_api.Page:
        """Open a path and wait until everything on it is drawn."""
        self.page.goto(self.server.address + path, wait_until="domcontentloaded")
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until everything is drawn."""
        self.page.wait_for_function(SETTLED, timeout=OPEN_MS)
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(SETTLED, timeout=OPEN_MS)

    def query(self) -> dict[str, list[str]]:
        """The parameters in the address bar."""
        return parse_qs(urlsplit(self.page.url).query)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens_without_errors_and_asks_no_other_machine(browser: sync_api.Browser, server: Server, scheme: str) -> None:
    visit = Visit(browser, server, scheme)
    for path in PAGES:
        page = visit.open(path)
        assert "incident" not in page.inner_text(".stApp"), path
        dark = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == "rgb(14, 17, 23)"
        assert dark == (scheme == "dark"), path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} scrolls sideways"
    visit.context.close()
    assert visit.trouble == []


def test_the_first_page_is_usable_in_time(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    times = []
    for _ in range(2):
        start = time.monotonic()
        visit.page.goto(server.address + "/", wait_until="domcontentloaded")
        visit.page.wait_for_selector(".c-strip", timeout=OPEN_MS)
        visit.page.wait_for_selector("[class*='st-key-finding-']", timeout=OPEN_MS)
        times.append(time.monotonic() - start)
    visit.context.close()
    assert times[0] < 4.0, times
    assert times[1] < 4.0, times


def test_two_clicks_from_the_overview_to_the_cause(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    page = visit.open("/")
    page.get_by_role("link", name="Population stability index of income").first.click()
    page.wait_for_url("**/drift?*")
    page.wait_for_selector("text=Distribution of income")
    visit.settle()
    assert visit.query()["column"] == ["income"]
    page.get_by_role("link", name="Fairness", exact=True).click()
    page.wait_for_url("**/fairness?*")
    visit.settle()
    assert visit.query() == {"model": ["loans"]}
    visit.context.close()
    assert visit.trouble == []


def test_a_part_is_chosen_with_the_keyboard_and_stays_in_the_link(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    page = visit.open("/fairness?model=loans&attribute=sex")
    page.get_by_role("radio", name="Groups", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('part=gaps')", timeout=OPEN_MS)
    visit.settle()
    assert "Every gap" in page.inner_text(".stApp")
    page.reload()
    visit.settle()
    assert "Every gap" in page.inner_text(".stApp")
    visit.context.close()
    assert visit.trouble == []


def test_a_prediction_is_asked_for_with_the_keyboard_and_what_fails_is_said(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    page = visit.open("/explanations?model=scores&part=one")
    page.get_by_role("textbox", name="Id of the prediction").fill("a-1")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.search.includes('prediction=a-1')", timeout=OPEN_MS)
    page.wait_for_selector("text=✕ Error.", timeout=OPEN_MS)  # this world has pages, and no rows to explain
    visit.settle()
    assert "incident" not in page.inner_text(".stApp")
    visit.context.close()
    assert visit.trouble == []


def test_the_cut_off_is_moved_with_the_keyboard(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    page = visit.open("/performance?model=loans&part=cut-offs&cut=0.5")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('cut=0.6')", timeout=OPEN_MS)
    visit.settle()
    assert "At 0.6" in page.inner_text(".stApp")
    visit.context.close()
    assert visit.trouble == []


def test_a_click_on_the_map_shows_that_cell(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    page = visit.open("/drift?model=loans")
    plot = page.locator(".st-key-map-chart .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.025, box["y"] + box["height"] * 0.5)
    page.wait_for_timeout(200)
    page.mouse.click(box["x"] + box["width"] * 0.025, box["y"] + box["height"] * 0.5)
    page.wait_for_function("() => location.search.includes('column=')", timeout=OPEN_MS)
    visit.settle()
    chosen = visit.query()
    assert chosen["column"] != ["income"]
    assert f"Distribution of {chosen['column'][0]}" in page.inner_text(".stApp")
    assert len(chosen["window"][0]) == len("2026-11-03")
    visit.context.close()
    assert visit.trouble == []


def test_the_link_button_copies_the_address(browser: sync_api.Browser, server: Server) -> None:
    visit = Visit(browser, server)
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.open("/performance?model=loans&measure=f1")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert "measure=f1" in page.url
    visit.context.close()
    assert visit.trouble == []
