-- The layouts of a build besides the one that it was linked in: SHA-256 of each, as a JSON array; NULL where there is no other.
ALTER TABLE build ADD COLUMN layouts TEXT;
ALTER TABLE screen_build ADD COLUMN layouts TEXT;
