#!/usr/bin/env bash
# The last one: leaves units that read, and that hold files open, when the power goes off.
source "$(dirname "$0")/../lib.sh"
cat >/run/systemd/system/holder.service <<'UNIT'
[Service]
ExecStart=bash -c 'exec 7</run/secrets/early/password; while cat /run/secrets/early/password >/dev/null; do sleep 0.1; done; exec sleep infinity'
UNIT
systemctl daemon-reload
systemctl start holder.service
holds() { [[ $(readlink "/proc/$(property holder.service MainPID)/fd/7") == */early/password ]]; }
wait_until 'the unit holds a file open' holds
finish 'a unit reads and holds a file open while the machine is turned off (see power-off)'
