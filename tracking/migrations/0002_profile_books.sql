-- What a profile's counts are held against: the CPU time of the profiled slices by the process's clock, and the CPU time that one
-- sample stands for by the sampler's timer. Absent in profiles that an older workbench took, and where a driver does not say.
ALTER TABLE profile ADD COLUMN measured_ns INTEGER;
ALTER TABLE profile ADD COLUMN period_ns INTEGER;
