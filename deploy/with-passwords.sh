#!/bin/sh
# Runs a command with addresses that hold their passwords: PASSWORDS_OF names each variable with the secret that belongs into it.
# A password is of characters that may stand in an address; deploy/README.md makes such.
set -eu
for pair in $PASSWORDS_OF; do
  name=${pair%%=*}
  password=$(cat "${SECRETS_FOLDER:-/run/secrets}/${pair#*=}_password")
  eval "address=\$$name"
  user=${address#*://}
  export "$name=${address%%://*}://${user%%@*}:${password}@${address#*@}"
done
unset PASSWORDS_OF
exec "$@"
