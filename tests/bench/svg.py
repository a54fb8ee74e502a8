"""Charts as SVG, written by hand: bars of ratios, and lines over sizes. Nothing is needed for it."""

from html import escape
from math import floor, log10

FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"
INK, FAINT, GRID = "#1f2933", "#6b7785", "#dde3e9"
OURS, THEIRS, WANTED = "#1f6feb", "#b8c1cc", "#d9480f"


def text(x, y, words, size=12, colour=INK, anchor="start", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' text-anchor='{anchor}' "
            f"font-weight='{weight}'>{escape(words)}</text>")


def page(width, height, title, parts):
    return "\n".join([
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
        f"viewBox='0 0 {width} {height}' role='img' {FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{width}' height='{height}' fill='#ffffff'/>",
        *parts, "</svg>", ""])


def bars(title, subtitle, panels):
    """Bars side by side: panels are (heading, [(label, ratio or None, limit or None)]), the labels
    those of the first; 1.0 is libpq, a tick is what is asked."""
    left, line, top, wide, gap = 370, 20, 84, 250, 46
    rows = len(panels[0][1])
    width = left + len(panels) * (wide + gap) + 10
    height = top + rows * line + 42
    most = 1.3
    parts = [text(20, 28, title, 17, weight="600"), text(20, 48, subtitle, 12, FAINT)]
    for number, (label, _, _) in enumerate(panels[0][1]):
        parts.append(text(left - 12, top + number * line + 14, label, 12, anchor="end"))
    for at, (heading, values) in enumerate(panels):
        x0 = left + at * (wide + gap)
        parts.append(text(x0, top - 14, heading, 13, weight="600"))
        for mark in (0, 0.25, 0.5, 0.75, 1.0):
            x = x0 + mark / most * wide
            colour, thick = (FAINT, 1.5) if mark == 1.0 else (GRID, 1)
            parts.append(f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top - 4}' y2='{top + rows * line + 4}' "
                         f"stroke='{colour}' stroke-width='{thick}'/>")
            parts.append(text(x, top + rows * line + 20, "libpq" if mark == 1.0 else f"{mark:g}", 11, FAINT, "middle"))
        for number, (_, value, limit) in enumerate(values):
            y = top + number * line + 4
            if value is None:
                parts.append(text(x0 + 4, y + 10, "not counted", 11, FAINT))
                continue
            length = min(value, most) / most * wide
            parts.append(f"<rect x='{x0}' y='{y}' width='{length:.1f}' height='12' rx='2' "
                         f"fill='{OURS if value <= 1.03 else WANTED}'/>")
            parts.append(text(x0 + length + 6, y + 10.5, f"{value:.2f}", 11, INK))
            if limit is not None:
                x = x0 + limit / most * wide
                parts.append(f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{y - 3}' y2='{y + 15}' stroke='{WANTED}' "
                             "stroke-width='2'/>")
    return page(width, height, title, parts)


def short(value):
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"


def lines(title, subtitle, panels):
    """Small charts: panels are (heading, unit of y, {series: [(x, y)]}); x is logarithmic, y begins at 0."""
    across, wide, tall, margin = 3, 290, 170, 56
    down = (len(panels) + across - 1) // across
    width, height = 20 + across * (wide + margin) + 10, 92 + down * (tall + 84)
    parts = [text(20, 28, title, 17, weight="600"), text(20, 48, subtitle, 12, FAINT)]
    for at, (heading, unit, series) in enumerate(panels):
        x0 = 20 + margin + (at % across) * (wide + margin)
        y0 = 104 + (at // across) * (tall + 84)
        plot = wide - 20
        xs = [x for points in series.values() for x, _ in points]
        ys = [y for points in series.values() for _, y in points]
        if not xs:
            continue
        low, high = log10(min(xs)), log10(max(xs))
        top = max(ys) * 1.15 or 1
        parts.append(text(x0 - margin + 14, y0 - 22, heading, 13, weight="600"))
        parts.append(text(x0 - margin + 14, y0 - 8, unit, 11, FAINT))

        def place(x, y):
            return x0 + (log10(x) - low) / max(high - low, 1e-9) * plot, y0 + tall - y / top * tall

        for part in (0, 0.25, 0.5, 0.75, 1):
            _, y = place(min(xs), top * part)
            parts.append(f"<line x1='{x0}' x2='{x0 + plot}' y1='{y:.1f}' y2='{y:.1f}' stroke='{GRID}'/>")
            parts.append(text(x0 - 6, y + 4, short(top * part), 10, FAINT, "end"))
        step = 2 if high - low > 6 else 1
        for power in range(floor(low), floor(high) + 1, step):
            if 10 ** power >= min(xs) * 0.99:
                x, _ = place(10 ** power, 0)
                parts.append(text(x, y0 + tall + 16, short(10 ** power), 10, FAINT, "middle"))
        for name, points in series.items():
            colour = OURS if name == "ours" else THEIRS
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*p) for p in points))
            parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2.5'/>")
            for x, y in (place(*p) for p in points):
                parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3' fill='{colour}'/>")
    parts.append(f"<rect x='{width - 220}' y='18' width='12' height='12' rx='2' fill='{OURS}'/>")
    parts.append(text(width - 203, 28, "libpq-porcelain", 12))
    parts.append(f"<rect x='{width - 220}' y='38' width='12' height='12' rx='2' fill='{THEIRS}'/>")
    parts.append(text(width - 203, 48, "libpq 18", 12))
    return page(width, height, title, parts)
