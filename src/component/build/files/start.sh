#!/bin/sh
# The run stage of com.openclaw.edge.Agent: runs the agent, and again when it asks for that. Arguments go to `agent run`.
set -u

# EX_TEMPFAIL: "start me again", as with a new configuration. Whatever else it ends with is the nucleus's business.
AGAIN=75
# An agent that asks for it at once, again and again, must not burn the device: then the nucleus sees a failure.
MAX_QUICK=5
QUICK_SECONDS=10

here=$(dirname -- "$(readlink -f -- "$0")")
# This release lies in WORK/app/VERSION.
: "${OPENCLAW_HOME:=$(readlink -f -- "$here/../../..")}"
export OPENCLAW_HOME ORT_DISABLE_TELEMETRY=1

child=
stopping=
stop() {
  stopping=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop TERM INT HUP

quick=0
while [ -z "$stopping" ]; do
  started=$(date +%s)
  # Not exec, and not in the foreground: only so does a signal reach the agent at once.
  "$here/openclaw-edge" agent run "$@" &
  child=$!
  # A signal that came before there was a child to pass it on to.
  [ -z "$stopping" ] || kill -TERM "$child" 2>/dev/null
  # A signal ends the waiting, and not the child: its own exit code is waited for.
  wait "$child"
  code=$?
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  child=
  [ "$code" -eq "$AGAIN" ] || exit "$code"
  quick=$((quick + 1))
  [ $(($(date +%s) - started)) -lt "$QUICK_SECONDS" ] || quick=0
  [ "$quick" -lt "$MAX_QUICK" ] || exit "$code"
done
# Told to end between two runs.
exit 0
