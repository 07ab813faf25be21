#!/bin/bash
# Run once by the image of the coordinator and of each worker, on an empty data folder. The roles of the gateway's processes are
# logins here with the same password on every node: the coordinator asks the workers as whoever asks it.
set -euo pipefail
: > "$PGPASSFILE"
chmod 600 "$PGPASSFILE"
echo "*:*:zone:zone_owner:$(cat /run/secrets/owner_password)" >> "$PGPASSFILE"
psql=(psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
"${psql[@]}" -c "create extension if not exists citus"
for role in gateway governance issuer sequencer delivery; do
  password=$(cat "/run/secrets/${role}_password")
  echo "*:*:zone:zone_${role}:${password}" >> "$PGPASSFILE"
  "${psql[@]}" -v role="zone_${role}" -v password="$password" <<'SQL'
create role :"role" login password :'password';
grant :"role" to current_user;
SQL
done
"${psql[@]}" -v password="$(cat /run/secrets/replication_password)" <<'SQL'
create role zone_replication login replication password :'password';
SQL
echo "host replication zone_replication all scram-sha-256" >> "$PGDATA/pg_hba.conf"
