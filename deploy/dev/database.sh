# The development database: five schemas, made from the migrations in the tree, for checked queries and .sqlx.

SERVICES="intake routing supervision stability-early-warning statistics"

schema_of() { echo "${1//-/_}"; }

migrations_of() {
    ls crates/service-kit/migrations/*.sql 2>/dev/null
    ls "services/$1/migrations/"*.sql 2>/dev/null || true
}

psql_tool() {
    if [ -x "$HUIYIN_POSTGRES_BIN/psql" ]; then echo "$HUIYIN_POSTGRES_BIN/psql"; else command -v psql || die "psql is missing"; fi
}

# ask PORT DATABASE ARGUMENTS...: psql that stops at the first error.
ask() {
    local port=$1 database=$2
    shift 2
    PGOPTIONS='-c client_min_messages=warning' "$(psql_tool)" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U huiyin -d "$database" "$@"
}

# make_schema PORT DATABASE SERVICE: drops the service's schema and makes it anew, all or nothing.
make_schema() {
    local port=$1 database=$2 service=$3 schema file script
    schema=$(schema_of "$service")
    script=$(mktemp)
    {
        echo "BEGIN; DROP SCHEMA IF EXISTS $schema CASCADE; CREATE SCHEMA $schema; SET search_path TO $schema;"
        while read -r file; do
            printf '%s %s\n' '\echo' "$file"
            cat "$file"
            echo ";"
        done < <(migrations_of "$service")
        echo "COMMENT ON SCHEMA $schema IS '$(migrations_digest "$service")'; COMMIT;"
    } >"$script"
    if ! ask "$port" "$database" -f "$script" >"$script.log" 2>&1; then
        say "the migrations of $service do not apply; the last file named is the one:"
        tail -n 6 "$script.log" >&2
        rm -f "$script" "$script.log"
        return 1
    fi
    rm -f "$script" "$script.log"
}

migrations_digest() {
    local file
    while read -r file; do cat "$file"; done < <(migrations_of "$1") | cksum | tr ' ' '-'
}

# make_schemas PORT DATABASE [fresh]: makes every schema whose migrations have changed since it was made.
make_schemas() {
    local port=$1 database=$2 fresh=${3:-} service made failed=0 path=""
    for service in $SERVICES; do
        path+=${path:+, }$(schema_of "$service")
        made=$(ask "$port" "$database" -At -c "SELECT obj_description(to_regnamespace('$(schema_of "$service")'), 'pg_namespace')")
        if [ -z "$fresh" ] && [ "$made" = "$(migrations_digest "$service")" ]; then continue; fi
        say "schema $(schema_of "$service"): $(migrations_of "$service" | wc -l | tr -d ' ') migrations"
        make_schema "$port" "$database" "$service" || failed=1
    done
    ask "$port" "$database" -c "ALTER DATABASE $database SET search_path TO $path"
    [ "$failed" != 0 ] || warn_of_twins "$port" "$database"
    return $failed
}

# One search_path serves all five: a table name that two services chose for different columns would be looked up in the first.
warn_of_twins() {
    local twins
    twins=$(ask "$1" "$2" -At -c "
        WITH ours AS (SELECT n.nspname, c.relname, ARRAY(SELECT (a.attname, a.atttypid, a.attnotnull)::text FROM pg_attribute a
                             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname) AS columns
                      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relkind IN ('r', 'v', 'p') AND n.nspname NOT LIKE 'pg_%'
                        AND n.nspname NOT IN ('information_schema', 'public'))
        SELECT relname || ' (' || string_agg(nspname, ', ') || ')' FROM ours GROUP BY relname
        HAVING count(*) BETWEEN 2 AND 4 AND count(DISTINCT columns) > 1")
    [ -z "$twins" ] || say "the same table name in two schemas; the query check sees only the first: ${twins//$'\n'/; }"
}

create_database() {
    if [ -z "$(ask "$1" postgres -At -c "SELECT 1 FROM pg_database WHERE datname = '$2'")" ]; then
        ask "$1" postgres -c "CREATE DATABASE $2"
    fi
    # the roles of the texts of denunciations and of the auditor, as deploy/postgres/roles.sh makes them
    ask "$1" postgres -c "DO \$\$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'intake_sealed') THEN CREATE ROLE intake_sealed NOLOGIN; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') THEN
            CREATE ROLE auditor LOGIN PASSWORD 'auditor';
            ALTER ROLE auditor SET default_transaction_read_only = on;
        END IF;
    END \$\$"
}

# ./dev db: a long-running private PostgreSQL and stream server under .huiyin/dev.
development_database() {
    local fresh="" folder=$HUIYIN_HOME/dev
    while [ $# -gt 0 ]; do
        case $1 in
            --fresh) fresh=fresh ;;
            --stop) stop_development && return ;;
            --with) shift && choose_servers "${1:-}" ;;
            *) die "./dev db takes --fresh, --stop or --with wheels, not '$1'" ;;
        esac
        shift
    done
    mkdir -p "$folder"
    if has flock; then exec 9>"$folder/lock" && flock 9; fi
    if ! development_runs; then start_development "$folder"; fi
    # shellcheck source=/dev/null
    source "$folder/env"
    local port=${HUIYIN_TEST_POSTGRES_URL##*:} failed=0
    create_database "${port%%/*}" huiyin
    make_schemas "${port%%/*}" huiyin $fresh || failed=1
    say "ready; the lines below are also in ${folder#"$PROJECT"/}/env"
    cat "$folder/env"
    return $failed
}

development_runs() {
    [ -f "$HUIYIN_HOME/dev/env" ] || return 1
    (
        # shellcheck source=/dev/null
        source "$HUIYIN_HOME/dev/env"
        local port=${HUIYIN_TEST_POSTGRES_URL##*:}
        answers "${port%%/*}" && answers "${HUIYIN_TEST_REDIS_URL##*:}"
    )
}

start_development() {
    local folder=$1
    find_servers
    stop_development_in "$folder"
    # The lock must not be inherited by the servers, which outlive this script.
    start_postgres "$folder/postgres" "$folder/postgres.log" 9>&-
    start_stream_server "$folder/stream" 9>&-
    cat >"$folder/env" <<ENV
export DATABASE_URL=postgres://huiyin@127.0.0.1:$POSTGRES_PORT/huiyin
export HUIYIN_TEST_POSTGRES_URL=postgres://huiyin@127.0.0.1:$POSTGRES_PORT/postgres
export HUIYIN_TEST_REDIS_URL=redis://127.0.0.1:$STREAM_PORT
export HUIYIN_POSTGRES_BIN=$HUIYIN_POSTGRES_BIN
export HUIYIN_STREAM_SERVER=$HUIYIN_STREAM_SERVER
ENV
}

stop_development_in() {
    stop_postgres "$1/postgres"
    stop_stream_server "$1/stream"
    rm -f "$1/env"
}

stop_development() {
    find_servers
    stop_development_in "$HUIYIN_HOME/dev"
    say "the development servers are stopped"
}

# ./dev sqlx [--check]: describes every checked query once against real schemas and replaces .sqlx.
prepare_queries() {
    local mode=${1:-}
    case $mode in '' | --check) ;; *) die "./dev sqlx takes --check or nothing, not '$mode'" ;; esac
    development_database >/dev/null
    # shellcheck source=/dev/null
    source "$HUIYIN_HOME/dev/env"
    describe_queries "$DATABASE_URL"
    if [ "$mode" = --check ]; then
        compare_queries
    else
        rm -rf .sqlx
        mv .sqlx.new .sqlx
        say ".sqlx holds $(ls .sqlx | wc -l | tr -d ' ') queries"
    fi
}

# The macros write a query when its crate is compiled, so the crates that hold queries are made to look changed.
describe_queries() {
    rm -rf .sqlx.new
    mkdir .sqlx.new
    local file
    while read -r file; do touch "$file"; done < <(crates_with_queries)
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$PROJECT/.sqlx.new DATABASE_URL=$1 \
        cargo check --quiet --workspace --all-targets >&2
}

# The roots of those crates: their libraries, programs and test files.
crates_with_queries() {
    local crate
    for crate in crates/* services/* integration-tests; do
        if grep -rqE '\bquery(_as|_scalar)?!' --include='*.rs' "$crate"; then
            ls "$crate"/src/lib.rs "$crate"/src/main.rs "$crate"/tests/*.rs 2>/dev/null || true
        fi
    done
}

compare_queries() {
    if ! diff -rq .sqlx .sqlx.new >&2; then
        say "reproduce: ./dev sqlx --check; to put it right: ./dev sqlx"
        rm -rf .sqlx.new
        return 1
    fi
    rm -rf .sqlx.new
}
