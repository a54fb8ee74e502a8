"""The measurements as a table to read, one for the README, and a chart."""

import svg
from workloads import LIBRARIES

REFERENCE = LIBRARIES[0][0]


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        return f"{value / 1e6:.2f} M"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else "0.00"


def share(value):
    """A ratio that a limit is compared with."""
    return "" if value is None else f"{value:.3f}"


def size(value):
    if value is None:
        return "-"
    return f"{value / 1048576:.1f} MB" if value >= 1048576 else f"{value / 1024:.1f} KB"


def ratio(result, metric, to=REFERENCE):
    """Ours over the reference's; None where one is missing."""
    if metric in ("cpu", "wall"):
        return result["ours"].get(f"{metric}_ratio_to_{to}")
    ours, theirs = result["ours"].get(metric), result.get(to, {}).get(metric)
    return ours / theirs if ours is not None and theirs else None


def floor(result):
    """The key of the least that can be done with the same bytes; None where that is not measured."""
    return next((one for one in ("keep", "walk") if "instructions" in result.get(one, {})), None)


def slower(result, to=REFERENCE):
    """Whether ours takes longer on the wall, beyond what runs differ by anyway."""
    quartiles = result["ours"].get(f"wall_quartiles_to_{to}")
    return quartiles is not None and ratio(result, "wall", to) > 1.03 and quartiles[0] > 1.0


def verdicts(workload, result):
    """[(what is asked and whether it is met, met or None)]"""
    made = []
    for target in workload.targets:
        got = ratio(result, target.metric) if target.relative else result["ours"].get(target.metric)
        # a count an operation is of many operations: what happens now and then is not one more
        met = None if got is None else got <= target.limit + (0 if target.relative else 0.05)
        limit = f"{target.limit:.2f}" if target.relative else f"{target.limit:g}"
        word = {"instructions": "instr", "allocations": "allocs", "memory": "mem"}.get(target.metric, target.metric)
        made.append((f"{word} {limit} {'?' if met is None else 'met' if met else 'MISSED'}", met))
    return made


def layout(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * w for w in widths], *rows]:
        lines.append("  ".join(cell.ljust(w) if i in (0, len(row) - 1) else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))).rstrip())
    return "\n".join(lines)


def table(workloads, libraries, results):
    titles = dict(LIBRARIES)
    others = [library for library in libraries if library != "ours"]
    header = ["an operation"]
    header += [f"instr {library}" for library in libraries] + ["ratio", "walk", "keep"]
    header += ["allocs", "ours", "calls", "ours", "cpu", "wall", "memory", "ours", "targets, at most"]
    rows = []
    for w in workloads:
        result = results[w.name]
        row = [f"{w.name} ({w.unit})"]
        for library in libraries:
            row.append("failed" if "failed" in result[library] else number(result[library].get("instructions")))
        row.append(share(ratio(result, "instructions")))
        row += [number(result.get(floor, {}).get("instructions")) for floor in ("walk", "keep")]
        for metric in ("allocations", "calls"):
            row += [number(result[REFERENCE].get(metric)), number(result["ours"].get(metric))]
        row += [share(ratio(result, "cpu")), number(ratio(result, "wall")) + (" !" if slower(result) else "")]
        row += [size(result[REFERENCE].get("memory")), size(result["ours"].get("memory"))]
        row.append(", ".join(text for text, _ in verdicts(w, result)))
        rows.append(row)
    notes = [f"instr: client instructions; ratio, cpu, wall: ours over {titles[REFERENCE]}'s; allocs, calls: {REFERENCE}'s "
             "and ours; memory: of the process at its peak, or heap of an idle connection",
             "walk, keep: a C program without a library that receives the same and walks the messages, or keeps and reads "
             "every value", "wall with '!': slower, beyond what the runs differ by (lower quartile above 1)"]
    notes += [f"{library}: {titles[library]}" for library in others]
    return "\n".join([layout(header, rows), "", *notes])


def markdown(workloads, results, machine):
    """The README's table: libpq's figure and ours, an operation."""
    titles = dict(LIBRARIES)
    lines = ["| An operation | instructions: libpq | ours | floor | ours/libpq | asked, at most | allocations | system calls "
             "| CPU | wall | memory |",
             "|---|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|"]
    judged = []

    def pair(result, metric, render):
        both = [result[one].get(metric) for one in (REFERENCE, "ours")]
        return "" if None in both else " / ".join(render(value) for value in both)

    def plain(value):
        return "" if value is None else number(value)

    for w in workloads:
        result = results[w.name]
        verdict = verdicts(w, result)
        judged += [met for _, met in verdict]
        asked = ", ".join(text if met else f"**{text}**" for text, met in verdict)
        least = result.get(floor(result), {})
        cpu = share(ratio(result, "cpu"))
        if any(target.metric == "cpu" for target in w.targets) and least.get(f"cpu_ratio_to_{REFERENCE}") is not None:
            cpu += f" (floor {share(least[f'cpu_ratio_to_{REFERENCE}'])})"
        lines.append("| " + " | ".join([
            w.title, plain(result[REFERENCE].get("instructions")), plain(result["ours"].get("instructions")),
            plain(least.get("instructions")), share(ratio(result, "instructions")), asked,
            pair(result, "allocations", number), pair(result, "calls", number),
            cpu, plain(ratio(result, "wall")) + (" (slower)" if slower(result) else ""),
            pair(result, "memory", size)]) + " |")
    rounds = max(of["ours"].get("rounds", 0) for of in results.values())
    late = [w.title for w in workloads if slower(results[w.name])]
    lines += ["", f"{sum(met is True for met in judged)} of {len(judged)} of what is asked is met; on the wall, ours is slower beyond what runs "
              f"differ by in {len(late)} of {len(workloads)}. "
              f"libpq is {titles[REFERENCE]}'s release build; pairs are libpq / ours; CPU and wall are medians of ours over libpq's in "
              f"{rounds} alternating runs, on {machine['processors']} x {machine['processor']} shared with the server, {machine['day']}. "
              "Memory is the process's peak, or the heap an idle connection holds. The floor is a C program without a library that "
              "receives the same bytes, walks the messages and, for rows, keeps and reads every value; for the factory's row it only says "
              "as much, in as many turns, as SCRAM does."]
    return "\n".join(lines)


def chart(workloads, results):
    """Instructions and processor time as parts of libpq's, side by side."""
    shown = [w for w in workloads if ratio(results[w.name], "cpu") is not None]

    def panel(heading, metric):
        limits = [next((t.limit for t in w.targets if t.relative and t.metric == metric), None) for w in shown]
        return heading, [(w.title, ratio(results[w.name], metric), limit) for w, limit in zip(shown, limits)]

    return svg.bars("What an operation costs, as a part of what it costs with libpq 18",
                    "bars: libpq-porcelain over libpq 18 (psycopg-binary); shorter is cheaper; a mark is what is asked",
                    [panel("client instructions", "instructions"), panel("processor time (user + system)", "cpu"),
                     panel("time on the wall", "wall")])


def into_readme(path, name, body):
    """Puts the text between the marks of this name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text()
    if page.count(begin) != 1 or page.count(end) != 1:
        raise SystemExit(f"bench: {path} has no place for it: {begin} ... {end}")
    head, rest = page.split(begin)
    path.write_text(f"{head}{begin}\n{body}\n{end}{rest.split(end)[1]}")
