#!/usr/bin/env python3
"""Prints one value, then hangs and ignores SIGTERM, SIGINT and SIGHUP. Ends by itself after 600
s."""
import signal, time
for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(s, signal.SIG_IGN)
print("val=0.5", flush=True)
end = time.monotonic() + 600
while time.monotonic() < end:
    time.sleep(1)
