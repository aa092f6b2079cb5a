//! The JSON form of an export. Outer objects keep their parts as text, for the same reason as in
//! protobuf.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::record::{Records, Shared};
use super::{NotTaken, RECORD_BYTES_MAX};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    #[serde(borrow, default)]
    resource_logs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, default)]
    scope_logs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    scope: Option<&'a RawValue>,
    #[serde(borrow, default)]
    log_records: Vec<&'a RawValue>,
}

/// Resources and scopes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Common {
    name: String,
    version: String,
    attributes: Vec<Pair>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    time_unix_nano: Integer,
    observed_time_unix_nano: Integer,
    severity_number: Integer,
    severity_text: String,
    body: Option<Any>,
    attributes: Vec<Pair>,
    trace_id: String,
    span_id: String,
    event_name: String,
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: Option<Any>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the protocol")]
struct Any {
    string_value: Option<String>,
    bool_value: Option<bool>,
    int_value: Option<Integer>,
    double_value: Option<Double>,
    array_value: Option<List<Any>>,
    kvlist_value: Option<List<Pair>>,
    bytes_value: Option<String>,
}

#[derive(Deserialize)]
struct List<T> {
    #[serde(default = "Vec::new")]
    values: Vec<T>,
}

/// 64-bit integers are strings in the JSON of protobuf; not everybody knows.
#[derive(Deserialize)]
#[serde(untagged)]
enum Integer {
    Number(Number),
    Text(String),
}

/// What is no number in JSON is a string: `NaN`, `Infinity`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Double {
    Number(f64),
    Text(String),
}

pub(super) fn collect(message: &[u8], records: &mut Records) -> Result<(), NotTaken> {
    let request: Request = serde_json::from_slice(message).map_err(no_export)?;
    for resource_logs in request.resource_logs {
        let resource_logs: ResourceLogs = parse(resource_logs)?;
        let resource = common(resource_logs.resource)?;
        let resource = Resource {
            attributes: pairs(resource.attributes),
            ..Resource::default()
        };
        for scope_logs in resource_logs.scope_logs {
            let scope_logs: ScopeLogs = parse(scope_logs)?;
            let scope = common(scope_logs.scope)?;
            let scope = InstrumentationScope {
                name: scope.name,
                version: scope.version,
                ..InstrumentationScope::default()
            };
            let shared = Shared::new(&resource, &scope);
            for record in scope_logs.log_records {
                put(record.get(), &shared, records)?;
            }
        }
    }
    Ok(())
}

fn put(record: &str, shared: &Shared, records: &mut Records) -> Result<(), NotTaken> {
    if record.len() > RECORD_BYTES_MAX {
        records.reject(&format!("a record is larger than {RECORD_BYTES_MAX} bytes"));
        return Ok(());
    }
    match serde_json::from_str::<Record>(record) {
        Ok(record) => return records.put(&record.into(), shared),
        Err(error) => records.reject(&format!("a record cannot be decoded: {error}")),
    }
    Ok(())
}

fn parse<'a, T: Deserialize<'a>>(text: &'a RawValue) -> Result<T, NotTaken> {
    serde_json::from_str(text.get()).map_err(no_export)
}

fn common(text: Option<&RawValue>) -> Result<Common, NotTaken> {
    match text {
        Some(text) if text.get().len() > RECORD_BYTES_MAX => {
            let text = format!("a resource or scope is larger than {RECORD_BYTES_MAX} bytes");
            Err(NotTaken::NoExport(text.into()))
        }
        Some(text) => parse(text),
        None => Ok(Common::default()),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn no_export(error: serde_json::Error) -> NotTaken {
    NotTaken::NoExport(error.to_string().into())
}

impl Default for Integer {
    fn default() -> Self {
        Self::Number(0.into())
    }
}

impl Integer {
    /// 0, which means "not known", where it is none.
    fn signed(&self) -> i64 {
        match self {
            Self::Number(number) => number.as_i64().unwrap_or(0),
            Self::Text(text) => text.parse().unwrap_or(0),
        }
    }

    fn unsigned(&self) -> u64 {
        u64::try_from(self.signed()).unwrap_or(0)
    }
}

impl From<Record> for LogRecord {
    fn from(record: Record) -> Self {
        Self {
            time_unix_nano: record.time_unix_nano.unsigned(),
            observed_time_unix_nano: record.observed_time_unix_nano.unsigned(),
            severity_number: i32::try_from(record.severity_number.signed()).unwrap_or(0),
            severity_text: record.severity_text,
            body: record.body.map(any),
            attributes: pairs(record.attributes),
            trace_id: from_hex(&record.trace_id),
            span_id: from_hex(&record.span_id),
            event_name: record.event_name,
            ..Self::default()
        }
    }
}

fn pairs(pairs: Vec<Pair>) -> Vec<KeyValue> {
    let pair = |pair: Pair| KeyValue {
        key: pair.key,
        value: pair.value.map(any),
        ..KeyValue::default()
    };
    pairs.into_iter().map(pair).collect()
}

fn any(any: Any) -> AnyValue {
    AnyValue { value: value(any) }
}

fn value(of: Any) -> Option<Value> {
    if let Some(text) = of.string_value {
        Some(Value::StringValue(text))
    } else if let Some(is) = of.bool_value {
        Some(Value::BoolValue(is))
    } else if let Some(integer) = of.int_value {
        Some(Value::IntValue(integer.signed()))
    } else if let Some(double) = of.double_value {
        Some(Value::DoubleValue(match double {
            Double::Number(number) => number,
            Double::Text(text) => text.parse().unwrap_or(f64::NAN),
        }))
    } else if let Some(list) = of.array_value {
        let values = list.values.into_iter().map(any).collect();
        Some(Value::ArrayValue(ArrayValue { values }))
    } else if let Some(list) = of.kvlist_value {
        let values = pairs(list.values);
        Some(Value::KvlistValue(KeyValueList { values }))
    } else {
        let bytes = of.bytes_value?;
        Some(Value::BytesValue(STANDARD.decode(bytes).ok()?))
    }
}

/// Empty, which means "none", where it is no hexadecimal number.
fn from_hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| {
        let value = digit(*high)? << 4 | digit(*low)?;
        u8::try_from(value).ok()
    });
    bytes.collect::<Option<_>>().unwrap_or_default()
}
