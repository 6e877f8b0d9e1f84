"""A comparison of runs as tables of 80 columns."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from neurodeploy.cli.compare_choice import chosen
from neurodeploy.cli.verb import table
from neurodeploy.cli.verify import MEANING
from neurodeploy.reporting.prediction import quantity

#: Of energies of a backend that does not tell active updates from idle ones.
UNCOUNTED = "* every update as active: this backend counts none, so the figure is too high"

#: Changed recordings that are named; --json has all.
NAMED = 5
#: Points of time at which accuracy is told.
POINTS = 8


def comparison_text(answer: dict[str, Any], classes: bool = False) -> str:
    """The object of `compare --json` for people: of many runs some, see `neurodeploy.cli.compare_choice`.

    Args:
        answer: of `Comparison.as_dict`.
        classes: whether the accuracy of every class is shown.
    """
    if not answer["recordings"]:
        return "nothing was compared: the runs have no recording in common; files are matched by name"
    answer, about_all = chosen(answer)
    runs = answer["runs"]
    parts = [
        "\n".join([f"{answer['recordings']:,} recordings in common{_left_out(runs)}", *about_all]),
        table(
            ["run", "backend", "program", "target", "cores", "bits"],
            [
                (r["name"], r["backend"], r["program_sha256"][:8], r["target"], r["cores"], r["weight_bits"])
                for r in runs
            ],
            narrow=True,
        ),
        _accuracies(runs),
        _over_time(runs),
        _classes(runs) if classes else "",
        _spikes(runs),
        *(_pair(pair) for pair in answer["pairs"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _left_out(runs: list[dict[str, Any]]) -> str:
    found = [f"{r['left_out']:,} of {r['name']}" for r in runs if r["left_out"]]
    return f"; left out: {', '.join(found)}" if found else ""


def _accuracies(runs: list[dict[str, Any]]) -> str:
    rows = []
    for run in runs:
        acc, late = run["accuracy"], run["latency"]
        rows.append(
            (
                run["name"],
                f"{100 * acc['share']:.2f} %" if acc else "–",
                interval(acc["interval_95"]) if acc else "–",
                run["silent"],
                _quantiles(late and late["first_spike"]),
                _quantiles(late and late["right_from"]),
            )
        )
    shown = table(["run", "accuracy", "95 %", "silent", "first spike", "right from"], rows, narrow=True)
    told = any(run["latency"] for run in runs)
    return shown + ("\nfirst spike of the output, right from then on: step, median (90th percentile)" if told else "")


def interval(ends: list[float]) -> str:
    """Of a share, in per cent."""
    return f"{100 * ends[0]:.1f} … {100 * ends[1]:.1f}"


def _quantiles(found: dict[str, Any] | None) -> str:
    return f"{found['median']} ({found['percentile_90']})" if found and found["recordings"] else "–"


def _over_time(runs: list[dict[str, Any]]) -> str:
    """Accuracy after so many steps, where any run tells it."""
    curves = [run["over_time"] for run in runs]
    known = [curve for curve in curves if curve]
    if not known:
        return ""
    last = max(curve["steps"][-1] for curve in known)
    points = sorted({max(round(last * part / POINTS), 1) for part in range(1, POINTS + 1)})
    rows = [(f"{point:,}", *(_after(curve, point) for curve in curves)) for point in points]
    return table(["accuracy after steps", *(run["name"] for run in runs)], rows, narrow=True)


def _after(curve: dict[str, Any] | None, steps: int) -> str:
    """The last point of the curve that lies no later."""
    before = [i for i, at in enumerate(curve["steps"]) if at <= steps] if curve else []
    return f"{100 * curve['correct'][before[-1]] / curve['total']:.2f} %" if curve and before else "–"


def _classes(runs: list[dict[str, Any]]) -> str:
    """Per class and run: share recognised, and what it is most often mistaken for."""
    known = [run["confusion"] for run in runs if run["confusion"]]
    labels = dict.fromkeys(label for matrix in known for label in matrix["labels"])
    rows = [(str(label), *(_class(run["confusion"], label) for run in runs)) for label in labels]
    return table(["class", *(run["name"] for run in runs)], rows, narrow=True) if rows else ""


def _class(matrix: dict[str, Any] | None, label: object) -> str:
    if not matrix or label not in matrix["labels"]:
        return "–"
    row = dict(zip(matrix["predictions"], matrix["counts"][matrix["labels"].index(label)], strict=True))
    wrong = {prediction: count for prediction, count in row.items() if prediction != label and count}
    worst = max(wrong, key=lambda prediction: wrong[prediction], default=None)
    taken = "silent" if worst is None else f"as {worst}"
    most = f", {wrong[worst]} {taken}" if wrong else ""
    return f"{100 * row.get(label, 0) / sum(row.values()):.1f} % of {sum(row.values())}{most}"


def _spikes(runs: list[dict[str, Any]]) -> str:
    """Spikes by layer and predicted energy, a recording."""
    layers = dict.fromkeys(p["name"] for run in runs for p in run["populations"])
    means = [{p["name"]: p["spikes"] for p in run["populations"]} for run in runs]
    rows = [(name, *(_mean(each.get(name)) for each in means)) for name in layers]
    constants = dict.fromkeys(name for run in runs for name in run["joules"])
    rows += [(f"energy, {name}", *(_joules(run, name) for run in runs)) for name in constants]
    told = table(["spikes a recording", *(run["name"] for run in runs)], rows, narrow=True)
    uncounted = any(run["joules"] and not run["updates_counted"] for run in runs)
    return f"{told}\n{UNCOUNTED}" if uncounted else told


def _joules(run: dict[str, Any], constants: str) -> str:
    """Marked where it is of another kind than the figures of backends that count updates."""
    if constants not in run["joules"]:
        return "–"
    return quantity(run["joules"][constants], "J") + ("" if run["updates_counted"] else " *")


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _pair(pair: dict[str, Any]) -> str:
    first, second = pair["runs"]
    right, changed = pair["right"], pair["changed"]
    total = pair["same"] + len(changed)
    equal = f"{pair['same']:,} of {total:,} answers equal, {100 * pair['share']:.2f} %"
    head = f"{first} and {second}: {equal} ({interval(pair['interval_95'])})"
    lines = [fill(head, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)]
    if pair["p_value"] is not None:
        lines.append(
            f"  right in one alone: {right['only_first']:,} and {right['only_second']:,}; "
            f"exact sign test p = {pair['p_value']:.3g}"
        )
    if changed:
        named = "; ".join(
            f"{c['file']}{_label(c)}: {' → '.join(map(_answer, c['predictions']))}" for c in changed[:NAMED]
        )
        more = f"; {len(changed) - NAMED:,} more" if len(changed) > NAMED else ""
        lines.append(fill(f"changed: {named}{more}", 80, initial_indent="  ", subsequent_indent="    "))
    layers = [*pair["layers"]] or [row for row in [pair["output"]] if row]
    if layers:
        of = f" of {pair['layers_of']}" if pair["layers_of"] else ""
        heads = [f"  spikes{of} in", first, second, "equal", "share"]
        lines.append(table(heads, [(f"  {la['name']}", *la["spikes"], la["equal"], _share(la)) for la in layers], True))
    return "\n".join([*lines, *_difference(pair)])


def _label(changed: dict[str, Any]) -> str:
    return "" if changed["label"] is None else f" ({changed['label']})"


def _answer(prediction: int | None) -> str:
    return "silent" if prediction is None else str(prediction)


def _share(layer: dict[str, Any]) -> str:
    return "–" if layer["share"] is None else f"{100 * layer['share']:.2f} %"


def _difference(pair: dict[str, Any]) -> list[str]:
    found = pair["first_difference"]
    if not found:
        return []
    where = f" of {found['recording']}" if found["recording"] else ""
    values = " and ".join(f"{value:,}" for value in found["values"])
    lines = [
        f"  first apart{where}: {found['variable']} of {found['population']} neuron {found['neuron']:,} "
        f"in step {found['step']:,}, {values}"
    ]
    if found["likely_cause"]:
        cause = found["likely_cause"]
        quantized = found.get("quantized")
        told = (
            f"; quantization changed {quantized['changed']:,} of its {quantized['weights']:,} weights"
            if quantized
            else ""
        )
        told = told if quantized and quantized["changed"] else ""
        text = f"likely cause: {cause}, {MEANING[cause]}{told}"
        lines.append(fill(text, 80, initial_indent="  ", subsequent_indent="    "))
    scale = (found.get("quantized") or {}).get("scale", 1.0)
    if scale != 1.0:
        text = f"u and v of {found['population']} are not compared: quantization multiplied its weights by {scale:.4g}"
        lines.append(fill(text, 80, initial_indent="  ", subsequent_indent="    "))
    return lines
