#!/usr/bin/env python3
"""Train a network that marks the discs in noisy images, with NumPy alone.

The images are made here: discs that are a little brighter than their noisy surroundings, and thin
lines of the same brightness that are not to be marked. Two convolutions of 3 x 3 pixels, the second
one beside a short cut (SegResNet) or without it (PlainNet), then one weight a filter gives each
pixel's probability. Every --val_interval epochs the Dice score on held-out images is printed:
2 |A and B| / (|A| + |B|) for the marked pixels A and the true ones B; 1 is perfect.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # trials that run side by side share the cores
import numpy as np  # noqa: E402

SIZE = 32  # pixels a side
N_TRAIN, N_VAL = 64, 16


def options():
    parser = argparse.ArgumentParser(description="Mark the discs in noisy images.")
    parser.add_argument("--model_name", choices=["SegResNet", "PlainNet"], default="SegResNet")
    parser.add_argument("--lr", type=float, default=1e-4, help="learning rate of Adam")
    parser.add_argument("--batch_size", type=int, default=2)
    parser.add_argument("--use_dropout", choices=["True", "False"], default="False")
    parser.add_argument("--dropout", type=float, default=0.2, help="share of filters left out")
    parser.add_argument("--init_filters", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--val_interval", type=int, default=2)
    return parser.parse_args()


def make_images(n, rng):
    """n images and their masks, both n x SIZE x SIZE x 1."""
    row, column = np.mgrid[:SIZE, :SIZE]
    images, masks = np.zeros((n, SIZE, SIZE)), np.zeros((n, SIZE, SIZE))
    for image, mask in zip(images, masks):
        for _ in range(rng.integers(1, 4)):
            y, x, radius = rng.uniform(4, SIZE - 4), rng.uniform(4, SIZE - 4), rng.uniform(3, 6)
            mask[(row - y) ** 2 + (column - x) ** 2 <= radius**2] = 1
        image += mask
        image[rng.integers(SIZE), :] = 1
        image[:, rng.integers(SIZE)] = 1
        image += rng.normal(0, 0.4, image.shape)
    return images[..., None], masks[..., None]


def patches(x):
    """Every pixel's 3 x 3 surroundings, zero outside: n x SIZE x SIZE x 9 channels."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(*x.shape[:3], -1)


class Network:
    def __init__(self, filters, residual, dropout, rng):
        self.residual, self.dropout, self.rng = residual, dropout, rng
        self.weights = [rng.normal(0, np.sqrt(2 / 9), (9, filters)), np.zeros(filters),
                        rng.normal(0, np.sqrt(2 / (9 * filters)), (9 * filters, filters)),
                        np.zeros(filters),
                        rng.normal(0, np.sqrt(1 / filters), (filters, 1)), np.full(1, -2.0)]

    def forward(self, images, training=False):
        """Each pixel's probability, and what backward() needs."""
        w1, b1, w2, b2, w3, b3 = self.weights
        in1 = patches(images)
        h1 = np.maximum(in1 @ w1 + b1, 0)
        in2 = patches(h1)
        a2 = np.maximum(in2 @ w2 + b2, 0)
        h2 = a2 + h1 if self.residual else a2
        keep = np.ones((len(images), 1, 1, h2.shape[-1]))
        if training and self.dropout > 0:
            keep = (self.rng.random(keep.shape) >= self.dropout) / (1 - self.dropout)
        probability = 1 / (1 + np.exp(-(h2 * keep @ w3 + b3)))
        return probability, (in1, h1, in2, a2, h2, keep)

    def loss_and_gradients(self, images, masks):
        """Mean cross entropy, and its derivative by each of the weights."""
        _, _, w2, _, w3, _ = self.weights
        probability, (in1, h1, in2, a2, h2, keep) = self.forward(images, training=True)
        safe = np.clip(probability, 1e-9, 1 - 1e-9)
        loss = -np.mean(masks * np.log(safe) + (1 - masks) * np.log(1 - safe))

        d_out = (probability - masks) / masks.size
        d_h2 = d_out @ w3.T * keep
        d_a2 = d_h2 * (a2 > 0)
        # A convolution's derivative by its input is a convolution with the kernel turned around.
        filters = w2.shape[1]
        turned = w2.reshape(3, 3, filters, filters)[::-1, ::-1].transpose(0, 1, 3, 2)
        d_h1 = patches(d_a2) @ turned.reshape(9 * filters, filters)
        if self.residual:
            d_h1 = d_h1 + d_h2
        d_a1 = d_h1 * (h1 > 0)

        def of_layer(inputs, d):
            flat = d.reshape(-1, d.shape[-1])
            return [inputs.reshape(-1, inputs.shape[-1]).T @ flat, flat.sum(axis=0)]

        return loss, [*of_layer(in1, d_a1), *of_layer(in2, d_a2), *of_layer(h2 * keep, d_out)]


class Adam:
    """Kingma & Ba 2015, with the paper's constants."""

    def __init__(self, weights, lr):
        self.weights, self.lr, self.t = weights, lr, 0
        self.mean = [np.zeros_like(w) for w in weights]
        self.square = [np.zeros_like(w) for w in weights]

    def step(self, gradients):
        self.t += 1
        for w, g, m, v in zip(self.weights, gradients, self.mean, self.square):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            w -= self.lr * (m / (1 - 0.9**self.t)) / (np.sqrt(v / (1 - 0.999**self.t)) + 1e-8)


def dice(probability, masks):
    marked = probability > 0.5
    return 2 * np.sum(marked * masks) / (np.sum(marked) + np.sum(masks))


def main():
    args = options()
    data_rng = np.random.default_rng(0)  # all trials see the same images
    train_x, train_y = make_images(N_TRAIN, data_rng)
    val_x, val_y = make_images(N_VAL, data_rng)

    rng = np.random.default_rng(int(os.environ.get("HONE_SEED", "0")))
    dropout = args.dropout if args.use_dropout == "True" else 0.0
    network = Network(args.init_filters, args.model_name == "SegResNet", dropout, rng)
    adam = Adam(network.weights, args.lr)
    for epoch in range(1, args.epochs + 1):
        losses = []
        for batch in np.array_split(rng.permutation(N_TRAIN), N_TRAIN // args.batch_size):
            loss, gradients = network.loss_and_gradients(train_x[batch], train_y[batch])
            adam.step(gradients)
            losses.append(loss)
        print(f"epoch {epoch} train:loss={np.mean(losses):.4f}", flush=True)
        if epoch % args.val_interval == 0:
            print(f"epoch {epoch} val:dice={dice(network.forward(val_x)[0], val_y):.4f}",
                  flush=True)

    if "SM_MODEL_DIR" in os.environ:
        np.savez(Path(os.environ["SM_MODEL_DIR"]) / "weights.npz", *network.weights)


if __name__ == "__main__":
    main()
