"""Tables that stand in pages as they follow from a result: <!--table NAME FILE--> … <!--end-->."""
from __future__ import annotations

import math

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


def placement(results: Results, file: str) -> str:
    """A step of each variant beside its baseline, from /tables/comparisons; the control comes first."""
    result = results.file(file)
    if not len(result.table("comparisons")):
        raise MarkError(f"{result.path} has no table 'comparisons'; it is of schema_version {result.meta.get('schema_version')}, "
                        "and 2 has one: measure again")
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


TABLES = {"placement": placement}


def generated(results: Results, words: list[str]) -> str:
    if len(words) != 2 or words[0] not in TABLES:
        raise MarkError(f"expected <!--table NAME FILE-->, with a name of: {', '.join(TABLES)}")
    return TABLES[words[0]](results, words[1])
