"""The figures of ``compiled.py`` as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from machine import Machine
from workload import Workload

MEGA, MILLI = 1e-6, 1e3


def best_c(figures: dict[str, float]) -> float | None:
    """Of all contestants in C, the fastest."""
    return min((t for name, t in figures.items() if name == "C" or name.startswith(("C,", "C ("))), default=None)


def to_c(found: dict[str, Any]) -> float | None:
    """How many times the time of the best C edgewise takes."""
    best = best_c(found.get("µs", {}))
    return found["µs"]["edgewise"] / best if best else None


def to_jax(found: dict[str, Any]) -> float | None:
    """How many times the time of edgewise JAX takes."""
    times = found.get("µs", {})
    return times["JAX"] / times["edgewise"] if "JAX" in times else None


def to_function(found: dict[str, Any]) -> float | None:
    """How many times the time of the function alone its value and gradient take."""
    times = found.get("µs", {})
    return times["edgewise"] / times["the function"] if "the function" in times else None


def mean(ratios: Iterable[float | None]) -> float | None:
    """The geometric mean of those that there are."""
    logarithms = [math.log(r) for r in ratios if r is not None]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def number(value: float | None, unit: float = 1.0) -> str:
    """Two significant digits, or whole numbers from ten on."""
    if value is None:
        return ""
    value *= unit
    if value >= 10:
        return f"{value:,.0f}".replace(",", "\u202f")  # a narrow space, where no line is broken
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def held(value: float | None, goal: float | None, at_most: bool) -> str:
    """A goal, in bold where it is missed."""
    if goal is None:
        return ""
    shown = None if value is None else float(f"{value:.2g}")
    missed = shown is not None and (shown > goal if at_most else shown < goal)
    return f"**{goal:g}**" if missed else f"{goal:g}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = ([row[0].replace(" × ", "\u00a0×\u00a0"), *row[1:]] for row in rows)  # sizes stay together
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' + '--:|' * (len(heads) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def brief(found: dict[str, Any], how: str = "") -> str:
    """A row in one line."""
    name = f"{found['name']:46} {how:12}"
    if "fails" in found:
        return f"{name} fails: {found['fails']}"
    noisy = f"  (noisy: {found['noise']:.1f})" if found["noise"] > 1.5 else ""
    cells = (number(found["µs"]["edgewise"]), number(to_c(found)), number(to_jax(found)), number(to_function(found)))
    return f"{name} {cells[0]:>8} µs  {cells[1]:>5} × C  JAX × {cells[2]:>5}  f′/f {cells[3]:>5}{noisy}"


def speeds(rows: Sequence[Workload], found: Sequence[dict[str, Any]]) -> str:
    heads = ["value and gradient, unless said", "edgewise, µs", "best C, µs", "JAX, µs"]
    heads += ["÷ best C", "goal", "JAX ÷ edgewise", "goal", "÷ function"]
    lines = []
    for workload, one in zip(rows, found, strict=True):
        if "fails" in one:
            goals = f"{workload.against_c or ''}", f"{workload.goal or ''}"
            lines.append([workload.name, "fails", "", "", "", goals[0], "", goals[1], ""])
            continue
        c, jax, times = to_c(one), to_jax(one), one["µs"]
        cells = [number(times["edgewise"]), number(best_c(times)), number(times.get("JAX"))]
        cells += [number(c), held(c, workload.against_c, True)]
        cells += ["cannot" if "JAX" in workload.skips else number(jax), held(jax, workload.goal, False)]
        lines.append([workload.name, *cells, number(to_function(one))])
    all_c, all_jax, all_f = mean(map(to_c, found)), mean(map(to_jax, found)), mean(map(to_function, found))
    goals = held(all_c, 1.3, True), held(all_jax, 5, False), held(all_f, 3, True)
    lines.append(
        [
            "geometric mean",
            "",
            "",
            "",
            number(all_c),
            goals[0],
            number(all_jax),
            goals[1],
            f"{number(all_f)} ({goals[2]})",
        ]
    )
    return table(heads, lines)


def costs(found: Sequence[dict[str, Any]]) -> str:
    heads = ["to compile, and to run", "edgewise, ms", "JAX, ms", "JAX ÷ edgewise", "goal", "edgewise, MB", "JAX, MB"]
    lines, ratios = [], []
    for one in found:
        if "fails" in one:
            continue
        mine, theirs = one["compiling"]["edgewise"], one["compiling"].get("JAX")
        ratio = theirs / mine if theirs else None
        ratios.append(ratio)
        spent = [number(mine, MILLI), number(theirs, MILLI), number(ratio), held(ratio, 5, False) if ratio else ""]
        memory = [number(one["memory"]["edgewise"], MEGA), number(one["memory"].get("JAX"), MEGA)]
        lines.append([one["name"], *spent, *memory])
    lines.append(["geometric mean", "", "", number(mean(ratios)), held(mean(ratios), 5, False), "", ""])
    return table(heads, lines)


def floors(rows: Sequence[Workload], found: Sequence[dict[str, Any]], machine: Machine) -> str:
    """What the rows move and do at least, and what that takes on this machine."""
    heads = [
        "at least",
        "read, KB",
        "written, KB",
        "sums, 10³",
        "functions, 10³",
        "floor, µs",
        "by",
        "edgewise ÷ floor",
    ]
    lines = []
    for workload, one in zip(rows, found, strict=True):
        work = workload.work
        least, what = machine.floor(work)
        counts = (work.read, work.written, work.sums, work.functions)
        mine = one["µs"]["edgewise"] / (least * 1e6) if "µs" in one else None
        lines.append([workload.name, *(number(c, 1e-3) for c in counts), number(least * 1e6), what, number(mine)])
    return table(heads, lines)


def others(found: Sequence[dict[str, Any]], runs: dict[str, Sequence[dict[str, Any]]]) -> str:
    """The same rows in other circumstances, by what these are."""
    heads = ["µs", *(f"{who}{how and ', '}{how}" for how in ("", *runs) for who in ("edgewise", "JAX"))]
    usual = {one["name"]: one for one in found}
    lines = []
    for row in zip(*runs.values(), strict=True):
        times = [one.get("µs", {}) for one in (usual[row[0]["name"]], *row)]
        lines.append([row[0]["name"], *(number(t.get(who)) for t in times for who in ("edgewise", "JAX"))])
    return table(heads, lines)


def page(
    versions: str,
    rows: Sequence[Workload],
    found: Sequence[dict[str, Any]],
    runs: dict[str, Sequence[dict[str, Any]]],
    machine: Machine | None,
) -> dict[str, str]:
    """All tables, by the names of their files; where a goal is missed, it is in bold."""
    parts = {"speed": f"{versions}; one core, one thread.\n\n{speeds(rows, found)}", "cost": costs(found)}
    if machine is not None:
        parts["floor"] = floors(rows, found, machine)
    if runs:
        parts["other"] = others(found, runs)
    return parts
