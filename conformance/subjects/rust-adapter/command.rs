//! For libraries that start a command of the standard library.

use crate::Request;
use serde_json::{json, Value};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

pub fn command(request: &Request) -> Command {
    let program = request.text("program");
    let mut command = match request.optional_text("kind") {
        Some("path") => Command::new(Path::new(program)),
        _ => Command::new(program),
    };
    command.args(request.texts("arguments")).envs(request.env());
    if let Some(directory) = request.optional_text("cwd") {
        command.current_dir(directory);
    }
    command.stdin(stream(request, "stdin")).stdout(stream(request, "stdout")).stderr(stream(request, "stderr"));
    command
}

fn stream(request: &Request, name: &str) -> Stdio {
    match request.optional_text(name) {
        Some(_) => Stdio::piped(),
        None => Stdio::inherit(),
    }
}

pub fn ended(status: ExitStatus) -> Value {
    match status.code() {
        Some(code) => json!({ "exit": code }),
        None => json!({ "signal": status.signal() }),
    }
}
