# Where ./dev keeps what it fetches and starts, and the account its servers run as.

is_root() { [ "$(id -u)" = 0 ]; }

# PostgreSQL refuses root: as root the servers run as `postgres`, else `nobody`.
server_account() {
    if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# unprivileged COMMAND...: runs it as the servers' account when we are root, else as it is.
unprivileged() {
    if is_root; then
        local account
        account=$(server_account)
        has setpriv || die "root may not run PostgreSQL: install setpriv (util-linux) or run ./dev as another user"
        HOME=/nonexistent setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups --no-new-privs "$@"
    else
        "$@"
    fi
}

# The project's own folder; a place under /var/lib when root keeps the project where the servers' account may not go.
choose_home() {
    if [ -n "${HUIYIN_HOME:-}" ]; then
        mkdir -p "$HUIYIN_HOME"
        return
    fi
    HUIYIN_HOME=$PROJECT/.huiyin
    mkdir -p "$HUIYIN_HOME"
    if is_root && ! unprivileged test -x "$HUIYIN_HOME"; then
        HUIYIN_HOME=/var/lib/huiyin-$(printf '%s' "$PROJECT" | cksum | cut -d' ' -f1)
        mkdir -p "$HUIYIN_HOME"
        say "the account $(server_account) may not enter $PROJECT; servers and tools live in $HUIYIN_HOME"
    fi
}

# server_folder PATH: an empty folder that belongs to the servers' account.
server_folder() {
    rm -rf "$1"
    mkdir -p "$1"
    chmod 700 "$1"
    if is_root; then chown "$(server_account)" "$1"; fi
}

choose_home
export HUIYIN_HOME
