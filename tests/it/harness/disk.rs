//! Injects disk faults into the server.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::{Server, ServerConfig};

/// The operation that fails.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Each write, with ENOSPC.
    Full,
    /// Each sync, with EIO.
    Sync,
}

impl ServerConfig {
    /// Puts the SQLite database on a disk that [`Server::set_disk_fault`] controls.
    pub fn with_faulty_disk(self) -> Self {
        let fault = self.directory.path().join("disk-fault");
        self.with("LD_PRELOAD", library().to_str().unwrap()).with("DISK_FAULT", fault.to_str().unwrap())
    }
}

impl Server {
    /// Starts or ends a fault.
    pub fn set_disk_fault(&self, fault: Option<Fault>) {
        let text = match fault {
            Some(Fault::Full) => "full",
            Some(Fault::Sync) => "sync",
            None => "",
        };
        std::fs::write(self.config.get("DISK_FAULT"), text).unwrap();
    }
}

/// The preloaded library. Compiled once for all tests, with the C compiler that the build requires anyway.
fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let library = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("disk.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/disk.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .status();
        assert!(compiled.unwrap().success(), "cc failed to compile {}", library.display());
        library
    })
}
