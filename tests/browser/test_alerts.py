"""People act on alerts in a real browser: acknowledge several at once, silence with an end; nothing goes wrong, nothing leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from connectors.config import Config
from dashboard import alerting
from tests.browser.test_pages import OPEN_MS, Server, Visit, browser, pytestmark, sync_api  # noqa: F401  (a fixture, and who skips)
from tests.dashboard.fabricate import Case, world
from tests.dashboard.fabricate_alerts import raise_alerts, watched


def now() -> dt.datetime:
    """This moment, UTC without a zone."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


@pytest.fixture
def ringing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Config]]:
    """A server on a world with alerts."""
    path = world(tmp_path_factory.mktemp("ringing"), Case(windows=12))
    config = raise_alerts(path, now())
    watched(config, now())
    running = Server(path)
    yield running, config
    running.stop()


def test_alerts_are_acknowledged_in_bulk_and_silenced_with_an_end(
    browser: sync_api.Browser, ringing: tuple[Server, Config]  # noqa: F811
) -> None:  # fmt: skip
    server, config = ringing
    visit = Visit(browser, server)
    page = visit.open("/alerts")
    assert "4 alerts about 2 models" in page.inner_text(".stApp")

    page.get_by_placeholder("Your name").fill("Ana")
    page.get_by_placeholder("Your name").press("Enter")
    visit.settle()
    row = page.locator("[class*='st-key-alertrow-']").filter(has_text="Approval ratio")
    row.locator("label").first.click()
    visit.settle()
    page.get_by_role("button", name="Silence 1").click()
    page.get_by_label("Why").fill("known since the release")
    page.get_by_label("Why").press("Enter")
    visit.settle()
    page.get_by_role("combobox", name="For how long").click()
    page.get_by_role("option", name="4 hours").click()
    visit.settle()
    page.get_by_role("button", name="Silence until then").click()
    page.wait_for_selector("text=1 alert silenced for 4 hours.", timeout=OPEN_MS)
    visit.settle()
    silenced = next(each for each in alerting.board(config, now()).of("silenced") if each.rule == "impact_ratio")
    assert silenced.silence is not None
    assert silenced.silence.who == "Ana"
    assert dt.timedelta(hours=3.9) < silenced.silence.until - now() < dt.timedelta(hours=4.1)

    page.keyboard.press("Escape")
    page.get_by_text("Select all").click()
    visit.settle()
    page.get_by_role("button", name="Acknowledge 3").click()
    page.wait_for_selector("text=3 alerts acknowledged.", timeout=OPEN_MS)
    visit.settle()
    board = alerting.board(config, now())
    assert not board.of("firing")
    assert "Nothing is firing." in page.inner_text(".stApp")

    page.get_by_role("radio", name="Acknowledged 4").click()
    page.wait_for_function("() => location.search.includes('status=acknowledged')", timeout=OPEN_MS)
    visit.settle()
    page.get_by_role("link", name="Column income has drifted").first.click()
    page.wait_for_url("**/alert?*")
    visit.settle()
    assert "What the rule found" in page.inner_text(".stApp")
    assert visit.query()["alert"][0] in {each.key for each in board.alerts}
    visit.context.close()
    assert visit.trouble == []
