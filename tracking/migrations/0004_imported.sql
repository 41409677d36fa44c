-- Where a fact came from that this store did not record itself: an experiment with all that is its, or a status.
CREATE TABLE imported (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,                               -- of the import; the fact keeps its own time
    "table"  TEXT    NOT NULL,
    "row"    INTEGER NOT NULL,
    document TEXT    NOT NULL,                               -- digest of the file's evidence
    file     TEXT    NOT NULL,                               -- its name then
    UNIQUE ("table", "row")
) STRICT;

CREATE TRIGGER imported_logged AFTER INSERT ON imported BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'imported', new.id, 'insert',
            coalesce(iif(new."table" = 'experiment', (SELECT subject FROM experiment WHERE id = new."row"),
                         (SELECT improvement FROM improvement_status WHERE id = new."row")), new."table"),
            replace(new."table", '_', ' ') || ' ' || new."row" || ' came from ' || new.file);
END;
CREATE TRIGGER imported_kept BEFORE UPDATE ON imported BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER imported_stays BEFORE DELETE ON imported BEGIN SELECT raise(ABORT, 'facts are append-only'); END;

-- Facts of several stores are one sequence by their times, whatever the order in which they came here.
CREATE INDEX experiment_by_time ON experiment (at_ms);
CREATE INDEX verdict_by_time ON verdict (subject, at_ms);
