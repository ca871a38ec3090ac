"""Optuna TPESampler, multivariate with groups. Equal to the defaults of version 5 where no
parameter is conditional."""

import warnings
import optuna
from _optuna import run

warnings.filterwarnings("ignore")
run(
    lambda study: optuna.samplers.TPESampler(
        seed=study["seed"],
        multivariate=True,
        group=True,
        constant_liar=study.get("parallel", 1) > 1,
    )
)
