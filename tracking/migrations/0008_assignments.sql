-- Who works on what: assignments, attempts, what was handed in and what became of it. Where an assignment stands is derived from
-- these facts (src/agents/stage.rs); the output of agents is in files beside their worktrees, never here.

-- An improvement in somebody's hands: a branch of its own, from the commit `base`.
CREATE TABLE assignment (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    improvement TEXT    NOT NULL,
    agent       INTEGER NOT NULL,
    branch      TEXT    NOT NULL,
    base        TEXT    NOT NULL
) STRICT;
CREATE INDEX assignment_by_improvement ON assignment (improvement, id);

-- One run of the agent. The token stands in the environment of all that belongs to it.
CREATE TABLE attempt (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    assignment INTEGER NOT NULL REFERENCES assignment,
    at_ms      INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    token      TEXT    NOT NULL UNIQUE,
    UNIQUE (assignment, number)
) STRICT;

-- A process of an attempt.
CREATE TABLE attempt_worker (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt       INTEGER NOT NULL REFERENCES attempt,
    at_ms         INTEGER NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('supervisor', 'agent')),
    pid           INTEGER NOT NULL,
    started_ticks INTEGER NOT NULL                           -- with the pid: this process and no later one
) STRICT;
CREATE INDEX attempt_worker_by_attempt ON attempt_worker (attempt, id);

-- What an agent says of itself: claimed, and never a terminal state.
CREATE TABLE attempt_said (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt INTEGER NOT NULL REFERENCES attempt,
    at_ms   INTEGER NOT NULL,
    state   TEXT    NOT NULL CHECK (state IN ('working', 'waiting', 'needs-input')),
    note    TEXT    NOT NULL
) STRICT;
CREATE INDEX attempt_said_by_attempt ON attempt_said (attempt, id);

CREATE TABLE attempt_end (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt      INTEGER NOT NULL UNIQUE REFERENCES attempt,
    at_ms        INTEGER NOT NULL,
    ending       TEXT    NOT NULL
                 CHECK (ending IN ('finished', 'failed', 'out_of_time', 'too_much_output', 'stopped', 'lost')),
    reason       TEXT    NOT NULL,
    exit_code    INTEGER,                                    -- NULL: ended by a signal, or nobody knows
    output_bytes INTEGER NOT NULL,                           -- that are kept
    left_behind  INTEGER NOT NULL,                           -- processes that it left and that were ended
    snapshot     TEXT                                        -- commit of what it had not committed; NULL: nothing
) STRICT;

-- A commit that was handed in.
CREATE TABLE submission (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    assignment INTEGER NOT NULL REFERENCES assignment,
    attempt    INTEGER REFERENCES attempt,                   -- NULL: a person handed in
    at_ms      INTEGER NOT NULL,
    "commit"   TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    UNIQUE (assignment, "commit")
) STRICT;

-- What a gate found; the newest of a gate counts.
CREATE TABLE gate (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    submission INTEGER NOT NULL REFERENCES submission,
    at_ms      INTEGER NOT NULL,
    gate       TEXT    NOT NULL,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('yes', 'no', 'nothing_to_check')),
    reason     TEXT    NOT NULL,
    experiment INTEGER REFERENCES experiment                 -- what it rests on
) STRICT;
CREATE INDEX gate_by_submission ON gate (submission, id);

CREATE TABLE review (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    submission INTEGER NOT NULL REFERENCES submission,
    at_ms      INTEGER NOT NULL,
    decision   TEXT    NOT NULL CHECK (decision IN ('approved', 'sent_back')),
    author     TEXT    NOT NULL,
    comment    TEXT    NOT NULL,
    CHECK (decision = 'approved' OR trim(comment) <> '')
) STRICT;
CREATE INDEX review_by_submission ON review (submission, id);

-- A submission on the integration branch.
CREATE TABLE merged (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    submission INTEGER NOT NULL UNIQUE REFERENCES submission,
    at_ms      INTEGER NOT NULL,
    branch     TEXT    NOT NULL,
    "commit"   TEXT    NOT NULL
) STRICT;

-- Nobody works on it any more.
CREATE TABLE withdrawn (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    assignment INTEGER NOT NULL UNIQUE REFERENCES assignment,
    at_ms      INTEGER NOT NULL,
    author     TEXT    NOT NULL,
    reason     TEXT    NOT NULL CHECK (trim(reason) <> '')
) STRICT;

-- The change log ------------------------------------------------------------------------------------------------------

