//! Adapter for duct.
//!
//! An exit with another status than 0 is an error, by duct's default, of `wait`, `poll`, `read` and `run`.

use duct::unix::HandleExt;
use duct::{cmd, Expression, Handle};
use rust_adapter::{done, ended, json, locked_version, Answer, Children, Library, Refusal, Request};
use std::io;
use std::path::Path;
use std::sync::Arc;

const CAN: &[&str] = &[
    "spawn", "path", "cwd", "env", "stdout", "read", "wait", "poll", "kill", "terminate", "run", "pipeline", "forget",
];

struct Duct {
    children: Children<Arc<Handle>>,
}

impl Library for Duct {
    fn perform(&self, request: &Request) -> Answer {
        match request.text("op") {
            "spawn" => Ok(json!({"pid": self.start(request, expression(request))?[0]})),
            "pipeline" => Ok(json!({"pids": self.start(request, pipeline(request))?})),
            "run" => done(expression(request).run()),
            "read" => Ok(json!({"size": self.children.get(request)?.wait()?.stdout.len()})),
            "wait" => self.wait(request),
            "poll" => self.poll(request),
            "kill" => done(self.children.get(request)?.kill()),
            "terminate" => done(self.children.get(request)?.send_signal(libc::SIGTERM)),
            "forget" => done(self.children.take(request)),
            _ => Err(Refusal::Cannot),
        }
    }
}

impl Duct {
    /// The pids.
    fn start(&self, request: &Request, expression: Expression) -> io::Result<Vec<u32>> {
        let handle = expression.start()?;
        let pids = handle.pids();
        self.children.keep(request, Arc::new(handle));
        Ok(pids)
    }

    fn wait(&self, request: &Request) -> Answer {
        let handle = self.children.get(request)?;
        Ok(ended(handle.wait()?.status))
    }

    fn poll(&self, request: &Request) -> Answer {
        let handle = self.children.get(request)?;
        let output = handle.try_wait()?;
        Ok(output.map_or(json!({"running": true}), |output| ended(output.status)))
    }
}

fn pipeline(request: &Request) -> Expression {
    let (first, second) = (request.texts("first"), request.texts("second"));
    cmd(&first[0], &first[1..]).pipe(cmd(&second[0], &second[1..]))
}

fn expression(request: &Request) -> Expression {
    let (program, arguments) = (request.text("program"), request.texts("arguments"));
    let mut expression = match request.optional_text("kind") {
        Some("path") => cmd(Path::new(program), arguments),
        _ => cmd(program, arguments),
    };
    if let Some(directory) = request.optional_text("cwd") {
        expression = expression.dir(directory);
    }
    for (name, value) in request.env() {
        expression = expression.env(name, value);
    }
    if request.optional_text("stdout").is_some() {
        expression = expression.stdout_capture();
    }
    expression
}

fn main() -> io::Result<()> {
    let version = locked_version(include_str!("Cargo.lock"), "duct");
    rust_adapter::serve("rust-duct", version, CAN, Duct { children: Children::none() })
}
