# SPDX-License-Identifier: Apache-2.0
"""Markdown of a machine's results: what was asked for, and a table for each question."""

import collections
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import report as columns

LORENZ = "lorenz/rk4_classic/float/n:1000000/"

# (what, the least ratio, numerator, denominators). Rates are per second of an operation; of several
# contenders the fastest that there is counts.
ASKED = (
    *((f"a stage sum of {j} term{'s' * (j > 1)}, 10⁸ {scalar}s, over a copy of as many bytes", .9,
       f"stage_sums/{scalar}/terms:{j}/n:100000000/kutta",
       (f"stage_sums/{scalar}/terms:{j}/n:100000000/copy",))
      for scalar in ("float", "double") for j in range(1, 7)),
    ("the replayed MLP block over torchdiffeq", 5, "mlp/fp32/batch:128/kutta_graph",
     ("mlp/fp32/batch:128/torchdiffeq",)),
    ("the replayed MLP block over the fastest compiled one", 2, "mlp/fp32/batch:128/kutta_graph",
     tuple(f"mlp/fp32/batch:128/{name}" for name in (
         "torch_graph", "torch_compile", "torch_compile_graph", "torch_compile_whole"))),
    *((f"the replayed convolutions, {factors}, {shape}, over PyTorch's channels_last", 1.2,
       f"conv/{factors}/{shape}/batch:32/kutta_graph",
       (f"conv/{factors}/{shape}/batch:32/torch_channels_last",))
      for factors in ("fp32", "tf32") for shape in ("16x32x32", "32x16x16", "64x8x8")),
    ("10⁶ Lorenz trajectories, float, over torchdiffeq", 50,
     LORENZ + "kutta", (LORENZ + "torchdiffeq",)),
)


def seconds(record):
    """Of one operation, the median."""
    return statistics.median(record["times"]) / record.get("operations", 1)


class Figures:
    def __init__(self, records):
        self.records = {name: r for name, r in records.items() if "times" in r}

    def seconds(self, name):
        return seconds(self.records[name]) if name in self.records else None

    def ratio(self, name, others):
        """How many times as fast as the fastest of the others."""
        times = [t for t in map(self.seconds, others) if t]
        own = self.seconds(name)
        return min(times) / own if times and own else None

    def rate(self, name, what):
        """FLOP/s or bytes/s."""
        record = self.records.get(name)
        return record[what] / statistics.median(record["times"]) if record else None

    def ceiling(self, scalar):
        copies = [name for name in self.records if name.startswith("ceilings/copy/")]
        return (self.rate(f"ceilings/{scalar}/multiply_adds", "flops"),
                self.rate(copies[-1], "bytes") if copies else None)

    def of_floor(self, name):
        """The time that its operations and its bytes take at least, over the one that it took. Of
        products on tensor cores there is no ceiling here."""
        record = self.records[name]
        flops, bandwidth = self.ceiling("double" if "/double/" in name else "float")
        if not flops or not bandwidth or not record.get("flops") or "/tf32/" in name:
            return None
        floor = max(record["flops"] / flops, record.get("bytes", 0) / bandwidth)
        return floor / statistics.median(record["times"])


def asked(figures):
    lines = ["| asked | at least | found | |", "| --- | ---: | ---: | --- |"]
    found = [(what, least, figures.ratio(name, others)) for what, least, name, others in ASKED]
    peak, rate = figures.ceiling("float")[0], figures.rate(LORENZ + "kutta", "flops")
    found.append(("10⁶ Lorenz trajectories, float, over the multiply-add peak", .5,
                  rate / peak if rate and peak else None))
    for what, least, ratio in found:
        verdict = "" if ratio is None else "met" if ratio >= least else "missed"
        lines.append(f"| {what} | {least:g} | {'' if ratio is None else f'{ratio:.2f}'} "
                     f"| {verdict or 'not measured'} |")
    for name, record in figures.records.items():
        if "synchronisations" in record:
            queued = ", ".join(f"{record[what]:.0f} {what}" for what in (
                "synchronisations", "allocations", "kernels", "copies") if what in record)
            lines.append(f"| waits of the host in {name} | 0 | {record['synchronisations']:.0f} "
                         f"| {queued} |")
    return "\n".join(lines)


