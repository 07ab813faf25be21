#!/bin/sh
# Makes one cluster of the three, once: each takes a third of the slots.
set -eu
redis-cli -h redis-1 cluster info | grep -q 'cluster_state:ok' && exit 0
address() { getent hosts "$1" | awk '{ print $1 ":6379"; exit }'; }
redis-cli --cluster create "$(address redis-1)" "$(address redis-2)" "$(address redis-3)" --cluster-replicas 0 --cluster-yes
until redis-cli -h redis-1 cluster info | grep -q 'cluster_state:ok'; do sleep 1; done
