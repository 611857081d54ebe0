//! Degrees of a place in requests: JSON has numbers for them, WhatsApp takes texts, and both are taken here. Whether they lie
//! on the earth is asked where the place is looked at.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor};

use super::template::slot::Slot;

/// Degrees as a text, of a text or a number.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Text { takes_numbers: true }.deserialize(from)
}

/// Values of a template by name: texts, and numbers where a value is degrees. Elsewhere a number would lose what matters:
/// 12.50 is 12.5 to JSON.
pub fn values<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    from.deserialize_map(Values)
}

/// A text, or a number as a text.
#[derive(Clone, Copy)]
struct Text {
    takes_numbers: bool,
}

impl Text {
    fn number<E: Error>(self, text: String, told: Unexpected<'_>) -> Result<String, E> {
        if self.takes_numbers { Ok(text) } else { Err(E::invalid_type(told, &self)) }
    }
}

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        from.deserialize_any(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.takes_numbers { "a string or a number" } else { "a string" })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        self.number(number.to_string(), Unexpected::Signed(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        self.number(number.to_string(), Unexpected::Unsigned(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        self.number(number.to_string(), Unexpected::Float(number))
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut told: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(name) = told.next_key::<String>()? {
            let takes_numbers = matches!(Slot::parse(&name), Some(Slot::Latitude | Slot::Longitude));
            values.insert(name, told.next_value_seed(Text { takes_numbers })?);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use crate::domain::free::Place;

    #[derive(Deserialize)]
    struct Sent {
        #[serde(deserialize_with = "super::values")]
        values: std::collections::BTreeMap<String, String>,
    }

    #[test]
    fn degrees_are_numbers_or_texts_and_nothing_else_is_a_number() {
        for (told, text) in [
            (json!(-34.6), "-34.6"),
            (json!("-34.60"), "-34.60"),
            (json!(90), "90"),
            (json!(-58), "-58"),
            (json!(1e-7), "0.0000001"),
        ] {
            let place: Place = serde_json::from_value(json!({"latitude": told, "longitude": "0"})).unwrap();
            assert_eq!(place.latitude, text);
            let values = json!({"values": {"location.latitude": told, "1": "Ana"}});
            assert_eq!(serde_json::from_value::<Sent>(values).unwrap().values["location.latitude"], text);
        }
        for wrong in [json!(null), json!(true), json!([1]), json!({"is": 1})] {
            assert!(serde_json::from_value::<Place>(json!({"latitude": wrong, "longitude": "0"})).is_err(), "{wrong}");
        }
        for wrong in [json!({"1": 12.50}), json!({"location.name": 5}), json!({"location.longitude": null})] {
            assert!(serde_json::from_value::<Sent>(json!({"values": wrong})).is_err(), "{wrong}");
        }
    }
}
