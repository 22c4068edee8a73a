"""Run every program of `together`, one after the other, and print what each said last."""

import json
import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "together")

for name in sorted(os.listdir(FOLDER)):
    if not name.endswith(".py"):
        continue
    done = subprocess.run(
        [sys.executable, "-B", os.path.join(FOLDER, name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.path.dirname(FOLDER)},
    )
    print(json.dumps([name[:-3], done.stdout.decode(errors="replace").strip()[-1000:]]), flush=True)
