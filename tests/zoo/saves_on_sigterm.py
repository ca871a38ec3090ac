#!/usr/bin/env python3
"""A good citizen: on SIGTERM it needs 2 s to write its checkpoint, then exits 0. Killing it sooner
loses the file."""
import os, signal, sys, time
folder = os.environ.get("SM_CHECKPOINT_DIR") or os.environ.get("HONE_CHECKPOINTS") or "."
def save(*_):
    time.sleep(2)
    with open(os.path.join(folder, "saved-on-sigterm"), "w") as f:
        f.write("complete\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("val=0.5", flush=True)
time.sleep(600)
