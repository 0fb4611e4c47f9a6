"""The figures as one SVG: ratios with their targets as dots and ranges, and small charts of what grows."""

import html
import math

import page

WIDTH = 960
INK, SOFT, FAINT, STRIPE = "#1f2328", "#59636e", "#d1d9e0", "#f6f8fa"
GOOD, BAD, UNSURE = "#1a7f37", "#c21f2e", "#8a5a00"
VERDICTS = {"met": GOOD, "missed": BAD, "open": UNSURE}
# Colours that stay apart for colour-blind readers; the shapes differ, too.
STYLES = {
    "empty": ("#6e7781", "ring"),
    "shim": ("#0b5cad", "dot"),
    "eatmydata": ("#e69f00", "square"),
    "fakeroot": ("#009e73", "diamond"),
    "snoopy": ("#d55e00", "triangle"),
    "faketime": ("#cc79a7", "wedge"),
}
LANE = 13  # height of one subject in a row
HIGHEST = 4.0  # ratio in the small charts; what is above is written there
LEFT, RIGHT = 208, 735  # of the ratios' axis


class Canvas:
    def __init__(self):
        self.parts = []

    def add(self, tag, text=None, **attributes):
        words = "".join(f' {key.rstrip("_").replace("_", "-")}="{value:.1f}"' if isinstance(value, float) else
                        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                        for key, value in attributes.items())
        self.parts.append(f"<{tag}{words}/>" if text is None else f"<{tag}{words}>{html.escape(text)}</{tag}>")

    def text(self, x, y, text, size=12, fill=INK, anchor="start", weight="normal"):
        self.add("text", text, x=float(x), y=float(y), font_size=size, fill=fill, text_anchor=anchor,
                 font_weight=weight)

    def line(self, x1, y1, x2, y2, stroke, width=1, dash=None):
        more = {"stroke_dasharray": dash} if dash else {}
        self.add("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), stroke=stroke, stroke_width=width,
                 **more)

    def path(self, points, **attributes):
        self.add("path", d="M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points), **attributes)

    def mark(self, x, y, name):
        colour, shape = STYLES[name]
        if shape in ("dot", "ring"):
            fill = colour if shape == "dot" else "#ffffff"
            self.add("circle", cx=float(x), cy=float(y), r=5 if shape == "dot" else 3.5, fill=fill, stroke=colour,
                     stroke_width=1.5)
            return
        corners = {"square": ((-4, -4), (4, -4), (4, 4), (-4, 4)), "diamond": ((0, -5.5), (5, 0), (0, 5.5), (-5, 0)),
                   "triangle": ((0, -5), (5, 4), (-5, 4)), "wedge": ((0, 5), (5, -4), (-5, -4))}[shape]
        self.path([(x + dx, y + dy) for dx, dy in corners] + [(x + corners[0][0], y + corners[0][1])], fill=colour)

    def finish(self, height, title):
        head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
                f'height="{height:.0f}" role="img" '
                'font-family="-apple-system, \'Segoe UI\', Helvetica, Arial, \'DejaVu Sans\', sans-serif">')
        return "\n".join([head, f"<title>{html.escape(title)}</title>",
                          f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>', *self.parts, "</svg>", ""])


def ticks(low, high, most):
    """Round numbers that cover the range in at most so many steps."""
    step = next(step for scale in range(-3, 7) for step in (10.0**scale, 2 * 10.0**scale, 5 * 10.0**scale)
                if (high - low) / step <= most)
    return [round(i * step, 6) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def names_in(row):
    return [name for name in STYLES if name in row["kinds"]]


def ratio_range(rows):
    """Wide enough for everything but the far outliers, which are written at the edge."""
    values = [row["target"] for row in rows]
    for row in rows:
        values += [*row["kinds"]["shim"]["ratio_quartiles"], *row["kinds"]["empty"]["ratio_quartiles"]]
    return max(0.5, min(0.95, *values) - 0.01), max(1.3, min(max(values) + 0.02, 2.0))


def subject_lane(canvas, kinds, name, y, place, high):
    figure, (lower, upper) = kinds[name]["ratio"], kinds[name]["ratio_quartiles"]
    colour = STYLES[name][0]
    if figure > high:
        canvas.path([(RIGHT - 5, y - 4), (RIGHT, y), (RIGHT - 5, y + 4)], fill="none", stroke=colour, stroke_width=1.5)
        canvas.mark(RIGHT - 14, y, name)
        canvas.text(RIGHT - 24, y + 4, f"{figure:.2f}", 11, SOFT, "end")
        return
    canvas.line(place(lower), y, place(upper), y, colour, 3 if name == "shim" else 2)
    canvas.mark(place(figure), y, name)


def ratio_row(canvas, row, top, place, high):
    """Returns the height."""
    names = names_in(row)
    height = LANE * len(names) + 8
    canvas.text(LEFT - 14, top + height / 2 + 4, row["name"], 12.5, anchor="end")
    target = place(row["target"])
    canvas.line(target, top + 2, target, top + height - 2, INK, 2)
    for lane, name in enumerate(names):
        subject_lane(canvas, row["kinds"], name, top + 4 + LANE * (lane + 0.5), place, high)
    shim = row["kinds"]["shim"]["ratio"]
    canvas.text(RIGHT + 14, top + height / 2 + 4, f"{shim:.3f}", 12.5, STYLES["shim"][0], weight="bold")
    canvas.text(RIGHT + 68, top + height / 2 + 4, f"of {row['target']}", 12, SOFT)
    canvas.text(RIGHT + 128, top + height / 2 + 4, row["verdict"], 12, VERDICTS[row["verdict"]], weight="bold")
    return height


def legend(canvas, data, y):
    x = 24
    absent = page.absent_of(data)
    canvas.line(x, y - 10, x, y + 2, INK, 2)
    canvas.text(x + 8, y, "target", 12)
    x += 66
    for subject in data["subjects"]:
        name = subject["name"]
        if name == "bare":
            continue
        text = page.label(name) + (" preload" if name == "empty" else "")
        text += f" ({absent[name]})" if name in absent else ""
        canvas.mark(x, y - 4, name)
        canvas.text(x + 10, y, text, 12, SOFT if name in absent else INK)
        x += 30 + 6.9 * len(text)


def ratios(canvas, data, top):
    """The dots and ranges; returns where the next thing may start."""
    rows = [row for row in data["rows"] if "kinds" in row]
    low, high = ratio_range(rows)

    def place(ratio):
        return LEFT + (min(max(ratio, low), high) - low) / (high - low) * (RIGHT - LEFT)

    heights = [LANE * len(names_in(row)) + 8 for row in rows]
    bottom = top + sum(heights)
    y = top
    for number, height in enumerate(heights):
        if number % 2 == 0:
            canvas.add("rect", x=16, y=float(y), width=WIDTH - 32, height=float(height), fill=STRIPE)
        y += height
    for tick in ticks(low, high, 9):
        canvas.line(place(tick), top, place(tick), bottom, SOFT if tick == 1 else FAINT, 1.5 if tick == 1 else 1)
        canvas.text(place(tick), bottom + 16, "bare" if tick == 1 else f"{tick:.2f}", 11.5, SOFT, "middle")
    y = top
    for row in rows:
        y += ratio_row(canvas, row, y, place, high)
    return bottom + 40


def memory_line(canvas, data, y):
    memory = data["memory"]
    shim = memory["kinds"]["shim"]["private_kib"]
    canvas.text(LEFT - 14, y, "resident memory", 12.5, anchor="end")
    canvas.text(LEFT, y, "private to a program that never forks, more than bare", 12, SOFT)
    canvas.text(RIGHT + 14, y, f"{shim:.0f} KiB", 12.5, STYLES["shim"][0], weight="bold")
    canvas.text(RIGHT + 68, y, f"of {memory['target_kib']}", 12, SOFT)
    canvas.text(RIGHT + 128, y, memory["verdict"], 12, VERDICTS[memory["verdict"]], weight="bold")


def short(number):
    return f"{number // 1000}k" if number >= 1000 and number % 1000 == 0 else str(number)


def panel_range(points):
    """Of the medians, with their quartiles as long as these do not dwarf them."""
    kinds = [point[name] for point in points for name in ("empty", "shim")]
    middle = [kind["ratio"] for kind in kinds]
    upper = [kind["ratio_quartiles"][1] for kind in kinds]
    high = max(1.2, max(middle) * 1.03, min(max(upper), max(middle) * 1.3))
    return max(0, min(0.8, min(middle) * 0.95)), min(high, HIGHEST)


def curve(canvas, points, xs, name, place):
    colour = STYLES[name][0]
    bold = name == "shim"
    if bold:
        upper = [(x, place(point[name]["ratio_quartiles"][1])) for x, point in zip(xs, points)]
        lower = [(x, place(point[name]["ratio_quartiles"][0])) for x, point in zip(xs, points)]
        canvas.path(upper + lower[::-1], fill=colour, fill_opacity="0.16")
    dash = {} if bold else {"stroke_dasharray": "5 3"}
    places = [(x, place(point[name]["ratio"])) for x, point in zip(xs, points)]
    canvas.path(places, fill="none", stroke=colour, stroke_width=2.2 if bold else 1.5, **dash)
    for (x, y), point in zip(places, points):
        canvas.add("circle", cx=float(x), cy=float(y), r=3 if bold else 2, fill=colour)
        if bold and point[name]["ratio"] > HIGHEST:
            first = x == xs[0]
            canvas.text(x + (7 if first else -7), y + 10, f"{point[name]['ratio']:.3g}", 11, colour,
                        "start" if first else "end", "bold")


def panel(canvas, scale, call, left, top):
    width, height = 236, 118
    points = [point["calls"][call] for point in scale["points"]]
    sizes = [point["size"] for point in scale["points"]]
    low, high = panel_range(points)
    across = math.log(sizes[-1] / sizes[0]) or 1
    xs = [left + math.log(size / sizes[0]) / across * width for size in sizes]

    def place(ratio):
        return top + height - (min(max(ratio, low), high) - low) / (high - low) * height

    canvas.text(left - 34, top - 14, scale["calls"][call], 13, weight="bold")
    for tick in ticks(low, high, 4):
        canvas.line(left, place(tick), left + width, place(tick), SOFT if tick == 1 else FAINT, 1.2 if tick == 1 else 1)
        canvas.text(left - 7, place(tick) + 4, f"{tick:g}", 11, SOFT, "end")
    for x, size in zip(xs, sizes):
        canvas.line(x, top + height, x, top + height + 4, SOFT)
        canvas.text(x, top + height + 16, short(size), 11, SOFT, "middle")
    canvas.text(left + width / 2, top + height + 32, scale["axis"], 11.5, SOFT, "middle")
    for name in ("empty", "shim"):
        curve(canvas, points, xs, name, place)


def growth(canvas, data, top):
    panels = [(scale, call) for scale in data["scales"] if scale["points"] for call in scale["calls"]]
    if not panels:
        return top
    canvas.text(24, top + 12, "Ratio to bare as things grow", 16, weight="bold")
    canvas.text(24, top + 32, "line: median; band: quartiles of forkproof's; dashed: the empty preload", 12, SOFT)
    for number, (scale, call) in enumerate(panels):
        panel(canvas, scale, call, 62 + (number % 3) * 304, top + 76 + (number // 3) * 206)
    return top + 76 + math.ceil(len(panels) / 3) * 206 - 20


def draw(data):
    canvas = Canvas()
    title = "What forkproof costs: ratios to the bare call"
    canvas.text(24, 34, title, 18, weight="bold")
    canvas.text(24, 54, "dot: median; bar: lower to upper quartile; left is cheaper", 12, SOFT)
    for warning in data["host"]["warnings"]:
        canvas.text(WIDTH - 24, 34, warning, 12, BAD, "end")
    legend(canvas, data, 80)
    y = 94.0
    if any("kinds" in row for row in data["rows"]):
        y = ratios(canvas, data, y)
    if "memory" in data:
        memory_line(canvas, data, y)
        y += 36
    return canvas.finish(growth(canvas, data, y) + 8, title)
