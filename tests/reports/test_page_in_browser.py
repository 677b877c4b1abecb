"""The page in a real browser: no console message, no request, nothing wider than the window, dark when asked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from audits.finding import AuditRun
from reports.registry import render

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.mark.parametrize(
    ("width", "theme", "ground"), [(1440, "light", "rgb(255, 255, 255)"), (900, "dark", "rgb(14, 17, 23)"), (420, "light", None)]
)
def test_the_page_in_chromium(lender: AuditRun, tmp_path: Path, width: int, theme: str, ground: str | None) -> None:
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_path is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_bytes(render("audit", "html", lender))
    messages: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS.split())
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        painted = page.evaluate("getComputedStyle(document.body).backgroundColor")
        icon = page.evaluate("getComputedStyle(document.querySelector('.status.fail svg path')).fill")
        browser.close()
    assert messages == []
    assert requests == [path.as_uri()]
    assert wide <= width
    assert ground in (None, painted)
    assert icon == ("rgb(168, 7, 26)" if theme == "light" else "rgb(255, 122, 112)")
