"""Train the configurations whose learning curves `bench/stopping.py` plays back.

python make.py [NAME ...] writes NAME.npz beside this file: `curve`, trials x epochs (validation
loss after each epoch, float32; NaN from where training broke down), and `u`, trials x parameters:
each configuration as a point of the unit cube, in the order of SPACES. The data sets ship inside
scikit-learn (BSD-3-Clause); made with scikit-learn 1.9.
"""

import os
import sys
import warnings

import numpy as np
from sklearn import datasets
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

HERE = os.path.dirname(os.path.abspath(__file__))
N_TRIALS = 400

MLP = [("lr", 1e-4, 1.0, "log"), ("alpha", 1e-7, 10.0, "log"), ("batch", 4, 256, "log"),
       ("width", 4, 128, "log"), ("momentum", 0.0, 0.99, "linear"), ("adam", 0, 1, "switch")]
SGD = [("lr", 1e-5, 1e1, "log"), ("alpha", 1e-7, 1e-1, "log"), ("power", 0.0, 1.0, "linear"),
       ("l1_ratio", 0.0, 1.0, "linear")]
TREES = [("lr", 1e-3, 1.0, "log"), ("depth", 1, 6, "linear"), ("subsample", 0.2, 1.0, "linear"),
         ("leaf", 1, 40, "log"), ("features", 0.05, 1.0, "linear")]
# name: space, data set, epochs
TASKS = {
    "mlp_digits": (MLP, "digits", 81),
    "mlp_cancer": (MLP, "breast_cancer", 54),
    "mlp_diabetes": (MLP, "diabetes", 81),
    "mlp_wine": (MLP, "wine", 81),
    "sgd_digits": (SGD, "digits", 50),
    "sgd_cancer": (SGD, "breast_cancer", 50),
    "trees_digits": (TREES, "digits", 60),
    "trees_cancer": (TREES, "breast_cancer", 100),
    "trees_diabetes": (TREES, "diabetes", 100),
}


def setting(space, u):
    """The configuration at a point of the unit cube."""
    out = {}
    for (name, lo, hi, scale), x in zip(space, u):
        value = lo * (hi / lo) ** x if scale == "log" else lo + (hi - lo) * x
        out[name] = value if isinstance(lo, float) else int(round(value))
    return out


def split(name):
    """Training and validation parts, inputs scaled; half of the rows are for validation."""
    X, y = getattr(datasets, "load_" + name)(return_X_y=True)
    if name == "diabetes":
        y = (y - y.mean()) / y.std()
    parts = train_test_split(X, y, test_size=0.5, random_state=0)
    scaler = StandardScaler().fit(parts[0])
    return scaler.transform(parts[0]), scaler.transform(parts[1]), parts[2], parts[3]


def network(c, seed, epochs, X, V, y, w, classes):
    kind = MLPRegressor if classes is None else MLPClassifier
    model = kind((c["width"],), solver="adam" if c["adam"] else "sgd", alpha=c["alpha"],
                 learning_rate_init=c["lr"], batch_size=c["batch"], momentum=c["momentum"],
                 random_state=seed)
    for _ in range(epochs):
        model.partial_fit(X, y, *([] if classes is None else [classes]))
        if classes is None:
            yield mean_squared_error(w, model.predict(V))
        else:
            yield log_loss(w, model.predict_proba(V), labels=classes)


def linear(c, seed, epochs, X, V, y, w, classes):
    model = SGDClassifier("log_loss", penalty="elasticnet", alpha=c["alpha"],
                          l1_ratio=c["l1_ratio"], learning_rate="invscaling", eta0=c["lr"],
                          power_t=c["power"], random_state=seed)
    for _ in range(epochs):
        model.partial_fit(X, y, classes)
        yield log_loss(w, model.predict_proba(V), labels=classes)


def boosting(c, seed, epochs, X, V, y, w, classes):
    kind = GradientBoostingRegressor if classes is None else GradientBoostingClassifier
    model = kind(n_estimators=epochs, learning_rate=c["lr"], max_depth=c["depth"],
                 subsample=c["subsample"], min_samples_leaf=c["leaf"],
                 max_features=c["features"], random_state=seed)
    model.fit(X, y)
    if classes is None:
        yield from (mean_squared_error(w, p) for p in model.staged_predict(V))
    else:
        yield from (log_loss(w, p, labels=classes) for p in model.staged_predict_proba(V))


def make(name):
    space, data, epochs = TASKS[name]
    learner = {"mlp": network, "sgd": linear, "trees": boosting}[name.split("_")[0]]
    X, V, y, w = split(data)
    classes = None if data == "diabetes" else np.unique(y)
    rng = np.random.default_rng(0)
    u = rng.random((N_TRIALS, len(space)))
    curve = np.full((N_TRIALS, epochs), np.nan, np.float32)
    for i in range(N_TRIALS):
        try:
            for k, loss in enumerate(learner(setting(space, u[i]), i, epochs, X, V, y, w, classes)):
                if not np.isfinite(loss) or loss > 1e6:
                    break
                curve[i, k] = loss
        except (ValueError, FloatingPointError):
            pass  # diverged
    np.savez_compressed(os.path.join(HERE, name + ".npz"), curve=curve, u=u.astype(np.float32))
    print(name, np.nanquantile(curve[:, -1], [0, 0.1, 0.5, 0.9]), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for task in sys.argv[1:] or TASKS:
        make(task)
