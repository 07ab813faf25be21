#!/bin/bash
# A standby of the coordinator, made from it the first time.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  PGPASSWORD=$(cat /run/secrets/replication_password)
  export PGPASSWORD
  gosu postgres pg_basebackup -h coordinator -U zone_replication -D "$PGDATA" -R -X stream -C -S replica
  unset PGPASSWORD
fi
# Like the coordinator it asks the workers as whoever asks it, with the passwords that came with the data (PGPASSFILE).
exec gosu postgres postgres -c shared_preload_libraries=citus -c max_connections=300 -c max_prepared_transactions=300 \
  -c hot_standby=on -c hot_standby_feedback=on
