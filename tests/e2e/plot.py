# SPDX-License-Identifier: MIT
"""A plot of measurements over time as SVG: one panel per series, one x axis in minutes."""
from xml.sax.saxutils import escape

WIDTH, LEFT, PANEL, GAP, TOP = 900, 80, 120, 46, 60
LINE, GRID, TEXT = "#2a6f97", "#d5dde2", "#222222"


def label(x, y, text, anchor="start", size=13):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{TEXT}" font-size="{size}">{escape(text)}</text>'


def panel(y, name, points, end):
    """points: [(minute, value)]; the axis is from 0 to the largest value."""
    top = max(value for _, value in points) or 1
    at = " ".join(f"{LEFT + x / end * (WIDTH - LEFT):.1f},{y + PANEL - value / top * PANEL:.1f}" for x, value in points)
    return [label(LEFT, y - 8, name),
            *(f'<path d="M{LEFT} {y + PANEL - part * PANEL:.1f}H{WIDTH}" stroke="{GRID}"/>' for part in (0, 0.5, 1)),
            *(label(LEFT - 8, y + PANEL - part * PANEL + 4, f"{part * top:.4g}", "end", 12) for part in (0, 0.5, 1)),
            f'<polyline points="{at}" fill="none" stroke="{LINE}" stroke-width="1.5"/>']


def draw(title, series):
    """series: {name: [(minute, value)]}. Returns the SVG's text."""
    end = max(points[-1][0] for points in series.values()) or 1
    parts = [label(0, 24, title, size=16)]
    for number, (name, points) in enumerate(series.items()):
        parts += panel(TOP + number * (PANEL + GAP), name, points, end)
    height = TOP + len(series) * (PANEL + GAP)
    ticks = [label(LEFT + part * (WIDTH - LEFT), height - 20, f"{part * end:.3g} min", "end" if part else "start", 12) for part in (0, 0.5, 1)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {WIDTH + 20} {height}" width="{WIDTH + 20}" height="{height}"'
            f' font-family="DejaVu Sans, Verdana, sans-serif" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
            f'<rect x="-10" width="{WIDTH + 20}" height="{height}" fill="white"/>\n' + "\n".join(parts + ticks) + "\n</svg>\n")
