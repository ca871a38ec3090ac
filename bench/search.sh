#!/bin/sh
# Search quality: hone over the public suites, beside the recorded results of its peers.
#   bench/search.sh [PROCESSES]     results and tables in bench/results/
# Ten seeds of 29 tasks with one objective: 50 and 100 evaluations one at a time, 50 by 4 workers.
set -eu
cd "$(dirname "$0")"
processes=${1:-2}
hone=${HONE:-$(pwd)/../build/tuner/cli/hone}
python=${PYTHON:-.venv/bin/python}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ ! -x "$python" ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --requirement requirements.txt
    python=.venv/bin/python
fi
mkdir -p results
single=tabular,conditional,bbob

run() { # budget, parallel: every process takes a share of the ten seeds
    out=results/hone.N$1.P$2
    rm -f "$out".*
    i=0
    while [ "$i" -lt "$processes" ]; do
        first=$((10 * i / processes)) last=$((10 * (i + 1) / processes - 1))
        [ "$last" -lt "$first" ] ||
            "$python" bench.py run --engine "$hone ask-tell" --name hone --suite $single \
                --seeds "$first-$last" --budget "$1" --parallel "$2" --reuse --out "$out.$i.part" &
        i=$((i + 1))
    done
    wait
    cat "$out".*.part >"$out.jsonl"
    rm "$out".*.part
}

run 50 1
run 100 1
run 50 4
{
    "$python" bench.py compare results/hone.N50.P1.jsonl reference/random.N100.P1.jsonl.gz \
        reference/sobol.N100.P1.jsonl.gz reference/optuna-tpe.N100.P1.jsonl.gz --at 50 --by-suite
    for peer in optuna-gp.N50 hebo.N50 smac.N50 hyperopt.N50 nevergrad.N50; do
        "$python" bench.py compare results/hone.N50.P1.jsonl reference/$peer.P1.jsonl.gz
    done
    "$python" bench.py compare results/hone.N100.P1.jsonl reference/optuna-tpe.N100.P1.jsonl.gz
    "$python" bench.py compare results/hone.N50.P4.jsonl reference/optuna-tpe.N50.P4.jsonl.gz \
        reference/random.N50.P4.jsonl.gz
} | tee results/table.txt
"$python" bench.py compare results/hone.N50.P1.jsonl reference/optuna-tpe.N100.P1.jsonl.gz \
    --at 50 --by-task >results/tasks.txt
