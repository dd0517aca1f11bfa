#!/usr/bin/env bash
# Print the path of a Python that Hanse runs on: the one named, or python3.11, or any later python3.
# A name that pyenv has but does not activate (`python3.12`) is found too.
set -euo pipefail

fits() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

name=${1:-python3.11}
candidates=("$name")
case $name in
  python3.*) candidates+=("${PYENV_ROOT:-$HOME/.pyenv}/versions/${name#python}".*/bin/python) ;;
esac
[ $# -gt 0 ] || candidates+=(python3)

for candidate in "${candidates[@]}"; do
  if fits "$candidate"; then
    # The program itself, not a shim that may mean another version elsewhere.
    "$candidate" -c 'import sys; print(sys.executable)'
    exit 0
  fi
done

echo "no Python 3.11 or later found as ${1:-python3.11 or python3}; install one, or name it: make PYTHON=/path/to/python" >&2
exit 1
