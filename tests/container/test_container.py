"""hone-container at work: what a script finds, and what it leaves."""

import io
import json
import os
import subprocess
import tarfile

import pytest

from work import CONTAINER, Work, tar_of

DUMP = """import json, os, sys
json.dump({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()},
          open(os.path.join(os.environ["SM_MODEL_DIR"], "seen.json"), "w"))
"""


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def seen(work):
    return json.loads(work.packed("model.tar.gz")["seen.json"])


def has_namespace(work):
    return "no mount namespace" not in work.log()


def test_arguments_and_variables_are_those_of_the_toolkit(work):
    with open(os.path.join(os.environ["HONE_SOURCE"], "tests/data/toolkit.json")) as file:
        toolkit = json.load(file)
    work.code(train__py=DUMP)
    work.hyperparameters.update(toolkit["hyperparameters"])
    assert work.run() == 0, work.log()
    there = seen(work)
    assert there["argv"] == toolkit["argv"]
    for name, value in toolkit["environment"].items():
        if name != "SM_HP_É":  # upper case of ASCII only
            assert there["env"][name] == value, name


def test_tuned_values_replace_static_ones(work):
    work.code(train__py=DUMP)
    work.hyperparameters["lr"] = '"1"'
    assert work.run(lr=1e-05, batch_size='"2"', n=3) == 0, work.log()
    there = seen(work)
    assert there["argv"] == ["--batch_size", "2", "--lr", "1e-05", "-n", "3"]
    assert there["env"]["SM_HP_LR"] == "1e-05"
    config = json.loads((work.attempt / "ml/input/config/hyperparameters.json").read_text())
    assert config["batch_size"] == '"2"' and config["lr"] == "1e-05"
    assert there["env"]["TRAINING_JOB_NAME"] == work.stages()["training_job"]
    assert work.stages()["training_job"].startswith("lab-001-")
    assert [s["stage"] for s in work.stages()["stages"]] == ["Downloading", "Training", "Uploading"]


def test_opt_ml_is_each_script_s_own(tmp_path):
    script = """import os, sys, time
open("/opt/ml/model/me", "w").write(sys.argv[2])
open("/opt/ml/output/data/me", "w").write(sys.argv[2])
other = os.path.join(os.environ["MEET"], str(1 - int(sys.argv[2])))
open(os.path.join(os.environ["MEET"], sys.argv[2]), "w").close()
while not os.path.exists(other):
    time.sleep(0.01)
assert open("/opt/ml/model/me").read() == sys.argv[2]
"""
    both = [Work(tmp_path, job=f"job{i}") for i in range(2)]
    for i, work in enumerate(both):
        work.code(train__py=script)
        work.definition["Environment"] = {"MEET": str(tmp_path)}
    for i, work in enumerate(both):
        work.start(i=i)
    ends = [work.end() for work in both]
    if not has_namespace(both[0]):
        pytest.skip("no mount namespaces here")
    assert ends == [0, 0], both[0].log() + both[1].log()
    for i, work in enumerate(both):
        assert work.packed("model.tar.gz") == {"me": str(i)}
        assert work.packed("output.tar.gz") == {"me": str(i)}
    assert not os.path.exists("/opt/ml/model/me")


