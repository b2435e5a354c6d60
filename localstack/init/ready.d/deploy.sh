#!/usr/bin/env bash
# LocalStack runs this when it is ready, in a container and without one.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# It must not outlive a LocalStack that is killed.
exec setpriv --pdeathsig KILL -- python3 "$here/../../deploy"
