-- A cluster is a hot spot of several townships that adjoin: its place is the smallest one around them.
ALTER TABLE hot_spot
    ADD COLUMN place_codes  text[] NOT NULL DEFAULT '{}' CHECK (cardinality(place_codes) BETWEEN 0 AND 1000),
    ADD COLUMN first_day    date,
    ADD CONSTRAINT hot_spot_cluster_whole
        CHECK (CASE WHEN first_day IS NULL THEN cardinality(place_codes) = 0
                    ELSE cardinality(place_codes) >= 2 AND first_day <= day END);
