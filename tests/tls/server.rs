//! The certificates and the servers of `server.py`, for one test.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// A running `server.py`.
pub struct Servers {
    /// Where the certificates are.
    pub directory: String,
    ports: HashMap<String, u16>,
    child: Child,
}

/// Makes the certificates, once in a run of the tests.
pub fn certificates() -> &'static str {
    static DIRECTORY: OnceLock<String> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let root = env!("CARGO_MANIFEST_DIR");
        let directory = concat!(env!("CARGO_TARGET_TMPDIR"), "/certificates").to_owned();
        let done = Command::new(format!("{root}/tests/setup/certificates.sh"))
            .arg(&directory)
            .status()
            .unwrap();
        assert!(done.success(), "tests/setup/certificates.sh failed");
        for mode in [
            "600", "640", "644", "660", "400", "440", "604", "700", "610",
        ] {
            for owner in ["mode", "nobody"] {
                let path = format!("{directory}/{owner}-{mode}.key");
                let _ = std::fs::remove_file(&path);
                std::fs::copy(format!("{directory}/client-rsa.key"), &path).unwrap();
                let bits = u32::from_str_radix(mode, 8).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
                if owner == "nobody" {
                    // Only root can give a file away; the rows that need it are left out for others.
                    let _ = std::os::unix::fs::chown(&path, Some(65534), Some(65534));
                }
            }
        }
        directory
    })
}

impl Servers {
    /// Starts one server for each certificate.
    pub fn start() -> Servers {
        let directory = certificates().to_owned();
        let mut child = Command::new("python3")
            .args(["-W", "ignore"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/server.py"))
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut ports = HashMap::new();
        for line in lines {
            let line = line.unwrap();
            if line == "ready" {
                break;
            }
            let (name, port) = line.split_once(' ').unwrap();
            ports.insert(name.to_owned(), port.parse().unwrap());
        }
        assert!(!ports.is_empty(), "tests/tls/server.py did not start");
        Servers {
            directory,
            ports,
            child,
        }
    }

    /// Where the server with a certificate listens.
    pub fn port(&self, name: &str) -> u16 {
        self.ports[name]
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
