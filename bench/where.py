# SPDX-License-Identifier: MIT
"""Profiles a process by thread and library, with the cpu-clock samples of perf."""
import re
import shutil
import subprocess

THREADS = (("MHD-", "request"), ("log-writer", "log writer"), ("span-exporter", "exporter"))
PARTS = (("[kernel", "kernel"), ("[vdso]", "kernel"), ("libc.so", "libc"), ("libmicrohttpd", "libmicrohttpd"), ("libulfius", "Ulfius"),
         ("liborcania", "Ulfius"), ("libyder", "Ulfius"), ("libjansson", "jansson"), ("minishop", "minishop"))


def named(text, names):
    return next((name for start, name in names if text.startswith(start)), "other")


def recorder(pid, seconds, data):
    """Starts perf, which samples the process for so many seconds; None where it is missing."""
    if not shutil.which("perf"):
        return None
    return subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1999", "-p", str(pid), "-o", data, "--", "sleep", str(seconds)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def shares(recording, data):
    """{(thread, part): share of all samples}; empty where perf is not permitted to sample."""
    if recording is None or recording.wait() != 0:
        return {}
    out = subprocess.run(["perf", "report", "-i", data, "--stdio", "-q", "--sort", "comm,dso"], capture_output=True, text=True).stdout
    found = {}
    for share, thread, part in re.findall(r"^\s*([0-9.]+)%\s+(\S+)\s+(\S+)", out, re.M):
        key = named(thread, THREADS), named(part, PARTS)
        found[key] = found.get(key, 0) + float(share) / 100
    return found


def table(found, cpu):
    """Markdown: microseconds a request; cpu is their total."""
    threads = [name for _, name in THREADS] + ["other"]
    parts = list(dict.fromkeys(name for _, name in PARTS)) + ["other"]
    rows = ["| thread | " + " | ".join(parts) + " | all |", "|---|" + "---:|" * (len(parts) + 1)]
    for thread in threads:
        cells = [cpu * found.get((thread, part), 0) for part in parts]
        if sum(cells) >= 0.005:
            rows.append(f"| {thread} | " + " | ".join(f"{cell:.2f}" for cell in cells) + f" | {sum(cells):.2f} |")
    return rows
