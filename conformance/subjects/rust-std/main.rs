//! Adapter for `std::process`.
//!
//! To wait for a child, to ask or to kill it, a thread must have it for itself (`&mut Child`). A program that names it
//! meanwhile, or after `wait_with_output`, is not compiled. Here `try_lock` finds that out, which waits for nobody, and
//! `None`; the answer is what the compiler says of such a program.

use rust_adapter::{command, done, ended, json, unwrapped, Answer, Children, Library, Refusal, Request};
use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

const CAN: &[&str] = &[
    "spawn", "path", "cwd", "env", "stdin", "stdout", "stderr", "write", "close", "read", "communicate", "wait",
    "poll", "kill", "run", "forget",
];

const BORROWED: &str = "error[E0499]: cannot borrow `child` as mutable more than once at a time";
const MOVED: &str = "error[E0382]: borrow of moved value: `child`";

struct Std {
    children: Children<Arc<Mutex<Option<Child>>>>,
}

impl Library for Std {
    fn perform(&self, request: &Request) -> Answer {
        match request.text("op") {
            "spawn" => self.spawn(request),
            "write" => self.write(request),
            "close" => self.close(request),
            "read" => self.read(request),
            "communicate" => self.communicate(request),
            "wait" => Ok(ended(self.with(request, Child::wait)?)),
            "poll" => Ok(self.with(request, Child::try_wait)?.map_or(json!({"running": true}), ended)),
            "kill" => done(self.with(request, Child::kill)),
            "run" => done(command(request).status()),
            "forget" => done(self.take(request)),
            _ => Err(Refusal::Cannot),
        }
    }
}

fn uncompiled(words: &str) -> Refusal {
    Refusal::Error(format!("does not compile: {words}"))
}

fn borrow(child: &Mutex<Option<Child>>) -> Result<MutexGuard<Option<Child>>, Refusal> {
    child.try_lock().map_err(|_| uncompiled(BORROWED))
}

impl Std {
    fn take(&self, request: &Request) -> Result<Child, Refusal> {
        let child = self.children.get(request)?;
        let taken = borrow(&child)?.take();
        taken.ok_or_else(|| uncompiled(MOVED))
    }

    fn with<T>(&self, request: &Request, ask: impl FnOnce(&mut Child) -> io::Result<T>) -> Result<T, Refusal> {
        let child = self.children.get(request)?;
        let mut borrowed = borrow(&child)?;
        Ok(ask(borrowed.as_mut().ok_or_else(|| uncompiled(MOVED))?)?)
    }

    fn spawn(&self, request: &Request) -> Answer {
        let child = command(request).spawn()?;
        let pid = child.id();
        self.children.keep(request, Arc::new(Mutex::new(Some(child))));
        Ok(json!({ "pid": pid }))
    }

    fn write(&self, request: &Request) -> Answer {
        let bytes = request.bytes();
        self.with(request, |child| {
            let stdin = unwrapped(child.stdin.as_mut(), "stdin")?;
            stdin.write_all(&bytes)?;
            stdin.flush()
        })?;
        Ok(json!({"written": bytes.len()}))
    }

    fn close(&self, request: &Request) -> Answer {
        self.with(request, |child| {
            drop(child.stdin.take());
            Ok(json!({}))
        })
    }

    fn read(&self, request: &Request) -> Answer {
        let stdout = self.with(request, |child| Ok(child.stdout.take()))?;
        let size = unwrapped(stdout, "stdout")?.read_to_end(&mut Vec::new())?;
        Ok(json!({ "size": size }))
    }

    fn communicate(&self, request: &Request) -> Answer {
        let mut child = self.take(request)?;
        let input = request.bytes();
        let mut stdin = unwrapped(child.stdin.take(), "stdin")?;
        thread::spawn(move || stdin.write_all(&input).expect("failed to write to stdin"));
        let output = child.wait_with_output()?;
        let mut answer = ended(output.status);
        answer["stdout"] = output.stdout.len().into();
        answer["stderr"] = output.stderr.len().into();
        Ok(answer)
    }
}

fn main() -> io::Result<()> {
    rust_adapter::serve("rust-std", env!("RUSTC_VERSION"), CAN, Std { children: Children::none() })
}
