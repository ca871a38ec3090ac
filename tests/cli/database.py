"""database.py: a PostgreSQL server of the tests' own, by tests/postgres."""

import os
import pathlib
import shutil
import subprocess
import tempfile

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "postgres"


class Server:
    """Started at once, where there is one to be had: ask missing()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="hone-postgres-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.started = self.do("start")

    def do(self, what):
        return subprocess.run([SCRIPT, what, self.folder], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120)

    def missing(self):
        """Why there is none, or None; any other failure is the caller's."""
        if self.started.returncode == 77:
            shutil.rmtree(self.folder)
            return self.started.stderr
        assert self.started.returncode == 0, self.started.stderr
        return None

    def kill_and_start(self):
        """As after a power cut."""
        self.do("kill")
        done = self.do("start")
        assert done.returncode == 0, done.stderr

    def close(self):
        self.do("stop")
        shutil.rmtree(self.folder)

    def url(self, name):
        """The address of a new database."""
        subprocess.run(["createdb", "-h", self.folder, "-U", "hone", name], check=True)
        return f"postgresql://hone@{self.folder.replace('/', '%2F')}/{name}"
