"""A chart with its table beside it; how charts look is decided in `reports.charts`."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from dashboard import strings
from dashboard.components.markup import Column, Html, show, table, text
from reports import charts

CONFIG = {"displayModeBar": False, "displaylogo": False, "responsive": True, "scrollZoom": False, "doubleClick": "reset"}


def theme() -> Literal["light", "dark"]:
    """The theme that the browser shows."""
    return "dark" if st.context.theme.type == "dark" else "light"


def draw(spec: charts.ChartSpec, *, key: str) -> None:
    """Draw a chart."""
    figure = charts.to_plotly(spec, theme())
    st.plotly_chart(figure, theme=None, key=key, config=CONFIG, alt=spec.alt, height=int(figure.layout.height or 260))


def picture(spec: charts.ChartSpec, *, width: int = 680) -> None:
    """Draw a chart that writes every number beside its dot as a picture: nothing is left for the pointer to find, and it is there at once.

    Four interactive charts take a browser about a second; a filter has to answer within 300 ms.
    """
    encoded = base64.b64encode(charts.to_svg(spec, theme(), width=width).encode()).decode()
    show(Html(f'<div class="c-picture"><img alt="{text(spec.alt)}" src="data:image/svg+xml;base64,{encoded}"/></div>'))


def pickable(
    spec: charts.HeatMap,
    *,
    key: str,
    on_pick: Callable[[Sequence[str], Sequence[str], int, int], None],
    cells: tuple[Sequence[str], Sequence[str]],
) -> None:
    """Draw a heat map whose cells can be clicked; `on_pick` gets the names of rows and columns, and the row and column clicked."""
    figure = charts.to_plotly(spec, theme())
    places = [(column, row) for row in range(len(spec.rows)) for column in range(len(spec.columns))]
    # A heat map's own cells cannot be selected: invisible marks on top of them can.
    figure.add_scatter(
        x=[column for column, _ in places],
        y=[row for _, row in places],
        mode="markers",
        marker={"symbol": "square", "size": 20, "opacity": 0},
        text=[text for line in figure.data[0].text for text in line],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
    )
    figure.update_layout(clickmode="event+select")

    def follow() -> None:
        points = st.session_state[key].selection.points
        if points:
            on_pick(*cells, round(points[0]["y"]), round(points[0]["x"]))

    st.plotly_chart(
        figure,
        theme=None,
        key=key,
        config=CONFIG,
        alt=spec.alt,
        height=int(figure.layout.height or 260),
        on_select=follow,
        selection_mode="points",
    )


def with_table(spec: charts.ChartSpec, *, key: str, shares: tuple[int, int] = (5, 3)) -> None:
    """Draw a chart with the same numbers as a table to its right."""
    left, right = st.columns(shares, gap="medium")
    with left:
        draw(spec, key=key)
    with right:
        numbers(spec, height=int(charts.to_plotly(spec, theme()).layout.height or 260))


def picture_with_table(spec: charts.ChartSpec, *, width: int = 330, shares: tuple[int, int] = (1, 1)) -> None:
    """Draw a chart as a picture, with the same numbers as a table to its right."""
    left, right = st.columns(shares, gap="medium")
    with left:
        picture(spec, width=width)
    with right:
        numbers(spec, height=320)


def folded_table(spec: charts.ChartSpec) -> None:
    """The same numbers as a table, folded away below a wide chart."""
    with st.expander(strings.TABLE):
        numbers(spec, height=420)


def numbers(spec: charts.ChartSpec, height: int) -> None:
    """The numbers of a chart."""
    found = spec.data_table()
    words = ("Status",) if found.columns[0] == "Bin" else ("Status", "Window")
    css = ["tight"] + ["tight" if name in words else "num" for name in found.columns[1:]]
    show(table(spec.title, [Column(head=head, css=each) for head, each in zip(found.columns, css, strict=True)], found.rows, height=height))
