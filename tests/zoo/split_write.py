#!/usr/bin/env python3
"""One line in several write() calls, cut inside the number, with pauses: 0.5 must not be read as
0. or 0. A reader that looks between the writes sees `val=0.` ; the true values are 0.25 and
0.5."""
import os, time
for piece in (b"va", b"l=0", b".", b"25\nval=0.", b"5", b"\n"):
    os.write(1, piece)
    time.sleep(0.15)
