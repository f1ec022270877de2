//! A relay in front of a database, which delays every byte: the network between a server and a database elsewhere.
//!
//! `relay PORT TARGET_PORT MILLISECONDS` accepts connections on `PORT` and connects each to `TARGET_PORT`. A byte leaves the relay half of the
//! given time after it has arrived, in either direction, so that a round trip takes the given time longer. Two threads serve each direction:
//! the first stamps what arrives, the second waits for the time of departure. So the delay bounds the latency, not the throughput.
//!
//! `rustc -O relay.rs` builds it.

use std::env;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn forward(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let (stamped, departures) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        for (departure, bytes) in departures {
            thread::sleep(departure.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if stamped.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}

fn main() {
    let arguments: Vec<u64> = env::args().skip(1).map(|it| it.parse().expect("a number")).collect();
    let [port, target, milliseconds] = arguments[..] else { panic!("relay PORT TARGET_PORT MILLISECONDS") };
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).expect("the port is free");
    let delay = Duration::from_micros(milliseconds * 1000 / 2);
    for client in listener.incoming().flatten() {
        let Ok(server) = TcpStream::connect(format!("127.0.0.1:{target}")) else { continue };
        for stream in [&client, &server] {
            stream.set_nodelay(true).expect("a TCP option");
        }
        if let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) {
            forward(from, to, delay);
            forward(server, client, delay);
        }
    }
}
