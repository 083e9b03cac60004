-- Where organs stand, as routing tells: who asks is placed by it, and what is sealed from whom.
CREATE TABLE organ_standing (
    organ_id        uuid PRIMARY KEY,
    level           text NOT NULL
                    CHECK (level IN ('village', 'township', 'county', 'city', 'province', 'nation')),
    territory_code  text NOT NULL CHECK (territory_code ~ '^[0-9A-Z]{12}$'),
    oversees        boolean NOT NULL,
    heads           boolean NOT NULL
);

-- Which organs have or had a matter in hand.
CREATE TABLE matter_hand (
    matter_id  uuid NOT NULL,
    organ_id   uuid NOT NULL,
    PRIMARY KEY (matter_id, organ_id)
);

-- Who asks is told to every transaction of a call by settings that end with it (huiyin.part, organ, territory, oversees,
-- sealed). Where nothing was told, nothing is seen: each of these is then null or false.

-- The service works by itself: it reacts to events, fires timers, carries the road.
CREATE FUNCTION is_house() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('huiyin.part', true) = 'house', false);

CREATE FUNCTION reader_organ() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('huiyin.organ', true), '')::uuid;

CREATE FUNCTION reader_territory() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('huiyin.territory', true), '');

CREATE FUNCTION reader_oversees() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('huiyin.oversees', true) = 'true', false);

CREATE FUNCTION reader_is_for_sealed() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('huiyin.sealed', true) = 'true', false);

-- The digits of a territory code that say where it is: what lies in it begins with them.
CREATE FUNCTION significant(code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN substr(code, 10, 3) <> '000' THEN code
    WHEN substr(code, 7, 3) <> '000' THEN substr(code, 1, 9)
    WHEN substr(code, 5, 2) <> '00' THEN substr(code, 1, 6)
    WHEN substr(code, 3, 2) <> '00' THEN substr(code, 1, 4)
    WHEN substr(code, 1, 2) <> '00' THEN substr(code, 1, 2)
    ELSE '' END;

-- Whether a place lies in the reader's.
CREATE FUNCTION reader_is_around(place text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(starts_with(place, significant(reader_territory())), false);

-- Whether a denunciation of this organ is sealed from the reader (domain::standing): it is that organ, one below it, or
-- one that it heads. Of an organ that nobody told of it is sealed from everybody.
CREATE FUNCTION sealed_from_reader(denounced uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT denounced IS NOT NULL AND NOT is_house() AND (
        coalesce(denounced = reader_organ(), true)
        OR coalesce((
            SELECT (reader_territory() = s.territory_code AND s.heads)
                OR (reader_territory() <> s.territory_code
                    AND starts_with(reader_territory(), significant(s.territory_code)))
            FROM organ_standing s WHERE s.organ_id = denounced), true))
$$;

-- Whether the reader has or had the matter in hand.
CREATE FUNCTION reader_has_in_hand(matter uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT 1 FROM matter_hand h WHERE h.matter_id = matter AND h.organ_id = reader_organ())
$$;

-- Whether the reader sees a matter: one of its place, if it oversees it, one that it registered or has in hand; a denunciation
-- only if it is a post for denunciations, and never one that is sealed from it.
CREATE FUNCTION reader_sees(matter uuid, place text, category text, about uuid, registered_by uuid)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT is_house() OR (
        (category <> 'denunciation' OR (reader_is_for_sealed() AND NOT sealed_from_reader(about)))
        AND (coalesce(registered_by = reader_organ(), false)
             OR (reader_oversees() AND reader_is_around(place))
             OR reader_has_in_hand(matter)))
$$;

-- Rows that are seen by whoever sees their matter, in the table `owner` of the same schema.
CREATE PROCEDURE guard_with(owner text, guarded text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format(
        'CREATE POLICY %I ON %I USING (is_house() OR EXISTS (SELECT 1 FROM %I o WHERE o.matter_id = %I.matter_id))',
        guarded || '_seen', guarded, owner, guarded);
END $$;
