#!/usr/bin/env python3
"""load: 64 clients that ask `hone serve` as fast as they can; how long answers take, and what it
costs the service.

    HONE=build/tuner/cli/hone .venv/bin/python bench/serve/load.py --each 1600

The clients are threads of this process, over keep-alive, with a request signed once: on a small
machine they take more of it than the service does.
"""

import argparse
import http.client
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "service"))
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from service import Service  # noqa: E402


def signed(service, target, body):
    request = AWSRequest("POST", service.url + "/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target})
    SigV4Auth(Credentials(service.key, service.secret), "sagemaker", "us-east-1").add_auth(request)
    return dict(request.headers)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--clients", type=int, default=64)
    words.add_argument("--each", type=int, default=200, help="requests of each client")
    words.add_argument("--target", default="SageMaker.ListTrainingJobs")
    words.add_argument("--body", default="{}")
    asked = words.parse_args()
    took = []

    def poll(service, headers):
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        mine = []
        for _ in range(asked.each):
            start = time.perf_counter()
            connection.request("POST", "/", asked.body, headers)
            connection.getresponse().read()
            mine.append(time.perf_counter() - start)
        took.extend(mine)

    with tempfile.TemporaryDirectory() as folder, Service(folder) as service:
        headers = signed(service, asked.target, asked.body.encode())
        clients = [threading.Thread(target=poll, args=(service, headers))
                   for _ in range(asked.clients)]
        begun = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        elapsed = time.perf_counter() - begun
        took.sort()
        proc = pathlib.Path(f"/proc/{service.process.pid}")
        peak = [line.split()[1] for line in (proc / "status").read_text().splitlines()
                if line.startswith("VmHWM")]
        cpu = sum(map(int, (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        ticks = os.sysconf("SC_CLK_TCK")
        print(
            f"{len(took)} requests of {asked.clients} clients: {len(took) / elapsed:.0f} a second, "
            f"median {took[len(took) // 2] * 1e3:.1f} ms, "
            f"p99 {took[len(took) * 99 // 100] * 1e3:.1f} ms; the service: "
            f"{cpu / ticks / len(took) * 1e6:.0f} us of processor a request, "
            f"{int(peak[0]) / 1024:.0f} MB at most, "
            f"{len(list((proc / 'fd').iterdir()))} descriptors"
        )


if __name__ == "__main__":
    main()
