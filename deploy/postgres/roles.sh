#!/bin/sh
# Makes one role and one schema for each service, and the role of the auditor, in the database of compose.yaml. Run by the
# PostgreSQL image when its data folder is empty. A role sees its own schema and nothing else; the auditor sees what the
# migrations let it see: ids, places and instants.
set -eu

make_role() {
    psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v role="$1" -v password="$2" -v base="$POSTGRES_DB" \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE SCHEMA :"role" AUTHORIZATION :"role";
ALTER ROLE :"role" IN DATABASE :"base" SET search_path = :"role";
GRANT CONNECT ON DATABASE :"base" TO :"role";
SQL
}

psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v base="$POSTGRES_DB" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
REVOKE ALL ON DATABASE :"base" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL

make_role intake "$HUIYIN_INTAKE_PASSWORD"
# The texts of denunciations belong to a role of their own, which intake takes on only to read one.
psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
ALTER ROLE intake NOINHERIT;
CREATE ROLE intake_sealed NOLOGIN;
GRANT intake_sealed TO intake;
SQL
make_role routing "$HUIYIN_ROUTING_PASSWORD"
make_role supervision "$HUIYIN_SUPERVISION_PASSWORD"
make_role stability_early_warning "$HUIYIN_STABILITY_EARLY_WARNING_PASSWORD"
make_role statistics "$HUIYIN_STATISTICS_PASSWORD"
# The auditor reads and never writes, and stands in nobody's way. It must be there before the tables are made.
psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v password="$HUIYIN_AUDITOR_PASSWORD" -v base="$POSTGRES_DB" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE auditor LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
ALTER ROLE auditor SET default_transaction_read_only = on;
ALTER ROLE auditor SET statement_timeout = '30s';
ALTER ROLE auditor SET idle_in_transaction_session_timeout = '30s';
GRANT CONNECT ON DATABASE :"base" TO auditor;
SQL
