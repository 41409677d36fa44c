-- An experiment may ask more than what one improvement adds to the stack: what the stack loses without it, how much an arm
-- differs from itself, whether one revision is better than another. What it is about is its subject: an improvement, or
-- 'calibration', 'comparison'. What existed before asked the one question that there was.
ALTER TABLE experiment RENAME COLUMN improvement TO subject;
ALTER TABLE experiment ADD COLUMN kind TEXT NOT NULL DEFAULT 'add_one_in'
    CHECK (kind IN ('add_one_in', 'leave_one_out', 'itself', 'compare'));

DROP TRIGGER experiment_logged;
CREATE TRIGGER experiment_logged AFTER INSERT ON experiment BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'experiment', new.id, 'insert', new.subject,
            'experiment ' || new.id || ' opened: ' || CASE new.kind
                WHEN 'add_one_in' THEN new.feature || ' on a stack of ' || json_array_length(new.stack)
                WHEN 'leave_one_out' THEN 'a stack without ' || new.feature || ', which leaves ' || json_array_length(new.stack)
                WHEN 'itself' THEN 'an arm against itself'
                WHEN 'compare' THEN 'one revision against another' END);
END;

-- A comparison ends in words of its own. SQLite cannot widen a CHECK, so the table is made anew; rows keep their numbers, and
-- what refers to them is checked when this is committed.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE verdict_before AS SELECT * FROM verdict;
DROP TABLE verdict;
CREATE TABLE verdict (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment   INTEGER NOT NULL UNIQUE REFERENCES experiment,
    at_ms        INTEGER NOT NULL,
    subject      TEXT    NOT NULL,                           -- of its experiment
    verdict      TEXT    NOT NULL CHECK (verdict IN ('PROVEN', 'ACCEPTED', 'REJECTED', 'INCONCLUSIVE', 'BROKEN',
                                                     'BETTER', 'WORSE', 'SAME')),
    passed       INTEGER NOT NULL CHECK (passed IN (0, 1)),  -- may join the stack, under the policy of its plan; a comparison:
                                                             -- not worse by more than the margin
    reason       TEXT    NOT NULL,
    rule_version INTEGER NOT NULL,
    tree_digest  TEXT    NOT NULL,                           -- of arm B
    workload     TEXT    NOT NULL,                           -- label of the deciding workload
    metric       TEXT    NOT NULL,
    binary_a     TEXT,                                       -- SHA-256 of the arms; NULL when an arm was never built
    binary_b     TEXT,
    ruling       TEXT    NOT NULL CHECK (json_valid(ruling))
) STRICT;
INSERT INTO verdict SELECT * FROM verdict_before;
DROP TABLE verdict_before;
CREATE INDEX verdict_by_subject ON verdict (subject, id);
CREATE TRIGGER verdict_logged AFTER INSERT ON verdict BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'verdict', new.id, 'insert', new.subject, new.verdict || ': ' || new.reason);
END;
CREATE TRIGGER verdict_kept BEFORE UPDATE ON verdict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER verdict_stays BEFORE DELETE ON verdict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
