"""The result of a fit: an HDF5 file in the project's form (results/README.md), and its two figures, drawn from it alone."""
from __future__ import annotations

import pathlib

import h5py
import numpy as np

import runs as measured
import resultwriter
from figures import style
from figures.style import plt

MAP_DEVICES = ("nvme", "ufs4", "ufs3", "emmc", "sd", "hdd")
MAP_STEPS_MS = (0.5, 1, 2, 4, 8, 16, 32, 64, 128)
MAP_ROWS = (1, 2, 4, 8, 16, 32, 64)
MAP_GEOMETRY = "gemma3n_e2b"
PLACEMENT_COSTS = 0.01  # of a step: the line in the map


def map_rows(plelab: pathlib.Path, constants: pathlib.Path) -> list[dict]:
    """What the law says of each device, step time and rows per token when every row is another one."""
    numbers = lambda values: ",".join(f"{value:g}" for value in values)  # noqa: E731
    cells = measured.ask_law(plelab, ["--device", ",".join(MAP_DEVICES), "--geometry", MAP_GEOMETRY, "--step-ms", numbers(MAP_STEPS_MS),
                                      "--rows-per-token", numbers(MAP_ROWS), "--constants", str(constants)])
    return [{"device": cell["device"], "step_ms": float(cell["step_ms"]), "rows_per_token": cell["rows_per_token"],
             "delta_ms": cell["delta_ms"]["value"], "low_ms": cell["delta_ms"]["low"], "high_ms": cell["delta_ms"]["high"],
             "p99_delta_ms": cell["p99_delta_ms"]["value"]} for cell in cells]


def _run_rows(runs, held_out, found) -> list[dict]:
    rows = []
    for i, (run, out) in enumerate(zip(runs, held_out)):
        value, low, high = run.delta_ms
        p99, p99_low, p99_high = run.p99_ms
        rows.append({"device": run.device, "geometry": run.geometry, "held_out": out, "rows_per_token": run.rows_per_token,
                     "step_asked_ms": run.step_asked_ms, "step_ms": run.step_ms, "row_bytes": run.row_bytes, "measured_ms": value,
                     "measured_low_ms": low, "measured_high_ms": high, "mean_difference_ms": run.mean_ms[0],
                     "mean_low_ms": run.mean_ms[1], "mean_high_ms": run.mean_ms[2], "predicted_ms": found["predicted_ms"][i], "wait_ms": run.wait_ms,
                     "counted_wait_ms": run.measured_wait_ms, "control_ms": run.control_ms, "error_units": found["units"][i],
                     "worst_units": found["worst_units"][i], "measured_p99_ms": p99, "measured_p99_low_ms": p99_low,
                     "measured_p99_high_ms": p99_high, "predicted_p99_ms": found["predicted_p99_ms"][i], "p99_error_units": found["p99_units"][i]})
    return rows


def write(path: pathlib.Path, folder: pathlib.Path, config: str, runs, held_out, found, costs, more) -> None:
    """config: which runs were fitted to, as YAML.  held_out: of each run, in what it differs from those ("" for one of them).

    more: further tables, by their names.
    """
    skipped = folder / "skipped.txt"
    meta = resultwriter.host_of(sorted((folder / "runs").glob("*.jsonl"))[0])
    meta |= {"config_yaml": config, "skipped": skipped.read_text() if skipped.exists() else ""}
    meta |= {f"profile_{profile.stem}": profile.read_text() for profile in sorted((folder / "profiles").glob("*.yaml"))}
    resultwriter.write_own(path, "placement_law", meta, {
        "law/runs": _run_rows(runs, held_out, found),
        "law/costs": [{"reads": "modelled" if kind else "real", "step_us": c.step_us, "row_us": c.row_us, "collect_us": c.collect_us,
                       "kib_us": c.kib_us} for kind, c in costs.items()],
    } | more)


def _text(values) -> np.ndarray:
    return np.array([value.decode() for value in values])


def draw_runs(table, real, facts: str) -> "plt.Figure":
    """Predicted against measured, with the bands of the errors that are allowed.  real: steps of models, which were not fitted to."""
    figure, panels = style.panels(2, 11.4, 5.8)
    names = sorted(set(_text(table["device"])))
    for axes, chosen, title in ((panels[0], table["held_out"] == b"", "Fitted to"), (panels[1], table["held_out"] != b"", "Held out")):
        part = table[chosen]
        all_ms = np.concatenate([np.abs(table["measured_ms"]), np.abs(table["predicted_ms"])])
        line = np.geomspace(max(all_ms[all_ms > 0].min(), 1e-3) / 2, all_ms.max() * 2, 50)
        step = np.median(table["step_ms"])
        for share, of_step, alpha in ((measured.WORST_DELTA, measured.WORST_STEP, 0.10), (measured.SHARE_OF_DELTA, measured.SHARE_OF_STEP, 0.18)):
            off = np.maximum(share * line, of_step * step)
            axes.fill_between(line, np.maximum(line - off, line[0] / 10), line + off, color="#0072B2", alpha=alpha, linewidth=0)
        axes.plot(line, line, color="#555555", linewidth=1)
        for i, name in enumerate(names):
            rows = part[_text(part["device"]) == name]
            bars = np.abs(np.stack([rows["measured_ms"] - rows["measured_low_ms"], rows["measured_high_ms"] - rows["measured_ms"]]))
            axes.errorbar(rows["measured_ms"], rows["predicted_ms"], xerr=bars, fmt=style.MORE_MARKERS[i % len(style.MORE_MARKERS)],
                          color=style.COLOURS[i % len(style.COLOURS)], label=name, elinewidth=0.8)
        if title == "Held out":
            bars = np.abs(np.stack([real["measured_ms"] - real["measured_low_ms"], real["measured_high_ms"] - real["measured_ms"]]))
            axes.errorbar(real["measured_ms"], real["predicted_ms"], xerr=bars, fmt="*", color="black", markersize=11, label="a real model's step")
        axes.set_xlim(line[0], line[-1])
        axes.set_ylim(line[0], line[-1])
        style.log_axis(axes.xaxis)
        style.log_axis(axes.yaxis)
        axes.set_xlabel("measured change of a step, ms (log)")
        axes.set_ylabel("predicted, ms (log)")
        style.title(axes, f"{title}: {len(part)} runs")
    style.legend_below(panels[0], ncols=5)
    style.note(figure, f"Bands: errors of max(10 % of the change, 0.5 % of a step) and of max(25 %, 1 %), for a step of {step:.3g} ms; bars: 95 % "
                       f"intervals of the measurement. {facts}")
    return figure


