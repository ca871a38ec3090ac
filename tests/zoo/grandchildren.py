#!/usr/bin/env python3
"""Exits 0 at once, but leaves three descendants for 300 s: a plain child, one in its own process
group, and a double-forked daemon in its own session. The first two keep stdout open, so that a
reader waiting for end-of-file waits 300 s."""
import os, subprocess, sys
print("val=0.5", flush=True)
subprocess.Popen(["sleep", "300"])
subprocess.Popen(["sleep", "300"], process_group=0) if sys.version_info >= (3, 11) else \
    subprocess.Popen(["sleep", "300"], preexec_fn=os.setpgrp)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execvp("sleep", ["sleep", "300"])
    os._exit(0)
