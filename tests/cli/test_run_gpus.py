"""GPUs of the machine, shared by all studies on it. A file is the inventory: no GPU is needed."""

import threading

import pytest

from lab import Lab

# Two trials on one GPU at a time would meet in the folder that one of them makes.
ALONE = """gpu=../$CUDA_VISIBLE_DEVICES
mkdir $gpu || exit 9
sleep 0.05
rmdir $gpu
echo m=$SM_NUM_GPUS
"""


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    lab = Lab(folder)
    lab.script(ALONE)
    inventory = lab.write("inventory", "0, GPU-one, 81920\n1, GPU-two, 81920\n")
    lab.env.update(HONE_GPU_INVENTORY=str(inventory), HONE_TEST_SLOTS=str(tmp_path / "book"))
    lab.env.pop("CUDA_VISIBLE_DEVICES", None)
    return lab


def test_a_gpu_has_one_trial_at_a_time_whichever_study_it_is_of(lab):
    for name in "a", "b":
        lab.study(name, trials=6, parallel=6, extra="slots: {gpus: 1}\n")
    both = [threading.Thread(target=lab.hone, args=("run", f"{name}.yaml")) for name in "ab"]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    for name in "a", "b":
        assert [t["state"] for t in lab.trials(name)] == ["completed"] * 6
        assert all(seen == [(1, 1.0, 1.0)] for seen in lab.values(name).values())
    assert "1 GPU a trial" in lab.hone("status", "a").stdout


def test_trials_share_a_gpu_where_asked(lab):
    lab.script("echo m=$SM_NUM_GPUS gpu=$CUDA_VISIBLE_DEVICES\n")
    lab.study(trials=4, parallel=4, extra="slots: {per_gpu: 2}\n")
    lab.hone("run", "s.yaml")
    logs = {lab.log("s", i).split("gpu=")[1].strip() for i in range(4)}
    assert logs <= {"GPU-one", "GPU-two"}
    assert "1/2 GPU a trial" in lab.hone("status", "s").stdout


def test_only_what_hone_was_given_itself(lab):
    lab.env["CUDA_VISIBLE_DEVICES"] = "1"
    lab.script("echo m=0.5 gpu=$CUDA_VISIBLE_DEVICES\n")
    lab.study(trials=3, parallel=3, extra="slots: {gpus: 1}\n")
    lab.hone("run", "s.yaml")
    assert all("gpu=GPU-two" in lab.log("s", i) for i in range(3))


def test_more_gpus_than_there_are(lab):
    lab.study(extra="slots: {gpus: 3}\n")
    failed = lab.hone("run", "s.yaml", status=None)
    assert failed.returncode in (2, 3)
    assert "a trial takes 3 GPUs, we may use 2" in failed.stderr
    lab.env["HONE_GPU_INVENTORY"] = str(lab.folder / "nowhere")
    failed = lab.hone("run", "s.yaml", status=None)
    assert "nowhere" in failed.stderr