def stage_sums(figures):
    """The rate of each sum over that of its copy."""
    rows = collections.defaultdict(dict)
    for name in figures.records:
        if name.startswith("stage_sums/") and name.endswith("/kutta"):
            _, scalar, terms, n, _ = name.split("/")
            ratio = figures.ratio(name, (name.replace("/kutta", "/copy"),))
            if ratio:
                rows[f"{scalar}/{n}"][int(terms[6:])] = ratio
    if not rows:
        return ""
    terms = sorted({j for row in rows.values() for j in row})
    lines = ["| case | " + " | ".join(f"{j} term{'s' * (j > 1)}" for j in terms) + " |",
             "| --- |" + " ---: |" * len(terms)]
    lines += [f"| {case} | " + " | ".join(f"{row[j]:.2f}" if j in row else "" for j in terms) + " |"
              for case, row in rows.items()]
    return "\n".join(lines)


def questions(figures):
    """{question: {case: {contender: [nanoseconds of an operation, a sample each]}}}."""
    found = collections.defaultdict(lambda: collections.defaultdict(dict))
    for name, record in figures.records.items():
        question, case = name.split("/", 1)
        case, contender = case.rsplit("/", 1)
        found[question][case][contender] = [1e9 * t / record.get("operations", 1)
                                            for t in record["times"]]
    return found


def floors(figures, question, cases, base):
    found = {case: figures.of_floor(f"{question}/{case}/{base}") for case in cases
             if f"{question}/{case}/{base}" in figures.records}
    return {case: f"{share:.2f}" for case, share in found.items() if share}


def report(data):
    """All of it. A smoke run's says nothing but that it can be written."""
    figures = Figures(data["records"])
    machine = data["machine"]
    about = ", ".join([machine["name"], machine["compiler"],
                       *(f"driver {machine[what]}" for what in ("driver",) if what in machine),
                       *dict.fromkeys(peer["peer"] for peer in data["peers"])])
    parts = [f"### {machine['name']}", about + "."]
    checks = data["checks"]
    if checks:
        passed = sum(check["passed"] for check in checks.values())
        parts.append(f"{passed} of {len(checks)} tests and checks of their memory passed.")
    for scalar in ("float", "double"):
        flops, bandwidth = figures.ceiling(scalar)
        if flops and bandwidth:
            parts.append(f"Ceilings, {scalar}: {flops / 1e12:.3g} TFLOP/s, "
                         f"{bandwidth / 1e9:.4g} GB/s read and written.")
    parts.append(asked(figures))
    sums = stage_sums(figures)
    if sums:
        parts += ["Stage sums, their rate over that of a copy:", sums]
    for question, cases in questions(figures).items():
        base = "kutta_graph" if question in ("mlp", "conv") else "kutta"
        if question not in ("stage_sums", "ceilings") and any(base in c for c in cases.values()):
            table = columns.table(cases, base, {"of floor": floors(figures, question, cases, base)})
            parts += [f"`{question}`, the time of an operation, and that of others over it:", table]
    if data["skipped"]:
        parts.append("Skipped: " + "; ".join(f"{what} ({why})"
                                             for what, why in data["skipped"].items()) + ".")
    return "\n\n".join(parts) + "\n"


def insert(text, readme, name):
    """Puts a machine's figures into the file, in place of its older ones."""
    begin, end = f"<!-- figures: {name} -->", f"<!-- end: {name} -->"
    last = "<!-- figures of devices end here -->"
    page = readme.read_text(encoding="utf-8")
    block = f"{begin}\n{text.rstrip()}\n{end}\n"
    if begin in page:
        before, rest = page.split(begin, 1)
        page = before + block + rest.split(end, 1)[1].lstrip("\n")
    elif last in page:
        page = page.replace(last, f"{block}\n{last}")
    else:
        raise ValueError(f"{readme}: expected the line {last}")
    readme.write_text(page, encoding="utf-8")
