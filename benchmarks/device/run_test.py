#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the scripts of this folder, without a GPU.

    python3 benchmarks/device/run_test.py [folder of programs built for Thrust's CPP system]
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import results
import tables

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 else None
MACHINE = {"name": "NVIDIA H200", "system": "cuda", "compiler": "release 13.0"}


def kept_in(folder, **how):
    return results.Results(pathlib.Path(folder), dict(MACHINE), **how)


def say(kept, **line):
    kept.line(json.dumps(line), "bench")


def fill(kept):
    """Figures whose ratios are plain to see."""
    say(kept, name="ceilings/float/multiply_adds", flops=6e13, bytes=0, times=[1.])
    say(kept, name="ceilings/copy/n:2000", flops=0, bytes=4e12, times=[1.])
    say(kept, name="stage_sums/float/terms:2/n:100000000/kutta", bytes=16, times=[2., 2.2, 1.8])
    say(kept, name="stage_sums/float/terms:2/n:100000000/copy", bytes=16, times=[1.9])
    lorenz = "lorenz/rk4_classic/float/n:1000000/"
    say(kept, name=lorenz + "kutta", operations=1000, flops=3.6e13, bytes=1e12, times=[1.])
    say(kept, name=lorenz + "torchdiffeq", operations=100, times=[4.])
    mlp = "mlp/fp32/batch:128/"
    say(kept, name=mlp + "kutta_graph", flops=6e9, times=[1e-3], synchronisations=0, kernels=900,
        copies=1, allocations=0)
    say(kept, name=mlp + "torch_graph", times=[3e-3])
    say(kept, name=mlp + "torch_compile_graph", times=[1.5e-3])
    say(kept, name=mlp + "torchdiffeq", error="out of memory")


class Tables(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.kept = kept_in(self.folder.name)
        fill(self.kept)
        self.text = tables.report(self.kept.data)

    def test_what_was_asked_is_judged_by_the_fastest_of_the_others(self):
        self.assertIn("2 terms, 10⁸ floats, over a copy of as many bytes | 0.9 | 0.95 | met |",
                      self.text)
        self.assertIn("over the fastest compiled one | 2 | 1.50 | missed |", self.text)
        self.assertIn("float, over torchdiffeq | 50 | 40.00 | missed |", self.text)
        self.assertIn("over the multiply-add peak | 0.5 | 0.60 | met |", self.text)

    def test_what_has_no_time_is_not_judged(self):
        self.assertIn("the replayed MLP block over torchdiffeq | 5 |  | not measured |", self.text)

    def test_floors_are_the_longer_of_operations_and_bytes(self):
        # 3.6e13 operations take 0.6 s, 1e12 bytes 0.25 s; 6e9 operations 0.1 of a millisecond
        self.assertIn("| rk4_classic/float/n:1000000 | 1 ms | 40.00 | 0.60 |", self.text)
        self.assertIn("| fp32/batch:128 | 1 ms | 3.00 | 1.50 | 0.10 |", self.text)

    def test_waits_are_listed(self):
        self.assertIn("0 synchronisations, 0 allocations, 900 kernels, 1 copies", self.text)

    def test_a_machine_replaces_its_own_figures_alone(self):
        readme = pathlib.Path(self.folder.name) / "README.md"
        readme.write_text("before\n<!-- figures of devices end here -->\nafter\n", encoding="utf-8")
        for text, name in (("one\n", "A"), ("two\n", "B"), ("three\n", "A")):
            tables.insert(text, readme, name)
        page = readme.read_text(encoding="utf-8")
        self.assertTrue(page.startswith("before\n<!-- figures: A -->\nthree\n<!-- end: A -->\n"))
        self.assertTrue(page.endswith("<!-- figures of devices end here -->\nafter\n"))
        self.assertIn("two", page)
        self.assertNotIn("one", page)

    def test_results_of_another_machine_are_reported(self):
        readme = pathlib.Path(self.folder.name) / "README.md"
        readme.write_text("<!-- figures of devices end here -->\n", encoding="utf-8")
        subprocess.run([sys.executable, str(HERE / "run.py"), "--results", str(self.kept.file),
                        "--readme", str(readme)], check=True, capture_output=True)
        self.assertIn(self.text.rstrip(), readme.read_text(encoding="utf-8"))


class Resuming(unittest.TestCase):
    def test_what_has_a_time_is_not_measured_again(self):
        with tempfile.TemporaryDirectory() as folder:
            fill(kept_in(folder))
            names = kept_in(folder).names()
            self.assertEqual(len(names), 9)
            self.assertNotIn("mlp/fp32/batch:128/torchdiffeq", names)
            self.assertEqual(kept_in(folder, again=True).names(), [])
            self.assertEqual((pathlib.Path(folder) / "nvidia-h200.json").exists(), True)

    def test_results_of_another_compiler_are_dropped(self):
        with tempfile.TemporaryDirectory() as folder:
            fill(kept_in(folder))
            other = results.Results(pathlib.Path(folder), MACHINE | {"compiler": "release 13.1"})
            self.assertEqual(other.names(), [])

    def test_a_program_for_another_system_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(ValueError, "expected a program for cuda, got one for cpp"):
                say(kept_in(folder), system="cpp", device="host")

    def test_checks_and_errors_of_ours_fail_the_run(self):
        for line, status in (({"name": "a/b/torch", "error": "no"}, 0),
                             ({"name": "a/b/kutta", "error": "no"}, 1)):
            with tempfile.TemporaryDirectory() as folder:
                kept = kept_in(folder)
                say(kept, **line)
                self.assertEqual(kept.summary(), status)
        with tempfile.TemporaryDirectory() as folder:
            kept = kept_in(folder)
            kept.check("test a", 77, "no GPU")
            self.assertEqual(kept.summary(), 0)
            kept.check("test a", 1, "failed")
            self.assertEqual(kept.summary(), 1)


@unittest.skipUnless(PROGRAMS, "no folder of programs is given")
class DryRun(unittest.TestCase):
    def test_all_programs_run_and_are_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, str(HERE / "run.py"), "bench", "report", "--system", "cpp",
                       "--smoke", "--programs", str(PROGRAMS), "--out", folder]
            for _ in range(2):  # the second has nothing left to do
                done = subprocess.run(command, capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("67 records, 0 without a time", done.stdout)
            for question in ("lorenz", "lorenz_gradient", "mlp", "conv"):
                self.assertIn(f"`{question}`, the time of an operation", done.stdout)


if __name__ == "__main__":
    unittest.main()
