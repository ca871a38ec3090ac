#!/bin/sh
# Search quality: hone over the public suites, beside the recorded results of its peers.
#   bench/search.sh [-l] [PROCESSES]     results and tables in bench/results/
# 29 tasks with one objective, ten seeds: 50 evaluations one at a time. -l: also 100, 50 by 4 and
# 100 by 16 workers, how many trials it takes to be as good as the peers, and the 6 tasks with several
# objectives; six times as long.
set -eu
long=
if [ "${1:-}" = -l ]; then
    long=1
    shift
fi
processes=${1:-2}
cd "$(dirname "$0")"
driver=${DRIVER:-../build/bench/bench-search}
python=${PYTHON:-.venv/bin/python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ ! -x "$python" ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement requirements.txt
    python=.venv/bin/python
fi
mkdir -p results
single=tabular,conditional,bbob
several="bayesian nsga2 tpe" # strategies that are played on several objectives

run() { # budget, parallel
    "$driver" --tasks results/tasks --suite $single --budget "$1" --parallel "$2" -j "$processes" \
        --out "results/hone.N$1.P$2.jsonl"
}

compare() { # setting, then peers of reference/ with their own, then options
    files=results/hone.$1.jsonl
    shift
    while [ $# -gt 0 ] && [ -f "reference/$1.jsonl.gz" ]; do
        files="$files reference/$1.jsonl.gz"
        shift
    done
    # shellcheck disable=SC2086
    "$python" bench.py compare $files "$@"
}

"$python" bench.py export --seeds 10 --out results/tasks
run 50 1
{
    compare N50.P1 random.N100.P1 sobol.N100.P1 optuna-tpe.N100.P1 --at 50 --by-suite
    for peer in optuna-gp hebo smac hyperopt nevergrad ax vizier; do
        [ ! -f reference/$peer.N50.P1.jsonl.gz ] || compare N50.P1 $peer.N50.P1
    done
} | tee results/table.txt
compare N50.P1 optuna-tpe.N100.P1 --at 50 --by-task >results/tasks.txt
[ -n "$long" ] || exit 0

run 100 1
run 50 4
run 100 16
for strategy in $several; do
    "$driver" --tasks results/tasks --suite multiobjective --seeds 5 --budget 100 \
        --strategy "$strategy" --name "hone-$strategy" -j "$processes" \
        --out "results/hone-$strategy.multi.jsonl"
done
{
    compare N100.P1 optuna-tpe.N100.P1
    compare N50.P4 optuna-tpe.N50.P4 random.N50.P4
    [ ! -f reference/optuna-gp.N50.P4.jsonl.gz ] || compare N50.P4 optuna-gp.N50.P4
    compare N100.P1 optuna-tpe.N100.P1 optuna-gp.N50.P1 hebo.N50.P1 smac.N50.P1 hyperopt.N50.P1 \
        nevergrad.N50.P1 --trials
    compare N100.P16 optuna-tpe.N100.P16
    for at in 40 60 80; do
        "$python" bench.py compare results/hone.N100.P16.jsonl results/hone.N100.P1.jsonl --trials --at $at
    done
    for strategy in $several; do
        "$python" bench.py compare "results/hone-$strategy.multi.jsonl" \
            reference/optuna-nsga2.N100.P1.jsonl.gz reference/optuna-tpe.N100.P1.jsonl.gz \
            reference/random.N100.P1.jsonl.gz
    done
} | tee -a results/table.txt
