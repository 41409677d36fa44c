-- Screens: many improvements at once. Each row of a design is a build, measured in lock-step against the build of one
-- reference row. As in 0001: facts are append-only and logged, by trigger; JSON columns hold the types of src/lab/screen/facts.rs.

CREATE TABLE screen (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    purpose     TEXT    NOT NULL CHECK (purpose IN ('screening', 'interaction')),
    factors     TEXT    NOT NULL CHECK (json_valid(factors)),
    tree_digest TEXT    NOT NULL,
    question    TEXT    NOT NULL,                            -- digest of what a resumed plan must have in common
    host        TEXT    NOT NULL CHECK (json_valid(host)),
    host_digest TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_by_question ON screen (question, id);

-- One process working on a screen. The plan of the first one is in force: design and coins come from its seed.
CREATE TABLE screen_sitting (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    screen        INTEGER NOT NULL REFERENCES screen,
    at_ms         INTEGER NOT NULL,
    pid           INTEGER NOT NULL,
    started_ticks INTEGER NOT NULL,
    plan          TEXT    NOT NULL CHECK (json_valid(plan))
) STRICT;
CREATE INDEX screen_sitting_by_screen ON screen_sitting (screen, id);

CREATE TABLE screen_stage (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    at_ms  INTEGER NOT NULL,
    stage  TEXT    NOT NULL,
    note   TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_stage_by_screen ON screen_stage (screen, id);

-- The rows, and the reference among them. A later layout takes the place of an earlier one; after the first run it only adds rows.
CREATE TABLE screen_layout (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    at_ms  INTEGER NOT NULL,
    rows   INTEGER NOT NULL,
    why    TEXT    NOT NULL,
    layout TEXT    NOT NULL CHECK (json_valid(layout))
) STRICT;
CREATE INDEX screen_layout_by_screen ON screen_layout (screen, id);

CREATE TABLE screen_build (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    screen    INTEGER NOT NULL REFERENCES screen,
    at_ms     INTEGER NOT NULL,
    features  TEXT    NOT NULL CHECK (json_valid(features)),
    build_key TEXT    NOT NULL,
    sha256    TEXT    NOT NULL,
    path      TEXT    NOT NULL,
    cached    INTEGER NOT NULL CHECK (cached IN (0, 1))
) STRICT;
CREATE INDEX screen_build_by_screen ON screen_build (screen, id);

-- A build that is lost: it does not build, or fails when it runs.
CREATE TABLE screen_loss (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    at_ms  INTEGER NOT NULL,
    levels TEXT    NOT NULL CHECK (json_valid(levels)),
    stage  TEXT    NOT NULL CHECK (stage IN ('build', 'run')),
    reason TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_loss_by_screen ON screen_loss (screen, id);

-- Features that do not build together, found by builds of their own.
CREATE TABLE screen_conflict (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    screen   INTEGER NOT NULL REFERENCES screen,
    at_ms    INTEGER NOT NULL,
    conflict TEXT    NOT NULL CHECK (json_valid(conflict)),
    told     TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_conflict_by_screen ON screen_conflict (screen, id);

-- The evidence: reference (a) and row (b) in lock-step.
CREATE TABLE screen_pair (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    screen  INTEGER NOT NULL REFERENCES screen,
    at_ms   INTEGER NOT NULL,
    "row"   INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    first   TEXT    NOT NULL CHECK (first IN ('A', 'B')),
    seed    TEXT    NOT NULL,
    a       TEXT    NOT NULL CHECK (json_valid(a)),
    b       TEXT    NOT NULL CHECK (json_valid(b)),
    d       REAL    NOT NULL,
    machine TEXT    NOT NULL CHECK (json_valid(machine)),
    dropped TEXT,
    UNIQUE (screen, "row", idx)
) STRICT;

-- Every row of the latest layout has its pairs. The effects are derived from them; this says that they are there, and what was seen.
CREATE TABLE screen_end (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    layout INTEGER NOT NULL REFERENCES screen_layout,
    at_ms  INTEGER NOT NULL,
    told   TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_end_by_screen ON screen_end (screen, id);

-- A sitting that ended before.
CREATE TABLE screen_stopped (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    screen  INTEGER NOT NULL REFERENCES screen,
    sitting INTEGER NOT NULL REFERENCES screen_sitting,
    at_ms   INTEGER NOT NULL,
    reason  TEXT    NOT NULL
) STRICT;
CREATE INDEX screen_stopped_by_sitting ON screen_stopped (sitting);

-- Live pictures: not evidence, bounded, swept when a screen ends.
CREATE TABLE screen_slice (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    at_ms  INTEGER NOT NULL,
    side   TEXT    NOT NULL CHECK (side IN ('A', 'B')),
    rate   REAL    NOT NULL
) STRICT;

CREATE TABLE screen_progress (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    screen INTEGER NOT NULL REFERENCES screen,
    at_ms  INTEGER NOT NULL,
    note   TEXT    NOT NULL
) STRICT;

-- The change log ----------------------------------------------------------------------------------------------------------

CREATE TRIGGER screen_logged AFTER INSERT ON screen BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen', new.id, 'insert', 'screen ' || new.id,
            new.purpose || ' of ' || (SELECT group_concat(json_extract(value, '$.improvement'), ', ') FROM json_each(new.factors)));
END;
CREATE TRIGGER screen_sitting_logged AFTER INSERT ON screen_sitting BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_sitting', new.id, 'insert', 'screen ' || new.screen,
            iif(EXISTS (SELECT 1 FROM screen_sitting s WHERE s.screen = new.screen AND s.id < new.id),
                'resumed by process ', 'begun by process ') || new.pid);
END;
CREATE TRIGGER screen_stage_logged AFTER INSERT ON screen_stage BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_stage', new.id, 'insert', 'screen ' || new.screen,
            new.stage || iif(new.note = '', '', ': ' || new.note));
END;
CREATE TRIGGER screen_layout_logged AFTER INSERT ON screen_layout BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_layout', new.id, 'insert', 'screen ' || new.screen, new.rows || ' builds: ' || new.why);
END;
CREATE TRIGGER screen_build_logged AFTER INSERT ON screen_build BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_build', new.id, 'insert', 'screen ' || new.screen,
            coalesce((SELECT group_concat(value, ' + ') FROM json_each(new.features)), 'no feature') || ' ready'
            || iif(new.cached, ' (from the cache)', '') || ': ' || substr(new.sha256, 1, 12));
END;
CREATE TRIGGER screen_loss_logged AFTER INSERT ON screen_loss BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_loss', new.id, 'insert', 'screen ' || new.screen,
            'lost in the ' || new.stage || ': ' || substr(new.reason, 1, 200));
