# Sourced by scripts that install Python packages in an environment of the checkout.

# Makes sure that python3 can create environments: Debian and Ubuntu have ensurepip in a package of its own.
require_venv() {
    ! python3 -c 'import ensurepip' 2>/dev/null || return 0
    if ((EUID != 0)); then
        echo "error: python3 with venv is needed: apt-get install python3-venv" >&2
        return 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

# has_modules ENVIRONMENT MODULE...: whether all of them are installed there.
has_modules() {
    "$1/bin/python" - "${@:2}" <<'PYTHON' 2>/dev/null
import sys
from importlib.util import find_spec
sys.exit(not all(find_spec(name) for name in sys.argv[1:]))
PYTHON
}

# install_environment ENVIRONMENT REQUIREMENTS CHECK [OPTION...]: installs the packages of REQUIREMENTS with pip's OPTIONs in a new
# ENVIRONMENT. Prints nothing, and contacts no server, when they are there and the command CHECK succeeds.
#
# Tests may call it several times at once; one call installs and the others wait.
install_environment() {
    local environment=$1 requirements=$2 check=$3
    shift 3
    mkdir -p "$environment"
    (
        flock 9
        ! is_current || exit 0
        require_venv >&2
        python3 -m venv --clear "$environment" >&2
        "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$@" --requirement "$requirements" >&2
        # Packages without their dependencies never fit together.
        if [[ " $* " != *" --no-deps "* ]] && ! conflicts=$("$environment/bin/python" -m pip check); then
            echo "$conflicts" >&2
            exit 1
        fi
        cp "$requirements" "$environment/installed.txt"
    ) 9<"$environment"
    is_current || {
        echo "error: $requirements could not be installed in $environment; see above" >&2
        return 1
    }
}

# Whether install_environment, whose variables it reads, has nothing to do.
is_current() { cmp --silent "$requirements" "$environment/installed.txt" && "$check"; }
