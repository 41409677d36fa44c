//! A run of measurements in bounded memory: when it is full, neighbours are averaged and every later bucket takes in
//! twice as many. A million slices cost as much to keep and to draw as a hundred.

/// Buckets at most.
const BUCKETS_MAX: usize = 512;

/// Means of consecutive samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    buckets: Vec<f64>,
    samples_per_bucket: u64,
    open_sum: f64,
    open_samples: u64,
    last: Option<f64>,
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: Vec::new(), samples_per_bucket: 1, open_sum: 0.0, open_samples: 0, last: None }
    }
}

impl Series {
    /// Adds a sample; what is not a number is left out.
    pub fn push(&mut self, sample: f64) {
        if !sample.is_finite() {
            return;
        }
        self.last = Some(sample);
        self.open_sum += sample;
        self.open_samples += 1;
        if self.open_samples < self.samples_per_bucket {
            return;
        }
        self.buckets.push(self.open_sum / self.open_samples as f64);
        self.open_sum = 0.0;
        self.open_samples = 0;
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets = self.buckets.chunks(2).map(|pair| pair.iter().sum::<f64>() / pair.len() as f64).collect();
            self.samples_per_bucket *= 2;
        }
    }

    /// The newest sample.
    pub fn last(&self) -> Option<f64> {
        self.last
    }

    /// The largest bucket.
    pub fn max(&self) -> f64 {
        self.buckets.iter().copied().fold(0.0, f64::max)
    }

    /// Mean over all buckets.
    pub fn mean(&self) -> Option<f64> {
        (!self.buckets.is_empty()).then(|| self.buckets.iter().sum::<f64>() / self.buckets.len() as f64)
    }

    /// The whole run in at most `columns` values.
    pub fn resampled(&self, columns: usize) -> Vec<f64> {
        let count = self.buckets.len();
        if columns == 0 || count <= columns {
            return if columns == 0 { Vec::new() } else { self.buckets.clone() };
        }
        (0..columns)
            .map(|column| {
                let part = &self.buckets[column * count / columns..((column + 1) * count / columns).min(count)];
                part.iter().sum::<f64>() / part.len().max(1) as f64
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_samples_stay_bounded_and_keep_their_shape() {
        let mut series = Series::default();
        for sample in 0..1_000_000_u32 {
            series.push(f64::from(sample));
        }
        series.push(f64::NAN);
        assert!(series.buckets.len() < BUCKETS_MAX);
        assert_eq!(series.last(), Some(999_999.0));
        let shape = series.resampled(10);
        assert_eq!(shape.len(), 10);
        assert!(shape.is_sorted());
        assert!((series.mean().unwrap() - 500_000.0).abs() < 5_000.0);
    }

    #[test]
    fn few_samples_are_shown_as_they_are() {
        let mut series = Series::default();
        [3.0, 1.0, 2.0].into_iter().for_each(|sample| series.push(sample));
        assert_eq!(series.resampled(5), [3.0, 1.0, 2.0]);
        assert_eq!(series.resampled(2), [3.0, 1.5]);
        assert!(series.resampled(0).is_empty());
    }
}