END;
CREATE TRIGGER screen_conflict_logged AFTER INSERT ON screen_conflict BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_conflict', new.id, 'insert', 'screen ' || new.screen, new.told);
END;
CREATE TRIGGER screen_pair_logged AFTER INSERT ON screen_pair BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_pair', new.id, 'insert', 'screen ' || new.screen,
            'build ' || (new."row" + 1) || ' pair ' || (new.idx + 1) || ': '
            || coalesce('dropped, ' || new.dropped, printf('ln(B/A) = %+.4f', new.d)));
END;
CREATE TRIGGER screen_end_logged AFTER INSERT ON screen_end BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_end', new.id, 'insert', 'screen ' || new.screen, new.told);
END;
CREATE TRIGGER screen_stopped_logged AFTER INSERT ON screen_stopped BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'screen_stopped', new.id, 'insert', 'screen ' || new.screen, 'stopped: ' || new.reason);
END;

-- Nothing that happened is rewritten -----------------------------------------------------------------------------------------

CREATE TRIGGER screen_kept BEFORE UPDATE ON screen BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_stays BEFORE DELETE ON screen BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_sitting_kept BEFORE UPDATE ON screen_sitting BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_sitting_stays BEFORE DELETE ON screen_sitting BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_stage_kept BEFORE UPDATE ON screen_stage BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_stage_stays BEFORE DELETE ON screen_stage BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_layout_kept BEFORE UPDATE ON screen_layout BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_layout_stays BEFORE DELETE ON screen_layout BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_build_kept BEFORE UPDATE ON screen_build BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_build_stays BEFORE DELETE ON screen_build BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_loss_kept BEFORE UPDATE ON screen_loss BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_loss_stays BEFORE DELETE ON screen_loss BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_conflict_kept BEFORE UPDATE ON screen_conflict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_conflict_stays BEFORE DELETE ON screen_conflict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_pair_kept BEFORE UPDATE ON screen_pair BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_pair_stays BEFORE DELETE ON screen_pair BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_end_kept BEFORE UPDATE ON screen_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_end_stays BEFORE DELETE ON screen_end BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_stopped_kept BEFORE UPDATE ON screen_stopped BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER screen_stopped_stays BEFORE DELETE ON screen_stopped BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
