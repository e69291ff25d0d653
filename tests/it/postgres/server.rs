//! A throw-away PostgreSQL server for this test process and its children.

use std::fs;
use std::io;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

/// Nobody: the server refuses to run as root.
const NOBODY: u32 = 65534;

const PATIENCE: Duration = Duration::from_secs(60);

/// Returns how to connect to the server, or why there is none. The first call starts it.
///
/// A child that the conformance suite starts uses the server of its parent.
pub(super) fn connection() -> Result<String, String> {
    static SERVER: OnceLock<Result<String, String>> = OnceLock::new();
    SERVER
        .get_or_init(|| {
            let of_parent = directory_of(parent_id());
            match of_parent.exists() {
                true => Ok(connection_in(&of_parent)),
                false => start(),
            }
        })
        .clone()
}

fn directory_of(process: u32) -> PathBuf {
    std::env::temp_dir().join(format!("streamwriter-postgres-{process}"))
}

/// Over a socket in the directory: no port is opened.
fn connection_in(directory: &Path) -> String {
    format!(
        "host={} user=streamwriter dbname=postgres",
        directory.display()
    )
}

fn start() -> Result<String, String> {
    let programs = programs().ok_or("neither on the path nor in /usr/lib/postgresql")?;
    let directory = directory_of(std::process::id());
    let data = directory.join("data");
    let prepared = || -> io::Result<()> {
        // A process of this number may have been killed before.
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory)?;
        if is_root() {
            std::os::unix::fs::chown(&directory, Some(NOBODY), Some(NOBODY))?;
        }
        Ok(())
    };
    prepared().map_err(|error| format!("{}: {error}", directory.display()))?;
    let output = as_nobody(Command::new(programs.join("initdb")))
        .args([
            "--auth=trust",
            "--username=streamwriter",
            "--no-sync",
            "--encoding=UTF8",
            "-D",
        ])
        .arg(&data)
        .current_dir(&directory)
        .output()
        .map_err(|error| format!("initdb: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "initdb: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    // The shell ends the server when this process has gone, however it went.
    let script = "\"$1\" -D \"$2/data\" -k \"$2\" -c listen_addresses= -c fsync=off \
                  -c shared_buffers=16MB -c max_connections=60 >\"$2/log\" 2>&1 & server=$!; \
                  while [ -d \"/proc/$3\" ] && kill -0 $server 2>/dev/null; do sleep 0.3; done; \
                  kill -QUIT $server; wait $server; rm -rf \"$2\"";
    as_nobody(Command::new("sh"))
        .args(["-c", script, "sh"])
        .arg(programs.join("postgres"))
        .arg(&directory)
        .arg(std::process::id().to_string())
        .current_dir(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("sh: {error}"))?;
    let connection = connection_in(&directory);
    let began = Instant::now();
    loop {
        match Client::connect(&connection, NoTls) {
            Ok(_) => return Ok(connection),
            Err(error) if began.elapsed() > PATIENCE => {
                let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
                return Err(format!("the server does not answer: {error}\n{log}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Finds the folder of the server's programs.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let packaged = packaged.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    std::env::split_paths(&on_path)
        .chain(packaged)
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn as_nobody(mut command: Command) -> Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
