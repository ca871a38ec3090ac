"""service.py: a `hone serve` of this test alone, and clients that know it.

The port is a free one, the folder a temporary one, and the process ends with the test.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

HONE = os.environ.get("HONE", "hone")
LIMIT_S = 60


def wait_until(condition, what, limit_s=LIMIT_S):
    end = time.monotonic() + limit_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit_s} s")
        time.sleep(0.01)


class Service:
    def __init__(self, folder, *options):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.scheme = "https" if "--tls-cert" in options else "http"
        self.log = self.folder / "access.log"
        self.process = None

    def start(self, port=0):
        out = self.folder / "out"
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "HONE_STORE"))
        }
        self.process = subprocess.Popen(
            [HONE, "serve", "--listen", f"127.0.0.1:{port}", "--log", str(self.log), *self.options],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=open(out, "wb"),
            stderr=open(self.folder / "err", "ab"),
        )

        def said():
            assert self.process.poll() is None, (self.folder / "err").read_text()
            return re.search(r"serves (\S+?://\S+?),", out.read_text())

        self.url = wait_until(said, "the service starts").group(1)
        self.port = int(self.url.rsplit(":", 1)[1])
        for line in (self.folder / ".hone" / "credentials").read_text().splitlines():
            words = line.split()
            if words[:2] == ["key", "admin"]:
                self.key, self.secret = words[2:4]
            elif words[:1] == ["token"]:
                self.token = words[2]
        return self

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(how)
        status = self.process.wait(LIMIT_S)
        self.process = None
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        status = self.stop()
        errors = (self.folder / "err").read_text()
        assert "ERROR: AddressSanitizer" not in errors and "runtime error" not in errors, errors
        assert status in (0, None), (status, errors)

    def client(self, name, key=None, secret=None, region="us-east-1", **config):
        import boto3
        from botocore.config import Config

        return boto3.client(
            name,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=key or self.key,
            aws_secret_access_key=secret or self.secret,
            verify=False,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def environment(self):
        return dict(
            os.environ,
            AWS_ENDPOINT_URL=self.url,
            AWS_ACCESS_KEY_ID=self.key,
            AWS_SECRET_ACCESS_KEY=self.secret,
            AWS_DEFAULT_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
            AWS_CONFIG_FILE="/dev/null",
            AWS_SHARED_CREDENTIALS_FILE="/dev/null",
            AWS_PAGER="",
        )

    def raw(self, text, until_closed=True):
        """Send bytes, return the answer: its status and all of its bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S) as connection:
            connection.sendall(text)
            answer = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:
                    break
                answer += piece
                if not piece or (not until_closed and b"\r\n\r\n" in answer):
                    break
        status = re.match(rb"HTTP/1.1 (\d+)", answer)
        return int(status.group(1)) if status else None, answer


def code(call, *args, **more):
    """The error code that a call of boto3 gives."""
    from botocore.exceptions import ClientError

    try:
        call(*args, **more)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None
