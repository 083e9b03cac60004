-- What decides whether the simplified procedure is open: whether the matter is raised for the first time, and by how many.
ALTER TABLE routed_matter
    ADD COLUMN initial boolean NOT NULL DEFAULT true,
    ADD COLUMN persons integer NOT NULL DEFAULT 1 CHECK (persons >= 0);

-- The limits under which a hop was made by the simplified procedure, in working days; and the receiver's newest report that
-- an assignment is completed, with what the assigning organ ruled.
ALTER TABLE forwarding
    ADD COLUMN simplified jsonb,
    ADD COLUMN completion jsonb,
    ADD CONSTRAINT forwarding_only_assignments_are_reported CHECK (completion IS NULL OR kind = 'assign');
