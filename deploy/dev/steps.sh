# The steps of ./dev test. Each is a function, run in a shell of its own, that fails when its check fails; a step
# that cannot run here calls skip and says why. Steps that need servers find them running.

STEPS="format buf clippy tests fuzz helm dashboard scripts"
# Steps that ./dev test takes only by name and ./dev nightly goes through: each compiles everything once more, and what they find
# wrong the compiler or a test tells by day in most cases.
NIGHT_STEPS="sqlx doc"

step_format() { cargo fmt --all --check; }

step_buf() {
    need_buf || skip "buf could not be fetched"
    lint_contract
    if [ -f "$CONTRACT" ]; then
        break_contract
    else
        say "no contract has landed yet ($CONTRACT), so nothing to break"
    fi
}

step_sqlx() {
    if [ ! -d .sqlx ] && ! grep -rqE '\bquery(_as|_scalar)?!' --include='*.rs' crates services integration-tests; then
        say "there are no checked queries yet"
        return 0
    fi
    local port=${HUIYIN_TEST_POSTGRES_URL##*:}
    port=${port%%/*}
    create_database "$port" queries
    make_schemas "$port" queries
    describe_queries "postgres://huiyin@127.0.0.1:$port/queries"
    compare_queries
}

step_clippy() { cargo clippy --workspace --all-targets -- -D warnings; }

step_tests() {
    need_softhsm || die "the tests of the master key need SoftHSM"
    # the integration tests start the program itself
    build_program
    if ! need_nextest; then
        cargo test --workspace
        return
    fi
    cargo nextest run --workspace --no-tests=pass
}

step_fuzz() {
    # shellcheck disable=SC2086 # the names hold no spaces
    fuzz "${HUIYIN_FUZZ_SECONDS:-60}" $FUZZ_TARGETS
}

step_doc() {
    cargo test --workspace --doc
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps
}

step_helm() {
    [ -x deploy/check.sh ] || skip "there is no deploy/check.sh"
    need_helm || skip "helm could not be fetched"
    need_kubernetes_validate || skip "kubernetes-validate could not be fetched"
    need_prometheus || skip "there is no promtool"
    deploy/check.sh
}

# Plays a small year, leaves the services running and asks every query of the dashboard.
step_dashboard() {
    [ -x deploy/grafana/check.sh ] || skip "there is no deploy/grafana/check.sh"
    deploy/grafana/check.sh --form
    need_prometheus || skip "there is no Prometheus"
    build_program
    "$(target_folder)/debug/huiyin" demo --help >/dev/null 2>&1 || skip "there is no 'huiyin demo' yet"
    local home=$SERVERS_FOLDER/dashboard demo result=0
    mkdir -p "$home"
    HUIYIN_HOME=$home "$(target_folder)/debug/huiyin" demo --matters 300 >"$home/demo.log" 2>&1 &
    demo=$!
    deploy/grafana/check.sh --timeout 240 || { result=1 && tail -n 20 "$home/demo.log" >&2; }
    kill -TERM "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
    return $result
}

# The scripts themselves.
step_scripts() {
    local script failed=0
    while read -r script; do
        bash -n "$script" || failed=1
    done < <(ls dev .ci/run deploy/dev/*.sh deploy/dev/counting_rustc)
    # One file uses what another sets, which shellcheck cannot see.
    if has shellcheck; then shellcheck --shell=bash --severity=warning --exclude=SC2034,SC2120 dev .ci/run deploy/dev/*.sh deploy/dev/counting_rustc || failed=1; fi
    return $failed
}

# With the features that its dependencies have for the tests, which would else be compiled once more.
build_program() { cargo build --workspace --bin huiyin --tests; }

# cargo-nextest of the machine, else one in the project's folder.
need_nextest() {
    if cargo nextest --version >/dev/null 2>&1; then return; fi
    PATH=$TOOLS/cargo/bin:$PATH
    if cargo nextest --version >/dev/null 2>&1; then return; fi
    say "installing cargo-nextest into ${TOOLS#"$PROJECT"/}/cargo"
    SQLX_OFFLINE='' cargo install --quiet cargo-nextest --locked --root "$TOOLS/cargo" >&2 ||
        { say "cargo-nextest cannot be installed here; 'cargo test' takes its place" && return 1; }
}
