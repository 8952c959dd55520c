#!/bin/sh
# The command line of this release, with its own Node: nothing on the device is needed but a shell.
here=$(dirname -- "$(readlink -f -- "$0")")/..
# ONNX Runtime reports home unless this is set before it loads.
export ORT_DISABLE_TELEMETRY=1
exec "$here/node/bin/node" --max-semi-space-size=4 "$here/app/cli.mjs" "$@"
