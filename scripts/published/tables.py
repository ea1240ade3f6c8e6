"""Tables that stand in pages as they follow from a result: <!--table NAME FILE--> … <!--end-->."""
from __future__ import annotations

import math

from equal_ram import points, read_ahead
from published.cells import MarkError, Results
from published.numerals import MINUS
from resultfile import CONTROL_SUFFIX, Result
from summary import control_failed


def signed(value: float, digits: int, plus: bool = False) -> str:
    text = f"{value:+.{digits}f}" if plus else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def digits_for(half: float) -> int:
    """As many decimals as show two digits of half an interval, at least 0 and at most 6."""
    return 3 if math.isnan(half) or half <= 0 else min(max(1 - math.floor(math.log10(half)), 0), 6)


def with_interval(value: float, low: float, high: float, plus: bool = False) -> str:
    if math.isnan(value):
        return "not measured"
    digits = digits_for((high - low) / 2)
    shown = signed(value, digits, plus)
    return shown if math.isnan(low) else f"{shown} [{signed(low, digits, plus)}, {signed(high, digits, plus)}]"


VERDICTS = {"pass": "within the margin", "fail": "outside the margin", "undecided": "undecided", "": ""}


def control_lines(result: Result) -> list[str]:
    """What the run's own controls say: one line for each baseline that has a twin."""
    table = result.table("comparisons")
    lines = []
    baselines = table["baseline"].unique()
    for baseline in baselines:
        twin = result.comparison(baseline + CONTROL_SUFFIX, "mean_difference")
        carry = table[(table["baseline"] == baseline) & (table["statistic"] == "carry_over")]
        if math.isnan(twin[0]):
            continue
        carried = f"; carry-over: p = {carry['p_corrected'].iloc[0]:.2f} (corrected)" if len(carry) else ""
        said = result.meta.get("control", "none")  # of the whole run: with several groups each has its own
        state = "failed" if control_failed(result, baseline) else said if len(baselines) == 1 else "passed"
        lines.append(f"Control {state}: the twin of `{baseline}` differs from it by "
                     f"{with_interval(*(v / 1e6 for v in twin), plus=True)} ms{carried}.")
    return lines or ["Control: none."]


def circumstances(result: Result) -> str:
    """What was timed, on what, and how often."""
    table = result.table("comparisons")
    ratios = table[(table["statistic"] == "ratio") & (table["metric"] == "step_ns")]
    counts = f"; {ratios['reps'].max():.0f} repetitions, {ratios['steps'].max():,.0f} steps of each variant in all" if len(ratios) else ""
    threads = str(result.meta.get("threads", "?"))
    return (f"`results/findings/{result.name}.h5`: {result.weights} weights, {threads} thread{'' if threads == '1' else 's'}, "
            f"{result.meta.get('cpu_model', 'unknown processor')}{counts}.")


def variant_row(result: Result, variant: str) -> str:
    baseline = result.baseline_of(variant)
    if variant == baseline:
        level = with_interval(*(v / 1e6 for v in result.comparison(variant, "mean")))
        return f"| `{variant}` | 1 | {level} in all | |"
    ratio = with_interval(*result.comparison(variant, "ratio"))
    difference = with_interval(*(v / 1e6 for v in result.comparison(variant, "mean_difference")), plus=True)
    verdict = VERDICTS.get(result.verdict(variant, "mean_difference"), "unknown")
    return f"| `{variant}` | {ratio} | {difference} | {verdict} |"


def placement(result: Result) -> str:
    """A step of each variant beside its baseline, from /tables/comparisons; the control comes first."""
    timed = [name for name in result.done()["variant"] if not math.isnan(result.comparison(name, "mean")[0])]
    place = {name: index for index, name in enumerate(timed)}
    # Each baseline before what is compared with it: a copy in a group comes last in the file.
    groups = list(dict.fromkeys(result.baseline_of(name) for name in timed))
    timed.sort(key=lambda name: (groups.index(result.baseline_of(name)), not result.is_baseline(name), place[name]))
    rows = [variant_row(result, name) for name in timed]
    if not rows:
        raise MarkError(f"{result.path} timed nothing")
    head = ["| variant | step ÷ baseline | more ms per step | verdict |", "|---|---|---|---|"]
    return "\n".join([circumstances(result), *control_lines(result), "", *head, *rows])


def controls_of_groups(result: Result) -> str:
    """How many baselines have a twin, and in how many groups a control failed."""
    table = result.table("comparisons")
    baselines = [name for name in table["baseline"].unique() if not math.isnan(result.comparison(name + CONTROL_SUFFIX, "mean_difference")[0])]
    failed = sum(control_failed(result, name) for name in baselines)
    return f"{len(baselines)} groups, each with a twin of its baseline: {failed or 'no'} control{'' if failed == 1 else 's'} failed."


def equal_ram(result: Result) -> str:
    """The ratio of each way to read rows, by the memory that they may take: a table for each regime of the page cache."""
    found = points(result)
    sizes = sorted({point.mib for point in found})
    lines = [circumstances(result), f"{read_ahead(result).replace('read', 'Read', 1)}. {controls_of_groups(result)}"]
    for regime in dict.fromkeys(point.regime for point in found):
        lines += ["", f"| {regime} | " + " | ".join(f"{size:g} MiB" for size in sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
        for way in dict.fromkeys(point.way for point in found):
            cells = {p.mib: with_interval(*p.ratio) for p in found if (p.way, p.regime) == (way, regime)}
            lines.append(f"| `{way}` | " + " | ".join(cells.get(size, "not measured") for size in sizes) + " |")
    return "\n".join(lines)


TABLES = {"placement": placement, "equal_ram": equal_ram}


def generated(results: Results, words: list[str]) -> str:
    if len(words) != 2 or words[0] not in TABLES:
        raise MarkError(f"expected <!--table NAME FILE-->, with a name of: {', '.join(TABLES)}")
    result = results.file(words[1])
    if not len(result.table("comparisons")):
        raise MarkError(f"{result.path} has no table 'comparisons'; it is of schema_version {result.meta.get('schema_version')}, "
                        "and 2 has one: measure again")
    return TABLES[words[0]](result)
