//! What a function writes to standard output, and the rules of CloudWatch's embedded metric format.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>,
//! the rules as well as the JSON schema; units as of `MetricDatum` in the CloudWatch API reference.

use std::collections::BTreeSet;
use std::fs::File;

use serde_json::{Map, Value};
use tempfile::NamedTempFile;

/// Bytes that a log event may have.
const MOST_BYTES: usize = 256 * 1024;
/// Metrics that one directive may name, and values that one may have.
const MOST_METRICS: usize = 100;
/// Dimensions that one set may name.
const MOST_DIMENSIONS: usize = 30;
/// Characters of a name of a namespace or a metric, and of a dimension's value.
const LONGEST: usize = 1024;
/// Characters of a dimension's name.
const LONGEST_DIMENSION: usize = 250;

const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A function's standard output: logs and metrics, a JSON object a line.
pub struct Output(NamedTempFile);

impl Default for Output {
    fn default() -> Self {
        Self(NamedTempFile::new().unwrap())
    }
}

impl Output {
    /// For the function to write to.
    #[must_use]
    pub fn file(&self) -> File {
        self.0.reopen().unwrap()
    }

    /// All lines so far.
    ///
    /// # Panics
    /// If one is not a whole JSON object, or is a record that CloudWatch would not understand.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.0.path()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is not whole: {text}");
        let mut lines = Vec::new();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if value.get("_aws").is_some() {
                assert_eq!(faults(line), Vec::<String>::new(), "{line}");
            }
            lines.push(value);
        }
        lines
    }

    /// The records that have this metric.
    #[must_use]
    pub fn records(&self, metric: &str) -> Vec<Value> {
        let is_record = |line: &Value| metrics(line).iter().any(|found| found.name == metric);
        self.lines().into_iter().filter(is_record).collect()
    }
}

/// A metric as a record declares it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The sets of dimensions that it comes by.
    pub dimensions: Vec<Vec<String>>,
}

/// The metrics of a record; none of any other line.
#[must_use]
pub fn metrics(record: &Value) -> Vec<Metric> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut metrics = Vec::new();
    for directive in list(&record["_aws"]["CloudWatchMetrics"]) {
        let sets = list(&directive["Dimensions"]);
        let dimensions: Vec<Vec<_>> = sets.iter().map(|set| list(set).iter().map(text).collect()).collect();
        metrics.extend(list(&directive["Metrics"]).iter().map(|metric| Metric {
            name: text(&metric["Name"]),
            unit: text(&metric["Unit"]),
            dimensions: dimensions.clone(),
        }));
    }
    metrics
}

/// What keeps CloudWatch from understanding a line as a record, or from understanding all of it.
#[must_use]
pub fn faults(line: &str) -> Vec<String> {
    let mut rules = Rules::default();
    match serde_json::from_str(line) {
        Ok(Value::Object(root)) => rules.root(&root),
        _ => rules.fault("the line is not a JSON object"),
    }
    rules.require(line.len() <= MOST_BYTES, "the line is too long");
    rules.faults
}

#[derive(Default)]
struct Rules {
    faults: Vec<String>,
    /// Each metric with each set of dimensions.
    declared: BTreeSet<(String, String)>,
}

impl Rules {
    fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    fn require(&mut self, kept: bool, fault: impl Into<String>) {
        if !kept {
            self.fault(fault);
        }
    }

    fn root(&mut self, root: &Map<String, Value>) {
        let Some(Value::Object(metadata)) = root.get("_aws") else {
            return self.fault("there is no object `_aws`");
        };
        self.only(metadata, &["Timestamp", "CloudWatchMetrics"]);
        let timestamp = metadata.get("Timestamp").and_then(Value::as_i64);
        let age = timestamp.map(|timestamp| jiff::Timestamp::now().as_millisecond() - timestamp);
        // Seconds or microseconds would be decades away.
        self.require(age.is_some_and(|age| age.abs() < 3_600_000), "Timestamp is not now in milliseconds");
        let Some(Value::Array(directives)) = metadata.get("CloudWatchMetrics") else {
            return self.fault("CloudWatchMetrics is not an array");
        };
        self.require(!directives.is_empty(), "CloudWatchMetrics is empty");
        for directive in directives {
            match directive {
                Value::Object(directive) => self.directive(directive, root),
                _ => self.fault("a directive is not an object"),
            }
        }
    }

    fn directive(&mut self, directive: &Map<String, Value>, root: &Map<String, Value>) {
        self.only(directive, &["Namespace", "Dimensions", "Metrics"]);
        self.text("Namespace", directive.get("Namespace"), LONGEST);
        let mut sets = Vec::new();
        match directive.get("Dimensions") {
            Some(Value::Array(dimensions)) if !dimensions.is_empty() => {
                for set in dimensions {
                    sets.push(set.to_string());
                    self.dimensions(set, root);
                }
            }
            _ => self.fault("Dimensions is not an array of at least one set"),
        }
        match directive.get("Metrics") {
            Some(Value::Array(metrics)) if (1..=MOST_METRICS).contains(&metrics.len()) => {
                for metric in metrics {
                    match metric {
                        Value::Object(metric) => self.metric(metric, &sets, root),
                        _ => self.fault("a metric is not an object"),
                    }
                }
            }
            _ => self.fault("Metrics is not an array of 1 to 100 metrics"),
        }
    }

    fn dimensions(&mut self, set: &Value, root: &Map<String, Value>) {
        let Some(set) = set.as_array().filter(|set| set.len() <= MOST_DIMENSIONS) else {
            return self.fault("a set of dimensions is not an array of up to 30");
        };
        for name in set {
            if let Some(name) = self.text("a dimension's name", Some(name), LONGEST_DIMENSION) {
                self.text(&format!("the dimension {name}"), root.get(name), LONGEST);
            }
        }
    }

    fn metric(&mut self, metric: &Map<String, Value>, sets: &[String], root: &Map<String, Value>) {
        self.only(metric, &["Name", "Unit", "StorageResolution"]);
        let Some(name) = self.text("a metric's name", metric.get("Name"), LONGEST) else { return };
        let unit =
            metric.get("Unit").is_none_or(|unit| unit.as_str().is_some_and(|unit| UNITS.contains(&unit)));
        self.require(unit, format!("the unit of {name} is not known"));
        let resolution =
            metric.get("StorageResolution").is_none_or(|seconds| *seconds == 1 || *seconds == 60);
        self.require(resolution, format!("the resolution of {name} is neither 1 nor 60"));
        for set in sets {
            let first = self.declared.insert((name.to_owned(), set.clone()));
            self.require(first, format!("{name} comes twice by {set}"));
        }
        let is_number = |value: &Value| value.as_f64().is_some_and(f64::is_finite);
        let has_value = match root.get(name) {
            Some(Value::Array(values)) => values.len() <= MOST_METRICS && values.iter().all(is_number),
            Some(value) => is_number(value),
            None => false,
        };
        self.require(has_value, format!("{name} has no finite number"));
    }

    fn text<'v>(&mut self, what: &str, value: Option<&'v Value>, longest: usize) -> Option<&'v str> {
        let text = value.and_then(Value::as_str).filter(|text| (1..=longest).contains(&text.chars().count()));
        self.require(text.is_some(), format!("{what} is not a text of 1 to {longest} characters"));
        text
    }

    fn only(&mut self, object: &Map<String, Value>, known: &[&str]) {
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            self.fault(format!("the format knows no member {name}"));
        }
    }
}
