-- The facts of the workbench. Migrations are only appended: a file that has landed never changes.
--
-- Facts are append-only, by trigger: what happened is not rewritten. Statuses are derived from them, or set by one more
-- fact with its reason. `at_ms` is Unix time in UTC. JSON columns hold the Rust types of src/lab/experiment.rs.
-- Seeds are 64 bit unsigned and therefore text. A bound that is not known yet is NULL.

-- Experiments ---------------------------------------------------------------------------------------------------------

-- A question put to the machine: is arm B better than arm A?
CREATE TABLE experiment (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    improvement TEXT    NOT NULL,
    feature     TEXT    NOT NULL,
    stack       TEXT    NOT NULL CHECK (json_valid(stack)),
    tree_digest TEXT    NOT NULL,
    question    TEXT    NOT NULL,                            -- digest of what a resumed plan must have in common
    host        TEXT    NOT NULL CHECK (json_valid(host)),
    host_digest TEXT    NOT NULL,
    agents      TEXT    NOT NULL CHECK (json_valid(agents))  -- numbers of the agents who own the improvement
) STRICT;
CREATE INDEX experiment_by_improvement ON experiment (improvement, id);
CREATE INDEX experiment_by_question ON experiment (question, id);

-- One process working on an experiment. A resumed experiment has several; the plan of the last one is in force.
CREATE TABLE sitting (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment    INTEGER NOT NULL REFERENCES experiment,
    at_ms         INTEGER NOT NULL,
    pid           INTEGER NOT NULL,
    started_ticks INTEGER NOT NULL,                          -- with the pid: this process and no later one
    plan          TEXT    NOT NULL CHECK (json_valid(plan))
) STRICT;
CREATE INDEX sitting_by_experiment ON sitting (experiment, id);

CREATE TABLE stage (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    stage      TEXT    NOT NULL,
    note       TEXT    NOT NULL
) STRICT;
CREATE INDEX stage_by_experiment ON stage (experiment, id);

CREATE TABLE build (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    side       TEXT    NOT NULL CHECK (side IN ('A', 'B')),
    features   TEXT    NOT NULL CHECK (json_valid(features)),
    build_key  TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    path       TEXT    NOT NULL,
    cached     INTEGER NOT NULL CHECK (cached IN (0, 1))
) STRICT;
CREATE INDEX build_by_experiment ON build (experiment, id);

-- The evidence: two fresh processes in lock-step.
CREATE TABLE pair (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    workload   INTEGER NOT NULL,
    run        TEXT    NOT NULL CHECK (run IN ('calibration', 'decision', 'confirmation')),
    idx        INTEGER NOT NULL,
    first      TEXT    NOT NULL CHECK (first IN ('A', 'B')),
    seed       TEXT    NOT NULL,
    a          TEXT    NOT NULL CHECK (json_valid(a)),
    b          TEXT    NOT NULL CHECK (json_valid(b)),
    d          REAL    NOT NULL,
    machine    TEXT    NOT NULL CHECK (json_valid(machine)),
    dropped    TEXT,
    UNIQUE (experiment, workload, run, idx)
) STRICT;

CREATE TABLE standing (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    workload   INTEGER NOT NULL,
    pairs      INTEGER NOT NULL,
    estimate   REAL    NOT NULL,
    low        REAL,
    high       REAL
) STRICT;
CREATE INDEX standing_by_experiment ON standing (experiment, workload, id);

-- Stacks and flame graphs are files under profiles/; a row says which and what they cover.
CREATE TABLE profile (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    side       TEXT    NOT NULL CHECK (side IN ('A', 'B')),
    kind       TEXT    NOT NULL,
    file       TEXT    NOT NULL,                             -- folded stacks, relative to profiles/
    sha256     TEXT    NOT NULL,
    samples    INTEGER NOT NULL,
    cpu_ns     INTEGER NOT NULL,
    ops        INTEGER NOT NULL
) STRICT;
CREATE INDEX profile_by_experiment ON profile (experiment, id);

