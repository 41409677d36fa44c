//! JSON columns. A fact that would not read back is refused when it is written, not found missing years later.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Fault;

/// `value` as JSON that gives back the same value.
pub(super) fn encode<T>(what: &'static str, value: &T) -> Result<String, Fault>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let refused = |cause: String| Fault::Refused { what: format!("the {what} cannot be kept as JSON: {cause}") };
    let text = serde_json::to_string(value).map_err(|error| refused(error.to_string()))?;
    match serde_json::from_str::<T>(&text) {
        Ok(back) if back == *value => Ok(text),
        Ok(_) => Err(refused("it reads back as something else (a number that is not finite?)".to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// The value in a JSON column of `table`, row `row`.
pub(super) fn decode<T: DeserializeOwned>(
    table: &'static str,
    row: i64,
    what: &'static str,
    text: &str,
) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|error| Fault::Unreadable { table, row, what, cause: error.to_string() })
}

/// The value in a column that holds one word of a closed set.
pub(super) fn word<T: DeserializeOwned>(
    table: &'static str,
    row: i64,
    what: &'static str,
    word: &str,
) -> Result<T, Fault> {
    serde_json::from_value(serde_json::Value::from(word)).map_err(|error| Fault::Unreadable {
        table,
        row,
        what,
        cause: error.to_string(),
    })
}

/// The one word that serde makes of a variant without fields.
pub(super) fn as_word<T: Serialize>(value: &T) -> Result<String, Fault> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        other => Err(Fault::Refused { what: format!("{other:?} is not one word") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_not_read_back_is_refused() {
        assert_eq!(encode("value", &0.1_f64).unwrap(), "0.1");
        assert!(matches!(encode("value", &f64::NAN), Err(Fault::Refused { .. })));
        assert!(matches!(encode("value", &f64::INFINITY), Err(Fault::Refused { .. })));
    }

    #[test]
    fn numbers_come_back_to_the_last_bit() {
        // Without serde_json's `float_roundtrip` about one number in ten comes back one bit off.
        for n in 1..2_000_u32 {
            let value = f64::from(n).sqrt().ln_1p();
            assert_eq!(
                decode::<f64>("pair", 1, "d", &encode("value", &value).unwrap()).unwrap().to_bits(),
                value.to_bits()
            );
        }
    }
}
