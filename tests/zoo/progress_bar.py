#!/usr/bin/env python3
"""A tqdm-like bar: \\r instead of newlines, ANSI colours, the metric inside the bar, newline only
at the end."""
import sys, time
for i in range(1, 51):
    bar = "#" * (i // 5)
    value = f"val=\x1b[1m{i / 100:.2f}\x1b[0m"
    sys.stderr.write(f"\r\x1b[32mepoch {i:2d}/50\x1b[0m |{bar:10s}| {value}\x1b[K")
    sys.stderr.flush()
    time.sleep(0.01)
sys.stderr.write("\n")
