# How ./dev speaks. Everything goes to stderr: stdout belongs to the program that is run.

say() { printf '%s\n' "dev: $*" >&2; }

die() {
    printf '%s\n' "dev: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# confirm QUESTION: asks at a terminal; without one, or with --yes, goes ahead.
ASSUME_YES=no
confirm() {
    if [ "$ASSUME_YES" = yes ] || [ ! -t 0 ] || [ ! -t 2 ]; then
        return 0
    fi
    local answer
    read -r -p "dev: $1 [Y/n] " answer
    case $answer in '' | y | Y | yes) return 0 ;; *) return 1 ;; esac
}

# quietly LOG COMMAND...: the command's output goes to LOG and is shown only when it fails.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        return 1
    fi
}
