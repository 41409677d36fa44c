-- The ledger of calibrations: what the pairs of one binary against itself said of each metric of a workload. The scale found is
-- frozen for later tests; the newest of a machine is in force, and all of them are its control chart.
CREATE TABLE calibration (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment INTEGER NOT NULL REFERENCES experiment,
    at_ms      INTEGER NOT NULL,
    workload   INTEGER NOT NULL,                             -- as in its pairs
    name       TEXT    NOT NULL,                             -- the workload with all its parameters
    pairs      INTEGER NOT NULL,
    noise      TEXT    NOT NULL CHECK (json_valid(noise)),   -- src/lab/calibration.rs
    UNIQUE (experiment, workload)
) STRICT;
CREATE INDEX calibration_by_name ON calibration (name, id);

CREATE TRIGGER calibration_logged AFTER INSERT ON calibration BEGIN
    INSERT INTO change_log (at_ms, "table", "row", op, subject, summary)
    SELECT new.at_ms, 'calibration', new.id, 'insert', subject,
           new.name || ': noise of ' || (new.noise ->> '$.main') || ' '
           || printf('%.2f %%', 100.0 * (new.noise ->> '$.metrics[0].scale')) || ' in ' || new.pairs || ' pairs'
    FROM experiment WHERE id = new.experiment;
END;
CREATE TRIGGER calibration_kept BEFORE UPDATE ON calibration BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
CREATE TRIGGER calibration_stays BEFORE DELETE ON calibration BEGIN SELECT raise(ABORT, 'facts are append-only'); END;
