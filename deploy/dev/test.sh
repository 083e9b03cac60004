# ./dev test: runs the steps in order on private servers, and tells what failed and how to see it again.

SKIPPED=77 # how a step's shell ends that could not run here

skip() {
    say "skipped: $1"
    exit $SKIPPED
}

run_tests() {
    local only=() options=""
    while [ $# -gt 0 ]; do
        case $1 in
            --with) shift && choose_servers "${1:-}" && options=" --with wheels" ;;
            --only) shift && known_step "${1:-}" && only+=("$1") ;;
            --yes) ASSUME_YES=yes ;;
            --list) echo "$STEPS $NIGHT_STEPS" | tr ' ' '\n' && return ;;
            *) die "./dev test takes --only STEP, --with wheels, --yes or --list, not '$1'" ;;
        esac
        shift
    done
    # shellcheck disable=SC2206 # the names hold no spaces
    [ ${#only[@]} -gt 0 ] || only=($STEPS)
    need_toolchain
    if needs_servers "${only[@]}"; then start_test_servers; fi
    run_steps "$options" "${only[@]}"
}

known_step() {
    case " $STEPS $NIGHT_STEPS " in
        *" ${1:-?} "*) ;;
        *) die "there is no step '$1'; there are: $STEPS $NIGHT_STEPS" ;;
    esac
}

needs_servers() {
    local step
    for step in "$@"; do
        case $step in sqlx | tests | fuzz | dashboard) return 0 ;; esac
    done
    return 1
}

# run_steps OPTIONS STEP...: OPTIONS is what a reproduction needs besides the step.
run_steps() {
    local options=$1 step began status result passed=0 failed=0 skipped=0 table=""
    shift
    for step in "$@"; do
        say "--- $step ($(date +%H:%M:%S))"
        began=$SECONDS
        # Not inside an if: there the step's shell would go on after an error.
        set +e
        (set -e && "step_$step")
        status=$?
        set -e
        case $status in
            0) result=passed && passed=$((passed + 1)) ;;
            "$SKIPPED") result=skipped && skipped=$((skipped + 1)) ;;
            *) result=FAILED && failed=$((failed + 1)) && say "reproduce: ./dev test$options --only $step" ;;
        esac
        say "--- $step: $result after $((SECONDS - began)) s"
        table+=$(printf '%-10s %7s  %s' "$step" "$((SECONDS - began))" "$result")$'\n'
    done
    printf '\n%-10s %7s  %s\n%s\n' step seconds result "$table"
    if [ "${CI:-}" = true ] && [ "$skipped" != 0 ]; then
        say "on the integration machine a skipped step counts as failed"
        failed=$((failed + skipped))
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

# Private servers in memory where there is room for them; gone when ./dev ends.
start_test_servers() {
    find_servers
    local roof=$HUIYIN_HOME
    if [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 2000000 ]; then roof=/dev/shm; fi
    SERVERS_FOLDER=$(mktemp -d "$roof/huiyin-test.XXXXXX")
    chmod 755 "$SERVERS_FOLDER"
    trap stop_test_servers EXIT
    trap 'exit 130' INT TERM
    start_postgres "$SERVERS_FOLDER/postgres" "$SERVERS_FOLDER/postgres.log"
    start_stream_server "$SERVERS_FOLDER/stream"
    export HUIYIN_TEST_POSTGRES_URL=postgres://huiyin@127.0.0.1:$POSTGRES_PORT/postgres
    export HUIYIN_TEST_REDIS_URL=redis://127.0.0.1:$STREAM_PORT
    unset DATABASE_URL
}

stop_test_servers() {
    stop_postgres "$SERVERS_FOLDER/postgres"
    stop_stream_server "$SERVERS_FOLDER/stream"
    rm -rf "$SERVERS_FOLDER"
}

# ./dev nightly [SEEDS]: the tests again, over many seeds and cases.
run_nightly() {
    need_toolchain
    need_nextest || die "the nightly tests need cargo-nextest"
    need_softhsm || die "the tests of the master key need SoftHSM"
    start_test_servers
    # shellcheck disable=SC2086 # the names hold no spaces
    run_steps "" $NIGHT_STEPS
    HUIYIN_SEEDS=${1:-200} HUIYIN_RACES=100000 HUIYIN_CASES=1000000 HUIYIN_OPEN_CLOCKS=1000000 cargo nextest run --workspace --profile nightly \
        -E 'not binary(non_interference)'
    # the largest numbers, and what attacks cost, on what a city runs
    cargo build --release --workspace --bin huiyin
    HUIYIN_CASES=1000000 cargo nextest run --release -p huiyin-integration-tests --profile nightly --no-capture \
        -E 'binary(non_interference)'
    HUIYIN_SERIES=56000 cargo nextest run --release -p huiyin-stability-early-warning --profile nightly --no-capture \
        -E 'test(hot_spot_scale)'
    HUIYIN_YEAR=whole cargo nextest run --release -p huiyin-integration-tests --profile nightly --no-capture -E 'binary(payload)'
    HUIYIN_HOSTILE=all cargo nextest run --release -p huiyin-integration-tests --profile nightly --no-capture -E 'binary(hostile)'
}
