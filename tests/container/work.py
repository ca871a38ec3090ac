"""work.py: a job for hone-container, and the attempt's folder that a study would give it."""

import io
import json
import os
import pathlib
import subprocess
import tarfile
import time

CONTAINER = os.path.join(os.environ["HONE_BUILD"], "tuner", "container", "hone-container")
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310"


def tar_of(files):
    """The bytes of a .tar.gz with {name: text}."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


class Work:
    def __init__(self, folder, job="lab", trial=0):
        self.folder = pathlib.Path(folder)
        self.s3 = self.folder / "s3"
        self.trial = trial
        self.hyperparameters = {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"s3://hone/code/sourcedir.tar.gz"',
        }
        self.definition = {
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "StaticHyperParameters": self.hyperparameters,
            "OutputDataConfig": {"S3OutputPath": "s3://hone/out/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        self.job = {"job": job, "definition": self.definition, "s3_root": str(self.s3)}
        self.put("code/sourcedir.tar.gz", tar_of({"train.py": "pass\n"}))
        self.trial_folder = self.folder / f"{job}-trial-{trial:04d}"
        (self.trial_folder / "checkpoints").mkdir(parents=True)

    def put(self, key, data):
        path = self.s3 / "hone" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def code(self, **files):
        self.put("code/sourcedir.tar.gz",
                 tar_of({name.replace("__", "."): text for name, text in files.items()}))

    def start(self, attempt=1, **params):
        self.attempt = self.trial_folder / f"attempt-{attempt}"
        for name in "model", "output":
            (self.attempt / name).mkdir(parents=True)
        (self.trial_folder / "params.json").write_text(json.dumps(params))
        path = self.folder / f"job-{self.job['job']}-{self.trial}.json"
        path.write_text(json.dumps(self.job))
        env = {**os.environ, "SM_MODEL_DIR": str(self.attempt / "model"), "SM_HP_LR": "stale",
               "HONE_CHECKPOINT_DIR": str(self.trial_folder / "checkpoints"),
               "HONE_PARAMS": str(self.trial_folder / "params.json"),
               "HONE_TRIAL": str(self.trial)}
        with open(self.attempt / "log", "wb") as log:
            self.process = subprocess.Popen([CONTAINER, str(path)], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=env)
        return self

    def end(self):
        return self.process.wait(timeout=60)

    def run(self, **params):
        return self.start(**params).end()

    def log(self):
        return (self.attempt / "log").read_text(errors="replace")

    def reason(self):
        return json.loads((self.attempt / "failure.json").read_text())["reason"]

    def stages(self):
        return json.loads((self.attempt / "stages.json").read_text())

    def packed(self, name):
        """{member: text} of what was uploaded."""
        key = f"hone/out/{self.stages()['training_job']}/output/{name}"
        with tarfile.open(self.s3 / key) as tar:
            return {m.name: tar.extractfile(m).read().decode() for m in tar if m.isfile()}

    def wait_for(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, what
            time.sleep(0.01)

    def terminate(self):
        """From a stranger: what the shim sends, its parent, goes to the script directly."""
        subprocess.run(["kill", "-TERM", str(self.process.pid)], check=True)