def test_channels_are_filled(work):
    work.put("data/train/a.txt", "a")
    work.put("data/train/deep/b.txt", "b")
    work.put("one.csv", "1")
    work.put("list", json.dumps([{"prefix": "s3://hone/data/"}, "train/deep/b.txt"]))
    work.code(train__py="""import os
for root, _, files in sorted(os.walk(os.environ["SM_INPUT_DIR"] + "/data")):
    for name in sorted(files):
        print("FOUND", os.path.relpath(os.path.join(root, name), os.environ["SM_INPUT_DIR"]))
print("CHANNELS", os.environ["SM_CHANNELS"], os.environ["SM_CHANNEL_VAL-SET"])
""")

    def channel(name, uri, kind="S3Prefix", **more):
        return {"ChannelName": name,
                "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}, **more}
    work.definition["InputDataConfig"] = [
        channel("train", "s3://hone/data/train", InputMode="FastFile"),
        channel("val-set", "s3://hone/one.csv"),
        channel("some", "s3://hone/list", "ManifestFile")]
    assert work.run() == 0, work.log()
    found = [line[6:] for line in work.log().splitlines() if line.startswith("FOUND")]
    assert found == ["data/some/train/deep/b.txt", "data/train/a.txt", "data/train/deep/b.txt",
                     "data/val-set/one.csv"]
    assert 'CHANNELS ["some","train","val-set"]' in work.log()


@pytest.mark.parametrize("change, reason", [
    (lambda c: c["DataSource"]["S3DataSource"].update(S3Uri="s3://hone/nothing/"), "no objects at"),
    (lambda c: c.update(InputMode="Pipe"), "Pipe is not offered"),
    (lambda c: c.update(ChannelName="../x"), "no name for a channel"),
])
def test_channels_that_cannot_be_fail_the_job(work, change, reason):
    work.put("data/a", "a")
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://hone/data/"}}}
    change(channel)
    work.definition["InputDataConfig"] = [channel]
    assert work.run() == 1
    assert work.reason().startswith("ClientError: ") and reason in work.reason()


def test_manifest_that_leads_out_is_refused(work):
    work.put("list", json.dumps([{"prefix": "s3://hone/"}, "../../x"]))
    work.definition["InputDataConfig"] = [{"ChannelName": "a", "DataSource": {"S3DataSource": {
        "S3DataType": "ManifestFile", "S3Uri": "s3://hone/list"}}}]
    assert work.run() == 1
    assert "no name below" in work.reason()


def test_failure_file_and_exit_status_are_passed_on(work):
    work.code(train__py="""import os, sys
open(os.path.join(os.environ["SM_OUTPUT_DIR"], "failure"), "w").write("lr is too large")
sys.exit(3)
""")
    assert work.run() == 3
    assert work.reason() == "AlgorithmError: lr is too large, exit code: 3"


def test_without_a_failure_file_the_log_says_why(work):
    work.code(train__py="import os\nprint('the last word', flush=True)\nos.kill(os.getpid(), 9)\n")
    assert work.run() == 137
    assert work.reason().startswith("AlgorithmError: ")
    assert work.reason().endswith("the last word, exit code: 137 (killed: SIGKILL)")


def test_shell_scripts_and_container_entrypoints(work):
    work.code(train__sh='#!/bin/sh\nprintf "%s|" "$@"\n')
    work.hyperparameters["sagemaker_program"] = "train.sh"
    work.hyperparameters["text"] = "it's $HOME"
    assert work.run() == 0, work.log()
    assert "--text|it's $HOME|" in work.log()
    work.definition["AlgorithmSpecification"].update(
        ContainerEntrypoint=["/bin/sh", "-c"], ContainerArguments=["echo entry point; exit 4"])
    assert work.start(attempt=2).end() == 4
    assert "entry point" in work.log()


def test_unpacking_starts_no_program(work, tmp_path, monkeypatch):
    """libarchive would hand what begins so to a program of the PATH."""
    (tmp_path / "grzip").write_text(f"#!/bin/sh\necho ran > {tmp_path}/ran\n")
    (tmp_path / "grzip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    work.put("code/sourcedir.tar.gz", b"GRZipII\0\2\4:)" + bytes(600))
    assert work.run() == 1
    assert "is refused" in work.reason()
    assert not (tmp_path / "ran").exists()


def test_a_script_s_name_is_one_word(work):
    work.put("code/sourcedir.tar.gz", tar_of({"my train; x.sh": "#!/bin/sh\necho it ran\n"}))
    work.hyperparameters["sagemaker_program"] = "my train; x.sh"
    assert work.run() == 0, work.log()
    assert "it ran" in work.log()


@pytest.mark.parametrize("program", ["../train.py", "/bin/true", "other.py"])
def test_programs_outside_the_archive_are_refused(work, program):
    work.hyperparameters["sagemaker_program"] = program
    assert work.run() == 1
    assert "is not in the code archive" in work.reason()


def test_unknown_images_say_what_to_configure(work):
    work.definition["AlgorithmSpecification"]["TrainingImage"] = "me/mine:1"
    assert work.run() == 1
    assert 'add {"me/mine:1": "python3"} to the image map' in work.reason()
    work.job["images"] = {"me/*": "python3"}
    assert work.start(attempt=2).end() == 0, work.log()


def test_sigterm_ends_the_script_and_what_it_left_is_uploaded(work):
    work.definition["CheckpointConfig"] = {"S3Uri": "s3://hone/check"}
    script = """import os, signal, sys, time
def stop(*_):
    open(os.environ["SAGEMAKER_BASE_DIR"] + "/checkpoints/state", "w").write("7")
    open(os.environ["SM_MODEL_DIR"] + "/m", "w").write("kept")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
old = os.environ["SAGEMAKER_BASE_DIR"] + "/checkpoints/state"
if os.path.exists(old):
    print("resumed at", open(old).read())
    sys.exit(0)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
    work.code(train__py=script)
    work.start()
    work.wait_for(lambda: "ready" in work.log(), "the script starts")
    work.terminate()
    assert work.end() == 0, work.log()
    job = work.stages()["training_job"]
    assert work.packed("model.tar.gz") == {"m": "kept"}
    assert (work.s3 / "hone/check" / job / "state").read_text() == "7"
    assert work.start(attempt=2).end() == 0
    assert "resumed at 7" in work.log()
    # Another machine, where only S3 has it.
    (work.trial_folder / "checkpoints/state").unlink()
    assert work.start(attempt=3).end() == 0
    assert "resumed at 7" in work.log()


def test_a_script_that_ignores_sigterm_is_killed(work):
    work.job["stop_s"] = 0.2
    work.code(train__py="""import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(os.environ["SM_MODEL_DIR"] + "/m", "w").write("kept")
print("ready", flush=True)
while True:
    time.sleep(1)
""")
    work.start()
    work.wait_for(lambda: "ready" in work.log(), "the script starts")
    work.terminate()
    assert work.end() == 137
    assert work.packed("model.tar.gz") == {"m": "kept"}


def test_values_are_not_logged(work):
    work.definition["Environment"] = {"TOKEN": "s3cret-1"}
    work.hyperparameters["password"] = "s3cret-2"
    work.hyperparameters["sagemaker_program"] = "other.py"
    work.run()
    assert "s3cret" not in work.log() and "s3cret" not in work.reason()


def test_as_a_study_s_command(work, tmp_path):
    """Through `hone run` and the shim: it finds its attempt, the metric is read, all is kept."""
    work.code(train__py="""import argparse, os
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float)
lr = p.parse_args().lr
open(os.environ["SM_MODEL_DIR"] + "/m", "w").write(str(lr))
print("val:dice=%g;" % (1 - lr))
""")
    job = tmp_path / "job.json"
    job.write_text(json.dumps(work.job))
    (tmp_path / "study.yaml").write_text(f"""study: lab
