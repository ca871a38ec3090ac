#!/usr/bin/env python3
"""Allocates ZOO_MB (default 512) MB in 64 MB steps, touches it, holds it for 1 s. Run it under a
memory limit."""
import os, time
print("val=0.5", flush=True)
held = [b"\xaa" * (64 << 20) for _ in range(int(os.environ.get("ZOO_MB", "512")) // 64)]
time.sleep(1)
print("val=0.6", flush=True)