CREATE TABLE verdict (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment   INTEGER NOT NULL UNIQUE REFERENCES experiment,
    at_ms        INTEGER NOT NULL,
    improvement  TEXT    NOT NULL,
    verdict      TEXT    NOT NULL CHECK (verdict IN ('PROVEN', 'ACCEPTED', 'REJECTED', 'INCONCLUSIVE', 'BROKEN')),
    passed       INTEGER NOT NULL CHECK (passed IN (0, 1)),  -- may join the stack, under the policy of its plan
    reason       TEXT    NOT NULL,
    rule_version INTEGER NOT NULL,
    tree_digest  TEXT    NOT NULL,
    workload     TEXT    NOT NULL,                           -- label of the deciding workload
    metric       TEXT    NOT NULL,
    binary_a     TEXT,                                       -- SHA-256 of the arms; NULL when an arm was never built
    binary_b     TEXT,
    ruling       TEXT    NOT NULL CHECK (json_valid(ruling))
) STRICT;
CREATE INDEX verdict_by_improvement ON verdict (improvement, id);

-- A sitting that ended before a verdict.
CREATE TABLE stopped (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    sitting    INTEGER NOT NULL REFERENCES sitting,
    at_ms      INTEGER NOT NULL,
    reason     TEXT    NOT NULL
) STRICT;
CREATE INDEX stopped_by_sitting ON stopped (sitting);

-- The register's course ------------------------------------------------------------------------------------------------

-- A status that somebody set. Complete without accepted evidence is forced, and the row stays.
CREATE TABLE improvement_status (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    improvement TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('Planned', 'In Progress', 'Complete', 'Blocked', 'Cancelled')),
    reason      TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    forced      INTEGER NOT NULL CHECK (forced IN (0, 1)),
    CHECK (forced = 0 OR (status = 'Complete' AND trim(reason) <> ''))
) STRICT;
CREATE INDEX improvement_status_by_improvement ON improvement_status (improvement, id);

-- The stack is what was added and not removed since, in order of addition.
CREATE TABLE stack_change (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    op          TEXT    NOT NULL CHECK (op IN ('add', 'remove')),
    improvement TEXT    NOT NULL,
    feature     TEXT    NOT NULL,
    verdict     INTEGER REFERENCES verdict,
    reason      TEXT    NOT NULL,
    CHECK (op = 'remove' OR verdict IS NOT NULL)
) STRICT;
CREATE INDEX stack_change_by_improvement ON stack_change (improvement, id);

CREATE TABLE agent_status (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    agent       INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('Ready', 'Active', 'Waiting', 'Needs Input')),
    improvement TEXT,
    note        TEXT    NOT NULL,
    source      TEXT    NOT NULL                             -- who says so: the workbench, the agent, a person
) STRICT;
CREATE INDEX agent_status_by_agent ON agent_status (agent, id);

CREATE TABLE command_log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms      INTEGER NOT NULL,
    argv       TEXT    NOT NULL CHECK (json_valid(argv)),
    folder     TEXT    NOT NULL,
    exit_code  INTEGER,                                      -- NULL: killed by a signal
    elapsed_ms INTEGER NOT NULL
) STRICT;

-- Live pictures: not evidence, bounded, swept when an experiment ends ----------------------------------------------------

CREATE TABLE slice (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    workload   INTEGER NOT NULL,
    side       TEXT    NOT NULL CHECK (side IN ('A', 'B')),
    rate       REAL    NOT NULL
) STRICT;

CREATE TABLE progress (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    note       TEXT    NOT NULL
) STRICT;

CREATE TABLE heartbeat (
    agent    INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL,
    activity TEXT    NOT NULL,
    source   TEXT    NOT NULL
) STRICT;

-- The change log: one line for each fact, in the order in which they became true -----------------------------------------

CREATE TABLE change_log (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    "table" TEXT    NOT NULL,
    "row"   INTEGER NOT NULL,
    op      TEXT    NOT NULL,
    subject TEXT    NOT NULL,                                -- T003, agent 1
    summary TEXT    NOT NULL
) STRICT;

CREATE TRIGGER experiment_logged AFTER INSERT ON experiment BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'experiment', new.id, 'insert', new.improvement,
            'experiment ' || new.id || ' opened: ' || new.feature || ' on a stack of ' || json_array_length(new.stack));
