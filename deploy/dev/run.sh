# The commands that run the program itself: demo, up, bench.

# run_release COMMAND ARGUMENTS...: servers, a release build, and then the program in our place.
run_release() {
    local command=$1 passed=()
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --yes) ASSUME_YES=yes ;;
            --with) shift && choose_servers "${1:-}" ;;
            *) passed+=("$1") ;;
        esac
        shift
    done
    need_toolchain
    if [ "$command ${passed[0]:-}" = "bench decisions" ]; then
        cargo bench -p huiyin-domain --bench decisions
        exit
    fi
    find_servers
    if [ "$command" = bench ]; then find_pgbench; fi
    if [ "$command ${passed[0]:-}" = "bench alertmanager" ]; then need_alertmanager || die "Alertmanager is missing"; fi
    say "building huiyin (the first time takes some minutes)"
    cargo build --release --workspace --bin huiyin >&2 || die "the build failed"
    exec "$(target_folder)/release/huiyin" "$command" ${passed[@]+"${passed[@]}"}
}

# The benches pair each figure with its limit in PostgreSQL itself, which pgbench measures.
find_pgbench() {
    HUIYIN_PGBENCH=$HUIYIN_POSTGRES_BIN/pgbench
    if [ ! -x "$HUIYIN_PGBENCH" ]; then HUIYIN_PGBENCH=$(command -v pgbench) || die "pgbench is missing: try ./dev bench NAME --with wheels"; fi
    export HUIYIN_PGBENCH
}
