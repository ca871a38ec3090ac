"""An engine: a subprocess that answers each line, a JSON object, with a line."""

import json
import os
import select
import shlex
import subprocess
import time


class EngineError(RuntimeError):
    """The engine died, answered an error, or ran out of time."""


class Engine:
    """Talks to one engine process. Wall times of asks and tells are kept in seconds."""

    def __init__(self, command, timeout=600.0):
        env = dict(os.environ, PYTHONUNBUFFERED="1")
        env.setdefault(
            "PYTHONHASHSEED", "0"
        )  # SMAC3 iterates over sets: without this its runs don't repeat
        for var in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            env.setdefault(var, "1")
        self.timeout, self.buffer = timeout, b""
        self.process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )

    def cpu(self):
        """Processor seconds that the engine's threads have used (Linux), to the nanosecond; 0
        elsewhere."""
        total, folder = 0, f"/proc/{self.process.pid}/task"
        try:
            for thread in os.listdir(folder):
                with open(f"{folder}/{thread}/schedstat") as f:
                    total += int(f.read().split()[0])
        except OSError:
            pass
        return total * 1e-9

    def call(self, request):
        """Send one request and return (reply, seconds)."""
        start = time.perf_counter()
        try:
            self.process.stdin.write((json.dumps(request) + "\n").encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise EngineError("the engine ended") from None
        reply = json.loads(self._line(start))
        if "error" in reply:
            raise EngineError(json.dumps(reply["error"]))
        return reply, time.perf_counter() - start

    def _line(self, start):
        out = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            left = self.timeout - (time.perf_counter() - start)
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise EngineError(f"no reply within {self.timeout} s")
            chunk = os.read(out, 1 << 16)
            if not chunk:
                raise EngineError("the engine ended")
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def close(self):
        """End of input, then wait; kill what does not end within 10 seconds."""
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
