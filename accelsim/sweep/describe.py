"""A study as text: what varies, on what, and how it is asked."""

from __future__ import annotations

from accelsim.sweep.sampling import sample_size
from accelsim.sweep.study import Study

MOST_SHOWN = 12


def render_study(study: Study) -> str:
    """The study as aligned lines."""
    limits, sample = study.limits, study.sample
    lines = [
        f"{study.name}: {study.title}",
        f"  base         {study.base or 'each value of the axis machine'}",
        f"  networks     {', '.join(workload.label for workload in study.workloads)}",
    ]
    for axis in study.axes:
        shown = [str(axis.shown(i)) for i in range(len(axis.values))]
        more = f", ... {shown[-1]} ({len(shown)} values)" if len(shown) > MOST_SHOWN else ""
        fields = "" if axis.fields == (axis.name,) else f" ({', '.join(axis.fields)})"
        lines.append(f"  axis         {axis.name}{fields}: {', '.join(shown[: MOST_SHOWN if more else None])}{more}")
    lines += [f"  follows      {path}: {text}" for path, text, _ in study.fixed]
    lines += [f"  constraint   {test.text}" for test in study.constraints]
    lines += [f"  derived      {name}: {expression.text}" for name, expression in study.derived]
    lines += [f"  budget       {test.text}" for test in study.budgets]
    seeded = "" if sample.method == "grid" else f", seed {sample.seed}"
    towards = f", towards least {', '.join(sample.minimise)}" if sample.method == "guided" else ""
    lines += [
        f"  points       {sample_size(study) * len(study.workloads):,} at most ({sample.method}{seeded}{towards})",
        f"  objective    {study.objective}",
        f"  convention   {limits.convention}",
        f"  steps        {limits.steps}",
        f"  gap          {100 * limits.gap:g} %",
    ]
    if limits.max_candidates is not None:
        lines.append(f"  candidates   {limits.max_candidates:,} partial nests looked at per layer, at most")
    if study.source:
        lines.append(f"  source       {study.source}")
    return "\n".join(lines) + "\n"
