"""The half of `lab/coverage` that reads JSON.

    coverage.py programs BUILT       the test programs, from cargo's messages
    coverage.py report COVERAGE      the table and what was missed, from what `llvm-cov export` says

Lines are counted as `llvm-cov report` counts them. A branch is one outcome of a condition in the source; it was taken if it was taken in any
copy of the code, whichever test program and whichever types that copy was made for. Tests do not count: files `tests.rs`, and what stands
behind `#[cfg(test)]`, where tests stand at the end of a file.
"""

import json
import os
import sys

LINES_MIN, BRANCHES_MIN = 98.0, 95.0

# A file belongs to the first group that has a prefix of its path.
GROUPS = [
    ("format", ["rvm-log/src/format/"]),
    ("log", ["rvm-log/src/"]),
    ("commit", ["rvm-txn/src/" + part for part in ("transaction/", "logs/", "log_handle/", "room.rs", "health.rs")]),
    ("truncation", ["rvm-txn/src/" + part for part in ("truncate/", "apply.rs", "chores.rs", "maintenance.rs")]),
    ("recovery", ["rvm-txn/src/" + part for part in ("recovery/", "read_only.rs")]),
    ("salvage", ["rvm-txn/src/salvage/"]),
    ("segments", ["rvm-txn/src/" + part for part in ("naming.rs", "segment_files.rs")]),
]


def programs(path):
    """The executables of test targets, and those that tests run."""
    found = set()
    with open(path, encoding="utf-8") as messages:
        for message in map(json.loads, messages):
            if message.get("executable"):
                found.add(message["executable"])
    return sorted(found)


def counts_of_lines(segments):
    """How often each line was run, by line number; as in LLVM's LineCoverageStats."""
    by_line = {}
    for segment in segments:
        by_line.setdefault(segment[0], []).append(segment)
    counts, wrapped = {}, None
    for line in range(min(by_line, default=1), max(by_line, default=0) + 1):
        here = by_line.get(line, [])
        starts = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = bool(here) and not here[0][3] and here[0][4]
        mapped = not skipped and bool((wrapped and wrapped[3]) or starts)
        if mapped or any(s[3] and s[4] for s in here):
            counts[line] = max([wrapped[2] if wrapped else 0] + [s[2] for s in starts])
        if here:
            wrapped = here[-1]
    return counts


def counts_of_branches(branches):
    """How often each condition was true and false, by its place."""
    counts = {}
    for line, column, line_end, column_end, true, false, *_ in branches:
        place = (line, column, line_end, column_end)
        before = counts.get(place, (0, 0))
        counts[place] = (before[0] + true, before[1] + false)
    return counts


def code_lines(source):
    """How many lines there are before the tests."""
    for number, line in enumerate(source):
        if line.strip() == "#[cfg(test)]":
            return number
    return len(source)


def condition(source, place):
    """The text of a condition."""
    line, column, line_end, column_end = place
    if line == line_end:
        return source[line - 1][column - 1 : column_end - 1]
    return source[line - 1][column - 1 :].strip() + " ..."


class Group:
    """What was counted of the files of one group."""

    def __init__(self):
        self.lines, self.branches, self.missed = [0, 0], [0, 0], []

    def add(self, name, file):
        """Counts a file."""
        with open(name, encoding="utf-8") as text:
            source = text.read().splitlines()
        end = code_lines(source)
        lines = {line: n for line, n in counts_of_lines(file["segments"]).items() if line <= end}
        self.lines[0] += sum(n > 0 for n in lines.values())
        self.lines[1] += len(lines)
        missed = [(line, "line", source[line - 1].strip()) for line, n in lines.items() if n == 0]
        for place, outcomes in counts_of_branches(file["branches"]).items():
            if place[0] > end:
                continue
            for outcome, n in zip(("never true", "never false"), outcomes):
                self.branches[0] += n > 0
                self.branches[1] += 1
                if n == 0:
                    missed.append((place[0], outcome, condition(source, place)))
        self.missed += [(name, *one) for one in sorted(missed)]


def share(covered):
    """Covered, all, and the percentage."""
    return percent(covered), f"{covered[0]}/{covered[1]} ({percent(covered):.1f} %)"


def percent(covered):
    """The percentage."""
    return 100.0 * covered[0] / covered[1] if covered[1] else 100.0


def report(path):
    """Prints the table and what was missed; false if too much was."""
    with open(path, encoding="utf-8") as text:
        files = json.load(text)["data"][0]["files"]
    groups = {name: Group() for name, _ in GROUPS}
    for file in files:
        name = os.path.relpath(file["filename"])
        group = next((g for g, prefixes in GROUPS if name.startswith(tuple(prefixes))), None)
        if group and os.path.basename(name) != "tests.rs":
            groups[group].add(name, file)
    enough = True
    print("| group | lines | branches |\n|---|---|---|")
    for name, group in groups.items():
        (lines, lines_text), (branches, branches_text) = share(group.lines), share(group.branches)
        print(f"| {name} | {lines_text} | {branches_text} |")
        if not group.lines[1] or lines < LINES_MIN or branches < BRANCHES_MIN:
            enough = False
            print(f"{name}: below {LINES_MIN:.0f} % of lines or {BRANCHES_MIN:.0f} % of branches", file=sys.stderr)
    missed = [one for group in groups.values() for one in group.missed]
    if missed:
        print("\nMissed:\n")
    for name, line, what, text in missed:
        print(f"* `{name}:{line}` {what}: `{text}`")
    return enough


if __name__ == "__main__":
    if sys.argv[1] == "programs":
        print("\n".join(programs(sys.argv[2])))
    else:
        sys.exit(0 if report(sys.argv[2]) else 1)
