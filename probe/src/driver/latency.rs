//! Latency histograms on the wire: HdrHistogram's V2 encoding in base64, readable by every HdrHistogram library.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};

/// A histogram that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    /// The text is not base64.
    #[error("the latency histogram is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The bytes are not a V2 histogram.
    #[error("the latency histogram is not in the HdrHistogram V2 encoding: {0:?}")]
    Decode(hdrhistogram::serialization::DeserializeError),
    /// The histogram cannot be written.
    #[error("the latency histogram cannot be encoded: {0:?}")]
    Encode(hdrhistogram::serialization::V2SerializeError),
}

/// Histogram to text.
pub fn encode_latency(histogram: &Histogram<u64>) -> Result<String, LatencyError> {
    let mut bytes = Vec::new();
    V2Serializer::new().serialize(histogram, &mut bytes).map_err(LatencyError::Encode)?;
    Ok(STANDARD.encode(bytes))
}

/// Text to histogram.
pub fn decode_latency(text: &str) -> Result<Histogram<u64>, LatencyError> {
    let bytes = STANDARD.decode(text)?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(LatencyError::Decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_survives_the_wire() {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        for ns in [90_u64, 115_000, 115_000, 4_000_000] {
            histogram.record(ns).unwrap();
        }
        let back = decode_latency(&encode_latency(&histogram).unwrap()).unwrap();
        assert_eq!(back, histogram);
        assert!(decode_latency("not base64!").is_err());
        assert!(decode_latency("AAAA").is_err());
    }
}
