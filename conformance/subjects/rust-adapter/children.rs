use crate::{Refusal, Request};
use std::collections::HashMap;
use std::sync::Mutex;

/// The children by their names: whatever the library gives for one. The lock is held for the look-up alone.
pub struct Children<T>(Mutex<HashMap<String, T>>);

impl<T> Children<T> {
    pub fn none() -> Self {
        Children(Mutex::new(HashMap::new()))
    }

    pub fn keep(&self, request: &Request, child: T) {
        self.0.lock().unwrap().insert(request.text("child").into(), child);
    }

    pub fn take(&self, request: &Request) -> Result<T, Refusal> {
        self.0.lock().unwrap().remove(request.text("child")).ok_or_else(unknown)
    }
}

impl<T: Clone> Children<T> {
    pub fn get(&self, request: &Request) -> Result<T, Refusal> {
        self.0.lock().unwrap().get(request.text("child")).cloned().ok_or_else(unknown)
    }
}

fn unknown() -> Refusal {
    Refusal::Error("no such child".into())
}
