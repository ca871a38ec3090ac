#!/bin/sh
# Starts a private Slurm cluster on the loopback: munged, slurmctld and N slurmd, no systemd, no cgroups.
#   slurm-up.sh DIR [NODES=2] [CPUS_PER_NODE=2] [GPUS_PER_NODE=2] [BASE_PORT=26817]
# Then:  . DIR/env     (sets SLURM_CONF), and sbatch, srun, squeue, ... use it.  Stop: slurm-down.sh DIR
# Needs Debian's slurmctld slurmd slurm-client munge; run as root (jobs then run as root, too).
# Partitions: "spot" (default; its jobs are requeued when "ondemand" needs their CPUs, after 2 s of grace) and "ondemand".
# Measured: a preempted job gets its SIGTERM some 15 s after the "ondemand" job was submitted and starts again about 6 s after it ended (cred_expire=5; Slurm waits for that long before a requeue, 120 s by default).
# GPUs are pretended: CUDA_VISIBLE_DEVICES is set and counted, no device is touched.
set -eu
dir=${1:?usage: slurm-up.sh DIR [NODES] [CPUS] [GPUS] [BASE_PORT]}
nodes=${2:-2} cpus=${3:-2} gpus=${4:-2} port=${5:-26817}
fail() { echo "slurm-up: $*" >&2; [ ! -d "$dir/pids" ] || "$(dirname "$0")/slurm-down.sh" "$dir" || true; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
for tool in munged slurmctld slurmd scontrol; do
    command -v "$tool" >/dev/null || { echo "slurm-up: $tool is missing (apt-get install slurmctld slurmd slurm-client munge)" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "slurm-up: run as root" >&2; exit 1; }
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[ ! -d "$dir/pids" ] || { echo "slurm-up: $dir has a cluster; stop it first: slurm-down.sh $dir" >&2; exit 1; }
mkdir -p "$dir/pids" "$dir/log" "$dir/state" "$dir/gpu" "$dir/spool" "$dir/munge"
chmod 755 "$dir" "$dir/munge"

# munged refuses group-writable folders above its files; a folder on the way that is so is let through by --force.
key=$dir/munge/key
[ -s "$key" ] || (umask 077; head -c 1024 /dev/urandom >"$key")
munged --foreground --force --key-file="$key" --socket="$dir/munge/socket" --pid-file="$dir/munge/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/munge/seed" >"$dir/log/munged.out" 2>&1 </dev/null &
echo $! >"$dir/pids/munged"

host=$(hostname -s)
i=0
while [ $i -lt "$gpus" ]; do mknod "$dir/gpu/gpu$i" c 1 3; i=$((i + 1)); done
{
    cat <<EOF
ClusterName=hone
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/state/slurmctld.pid
SlurmdPidFile=$dir/spool/%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobs.txt
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,sched_min_interval=100000,requeue_setup_env_fail
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=5
MinJobAge=300
InactiveLimit=0
MessageTimeout=10
SlurmctldTimeout=30
SlurmdTimeout=30
EOF
    [ "$gpus" = 0 ] || echo "GresTypes=gpu"
    i=1
    while [ $i -le "$nodes" ]; do
        printf 'NodeName=n%d NodeHostname=%s NodeAddr=127.0.0.1 Port=%d CPUs=%d RealMemory=1000' $i "$host" $((port + i)) "$cpus"
        [ "$gpus" = 0 ] || printf ' Gres=gpu:%d' "$gpus"
        printf ' State=UNKNOWN\n'
        i=$((i + 1))
    done
    echo "PartitionName=spot Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=2"
    echo "PartitionName=ondemand Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF"
} >"$dir/slurm.conf"
: >"$dir/gres.conf"
[ "$gpus" = 0 ] || echo "Name=gpu File=$dir/gpu/gpu[0-$((gpus - 1))]" >"$dir/gres.conf"
[ "$gpus" != 1 ] || echo "Name=gpu File=$dir/gpu/gpu0" >"$dir/gres.conf"
echo "CgroupAutomount=no" >"$dir/cgroup.conf"
echo "export SLURM_CONF=$dir/slurm.conf" >"$dir/env"
export SLURM_CONF="$dir/slurm.conf"

tries=50
while [ ! -S "$dir/munge/socket" ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "munged did not start: $(cat "$dir/log/munged.out")"
    sleep 0.1
done
slurmctld -D -i -f "$SLURM_CONF" >"$dir/log/slurmctld.out" 2>&1 </dev/null &
echo $! >"$dir/pids/slurmctld"
i=1
while [ $i -le "$nodes" ]; do
    mkdir -p "$dir/spool/n$i"
    slurmd -D -N "n$i" -f "$SLURM_CONF" >"$dir/log/slurmd-n$i.out" 2>&1 </dev/null &
    echo $! >"$dir/pids/slurmd-n$i"
    i=$((i + 1))
done
tries=150
while [ "$(sinfo -h -N -p spot -t idle -o %N 2>/dev/null | wc -l)" -lt "$nodes" ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || fail "the nodes did not come up; see $dir/log"
    sleep 0.1
done
echo "slurm: $nodes node(s) x $cpus CPU(s), $gpus GPU(s) each; . $dir/env"
