-- Two more ways in which an attempt ends: it was killed by somebody else, and its folder grew beyond what it may.
-- SQLite cannot widen a CHECK, so the table is made anew; rows keep their numbers, and nothing refers to them.
CREATE TABLE attempt_end_before AS SELECT * FROM attempt_end;
DROP TABLE attempt_end;
CREATE TABLE attempt_end (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt      INTEGER NOT NULL UNIQUE REFERENCES attempt,
    at_ms        INTEGER NOT NULL,
    ending       TEXT    NOT NULL
                 CHECK (ending IN ('finished', 'failed', 'out_of_time', 'too_much_output', 'too_much_disk', 'stopped', 'killed', 'lost')),
    reason       TEXT    NOT NULL,
    exit_code    INTEGER,                                    -- NULL: ended by a signal, or nobody knows
    output_bytes INTEGER NOT NULL,                           -- that are kept
    left_behind  INTEGER NOT NULL,                           -- processes that it left and that were ended
    snapshot     TEXT                                        -- commit of what it had not committed; NULL: nothing
) STRICT;
INSERT INTO attempt_end SELECT * FROM attempt_end_before;
DROP TABLE attempt_end_before;
CREATE TRIGGER attempt_end_logged AFTER INSERT ON attempt_end BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'attempt_end', new.id, 'insert', s.improvement, 'attempt ' || t.number || ' ended: ' || new.reason
    FROM attempt t JOIN assignment s ON s.id = t.assignment WHERE t.id = new.attempt;
END;
CREATE TRIGGER attempt_end_kept BEFORE UPDATE ON attempt_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_end_stays BEFORE DELETE ON attempt_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
