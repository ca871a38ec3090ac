#!/usr/bin/env python3
"""Closes stdout and stderr, and goes on working for 2 s: end-of-file on the log is not the end of
the trial."""
import os, time
print("val=0.5", flush=True)
os.close(1); os.close(2)
time.sleep(2)
with open(os.environ.get("ZOO_PROOF", os.devnull), "a") as proof:
    proof.write("closes_stdout worked to its end\n")
os._exit(0)
