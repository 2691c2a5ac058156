"""deltarule inspect: what a model file holds."""

from __future__ import annotations

from typing import Any

from deltarule.cli.output import Flag, explain_constant, number, print_json, scores_table, table
from deltarule.files import load, summary
from deltarule.network import Network
from deltarule.spelling import plural
from deltarule.tables import ClassTarget, TableModel


def inspect(model: str, /, *, json: Flag = False) -> int:
    """Show what a model file holds: network, columns, target, training, scores.

    For example: deltarule inspect penguins.deltarule

    Parameters
    ----------
    model
        A model file.
    json
        Print everything but the weights as JSON.
    """
    opened, about = load(model), summary(model)
    network = opened.network if isinstance(opened, TableModel) else opened
    if json:
        record = opened.record() if isinstance(opened, TableModel) else {"network": network.spec()}
        print_json({**about, "parameters": network.layout.size, **record})
        return 0
    print(f"{model}: {about['bytes']:,} bytes, format {about['format']}, SHA-256 {about['sha256'][:16]}...")
    print("\nNetwork")
    print(_layers(network))
    if isinstance(opened, TableModel):
        print(_table_part(opened))
    return 0


def _layers(net: Network) -> str:
    rows = [["layer", "units", "activation", "W", "b", "largest |w|"]]
    for k in range(1, net.K + 1):
        name = net.g[k].name if k < net.K else f"{net.output} output"
        shape = f"{net.sizes[k]} x {net.sizes[k - 1]}"
        rows.append([str(k), str(net.sizes[k]), name, shape, str(net.sizes[k]), f"{abs(net.W[k]).max():.3g}"])
    size = plural(net.layout.size, "parameter")
    return f"{table(rows, right=(1,))}\n  {size}, {net.dtype}; loss: {net.output.loss_name}"


def _table_part(model: TableModel) -> str:
    target = model.target
    lines = ["", f"Target   {target.name} ({model.task})"]
    if isinstance(target, ClassTarget):
        pairs = zip(target.names, target.frequencies, strict=True)
        lines.append(table([str(name), f"{share:.1%} of training"] for name, share in pairs))
    used = (
        f"{plural(len(model.encoder.columns), 'column')} as {plural(len(model.encoder.features), 'feature')}"
    )
    lines += ["", f"Columns  {used}"]
    lines.append(table(model.encoder.describe()))
    lines += ["", "Training", table(_training(model))]
    if model.scores:
        lines += ["", "Scores", scores_table(model.task, model.scores), f"  {explain_constant(model.task)}"]
    return "\n".join(lines)


def _training(model: TableModel) -> list[list[str]]:
    settings: dict[str, Any] = model.settings
    optimiser = ", ".join(
        f"{name} {value}" for name, value in settings["optimiser"].items() if name != "name"
    )
    losses = model.history["loss"]
    rows = [
        ["optimiser", f"{settings['optimiser']['name']}: {optimiser}"],
        ["schedule", settings["schedule"]],
        ["batches", f"{settings['batch_size']} of {plural(settings['n_examples'], 'row')}"],
        ["seed", str(settings["seed"])],
        ["stopped", settings["stopped"]],
    ]
    if losses:
        rows.append(["loss", f"{number(losses[0])} in the first epoch, {number(losses[-1])} in the last"])
    return rows
