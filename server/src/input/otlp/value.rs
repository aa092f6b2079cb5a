//! Values of attributes and bodies as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, BytesMut};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use crate::input::http::{JsonLine, json_value};

/// Writes a value. Both decoders have limited how deep it is.
pub(super) fn write(out: &mut BytesMut, any: Option<&AnyValue>) {
    let Some(value) = any.and_then(|any| any.value.as_ref()) else {
        return out.put_slice(b"null");
    };
    match value {
        Value::StringValue(text) => json_value(out, text),
        Value::BoolValue(is) => json_value(out, is),
        Value::IntValue(integer) => json_value(out, integer),
        Value::DoubleValue(double) if double.is_finite() => json_value(out, double),
        Value::DoubleValue(double) => json_value(out, &double.to_string()),
        Value::BytesValue(bytes) => json_value(out, &STANDARD.encode(bytes)),
        Value::ArrayValue(array) => {
            out.put_u8(b'[');
            for (at, element) in array.values.iter().enumerate() {
                if at > 0 {
                    out.put_u8(b',');
                }
                write(out, Some(element));
            }
            out.put_u8(b']');
        }
        Value::KvlistValue(list) => {
            let mut object = JsonLine::begin(out);
            for pair in &list.values {
                object.member(&pair.key, |out| write(out, pair.value.as_ref()));
            }
            object.end();
        }
        // An index into a dictionary that logs do not have.
        Value::StringValueStrindex(_) => out.put_slice(b"null"),
    }
}

/// The text of a value that is one.
pub(super) fn text(any: Option<&AnyValue>) -> Option<&str> {
    match any?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}
