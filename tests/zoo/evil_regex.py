#!/usr/bin/env python3
"""A line of 50 000 a's: exponential with the regex (?:a+)+val=([0-9.]+) in a backtracking engine.
PCRE2 sees that the line lacks "val" and makes no step, so there is nothing to be told. Then a good
line."""
print("a" * 50_000, flush=True)
print("aval=0.5", flush=True)
