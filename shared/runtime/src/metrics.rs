//! Metrics: one line of JSON for an event, in CloudWatch's embedded metric format. CloudWatch Logs makes metrics of
//! such lines by itself: nothing has to be asked or allowed for that.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! Every name is explained in `docs/metrics.md`.

use std::io::Write;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::settings::variable;

/// Where CloudWatch lists the metrics.
const NAMESPACE: &str = "Cenovka";
/// By which every metric is told apart: the function's name, which differs between two deployments in one account.
const FUNCTION: &str = "Function";

/// The function's name, if records are written.
static WRITTEN_BY: OnceLock<String> = OnceLock::new();

/// Has records written from now on, if this process is a Lambda function: Lambda tells it its name in
/// `AWS_LAMBDA_FUNCTION_NAME`. A second call changes nothing; without one nothing is ever written.
pub fn init() {
    if let Some(name) = variable("AWS_LAMBDA_FUNCTION_NAME") {
        let _ = WRITTEN_BY.set(name);
    }
}

/// What is measured of one event. Metrics and dimensions are named `LikeThis`, fields `like_this`, as in logs.
///
/// Every pair of a metric and values of its dimensions is paid for: what names one walk, object or request is a field.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "metrics say nothing until they are written"]
pub struct Metrics {
    groups: Vec<Group>,
    values: Map<String, Value>,
}

/// Metrics with the same dimensions: the function alone, and the function with this one.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    dimension: Option<&'static str>,
    metrics: Vec<Value>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { groups: vec![Group::default()], values: Map::new() }
    }
}

impl Metrics {
    /// A number of things.
    pub fn count(self, name: &'static str, value: u64) -> Self {
        self.metric(name, "Count", value.into())
    }

    /// One if it is so, zero if not: the sum says how often it was, the average how often of all.
    pub fn whether(self, name: &'static str, value: bool) -> Self {
        self.count(name, value.into())
    }

    /// A size.
    pub fn bytes(self, name: &'static str, value: u64) -> Self {
        self.metric(name, "Bytes", value.into())
    }

    /// A share of a hundred.
    pub fn percent(self, name: &'static str, value: f64) -> Self {
        self.metric(name, "Percent", value.into())
    }

    /// A time.
    pub fn seconds(self, name: &'static str, value: f64) -> Self {
        self.metric(name, "Seconds", value.into())
    }

    /// A short time.
    pub fn milliseconds(self, name: &'static str, value: f64) -> Self {
        self.metric(name, "Milliseconds", value.into())
    }

    /// Counts the metrics that follow by this dimension too, besides the function alone.
    pub fn also_by(mut self, dimension: &'static str, value: &impl ToString) -> Self {
        self.groups.push(Group { dimension: Some(dimension), metrics: Vec::new() });
        self.field(dimension, value.to_string())
    }

    /// Something to find the line by, or to read beside it; not a metric. Nothing is written of `None`.
    pub fn field(mut self, name: &'static str, value: impl Into<Option<String>>) -> Self {
        self.values.extend(value.into().map(|value| (name.to_owned(), value.into())));
        self
    }

    fn metric(mut self, name: &'static str, unit: &'static str, value: Value) -> Self {
        // What is no finite number is null in JSON, and would spoil the whole line.
        if value.is_number()
            && let Some(group) = self.groups.last_mut()
        {
            group.metrics.push(json!({ "Name": name, "Unit": unit }));
            self.values.insert(name.to_owned(), value);
        }
        self
    }

    /// Writes the metrics to standard output, as a line of its own between the logs, whatever their level.
    pub fn write(&self) {
        let Some(function) = WRITTEN_BY.get() else { return };
        let line = self.line(function, Timestamp::now());
        // The logs' lines come through the same lock and at once too, so that none is torn apart by another. Whoever
        // has closed standard output does not get the logs either.
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }

    fn line(&self, function: &str, at: Timestamp) -> String {
        let groups = self.groups.iter().filter(|group| !group.metrics.is_empty());
        let directives: Vec<_> = groups.map(Group::directive).collect();
        let mut root = self.values.clone();
        root.insert(FUNCTION.to_owned(), function.into());
        root.insert(
            "_aws".to_owned(),
            json!({ "Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives }),
        );
        format!("{}\n", Value::Object(root))
    }
}

impl Group {
    fn directive(&self) -> Value {
        let mut dimensions = vec![vec![FUNCTION]];
        dimensions.extend(self.dimension.map(|dimension| vec![FUNCTION, dimension]));
        json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": self.metrics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(metrics: &Metrics) -> Value {
        let line = metrics.line("cenovka-collector", Timestamp::from_millisecond(1_764_000_000_123).unwrap());
        assert_eq!(line.find('\n'), Some(line.len() - 1), "{line}");
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_record_is_one_line_in_the_embedded_metric_format() {
        let metrics = Metrics::default()
            .count("Requests", 3)
            .seconds("WalkSeconds", 1.5)
            .also_by("Segment", &"flats-sale")
            .whether("Complete", true)
            .field("key", "raw/a\nb".to_owned())
            .field("since", None);
        assert_eq!(
            line(&metrics),
            json!({
                "_aws": {
                    "Timestamp": 1_764_000_000_123_i64,
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "Cenovka",
                            "Dimensions": [["Function"]],
                            "Metrics": [
                                { "Name": "Requests", "Unit": "Count" },
                                { "Name": "WalkSeconds", "Unit": "Seconds" },
                            ],
                        },
                        {
                            "Namespace": "Cenovka",
                            "Dimensions": [["Function"], ["Function", "Segment"]],
                            "Metrics": [{ "Name": "Complete", "Unit": "Count" }],
                        },
                    ],
                },
                "Function": "cenovka-collector",
                "Segment": "flats-sale",
                "Requests": 3,
                "WalkSeconds": 1.5,
                "Complete": 1,
                "key": "raw/a\nb",
            })
        );
    }

    #[test]
    fn what_is_no_finite_number_is_left_out_and_the_rest_stays() {
        let metrics =
            Metrics::default().percent("Completeness", f64::NAN).seconds("A", f64::INFINITY).count("Seen", 1);
        let line = line(&metrics);
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
            json!([{ "Name": "Seen", "Unit": "Count" }])
        );
        assert_eq!(line.as_object().unwrap().len(), 3, "{line}");
    }

    #[test]
    fn directives_without_metrics_are_left_out() {
        let line = line(&Metrics::default().also_by("Class", &"stop").count("Failures", 1));
        let dimensions: Vec<_> = line["_aws"]["CloudWatchMetrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|directive| directive["Dimensions"].clone())
            .collect();
        assert_eq!(dimensions, [json!([["Function"], ["Function", "Class"]])]);
    }
}
