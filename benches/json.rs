//! What it costs to read a client's JSON, and to write a list of tasks.
//!
//!     cargo bench --bench json

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should not")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use todo_api::clock;
use todo_api::config::ConfigLoader;
use todo_api::shape::{Shape, shapes};
use todo_api::task::{NewTask, TaskRef};

fn parse(criterion: &mut Criterion) {
    let shape = bare_shape();
    let short = json!({ "title": "Buy milk" });
    let longest = json!({ "title": "t".repeat(200), "description": "\u{e9}\n".repeat(500) });
    for (name, body) in [("a short task", short), ("the longest task", longest)] {
        let body = body.to_string().into_bytes();
        let mut group = criterion.benchmark_group("parse");
        group.throughput(Throughput::Bytes(body.len().try_into().unwrap()));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let object = serde_json::from_slice(black_box(&body)).unwrap();
                shape.decoder.decode::<NewTask>(object, &body).unwrap()
            });
        });
    }
}

fn encode(criterion: &mut Criterion) {
    let shape = bare_shape();
    let now = clock::now();
    let task = TaskRef {
        id: 42,
        user_id: "OXBCUoYTYknDAfOjmZLTtR1Hr1NictVf",
        title: "Task number 42",
        description: Some("Something that is to be done"),
        completed: false,
        created_at: now,
        updated_at: now,
        attributes: None,
    };
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(100));
    group.bench_function("100 tasks", |bencher| {
        let mut json = Vec::new();
        bencher.iter(|| {
            json.clear();
            for _ in 0..100 {
                shape.tasks.write(&mut json, black_box(task)).unwrap();
            }
        });
    });
}

fn bare_shape() -> Arc<Shape> {
    let shapes = shapes(&ConfigLoader::from_values([]).unwrap().shapes().unwrap());
    shapes.all().first().unwrap().clone()
}

criterion_group!(benches, parse, encode);
criterion_main!(benches);