command: [{json.dumps(CONTAINER)}, {json.dumps(str(job))}]
objective: {{metric: 'val:dice', goal: maximize}}
parameters: {{lr: 'log 1e-5..1e-3'}}
strategy: random
max_trials: 2
max_parallel: 2
""")
    env = {name: value for name, value in os.environ.items() if name != "HONE_STORE"}
    done = subprocess.run([env["HONE"], "run", "study.yaml"], cwd=tmp_path, env=env, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    models = sorted((work.s3 / "hone/out").iterdir())
    assert [m.name[:8] for m in models] == ["lab-001-", "lab-002-"]
    for number, model in enumerate(models):
        trial = tmp_path / f".hone/studies/lab/trial-{number:04d}"
        lr = json.loads((trial / "params.json").read_text())["lr"]
        with tarfile.open(model / "output/model.tar.gz") as tar:
            assert float(tar.extractfile("m").read()) == lr
        assert (trial / "attempt-1/model/m").exists()


# ---- Hostile archives ----

def hostile(*members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, kind, link in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, link
            data = b"x" if kind == tarfile.REGTYPE else b""
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize("members", [
    [("../escaped", FILE, "")],
    [("a/../../escaped", FILE, "")],
    [("{out}/escaped", FILE, "")],
    [("l", LINK, "{out}"), ("l/escaped", FILE, "")],
    [("l", LINK, "../../.."), ("l/escaped", FILE, "")],
    [("d", tarfile.DIRTYPE, ""), ("l", LINK, "d"), ("l/escaped", FILE, "")],
    [("h", HARD, "../../../secret")],
    [("h", HARD, "{out}/secret")],
    [("dev", tarfile.CHRTYPE, "")],
    [("fifo", tarfile.FIFOTYPE, "")],
    [("a", LINK, "b"), ("b", LINK, "a"), ("a/escaped", FILE, "")],
], ids=str)
def test_hostile_archives_are_refused(work, tmp_path, members):
    (tmp_path / "secret").write_text("s")
    work.put("code/sourcedir.tar.gz",
             hostile(*[(n.format(out=tmp_path), k, l.format(out=tmp_path)) for n, k, l in members]))
    assert work.run() == 1
    assert "is refused" in work.reason(), work.reason()
    assert not list(tmp_path.rglob("escaped"))


def test_links_inside_are_fine(work):
    work.put("code/sourcedir.tar.gz", hostile(("d/f", FILE, ""), ("d/l", LINK, "../d/f"),
                                              ("train.py", HARD, "d/f")))
    work.hyperparameters["sagemaker_program"] = "train.py"
    assert work.run() == 1  # "x" is no program
    assert "NameError" in work.log()
    assert (work.attempt / "ml/code/d/l").read_text() == "x"


def test_a_folder_behind_a_link_is_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to("real")
    work = Work(tmp_path / "home")
    assert work.run() == 0, work.log()


def test_bombs_are_refused(work):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        member = tarfile.TarInfo("bomb")
        member.size = 80 << 20
        tar.addfile(member, open("/dev/zero", "rb"))
    work.put("code/sourcedir.tar.gz", packed.getvalue())
    assert work.run() == 1
    assert "times its size" in work.reason()


@pytest.mark.parametrize("cut", [0, 10, -5])
def test_broken_archives_are_refused(work, cut):
    work.put("code/sourcedir.tar.gz", tar_of({"train.py": "pass"})[:cut] if cut else b"no tar")
    assert work.run() == 1
    assert work.reason().startswith("ClientError: ")
