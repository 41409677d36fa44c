-- Where a profile's counts are sums of weights (nanoseconds of CPU, bytes allocated) and no numbers of samples: what one draw stands for,
-- in the same unit, which is the sum of the weights' squares over their sum. A count's variance is the count times this.
ALTER TABLE profile ADD COLUMN weight INTEGER;
