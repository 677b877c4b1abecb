"""A button that copies the address of the view on screen."""

from __future__ import annotations

import streamlit as st

from dashboard import strings

SCRIPT = """
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  button.onclick = async () => {
    const address = window.location.href;
    try { await navigator.clipboard.writeText(address); }
    catch {
      const field = document.createElement("textarea");
      field.value = address; document.body.append(field); field.select();
      document.execCommand("copy"); field.remove();
    }
    const word = button.textContent;
    button.textContent = "%s";
    setTimeout(() => { button.textContent = word; }, 1500);
  };
}
"""
STYLE = """
button { font: inherit; font-size: 0.85rem; color: var(--st-link-color); background: none; border: 1px solid var(--st-border-color);
         border-radius: 6px; padding: 0.2rem 0.6rem; cursor: pointer; white-space: nowrap; }
button:hover { background: var(--st-secondary-background-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
"""


def copy_link() -> None:
    """Put the button on the page."""
    mount = st.components.v2.component(
        "candor_copy_link", html=f'<button type="button">{strings.COPY}</button>', css=STYLE, js=SCRIPT % strings.COPIED
    )
    mount(key="copy-link", width="content", height="content")
