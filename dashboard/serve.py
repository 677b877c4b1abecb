"""Start the dashboard: one process, bound to this machine, that reads published runs only."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import urllib.request
import uuid
import webbrowser
from pathlib import Path

from connectors.errors import CandorError
from dashboard import strings, theme

CONFIG = "CANDOR_CONFIG"
"""The environment variable that tells the pages where candor.toml is."""

log = logging.getLogger("candor.dashboard")


def serve(config_path: str | Path, port: int = 8501, open_path: str | None = None) -> None:
    """Serve the pages on 127.0.0.1 until interrupted.

    Parameters
    ----------
    config_path : path of candor.toml
    port : the port to listen on
    open_path : a page to open in the browser, with its query, such as "/fairness?model=loans"; None opens nothing

    Raises
    ------
    CandorError : when another program holds the port
    """
    claim(port)
    os.environ[CONFIG] = str(Path(config_path).resolve())
    os.environ.setdefault("DO_NOT_TRACK", "1")

    import streamlit as st

    address = f"http://127.0.0.1:{port}"
    if open_path is not None:
        threading.Thread(target=announce, args=(address, "/" + open_path.lstrip("/")), daemon=True).start()
    st.logger.set_log_level("ERROR")  # what is imported below would warn, once for each cached read, that no server runs yet
    from dashboard import metrics
    from dashboard.index_page import routes

    served = [*metrics.routes(os.environ[CONFIG]), *routes()]
    app = st.App(Path(__file__).with_name("app.py").resolve(), on_script_error=show_incident, routes=served)
    app.run(config=theme.options(port))


def claim(port: int) -> None:
    """Raise a sentence, not a traceback, when `port` cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CandorError(strings.port_taken(port)) from error


def announce(address: str, path: str, patience: float = 30.0) -> None:
    """Wait until the server answers, say where it is, and open a browser if this desktop has one."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(address + "/_stcore/health", timeout=1):
                break
        except OSError:
            time.sleep(0.1)
    else:
        return
    print(strings.serving(address + path), file=sys.stderr, flush=True)
    if has_desktop():
        webbrowser.open(address + path)


def has_desktop() -> bool:
    """Whether opening a browser would show a window instead of taking over the terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def incident(error: Exception) -> str:
    """Log `error` with a short id and return the id, which is all that a screen shows of it."""
    number = uuid.uuid4().hex[:8]
    log.error("incident %s", number, exc_info=error)
    return number


def show_incident(error: Exception) -> bool:
    """Show an incident id instead of a traceback; True tells the server that the error has been dealt with."""
    from dashboard.components import states

    states.failed(error)
    return True
