# SPDX-License-Identifier: Apache-2.0
"""What has been measured and checked on one machine, in one JSON file that is always whole."""

import contextlib
import json
import os
import re
import subprocess
import threading


class Results:
    """{"machine": …, "peers": […], "records": {name: …}, "checks": {name: …}, "skipped": {…}}.

    A record is the line that a program printed: times in seconds, a sample each; or an error.
    """

    def __init__(self, folder, machine, smoke=False, again=False):
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^a-z0-9]+", "-", machine["name"].lower()).strip("-")
        self.file = folder / f"{name}{'-smoke' if smoke else ''}.json"
        self.data = {"machine": machine, "peers": [], "records": {}, "checks": {}, "skipped": {}}
        if self.file.exists() and not again:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            if found["machine"] == machine:
                self.data = found
            else:
                self.skip(self.file.name, "its results are of another compiler or driver: dropped")

    def save(self):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        os.replace(new, self.file)

    def names(self):
        """Of what has been measured; an error is tried again."""
        return [name for name, record in self.data["records"].items() if "error" not in record]

    def line(self, text, what):
        """One line that a program printed."""
        try:
            line = json.loads(text)
        except ValueError:
            return print(f"{what}: {text.rstrip()}", flush=True)
        if "name" in line:
            name = line.pop("name")
            self.data["records"][name] = line
            if "error" in line:
                print(f"failed: {name}: {line['error']}", flush=True)
        elif "error" in line:
            self.skip(f"peers {line['peer']}", line["error"])
        elif "peer" in line:
            if line not in self.data["peers"]:
                self.data["peers"].append(line)
        elif line["system"] != self.data["machine"]["system"]:
            raise ValueError(f"{what}: expected a program for {self.data['machine']['system']}, "
                             f"got one for {line['system']}")
        self.save()

    def skip(self, what, why):
        self.data["skipped"][what] = why
        print(f"skipped: {what}: {why}", flush=True)
        self.save()

    def forget_skipped(self, stages):
        """Before these stages are run again. The first word of what was skipped is its stage."""
        self.data["skipped"] = {what: why for what, why in self.data["skipped"].items()
                                if what.split()[0] not in stages}

    def check(self, what, status, last_line):
        """A test's exit status: 0 passed, 77 skipped."""
        if status == 77:
            return self.skip(what, last_line)
        self.data["checks"][what] = {"passed": status == 0, "said": last_line}
        print(f"{'passed' if status == 0 else 'FAILED'}: {what}: {last_line}", flush=True)
        self.save()

    def passed(self, what):
        return self.data["checks"].get(what, {}).get("passed", False)

    def summary(self):
        """Says how it went; the exit status."""
        failed = [name for name, check in self.data["checks"].items() if not check["passed"]]
        errors = [name for name, record in self.data["records"].items() if "error" in record]
        self.save()
        print(f"{len(self.data['records']) - len(errors)} records, {len(errors)} without a time; "
              f"{len(self.data['checks']) - len(failed)} checks passed, {len(failed)} failed; "
              f"{len(self.data['skipped'])} skipped: {self.file}")
        # Another library that fails is no failure of ours.
        ours = [name for name in errors if name.rsplit("/", 1)[1].startswith(("kutta", "copy"))]
        return 1 if failed or ours or any(
            what.startswith("build ") for what in self.data["skipped"]) else 0


class finished:
    """A command that has been run: its exit status, and what it printed."""

    def __init__(self, command, limit):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=limit)
            self.returncode, self.output = done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            self.returncode, self.output = -1, f"ended after {limit:.0f} s"

    def last_line(self, pattern=""):
        lines = [line for line in self.output.splitlines() if re.search(pattern, line)]
        return lines[-1].strip()[:300] if lines else ""


@contextlib.contextmanager
def limited(process, seconds):
    """Ends a process that runs longer; `ran_out` says whether it did."""
    class clock:
        ran_out = False

    def end():
        clock.ran_out = True
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield clock
        process.wait()
    finally:
        timer.cancel()
        if process.poll() is None:
            process.kill()
