//! Adapter for shared_child.

use rust_adapter::{
    command, done, ended, json, locked_version, unwrapped, Answer, Children, Library, Refusal, Request,
};
use shared_child::unix::SharedChildExt;
use shared_child::SharedChild;
use std::io::{self, Read, Write};
use std::process::ChildStdin;
use std::sync::{Arc, Mutex};

const CAN: &[&str] = &[
    "spawn", "path", "cwd", "env", "stdin", "stdout", "stderr", "write", "close", "read", "wait", "poll", "kill",
    "terminate", "forget",
];

struct Started {
    child: SharedChild,
    stdin: Mutex<Option<ChildStdin>>, // what is taken from a SharedChild cannot be put back
}

struct Shared {
    children: Children<Arc<Started>>,
}

impl Library for Shared {
    fn perform(&self, request: &Request) -> Answer {
        match request.text("op") {
            "spawn" => self.spawn(request),
            "write" => self.write(request),
            "close" => self.close(request),
            "read" => self.read(request),
            "wait" => Ok(ended(self.get(request)?.child.wait()?)),
            "poll" => Ok(self.get(request)?.child.try_wait()?.map_or(json!({"running": true}), ended)),
            "kill" => done(self.get(request)?.child.kill()),
            "terminate" => done(self.get(request)?.child.send_signal(libc::SIGTERM)),
            "forget" => done(self.children.take(request)),
            _ => Err(Refusal::Cannot),
        }
    }
}

impl Shared {
    fn get(&self, request: &Request) -> Result<Arc<Started>, Refusal> {
        self.children.get(request)
    }

    fn spawn(&self, request: &Request) -> Answer {
        let child = SharedChild::spawn(&mut command(request))?;
        let pid = child.id();
        let stdin = Mutex::new(child.take_stdin());
        self.children.keep(request, Arc::new(Started { child, stdin }));
        Ok(json!({ "pid": pid }))
    }

    fn write(&self, request: &Request) -> Answer {
        let started = self.get(request)?;
        let mut stdin = started.stdin.lock().unwrap();
        let stdin = unwrapped(stdin.as_mut(), "stdin")?;
        let bytes = request.bytes();
        stdin.write_all(&bytes)?;
        stdin.flush()?;
        Ok(json!({"written": bytes.len()}))
    }

    fn close(&self, request: &Request) -> Answer {
        self.get(request)?.stdin.lock().unwrap().take();
        Ok(json!({}))
    }

    fn read(&self, request: &Request) -> Answer {
        let stdout = self.get(request)?.child.take_stdout();
        let size = unwrapped(stdout, "stdout")?.read_to_end(&mut Vec::new())?;
        Ok(json!({ "size": size }))
    }
}

fn main() -> io::Result<()> {
    let version = locked_version(include_str!("Cargo.lock"), "shared_child");
    rust_adapter::serve("rust-shared-child", version, CAN, Shared { children: Children::none() })
}