def draw_map(table, facts: str) -> "plt.Figure":
    """What placement costs over step times and rows per token, and where that is 1 % of a step."""
    devices = list(dict.fromkeys(_text(table["device"])))
    figure, panels = style.panels(len(devices), 11.4, 3.9)
    steps, rows = np.unique(table["step_ms"]), np.unique(table["rows_per_token"])
    for axes, device in zip(panels, devices):
        part = table[_text(table["device"]) == device]
        delta = np.array([[part["delta_ms"][(part["step_ms"] == s) & (part["rows_per_token"] == r)][0] for s in steps] for r in rows])
        colours = axes.pcolormesh(steps, rows, np.log10(np.maximum(delta, 1e-3)), cmap="viridis", vmin=-3, vmax=3, shading="nearest")
        share = delta / steps[None, :]
        if share.min() < PLACEMENT_COSTS < share.max():
            axes.contour(steps, rows, np.log10(share), levels=[np.log10(PLACEMENT_COSTS)], colors="white", linewidths=2, linestyles="-")
        axes.grid(False)
        style.log_axis(axes.xaxis)
        style.log_axis(axes.yaxis)
        axes.set_xlabel("step without PLE, ms (log)")
        axes.set_ylabel("rows per token (log)")
        style.title(axes, device)
    bar = figure.colorbar(colours, ax=panels, ticks=range(-3, 4))
    bar.ax.set_yticklabels([f"{10.0 ** e:g}" for e in range(-3, 4)])
    bar.set_label("change of a step, ms")
    style.note(figure, f"Predicted by the law, for rows of {MAP_GEOMETRY} of which none is in memory; white line: 1 % of a step. {facts}")
    return figure


def draw_front(table, facts: str) -> "plt.Figure":
    """Tokens per second, as a share of those with the whole table in memory, against the memory for hot rows; a panel for each format."""
    forms = list(dict.fromkeys(_text(table["form"])))
    devices = [name for name in dict.fromkeys(_text(table["device"])) if name != "memory"]
    figure, panels = style.panels(len(forms), 13.4, 4.4)
    least = table["cache_bytes"][table["cache_bytes"] > 0].min() / 2  # where no cache at all is drawn
    for axes, form in zip(panels, forms):
        part = table[_text(table["form"]) == form]
        whole, = part[_text(part["device"]) == "memory"]
        for i, device in enumerate(devices):
            rows = part[_text(part["device"]) == device]
            axes.plot(np.maximum(rows["cache_bytes"], least) / 2**20, 100 * rows["tokens_per_s"] / whole["tokens_per_s"],
                      linestyle=style.LINES[i % len(style.LINES)], color=style.COLOURS[i % len(style.COLOURS)],
                      marker=style.MORE_MARKERS[i % len(style.MORE_MARKERS)], label=device)
        axes.plot(whole["cache_bytes"] / 2**20, 100, "*", color="black", markersize=11, label="whole table")
        style.log_axis(axes.xaxis)
        axes.set_xlabel("MiB of rows in memory (log)")
        axes.set_ylabel("% of the tokens per second with all rows")
        others = whole["memory_bytes"] - whole["cache_bytes"]
        style.title(axes, f"{form}: {others / 1e9:.1f} GB + rows, {whole['tokens_per_s']:.1f} tok/s")
    style.legend_below(panels[0], ncols=6)
    style.note(figure, f"Predicted by the law for E2B: weights are taken to be read at the rate that was measured in bfloat16, whatever their format; "
                       f"keys and values of 4,096 tokens; rows of bfloat16, kept by S3-FIFO on a novel; left end: no row in memory. {facts}")
    return figure


def draw(path: pathlib.Path) -> list[pathlib.Path]:
    with h5py.File(path) as file:
        runs, real, cells, points = (file[f"law/{name}"][...] for name in ("runs", "real", "map", "front"))
        meta = file["meta"].attrs
        facts = f"{meta['cpu_model']}, {meta['cores']} cores; {meta['storage']}; {meta['started_at']}; {meta['git_commit'][:10]}"
    folder = path.with_name(path.stem + "_figures")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, figure in (("placement_law", draw_runs(runs, real, facts)), ("placement_map", draw_map(cells, facts)),
                         ("placement_front", draw_front(points, facts))):
        written += style.save(figure, folder / name)
        plt.close(figure)
    return written