CREATE TRIGGER assignment_logged AFTER INSERT ON assignment BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'assignment', new.id, 'insert', new.improvement,
            'assigned to agent ' || new.agent || ' on ' || new.branch || ', from ' || substr(new.base, 1, 7));
END;
CREATE TRIGGER attempt_logged AFTER INSERT ON attempt BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'attempt', new.id, 'insert', improvement, 'attempt ' || new.number || ' of agent ' || agent || ' begins'
    FROM assignment WHERE id = new.assignment;
END;
CREATE TRIGGER attempt_worker_logged AFTER INSERT ON attempt_worker BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'attempt_worker', new.id, 'insert', s.improvement, 'the ' || new.role || ' is process ' || new.pid
    FROM attempt t JOIN assignment s ON s.id = t.assignment WHERE t.id = new.attempt;
END;
CREATE TRIGGER attempt_said_logged AFTER INSERT ON attempt_said BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'attempt_said', new.id, 'insert', s.improvement,
           'agent ' || s.agent || ' says: ' || new.state || iif(new.note = '', '', ', ' || new.note)
    FROM attempt t JOIN assignment s ON s.id = t.assignment WHERE t.id = new.attempt;
END;
CREATE TRIGGER attempt_end_logged AFTER INSERT ON attempt_end BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'attempt_end', new.id, 'insert', s.improvement, 'attempt ' || t.number || ' ended: ' || new.reason
    FROM attempt t JOIN assignment s ON s.id = t.assignment WHERE t.id = new.attempt;
END;
CREATE TRIGGER submission_logged AFTER INSERT ON submission BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'submission', new.id, 'insert', improvement,
           'agent ' || agent || ' handed in ' || substr(new."commit", 1, 7) || iif(new.note = '', '', ': ' || new.note)
    FROM assignment WHERE id = new.assignment;
END;
CREATE TRIGGER gate_logged AFTER INSERT ON gate BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'gate', new.id, 'insert', s.improvement,
           'gate ' || replace(new.gate, '_', ' ')
           || CASE new.outcome WHEN 'yes' THEN ' passed' WHEN 'no' THEN ' refuses' ELSE ' has nothing to check' END
           || iif(new.reason = '', '', ': ' || new.reason)
    FROM submission u JOIN assignment s ON s.id = u.assignment WHERE u.id = new.submission;
END;
CREATE TRIGGER review_logged AFTER INSERT ON review BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'review', new.id, 'insert', s.improvement,
           replace(new.decision, '_', ' ') || ' by ' || new.author || iif(new.comment = '', '', ': ' || new.comment)
    FROM submission u JOIN assignment s ON s.id = u.assignment WHERE u.id = new.submission;
END;
CREATE TRIGGER merged_logged AFTER INSERT ON merged BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'merged', new.id, 'insert', s.improvement, 'merged into ' || new.branch || ' as ' || substr(new."commit", 1, 7)
    FROM submission u JOIN assignment s ON s.id = u.assignment WHERE u.id = new.submission;
END;
CREATE TRIGGER withdrawn_logged AFTER INSERT ON withdrawn BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'withdrawn', new.id, 'insert', improvement,
           'taken back from agent ' || agent || ' by ' || new.author || ': ' || new.reason
    FROM assignment WHERE id = new.assignment;
END;

-- Nothing that happened is rewritten -------------------------------------------------------------------------------------

CREATE TRIGGER assignment_kept BEFORE UPDATE ON assignment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER assignment_stays BEFORE DELETE ON assignment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_kept BEFORE UPDATE ON attempt BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempt BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_worker_kept BEFORE UPDATE ON attempt_worker BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_worker_stays BEFORE DELETE ON attempt_worker BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_said_kept BEFORE UPDATE ON attempt_said BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_said_stays BEFORE DELETE ON attempt_said BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_end_kept BEFORE UPDATE ON attempt_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER attempt_end_stays BEFORE DELETE ON attempt_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER submission_kept BEFORE UPDATE ON submission BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER submission_stays BEFORE DELETE ON submission BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER gate_kept BEFORE UPDATE ON gate BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER gate_stays BEFORE DELETE ON gate BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER review_kept BEFORE UPDATE ON review BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER review_stays BEFORE DELETE ON review BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER merged_kept BEFORE UPDATE ON merged BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER merged_stays BEFORE DELETE ON merged BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER withdrawn_kept BEFORE UPDATE ON withdrawn BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER withdrawn_stays BEFORE DELETE ON withdrawn BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
