//! OpenTelemetry tracing: exports one [HTTP server span](https://opentelemetry.io/docs/specs/semconv/http/http-spans/) per request.
//!
//! Enabled by `OTEL_EXPORTER_OTLP_ENDPOINT`. The SDK reads the other standard `OTEL_…` variables.

use std::env;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Span as _, SpanKind, Status as SpanStatus, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use rocket::http::{HeaderMap, Status};
use rocket::request::Request;

use crate::config::ConfigError;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// Timeout for exporting the last spans at shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Creates spans and exports them in batches, in the background.
#[derive(Debug, Clone)]
pub struct OtelTracer {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl OtelTracer {
    /// Creates the tracer from the environment. `None` if no collector is configured. Must not be called within a tokio runtime, because the
    /// exporter's blocking HTTP client starts its own.
    pub fn from_environment() -> Result<Option<Self>, ConfigError> {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let is_disabled = variable("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
        if is_disabled || (variable(ENDPOINT).is_none() && variable(TRACES_ENDPOINT).is_none()) {
            return Ok(None);
        }
        if variable(PROTOCOL).is_some_and(|it| it != "http/protobuf") {
            return Err(ConfigError::new(PROTOCOL, "is not supported", "use http/protobuf (port 4318)"));
        }
        let exporter = SpanExporter::builder().with_http().build().map_err(|_| {
            ConfigError::new(
                ENDPOINT,
                "is not a valid OTLP endpoint",
                "use http://collector:4318 without a path",
            )
        })?;
        let mut resource = Resource::builder();
        if variable("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(env!("CARGO_PKG_NAME"));
        }
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.with_attribute(version).build())
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Some(Self { provider, tracer }))
    }

    /// Exports the remaining spans. Blocks for at most 1 second, so that an unavailable collector does not delay the exit.
    pub fn shutdown(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT) {
            tracing::warn!(%error, "failed to flush spans at shutdown");
        }
    }

    /// Starts the span of a request. The span joins the client's trace if the request has a `traceparent`.
    pub(super) fn start(&self, request: &Request<'_>, method: &'static str) -> OtelSpan {
        let parent =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(request.headers()));
        let span = self
            .tracer
            .span_builder(method)
            .with_kind(SpanKind::Server)
            .with_attributes([KeyValue::new("http.request.method", method)])
            .start_with_context(&self.tracer, &parent);
        OtelSpan(Mutex::new(span))
    }
}

/// The span of a request in flight.
pub(super) struct OtelSpan(Mutex<Span>);

impl OtelSpan {
    /// Trace id, for the log.
    pub(super) fn trace_id(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).span_context().trace_id().to_string()
    }

    /// Ends the span. Its name contains the pattern of the route, because an actual path may contain a user id.
    pub(super) fn finish(&self, method: &str, route: Option<&str>, status: Status) {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = route {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.code)));
        if status.code >= 500 {
            span.set_attribute(KeyValue::new("error.type", status.code.to_string()));
            span.set_status(SpanStatus::error(""));
        }
        span.end();
    }
}

/// Adapter that reads trace context from Rocket's headers.
struct Headers<'a, 'h>(&'a HeaderMap<'h>);

impl Extractor for Headers<'_, '_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get_one(key)
    }

    fn keys(&self) -> Vec<&str> {
        Vec::new()
    }
}
