# Sourced by scripts that install Python packages in an environment of the checkout.

# Checks that python3 can create environments: Debian and Ubuntu have a separate package for ensurepip.
require_venv() {
    ! python3 -c 'import ensurepip' 2>/dev/null || return 0
    if ((EUID != 0)); then
        echo "error: python3 with venv is required; run apt-get install python3-venv" >&2
        return 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

# has_modules ENVIRONMENT MODULE...: succeeds if all modules are installed in the environment.
has_modules() {
    "$1/bin/python" - "${@:2}" <<'PYTHON' 2>/dev/null
import sys
from importlib.util import find_spec
sys.exit(not all(find_spec(name) for name in sys.argv[1:]))
PYTHON
}

# install_environment ENVIRONMENT REQUIREMENTS CHECK [OPTION...]: installs the packages of REQUIREMENTS with pip's OPTIONs in a new
# ENVIRONMENT. Prints nothing, and contacts no server, if they are installed and the command CHECK succeeds.
#
# Tests may call it concurrently; one call installs and the others wait.
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
        # Packages installed without their dependencies always have conflicts.
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

# Succeeds if install_environment, whose variables it reads, has nothing to install.
is_current() { cmp --silent "$requirements" "$environment/installed.txt" && "$check"; }
