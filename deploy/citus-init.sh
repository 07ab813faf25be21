#!/bin/sh
# Tells the coordinator where it is and which workers it has. `migrate` spreads the tables afterwards.
set -eu
PGPASSWORD=$(cat /run/secrets/owner_password)
export PGPASSWORD
psql -v ON_ERROR_STOP=1 -h coordinator -U zone_owner -d zone <<'SQL'
select citus_set_coordinator_host('coordinator', 5432);
select citus_add_node(name, 5432) from (values ('worker-1'), ('worker-2')) as worker (name)
  where not exists (select from pg_dist_node where nodename = name);
SQL
