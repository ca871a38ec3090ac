#!/usr/bin/env python3
"""Train a small network on the handwritten digits that ship with scikit-learn.

Nothing in here knows of hone: the options are the hyperparameters, and each epoch prints one line.
"""

import argparse
import os
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lr", type=float, default=1e-3, help="learning rate")
    parser.add_argument("--width", type=int, default=32, help="units of the hidden layer")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--solver", choices=["adam", "sgd"], default="adam")
    parser.add_argument("--momentum", type=float, default=0.9, help="of sgd")
    parser.add_argument("--alpha", type=float, default=1e-4, help="weight decay")
    parser.add_argument("--epochs", type=int, default=30)
    return parser.parse_args()


def shifted(images):
    """The images as they are and moved by one pixel in each direction: five times as many."""
    square = images.reshape(-1, 8, 8)
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    return np.concatenate([np.roll(square, move, axis=(1, 2)) for move in moves]).reshape(-1, 64)


def main():
    args = options()
    seed = int(os.environ.get("HONE_SEED", "0")) % 2**32
    images, digits = load_digits(return_X_y=True)
    train_x, val_x, train_y, val_y = train_test_split(images / 16, digits, test_size=0.3,
                                                      random_state=0, stratify=digits)
    train_x, train_y = shifted(train_x), np.tile(train_y, 5)

    network = MLPClassifier((args.width,), solver=args.solver, learning_rate_init=args.lr,
                            batch_size=args.batch_size, momentum=args.momentum, alpha=args.alpha,
                            random_state=seed)
    for epoch in range(1, args.epochs + 1):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a learning rate that blows up
            network.partial_fit(train_x, train_y, classes=range(10))
        accuracy = accuracy_score(val_y, network.predict(val_x))
        print(f"epoch {epoch} val:accuracy={accuracy:.4f} train:loss={network.loss_:.4f}",
              flush=True)


if __name__ == "__main__":
    main()
