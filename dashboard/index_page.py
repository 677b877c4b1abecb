"""The HTML document that carries the app: ours in name, closed to other machines, and right for links into it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dashboard.views  # noqa: F401  registers the pages
from dashboard import strings
from dashboard.page import REGISTRY

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

SCRIPT = "/candor.js"

# Without this, a link to a page makes the app look for its server below that page first, and the browser logs the misses.
BASE = "window.prerenderReady = false; window.__streamlit = { BACKEND_BASE_URL: location.origin, MAIN_PAGE_BASE_URL: location.origin };"

POLICY = (
    "default-src 'self'; script-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@cache
def document() -> str:
    """Streamlit's document with our title, and with the one inline script moved to a file so that the policy can forbid the rest."""
    import streamlit

    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    html = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    html = re.sub(r"<link\s+rel=\"preload\".*?/>", "", html, flags=re.DOTALL)
    html = html.replace("<title>Streamlit</title>", f"<title>{strings.PRODUCT}</title>")
    return html.replace("<head>", f'<head>\n    <base href="/" />\n    <script src="{SCRIPT}"></script>', 1)


def routes() -> list[BaseRoute]:
    """One route for each page, and one for the script; everything else is the server's own."""
    from starlette.responses import HTMLResponse, RedirectResponse, Response
    from starlette.routing import Route

    async def page(_: Request) -> Response:
        return HTMLResponse(
            document(), headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "Referrer-Policy": "same-origin"}
        )

    async def script(_: Request) -> Response:
        return Response(BASE, media_type="text/javascript")

    async def home(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse("/" + query)

    first, *others = REGISTRY  # the first page is the app's root
    return [Route("/", page), Route(f"/{first}", home), *(Route(f"/{url}", page) for url in others), Route(SCRIPT, script)]
