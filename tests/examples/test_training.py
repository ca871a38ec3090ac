"""The examples' training scripts alone, as a person would try them before tuning."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def train(example, tmp_path, *options):
    script = EXAMPLES / example / "train.py"
    return subprocess.run([sys.executable, script, *options], cwd=tmp_path, check=True,
                          env={**os.environ, **ONE_THREAD, "SM_MODEL_DIR": str(tmp_path)},
                          stdout=subprocess.PIPE, text=True).stdout


def series(log, metric):
    return [float(value) for value in re.findall(rf"{metric}=([0-9.]+)", log)]


def test_digits_learns_to_read(tmp_path):
    log = train("digits", tmp_path, "--lr", "0.005", "--width", "64", "--epochs", "8")
    accuracy = series(log, "val:accuracy")
    assert len(accuracy) == len(series(log, "train:loss")) == 8
    assert accuracy[-1] > 0.93


def test_digits_is_repeatable(tmp_path):
    options = ("--epochs", "2", "--solver", "sgd", "--momentum", "0.5")
    assert train("digits", tmp_path, *options) == train("digits", tmp_path, *options)


def test_segmentation_marks_discs_it_has_not_seen(tmp_path):
    log = train("segmentation", tmp_path, "--lr", "1e-3", "--init_filters", "16",
                "--use_dropout", "True", "--dropout", "0.1", "--val_interval", "5")
    assert len(series(log, "train:loss")) == 10
    assert len(series(log, "val:dice")) == 2
    assert series(log, "val:dice")[-1] > 0.85
    assert (tmp_path / "weights.npz").exists()


def test_segmentation_gradients_are_those_of_the_loss():
    spec = importlib.util.spec_from_file_location("train", EXAMPLES / "segmentation" / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rng = np.random.default_rng(1)
    images, masks = module.make_images(2, rng)
    for residual in (True, False):
        network = module.Network(3, residual, 0.0, rng)
        _, gradients = network.loss_and_gradients(images, masks)
        for weights, gradient in zip(network.weights, gradients):
            at, step = tuple(n // 2 for n in weights.shape), 1e-5
            weights[at] += step
            above, _ = network.loss_and_gradients(images, masks)
            weights[at] -= 2 * step
            below, _ = network.loss_and_gradients(images, masks)
            weights[at] += step
            assert np.isclose(gradient[at], (above - below) / (2 * step), rtol=1e-4, atol=1e-9)