END;
CREATE TRIGGER sitting_logged AFTER INSERT ON sitting BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'sitting', new.id, 'insert', improvement,
           'experiment ' || id || iif(EXISTS (SELECT 1 FROM sitting s WHERE s.experiment = new.experiment AND s.id < new.id),
                                      ' resumed by process ', ' begun by process ') || new.pid
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER stage_logged AFTER INSERT ON stage BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'stage', new.id, 'insert', improvement, new.stage || iif(new.note = '', '', ': ' || new.note)
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER build_logged AFTER INSERT ON build BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'build', new.id, 'insert', improvement,
           'arm ' || new.side || ' ready' || iif(new.cached, ' (from the cache)', '') || ': ' || substr(new.sha256, 1, 12)
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER pair_logged AFTER INSERT ON pair BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'pair', new.id, 'insert', e.improvement,
           coalesce(json_extract(s.plan, '$.workloads[' || new.workload || '].label'), 'workload ' || new.workload)
           || ' ' || new.run || ' pair ' || (new.idx + 1) || ': '
           || coalesce('dropped, ' || new.dropped, printf('ln(B/A) = %+.4f', new.d))
    FROM experiment e JOIN sitting s ON s.experiment = e.id
    WHERE e.id = new.experiment ORDER BY s.id DESC LIMIT 1;
END;
CREATE TRIGGER standing_logged AFTER INSERT ON standing BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'standing', new.id, 'insert', improvement,
           'workload ' || new.workload || ' after ' || new.pairs || ' pairs: '
           || printf('%+.4f', new.estimate) || ' in [' || iif(new.low IS NULL, '−∞', printf('%+.4f', new.low)) || ', '
           || iif(new.high IS NULL, '∞', printf('%+.4f', new.high)) || ']'
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER profile_logged AFTER INSERT ON profile BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'profile', new.id, 'insert', improvement,
           new.kind || ' profile of arm ' || new.side || ': ' || new.file
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER verdict_logged AFTER INSERT ON verdict BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'verdict', new.id, 'insert', new.improvement, new.verdict || ': ' || new.reason);
END;
CREATE TRIGGER stopped_logged AFTER INSERT ON stopped BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'stopped', new.id, 'insert', improvement, 'experiment ' || id || ' stopped: ' || new.reason
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER improvement_status_logged AFTER INSERT ON improvement_status BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'improvement_status', new.id, 'insert', new.improvement,
            new.status || iif(new.forced, ' (forced)', '') || ' by ' || new.author
            || iif(new.reason = '', '', ': ' || new.reason));
END;
CREATE TRIGGER stack_change_logged AFTER INSERT ON stack_change BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'stack_change', new.id, 'insert', new.improvement,
            iif(new.op = 'add', 'joined the stack: ', 'left the stack: ') || new.reason);
END;
CREATE TRIGGER agent_status_logged AFTER INSERT ON agent_status BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'agent_status', new.id, 'insert', 'agent ' || new.agent,
            new.state || iif(new.note = '', '', ': ' || new.note));
END;
CREATE TRIGGER command_log_logged AFTER INSERT ON command_log BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    VALUES (new.at_ms, 'command_log', new.id, 'insert', 'command',
            (SELECT group_concat(value, ' ') FROM json_each(new.argv))
            || ' → ' || coalesce('exit ' || new.exit_code, 'killed'));
END;

-- Nothing that happened is rewritten -------------------------------------------------------------------------------------

CREATE TRIGGER experiment_kept BEFORE UPDATE ON experiment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER experiment_stays BEFORE DELETE ON experiment BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER sitting_kept BEFORE UPDATE ON sitting BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER sitting_stays BEFORE DELETE ON sitting BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stage_kept BEFORE UPDATE ON stage BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stage_stays BEFORE DELETE ON stage BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER build_kept BEFORE UPDATE ON build BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER build_stays BEFORE DELETE ON build BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER pair_kept BEFORE UPDATE ON pair BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER pair_stays BEFORE DELETE ON pair BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER standing_kept BEFORE UPDATE ON standing BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER standing_stays BEFORE DELETE ON standing BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER profile_kept BEFORE UPDATE ON profile BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER profile_stays BEFORE DELETE ON profile BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER verdict_kept BEFORE UPDATE ON verdict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER verdict_stays BEFORE DELETE ON verdict BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stopped_kept BEFORE UPDATE ON stopped BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stopped_stays BEFORE DELETE ON stopped BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER improvement_status_kept BEFORE UPDATE ON improvement_status BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER improvement_status_stays BEFORE DELETE ON improvement_status BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stack_change_kept BEFORE UPDATE ON stack_change BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER stack_change_stays BEFORE DELETE ON stack_change BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER agent_status_kept BEFORE UPDATE ON agent_status BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER agent_status_stays BEFORE DELETE ON agent_status BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER command_log_kept BEFORE UPDATE ON command_log BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER command_log_stays BEFORE DELETE ON command_log BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER change_log_kept BEFORE UPDATE ON change_log BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER change_log_stays BEFORE DELETE ON change_log BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
