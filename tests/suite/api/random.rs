//! Bodies made at random from the server's own document: whatever comes, the
//! answer is the caller's fault or a success, never the server's failure.

use serde_json::{Map, Value, json};

use crate::harness::Server;

/// How many requests of each write.
const EACH: usize = 60;

/// A small generator with a seed of its own: a failure says which.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn text(&mut self) -> String {
        if self.below(4) != 0 {
            return format!("t{}", self.below(1_000));
        }
        let pieces = [
            "a",
            "./cimv2/X",
            "\u{0}",
            "\u{1f600}",
            "\"",
            "'",
            ";",
            "<",
            "&",
            "\\",
            "\u{fffe}",
            "é",
            " ",
            "%22",
        ];
        let many = if self.below(20) == 0 { 2_000 } else { 6 };
        (0..self.below(many))
            .map(|_| *self.one_of(&pieces))
            .collect()
    }

    /// Anything.
    fn junk(&mut self, depth: usize) -> Value {
        match self.below(if depth > 3 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.next()),
            3 => json!(-((self.next() >> 1) as i64)),
            4 => json!(f64::from_bits(self.next())),
            5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.junk(depth + 1)).collect(),
            _ => (0..self.below(4))
                .map(|_| (self.text(), self.junk(depth + 1)))
                .collect(),
        }
    }

    /// A value by the schema, mostly.
    fn value(&mut self, document: &Value, schema: &Value, depth: usize) -> Value {
        if self.below(12) == 0 {
            return self.junk(depth);
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
            return self.value(document, schema, depth);
        }
        if let Some(variants) = schema["oneOf"].as_array() {
            let variant = self.one_of(variants).clone();
            return self.value(document, &variant, depth);
        }
        if let Some(names) = schema["enum"].as_array() {
            return self.one_of(names).clone();
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.one_of(kinds).clone(),
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("string") if schema["format"] == "date-time" => json!("2100-01-01T00:00:00Z"),
            Some("string") => json!(self.text()),
            Some("integer") => json!(self.below(300) as i64 - 150),
            Some("array") => (0..self.below(5))
                .map(|_| self.value(document, &schema["items"], depth + 1))
                .collect(),
            Some("object") => {
                let mut map = Map::new();
                let required = schema["required"].as_array();
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    // What is required is mostly there: else nearly nothing would be taken.
                    let is_required = required.is_some_and(|all| all.contains(&json!(name)));
                    if self.below(if is_required { 32 } else { 4 }) != 0 {
                        map.insert(name.clone(), self.value(document, schema, depth + 1));
                    }
                }
                Value::Object(map)
            }
            _ => self.junk(depth + 1),
        }
    }
}

#[tokio::test]
async fn random_bodies_find_no_failure_of_the_servers() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let document = server.get("/openapi.json").await;
    let mut random = Random(20_261_121);
    let (mut taken, mut refused) = (0, 0);
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            let path = pattern.replace("{device}", &device);
            for turn in 0..EACH {
                let seed = random.0;
                let body = random.value(&document, schema, 0).to_string();
                let mut bytes = body.clone().into_bytes();
                if turn % 10 == 9 && !bytes.is_empty() {
                    // And not even JSON.
                    let at = random.below(bytes.len());
                    bytes[at] = random.next() as u8;
                }
                let answer = server
                    .call(&server.token, method, &path, &[], Some(bytes))
                    .await;
                let (status, headers, answer) = answer.expect("an answer");
                assert!(
                    status < 500,
                    "seed {seed} {method} {path} {body}: {status} {answer}"
                );
                if status >= 400 {
                    assert_eq!(
                        headers["content-type"], "application/problem+json",
                        "{answer}"
                    );
                    refused += 1;
                } else {
                    taken += 1;
                }
            }
        }
    }
    assert!(
        taken > 5 && refused > 100,
        "{taken} taken, {refused} refused"
    );
    for path in ["/devices", "/events", "/tokens"] {
        server.get(path).await;
    }
}
