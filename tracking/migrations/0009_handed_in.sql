-- What somebody has handed in is measured too, on a commit that nobody has accepted: a question of its own, on which no status rests.
-- SQLite cannot widen a CHECK, so the table is made anew; rows keep their numbers, and what refers to them is checked when this is committed.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE experiment_before AS SELECT * FROM experiment;
DROP TABLE experiment;
CREATE TABLE experiment (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    subject     TEXT    NOT NULL,
    feature     TEXT    NOT NULL,
    stack       TEXT    NOT NULL CHECK (json_valid(stack)),
    tree_digest TEXT    NOT NULL,
    question    TEXT    NOT NULL,                            -- digest of what a resumed plan must have in common
    host        TEXT    NOT NULL CHECK (json_valid(host)),
    host_digest TEXT    NOT NULL,
    agents      TEXT    NOT NULL CHECK (json_valid(agents)), -- numbers of the agents who own the improvement
    kind        TEXT    NOT NULL DEFAULT 'add_one_in'
                CHECK (kind IN ('add_one_in', 'leave_one_out', 'itself', 'compare', 'handed_in'))
) STRICT;
INSERT INTO experiment SELECT * FROM experiment_before;
DROP TABLE experiment_before;
CREATE INDEX experiment_by_subject ON experiment (subject, id);
CREATE INDEX experiment_by_question ON experiment (question, id);
CREATE INDEX experiment_by_time ON experiment (at_ms);
CREATE TRIGGER experiment_logged AFTER INSERT ON experiment BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'experiment', new.id, 'insert', new.subject,
            'experiment ' || new.id || ' opened: ' || CASE new.kind
                WHEN 'add_one_in' THEN new.feature || ' on a stack of ' || json_array_length(new.stack)
                WHEN 'leave_one_out' THEN 'a stack without ' || new.feature || ', which leaves ' || json_array_length(new.stack)
                WHEN 'itself' THEN 'an arm against itself'
                WHEN 'compare' THEN 'one revision against another'
                WHEN 'handed_in' THEN new.feature || ' as it was handed in, on a stack of ' || json_array_length(new.stack) END);
END;
CREATE TRIGGER experiment_kept BEFORE UPDATE ON experiment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER experiment_stays BEFORE DELETE ON experiment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
