-- What people have noted about an improvement: for readers, and for whoever works on it. Nothing is decided by it.
CREATE TABLE note (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    improvement TEXT    NOT NULL,
    text        TEXT    NOT NULL CHECK (trim(text) <> ''),
    author      TEXT    NOT NULL
) STRICT;
CREATE INDEX note_by_improvement ON note (improvement, id);
CREATE TRIGGER note_logged AFTER INSERT ON note BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'note', new.id, 'insert', new.improvement, new.text || ' (' || new.author || ')');
END;
CREATE TRIGGER note_kept BEFORE UPDATE ON note BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER note_stays BEFORE DELETE ON note BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
