# ./dev fuzz: bytes that libFuzzer makes up, for whatever reads bytes of strangers (crates/fuzz). What broke something lies in
# .huiyin/fuzz/TARGET; what reached new code lies in .huiyin/fuzz/TARGET/corpus, and --keep takes the least of it that reaches as much
# into crates/fuzz/corpus, which every ./dev test puts through again.

FUZZ_TARGETS="decoders validators cursors tokens"

# ./dev fuzz [--seconds N] [--keep] [TARGET]...
run_fuzz() {
    local seconds=60 keep=no targets=()
    while [ $# -gt 0 ]; do
        case $1 in
            --seconds) shift && seconds=${1:-} && [ "$seconds" -gt 0 ] 2>/dev/null || die "--seconds takes a number above 0, not '${1:-}'" ;;
            --keep) keep=yes ;;
            *) known_fuzz_target "$1" && targets+=("$1") ;;
        esac
        shift
    done
    # shellcheck disable=SC2206 # the names hold no spaces
    [ ${#targets[@]} -gt 0 ] || targets=($FUZZ_TARGETS)
    need_toolchain
    start_test_servers
    fuzz "$seconds" "${targets[@]}"
    if [ $keep = yes ]; then keep_corpora "${targets[@]}"; fi
}

known_fuzz_target() {
    case " $FUZZ_TARGETS " in
        *" ${1:-?} "*) ;;
        *) die "there is no fuzz target '$1'; there are: $FUZZ_TARGETS" ;;
    esac
}

# fuzz SECONDS TARGET...: all at a time.
fuzz() {
    local seconds=$1 target process failed=0 processes=()
    shift
    build_fuzz_targets
    for target in "$@"; do
        fuzz_one "$target" "$seconds" &
        processes+=($!)
    done
    for process in "${processes[@]}"; do wait "$process" || failed=1; done
    [ $failed = 0 ]
}

# Built among all packages, so that dependencies have the features they have for the tests and are not compiled twice.
build_fuzz_targets() {
    local arguments=() target
    for target in $FUZZ_TARGETS; do arguments+=(--test "$target"); done
    RUSTC_WORKSPACE_WRAPPER=$PROJECT/deploy/dev/counting_rustc cargo test --workspace --features huiyin-fuzz/libfuzzer --no-run \
        --message-format=json "${arguments[@]}" >"$(fuzz_folder)/built.json"
}

fuzz_folder() {
    mkdir -p "$HUIYIN_HOME/fuzz"
    echo "$HUIYIN_HOME/fuzz"
}

# The program of a target, as cargo told it.
fuzz_program() {
    sed -n "s/.*\"executable\":\"\\([^\"]*\\/$1-[0-9a-f]*\\)\".*/\\1/p" "$(fuzz_folder)/built.json" | tail -n 1
}

# A target over what is kept and what it found before; fails with the bytes that broke it.
fuzz_one() {
    local target=$1 seconds=$2 folder log
    folder=$(fuzz_folder)/$target
    log=$folder/log
    mkdir -p "$folder/corpus"
    if ! "$(fuzz_program "$target")" "$folder/corpus" "crates/fuzz/corpus/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -max_len=4096 -artifact_prefix="$folder/" -print_final_stats=1 >"$log" 2>&1; then
        grep -v '^#' "$log" | tail -n 30 >&2
        say "fuzzing $target: something broke; the bytes are in $(ls "$folder"/*-* 2>/dev/null | tail -n 1)"
        return 1
    fi
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    say "fuzzing $target: $runs cases in $seconds s, $coverage edges of our code reached, nothing broke"
}

keep_corpora() {
    local target fresh
    for target in "$@"; do
        fresh=$(mktemp -d "$(fuzz_folder)/keep.XXXXXX")
        "$(fuzz_program "$target")" -merge=1 -max_len=4096 "$fresh" "crates/fuzz/corpus/$target" "$(fuzz_folder)/$target/corpus" >"$fresh.log" 2>&1
        rm -rf "crates/fuzz/corpus/$target"
        mv "$fresh" "crates/fuzz/corpus/$target"
        chmod 755 "crates/fuzz/corpus/$target"
        rm -f "$fresh.log"
        say "crates/fuzz/corpus/$target: $(ls "crates/fuzz/corpus/$target" | wc -l) files"
    done
}
