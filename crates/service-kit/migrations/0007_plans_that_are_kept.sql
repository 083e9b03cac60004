-- A function in SQL that holds a query is parsed and planned anew at each call, for each row that is looked at; in PL/pgSQL its plan is
-- kept. Both say what they said (0003).

CREATE OR REPLACE FUNCTION sealed_from_reader(denounced uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF denounced IS NULL OR is_house() THEN
        RETURN false;
    END IF;
    RETURN coalesce(denounced = reader_organ(), true)
        OR coalesce((
            SELECT (reader_territory() = s.territory_code AND s.heads)
                OR (reader_territory() <> s.territory_code
                    AND starts_with(reader_territory(), significant(s.territory_code)))
            FROM organ_standing s WHERE s.organ_id = denounced), true);
END
$$;

CREATE OR REPLACE FUNCTION reader_has_in_hand(matter uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM matter_hand h WHERE h.matter_id = matter AND h.organ_id = reader_organ());
END
$$;
