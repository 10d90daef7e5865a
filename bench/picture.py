# SPDX-License-Identifier: MIT
"""Draws the benchmark: CPU per request by leg, user and system stacked, a panel for each mode and workload."""
from xml.sax.saxutils import escape

WIDTH, PANEL_GAP, ROW, BAR, LABEL, VALUE = 960, 40, 26, 16, 160, 92
TOP, TITLE, BOTTOM = 64, 30, 20
USER, SYSTEM, TEXT, QUIET = "#2a6f97", "#a9c8dc", "#222222", "#666666"


def label(x, y, text, anchor="start", fill=TEXT, size=13, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" font-weight="{weight}">'
            f"{escape(text)}</text>")


def bar(x, y, width, fill):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{BAR}" fill="{fill}"/>'


def panel(x, y, title, legs, scale):
    """Rows of a label, a stacked bar and its value with the ratio to "off"."""
    parts = [label(x, y + 14, title, weight="bold")]
    for row, (leg, (user, system, ratio)) in enumerate(legs.items()):
        at = y + TITLE + row * ROW
        start = x + LABEL
        parts += [label(start - 8, at + BAR - 3, leg, "end"), bar(start, at, user * scale, USER),
                  bar(start + user * scale, at, system * scale, SYSTEM),
                  label(start + (user + system) * scale + 6, at + BAR - 3, f"{user + system:.1f} µs ({ratio:.2f})", fill=QUIET, size=12)]
    return parts


def legend(x, y):
    return [bar(x, y, 16, USER), label(x + 22, y + 13, "user"), bar(x + 76, y, 16, SYSTEM), label(x + 98, y + 13, "system")]


def draw(panels):
    """panels: {title: {leg: (user, system, ratio to "off")}}, in microseconds; two stand in a row. Returns the SVG's text."""
    width = (WIDTH - PANEL_GAP) / 2
    longest = max(user + system for legs in panels.values() for user, system, _ in legs.values())
    scale = (width - LABEL - VALUE) / longest
    height = TITLE + ROW * max(len(legs) for legs in panels.values()) + BOTTOM
    lines = (len(panels) + 1) // 2
    parts = [label(0, 22, "CPU per request", size=18, weight="bold"),
             label(0, 44, "microseconds of the service's process; in brackets: relative to telemetry off in the same rounds", fill=QUIET),
             *legend(WIDTH - 160, 10)]
    for number, (title, legs) in enumerate(panels.items()):
        parts += panel(number % 2 * (width + PANEL_GAP), TOP + number // 2 * height, title, legs, scale)
    total = TOP + lines * height
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 {WIDTH + 32} {total}" width="{WIDTH + 32}" height="{total}"'
            ' font-family="DejaVu Sans, Verdana, sans-serif" role="img" aria-label="CPU per request by leg">'
            f'<rect x="-16" width="{WIDTH + 32}" height="{total}" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")
