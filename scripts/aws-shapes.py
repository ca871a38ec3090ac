#!/usr/bin/env python3
"""Write tuner/serve/shapes.c: what the public service models demand of an action's input.

  .venv/bin/python scripts/aws-shapes.py > tuner/serve/shapes.c

Only facts are taken from botocore's models (names, kinds, required members, bounds, patterns,
enums), and only of the actions below. Instance types are the exception: their names are those of
one provider's machines, so any that looks like one passes.
"""
import gzip
import json
import os

import botocore

ACTIONS = {
    "sagemaker": """
        AddTags CreateHyperParameterTuningJob CreateTrainingJob DeleteHyperParameterTuningJob
        DeleteTags DeleteTrainingJob DescribeHyperParameterTuningJob DescribeTrainingJob
        ListHyperParameterTuningJobs ListTags ListTrainingJobs
        ListTrainingJobsForHyperParameterTuningJob StopHyperParameterTuningJob StopTrainingJob""",
    "logs": "DescribeLogGroups DescribeLogStreams FilterLogEvents GetLogEvents",
    "cloudwatch": "GetMetricStatistics",
}
SIGNED_AS = {"cloudwatch": "monitoring"}
INSTANCE_TYPE = r"(ml\.[A-Za-z0-9.\-]+|local(_gpu)?)"
KINDS = {
    "structure": "STRUCTURE", "list": "LIST", "map": "MAP", "string": "STRING",
    "integer": "INTEGER", "long": "INTEGER", "float": "NUMBER", "double": "NUMBER",
    "boolean": "BOOLEAN", "timestamp": "TIMESTAMP",
}


def model(service):
    folder = os.path.join(os.path.dirname(botocore.__file__), "data", service)
    folder = os.path.join(folder, sorted(os.listdir(folder))[-1])
    path = os.path.join(folder, "service-2.json")
    with gzip.open(path + ".gz", "rt") if os.path.exists(path + ".gz") else open(path) as f:
        return json.load(f)


def c_text(text):
    """A literal; a long one in pieces, a line each."""
    if text is None:
        return "NULL"
    short = len(text) <= 20
    pieces = [text] if short else [text[i:i + 60] for i in range(0, len(text), 60)]
    quoted = ['"%s"' % p.replace("\\", "\\\\").replace('"', '\\"') for p in pieces]
    return quoted[0] if short else "\n        " + "\n        ".join(quoted)


def flat(name):
    return '"%s"' % name


class Table:
    def __init__(self):
        self.numbers = {}
        self.shapes = []
        self.members = []

    def add(self, shapes, name):
        """The number of a shape; what it holds comes with it. A shape may hold itself."""
        key = (id(shapes), name)
        if key in self.numbers:
            return self.numbers[key]
        number = self.numbers[key] = len(self.shapes)
        self.shapes.append(None)
        shape = shapes[name]
        row = {
            "kind": KINDS[shape["type"]], "min": shape.get("min"), "max": shape.get("max"),
            "pattern": shape.get("pattern"), "values": shape.get("enum"),
            "first": 0, "n": 0, "key": -1, "item": -1,
        }
        if row["kind"] == "STRUCTURE":
            required = set(shape.get("required", ()))
            held = [(m, m in required, self.add(shapes, ref["shape"]))
                    for m, ref in shape["members"].items()]
            row["first"], row["n"] = len(self.members), len(held)
            self.members += held
        elif row["kind"] == "LIST":
            row["item"] = self.add(shapes, shape["member"]["shape"])
        elif row["kind"] == "MAP":
            row["key"] = self.add(shapes, shape["key"]["shape"])
            row["item"] = self.add(shapes, shape["value"]["shape"])
        if name == "TrainingInstanceType":
            row["values"], row["pattern"] = None, INSTANCE_TYPE
        self.shapes[number] = row
        return number


def main():
    table, actions = Table(), []
    keep = []  # the models stay alive: their identities are keys
    for service, names in ACTIONS.items():
        m = model(service)
        keep.append(m)
        for action in names.split():
            if action in m["operations"]:
                number = table.add(m["shapes"], m["operations"][action]["input"]["shape"])
                actions.append((SIGNED_AS.get(service, service), action, number))
    print("/* shapes.c: what an action's input must be. Made by scripts/aws-shapes.py. */")
    print('#include "serve/shapes.h"\n\n#include <math.h>\n#include <stddef.h>\n')
    print("/* clang-format off */")
    print("const struct shape shapes[] = {")
    for i, s in enumerate(table.shapes):
        values = "NULL" if not s["values"] else c_text(", ".join(s["values"]))
        bound = lambda v, none: none if v is None else repr(float(v))
        line = "    /* %d */ {SHAPE_%s, %s, %s, %s, %s, %d, %d, %d, %d}," % (
            i, s["kind"], bound(s["min"], "-HUGE_VAL"), bound(s["max"], "HUGE_VAL"),
            c_text(s["pattern"]), values, s["first"], s["n"], s["key"], s["item"])
        print(line.replace(" \n", "\n"))
    print("};\n\nconst struct shape_member shape_members[] = {")
    for name, required, number in table.members:
        print("    {%s, %s, %d}," % (flat(name), "true" if required else "false", number))
    print("};\n\nconst struct shape_action shape_actions[] = {")
    for service, action, number in actions:
        print("    {%s, %s, %d}," % (c_text(service), flat(action), number))
    print("};")
    print("const size_t n_shape_actions = sizeof shape_actions / sizeof shape_actions[0];")
    print("/* clang-format on */")


main()
