"""Search spaces in the ask-tell JSON form: activity, random points, encodings.

A space is the list under `"space"` of a study line: dictionaries with `name`, `type` (`float`,
`int`, `ordinal`, `choice`) and, by type, `min`, `max`, `scale`, `step`, `values`, `when`.
Everything here is plain numbers; units are those of the parameter itself.
"""

import json
import math

import numpy as np


def is_active(param, config):
    """Whether each parent named in `when` is present in `config` with a listed value."""
    return all(
        parent in config and config[parent] in values
        for parent, values in param.get("when", {}).items()
    )


def decode(param, u):
    """Unit coordinate u in [0, 1) to a value; every int, ordinal or category gets an equal share
    of u
    (ints on a log scale: their share of the log axis)."""
    kind = param["type"]
    if kind in ("choice", "ordinal"):
        values = param["values"]
        return values[min(len(values) - 1, int(u * len(values)))]
    lo, hi, scale = param["min"], param["max"], param.get("scale", "linear")
    if kind == "int":
        if scale == "log":
            a, b = math.log(lo - 0.5), math.log(hi + 0.5)
            return int(min(hi, max(lo, round(math.exp(a + u * (b - a))))))
        return int(min(hi, lo + math.floor(u * (hi - lo + 1))))
    if scale == "log":
        return min(hi, max(lo, math.exp(math.log(lo) + u * (math.log(hi) - math.log(lo)))))
    if scale == "reverse-log":
        a, b = math.log(1 - lo), math.log(1 - hi)
        return min(hi, max(lo, 1 - math.exp(a + u * (b - a))))
    return min(hi, max(lo, lo + u * (hi - lo)))


def encode(param, value):
    """Value to its unit coordinate in [0, 1]; ordinals and categories give the middle of their
    cell."""
    kind = param["type"]
    if kind in ("choice", "ordinal"):
        return (param["values"].index(value) + 0.5) / len(param["values"])
    lo, hi, scale = param["min"], param["max"], param.get("scale", "linear")
    if kind == "int" and scale == "log":
        a, b = math.log(lo - 0.5), math.log(hi + 0.5)
        return (math.log(value) - a) / (b - a)
    if kind == "int":
        return (value - lo + 0.5) / (hi - lo + 1)
    if scale == "log":
        return (math.log(value) - math.log(lo)) / (math.log(hi) - math.log(lo))
    if scale == "reverse-log":
        a, b = math.log(1 - lo), math.log(1 - hi)
        return (math.log(1 - value) - a) / (b - a)
    return (value - lo) / (hi - lo) if hi > lo else 0.5


def from_unit(space, u):
    """A row of unit coordinates, one per parameter, to the active parameters of a configuration."""
    config = {}
    for param, uj in zip(space, u):
        if is_active(param, config):
            config[param["name"]] = decode(param, float(uj))
    return config


def random_config(space, rng):
    """A configuration drawn uniformly in unit coordinates."""
    return from_unit(space, rng.random(len(space)))


def features(space, config, inactive=0.5):
    """Feature row for surrogates: numeric and ordinal parameters give u, choices one column per
    value;
    a parameter that can be inactive gets one more column, 1 when active."""
    row = []
    for param in space:
        name = param["name"]
        active = name in config
        if param["type"] == "choice":
            row += [1.0 if active and config[name] == v else 0.0 for v in param["values"]]
        else:
            row.append(encode(param, config[name]) if active else inactive)
        if "when" in param:
            row.append(1.0 if active else 0.0)
    return np.array(row)


def key(config):
    """A text that is equal for equal configurations whatever their order."""
    return json.dumps(config, sort_keys=True)


def check(space, config):
    """Raise ValueError unless `config` holds exactly the active parameters, each inside its
    domain."""
    seen = {}
    for param in space:
        name = param["name"]
        if not is_active(param, seen):
            if name in config:
                raise ValueError(f"{name} is inactive but was given")
            continue
        if name not in config:
            raise ValueError(f"{name} is active but missing")
        value = config[name]
        if param["type"] in ("choice", "ordinal"):
            if value not in param["values"]:
                raise ValueError(f"{name}={value!r} is not a listed value")
        elif not param["min"] <= value <= param["max"]:
            raise ValueError(f"{name}={value!r} is out of range")
        elif param["type"] == "int" and int(value) != value:
            raise ValueError(f"{name}={value!r} is not an integer")
        seen[name] = value
    unknown = set(config) - {p["name"] for p in space}
    if unknown:
        raise ValueError(f"unknown parameters {sorted(unknown)}")
