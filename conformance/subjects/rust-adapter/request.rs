use serde_json::Value;

/// A request's members. One that must be there and is not ends the adapter.
pub struct Request(Value);

impl Request {
    pub fn parse(line: &str) -> serde_json::Result<Self> {
        serde_json::from_str(line).map(Request)
    }

    pub fn text(&self, member: &str) -> &str {
        self.optional_text(member).unwrap_or_else(|| panic!("no {member} in {}", self.0))
    }

    pub fn optional_text(&self, member: &str) -> Option<&str> {
        self.0[member].as_str()
    }

    pub fn number(&self, member: &str) -> u64 {
        self.0[member].as_u64().unwrap_or_else(|| panic!("no {member} in {}", self.0))
    }

    /// As many bytes as the request says.
    pub fn bytes(&self) -> Vec<u8> {
        vec![b'x'; self.number("size") as usize]
    }

    pub fn texts(&self, member: &str) -> Vec<String> {
        self.list(member).map(|text| text.as_str().expect("a text").into()).collect()
    }

    pub fn requests(&self, member: &str) -> Vec<Request> {
        self.list(member).cloned().map(Request).collect()
    }

    /// The variables to be added: names and values.
    pub fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list("env").map(|entry| entry.as_str().and_then(|text| text.split_once('=')).expect("NAME=VALUE"))
    }

    fn list(&self, member: &str) -> impl Iterator<Item = &Value> {
        self.0[member].as_array().into_iter().flatten()
    }
}
