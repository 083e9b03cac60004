-- A county ends and its townships go elsewhere on the same day: who lies in whom is checked when all of it is written.
ALTER TABLE territory ALTER CONSTRAINT territory_parent_code_fkey DEFERRABLE INITIALLY DEFERRED;
