//! Every field of every write and every parameter of every read, as wrong as can
//! be: told by name, and nothing changed. What there is to try comes from the
//! server's own document.

use serde_json::{Value, json};

use crate::harness::{Server, catalogue_app, push_profile, silent_tokens};

/// A body that is taken, for each schema of a request, by the schema's name; for
/// commands by their type.
fn good(name: &str) -> Value {
    match name {
        "NewDevice" => json!({
            "source": "s", "family": "windows81", "device_client_id": "c", "user": "u", "groups": ["g"],
            "credentials": {"username": "n", "password": "p"}, "certificate_sha256": ["ab".repeat(32)],
        }),
        "DeviceChange" => json!({
            "device_client_id": "c", "user": "u", "groups": ["g"],
            "credentials": {"username": "n", "password": "p"}, "certificate_sha256": ["ab".repeat(32)],
        }),
        "Import" => json!({"devices": [good("NewDevice")], "on_conflict": "fail"}),
        "NewCertificate" => {
            json!({"sha256": "ab".repeat(32), "not_before": "2100-01-01T00:00:00Z", "note": "n"})
        }
        "NewPushProfile" | "PushProfileChange" => push_profile(),
        "NewToken" => {
            json!({
                "name": "t", "role": "portal", "groups": ["g"], "expires_at": "2100-01-01T00:00:00Z",
                "person": {"user": "u", "devices": ["0".repeat(32)]},
            })
        }
        "NewEnrollmentToken" => json!({"user": "u", "family": "windows81", "groups": ["g"]}),
        "NewApp" => json!({"name": "n", "versions": [{"version": "1.0"}]}),
        "NewInstall" => json!({"app": "known"}),
        "NewWebhook" => json!({"url": "https://hooks.example.test/"}),
        "NewBatch" => json!({"to": {"groups": ["g"]}, "command": {"type": "lock_workstation"}}),
        "PolicyTryOut" => json!({"files": [{"name": "a.toml", "text": ""}], "events": 10}),
        "inventory" => json!({"classes": ["Win32_BIOS"]}),
        "app_install" | "app_uninstall" | "app_upgrade" => json!({"job_data": "<Job/>"}),
        "application_setting" => json!({"value": "v"}),
        "vpn_connection" => json!({"settings": {
            "Server": "vpn.example.test", "TunnelType": "IKEv2", "Authentication/EAP": "<eap/>",
        }}),
        "certificate_remove" => json!({"thumbprint": "ab".repeat(20)}),
        "raw" => {
            json!({"verb": "Replace", "loc_uri": "./x", "data": "d", "format": "chr", "mime": "text/plain"})
        }
        "atomic" | "sequence" => json!({"commands": [good("raw")]}),
        "NewExport" => json!({"size": 0, "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}),
        "NewRedaction" => json!({"entry": 0, "reason": "x"}),
        // Windows 8.1 needs it, the other families do not.
        "wns_update_configuration" | "wns_read_channel" => json!({"app_id": "x"}),
        _ => json!({}),
    }
}

/// The least that the schema asks for, with values that are taken.
fn least(schema: &Value) -> Value {
    let mut body = json!({});
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        body[name] = taken(name, &schema["properties"][name]);
    }
    body
}

fn taken(name: &str, schema: &Value) -> Value {
    if let Some(word) = schema.get("const") {
        return word.clone();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }
    match (schema["type"].as_str().unwrap(), name) {
        ("string", "certificate") => {
            let key = rcgen::KeyPair::generate().unwrap();
            let params = rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap();
            json!(params.self_signed(&key).unwrap().pem())
        }
        ("string", "package_family_name") => json!("Contoso.App_8wekyb3d8bbwe"),
        ("string", "key") => json!("AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"),
        // Of what lies below a node of that name, on a phone.
        ("string", "name" | "request_id" | "enterprise_id") => json!("x"),
        ("string", "ca_thumbprint") => json!("ab".repeat(20)),
        ("string", "pfx" | "challenge" | "enrollment_token") => json!("AAAA"),
        ("string", "url" | "server_url") => json!("https://phones.example.test/"),
        ("string", "version") => json!("1.0.0.0"),
        ("string", "product_id") => json!("{00000000-0000-0000-0000-000000000000}"),
        ("string", "enhanced_key_usages") => json!("1.3.6.1.5.5.7.3.2"),
        ("string", _) => json!("<x/>"),
        ("array", _) => json!([taken(name, &schema["items"])]),
        ("integer", _) => schema["minimum"].clone(),
        ("boolean", _) => json!(true),
        _ => match schema["properties"]
            .as_object()
            .and_then(|all| all.iter().next())
        {
            Some((name, inner)) => json!({name.as_str(): taken(name, inner)}),
            None => json!({"Server": "vpn.example.test"}),
        },
    }
}

/// What the document says of a write, resolved.
pub struct Write {
    pub method: String,
    pub path: String,
    pub schema: Value,
    pub body: Value,
}

impl Write {
    /// A family that has it.
    pub fn family(&self) -> &str {
        self.schema["x-families"][0].as_str().unwrap_or("windows81")
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

pub fn writes(document: &Value) -> Vec<Write> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else {
                continue;
            };
            let schema = resolve(document, schema).clone();
            let write = |schema: Value, body: Value| Write {
                method: method.clone(),
                path: path.clone(),
                schema,
                body,
            };
            match schema["oneOf"].as_array() {
                None => all.push(write(schema.clone(), good(name))),
                Some(variants) => {
                    for variant in variants {
                        let variant = resolve(document, variant);
                        let kind = variant["properties"]["type"]["const"].as_str().unwrap();
                        let mut body = least(variant);
                        for (name, value) in good(kind).as_object().unwrap() {
                            body[name] = value.clone();
                        }
                        all.push(write(variant.clone(), body));
                    }
                }
            }
        }
    }
    assert!(all.len() >= 4 + 9, "{}", all.len());
    all
}

/// The fields of a schema, those inside included: (pointer into a body, name in
/// errors, schema).
fn fields(
    document: &Value,
    schema: &Value,
    pointer: &str,
    name: &str,
) -> Vec<(String, String, Value)> {
    let schema = resolve(document, schema);
    let mut all = Vec::new();
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let dot = if name.is_empty() { "" } else { "." };
        let step = key.replace('~', "~0").replace('/', "~1");
        let (pointer, name) = (format!("{pointer}/{step}"), format!("{name}{dot}{key}"));
        let inner = resolve(document, inner);
        all.push((pointer.clone(), name.clone(), inner.clone()));
        all.extend(fields(document, inner, &pointer, &name));
        if let Some(items) = inner.get("items") {
            let (pointer, name) = (format!("{pointer}/0"), format!("{name}[0]"));
            all.push((
                pointer.clone(),
                name.clone(),
                resolve(document, items).clone(),
            ));
            all.extend(fields(document, items, &pointer, &name));
        }
    }
    all
}

/// What is wrong for a field of this schema: raw JSON, and whether the field can be named.
fn wrong(schema: &Value) -> Vec<(String, bool)> {
    let is = |name: &str| match &schema["type"] {
        Value::Array(names) => names.contains(&json!(name)),
        other => other == name,
    };
    let mut all: Vec<&str> = vec![r#""\ud800""#, r#""\ud800\u0041""#];
    let unnamed = all.len();
    if !is("object") {
        all.extend(["{}", r#"{"a":1}"#]);
    }
    if !is("array") {
        all.extend(["[]", "[1]"]);
    }
    if !is("string") {
        all.extend([r#""x""#, r#""""#, r#""\u0000""#]);
    }
    if !is("integer") {
        all.extend(["0", "-1", "1e300", "18446744073709551616"]);
    } else {
        all.extend([
            "1.5",
            "1e300",
            "9223372036854775808",
            "-9223372036854775808",
        ]);
    }
    if !is("boolean") {
        all.extend(["true", "false"]);
    }
    if is("string") {
        all.extend([r#""\u0000""#, r#""a\u0001b""#, r#""\ufffe""#]);
        let closed = schema.get("enum").is_some() || schema.get("const").is_some();
        if closed || schema.get("format").is_some() {
            all.extend([r#""nonsense""#, r#""9999999999-01-01T00:00:00Z""#, r#""""#]);
        }
        if schema["minLength"] == 1 {
            all.push(r#""""#);
        }
    }
    if is("array") {
        all.extend(["[null]", "[[]]", "[true]"]);
        if schema["minItems"] == 1 {
            all.push("[]");
        }
    }
    let outside = ["minimum", "maximum"].map(|name| schema[name].as_i64());
    let outside: Vec<String> = match outside {
        [Some(least), Some(most)] => {
            let (below, above) = (i128::from(least) - 1, i128::from(most) + 1);
            vec![below.to_string(), above.to_string()]
        }
        _ => Vec::new(),
    };
    all.extend(outside.iter().map(String::as_str));
    let mut all: Vec<(String, bool)> = all
        .into_iter()
        .enumerate()
        .map(|(nth, text)| (text.to_owned(), nth >= unnamed))
        .collect();
    if let Some(most) = schema["maxLength"].as_u64() {
        all.push((format!("\"{}\"", "x".repeat(most as usize + 1)), true));
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        let list = vec!["\"x\""; most as usize + 1].join(",");
        all.push((format!("[{list}]"), true));
    }
    all
}

/// The body with this raw JSON in place of one field.
fn with(body: &Value, pointer: &str, raw: &str) -> String {
    const HERE: &str = "put-it-here";
    let mut body = body.clone();
    put(&mut body, pointer, json!(HERE));
    body.to_string().replace(&format!("\"{HERE}\""), raw)
}

/// Puts a value there, with what it must lie in.
pub fn put(body: &mut Value, pointer: &str, value: Value) {
    if let Some(field) = body.pointer_mut(pointer) {
        *field = value;
        return;
    }
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    if key == "0" {
        put(body, parent, json!([value]));
    } else {
        if body.pointer(parent).is_none() {
            put(body, parent, json!({}));
        }
        let key = key.replace("~1", "/").replace("~0", "~");
        body.pointer_mut(parent).unwrap()[key] = value;
    }
}

/// Everything that a write could have changed.
pub async fn everything(server: &Server, device: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/devices",
        "/tokens",
        "/push-profiles",
        "/events",
        "/apps",
        "/webhooks",
        &format!("/devices/{device}"),
        &format!("/devices/{device}/installs"),
        &format!("/devices/{device}/commands"),
    ] {
        let mut found = server.get(path).await;
        let items = found["items"].as_array_mut().into_iter().flatten();
        for item in items {
            // The token service never answers: when it is given up is no write's doing.
            let is_health =
                |key: &str| key.starts_with("health") || matches!(key, "may_send" | "reason");
            item.as_object_mut()
                .unwrap()
                .retain(|key, _| !is_health(key));
        }
        if let Some(items) = found["items"].as_array_mut() {
            items.retain(|item| item["type"] != "push_profile.health");
        }
        all.push(found);
    }
    all
}

/// A server with one of everything that a write may be about, and how that looked.
pub struct Furnished {
    pub server: Server,
    pub document: Value,
    device: String,
    ten: String,
    phone: String,
    profile: String,
    webhook: String,
    before: Vec<Value>,
    _silent: std::net::TcpListener,
}

impl Furnished {
    pub async fn new() -> Furnished {
        let (silent, arguments) = silent_tokens();
        let server = Server::start_with(&arguments.each_ref().map(String::as_str));
        let profile = server.push_profile(push_profile()).await;
        let device = server.register(json!({"source": "tablet"})).await;
        server.catalogue(catalogue_app("known")).await;
        let hook = json!({"url": "https://hooks.example.test/"});
        let (status, hook) = server.api("POST", "/webhooks", Some(hook)).await;
        assert_eq!(status, 201, "{hook}");
        let ten = json!({"source": "ten", "family": "windows10"});
        let phone = json!({"source": "phone", "family": "windows_phone81"});
        let mut furnished = Furnished {
            document: server.get("/openapi.json").await,
            ten: server.register(ten).await,
            phone: server.register(phone).await,
            webhook: hook["id"].as_str().unwrap().to_owned(),
            before: Vec::new(),
            _silent: silent,
            server,
            device,
            profile,
        };
        furnished.remember().await;
        furnished
    }

    /// The path of a write about what is there.
    pub fn path(&self, write: &Write) -> String {
        let device = match write.family() {
            "windows81" => &self.device,
            "windows_phone81" => &self.phone,
            _ => &self.ten,
        };
        let path = write.path.replace("{device}", device);
        path.replace("{app}", "known")
            .replace("{profile}", &self.profile)
            .replace("{webhook}", &self.webhook)
    }

    /// From now on this is how it looks.
    pub async fn remember(&mut self) {
        self.before = everything(&self.server, &self.device).await;
    }

    pub async fn assert_unchanged(&self) {
        let now = everything(&self.server, &self.device).await;
        assert_eq!(now, self.before, "nothing changed");
    }
}

#[tokio::test]
async fn every_field_of_every_write_is_checked_and_named() {
    let mut there = Furnished::new().await;
    let writes = writes(&there.document);
    for write in writes
        .iter()
        .filter(|write| write.path.ends_with("}/commands"))
    {
        // What is tried below is wrong in one field only.
        let body = json!({"source": write.body["type"], "family": write.family()});
        let scratch = there.server.register(body).await;
        there.server.queue(&scratch, write.body.clone()).await;
    }
    there.remember().await;
    let server = &there.server;
    let mut tried = 0;
    for write in &writes {
        let path = there.path(write);
        for (pointer, name, schema) in fields(&there.document, &write.schema, "", "") {
            for (raw, can_name) in wrong(&schema) {
                let body = with(&write.body, &pointer, &raw).into_bytes();
                let answer = server
                    .call(&server.token, &write.method, &path, &[], Some(body))
                    .await;
                let (status, headers, answer) = answer.expect("an answer");
                let shown: String = raw.chars().take(60).collect();
                let case = format!(
                    "{} {path} {name} = {shown}: {status} {answer}",
                    write.method
                );
                assert!((400..500).contains(&status), "{case}");
                assert_eq!(
                    headers["content-type"], "application/problem+json",
                    "{case}"
                );
                if can_name {
                    let field = answer["field"].as_str().unwrap_or("");
                    assert!(field.starts_with(&name), "{case}");
                } else {
                    assert_eq!(status, 400, "{case}");
                }
                assert!(answer.to_string().len() < 4_000, "{case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    there.assert_unchanged().await;
}

#[tokio::test]
async fn text_without_end_is_refused() {
    let there = Furnished::new().await;
    let server = &there.server;
    let long = format!("\"{}\"", "x".repeat(10 * 1024 * 1024));
    for write in writes(&there.document) {
        let path = there.path(&write);
        for (pointer, name, _) in fields(&there.document, &write.schema, "", "") {
            let body = with(&write.body, &pointer, &long).into_bytes();
            let answer = server
                .call(&server.token, &write.method, &path, &[], Some(body))
                .await;
            // It may also close the connection instead of reading on.
            if let Some((status, _, answer)) = answer {
                assert_eq!(status, 413, "{} {path} {name}: {answer}", write.method);
            }
        }
    }
    there.assert_unchanged().await;
}

#[tokio::test]
async fn every_parameter_of_every_read_is_checked_and_named() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let batch = json!({"to": {"all": true}, "command": {"type": "inventory"}});
    let (_, batch) = server.api("POST", "/commands", Some(batch)).await;
    let hook = json!({"url": "https://example.com/", "events": ["install.*"]});
    let (_, hook) = server.api("POST", "/webhooks", Some(hook)).await;
    let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
    let (batch, hook) = (id(&batch), id(&hook));
    let document = server.get("/openapi.json").await;
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parameters = methods["get"]["parameters"].as_array();
        let path = path
            .replace("{device}", &device)
            .replace("{command}", &command)
            .replace("{batch}", &batch)
            .replace("{webhook}", &hook);
        let required = match path.as_str() {
            "/inventory" => "where=Win32_BIOS.Version=1&",
            path if path.ends_with("/preview") => "mode=Machine&",
            _ => "",
        };
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let schema = &parameter["schema"];
            let mut values = vec!["%00".to_owned(), "a%0Ab".to_owned(), "x".repeat(600)];
            values.push("%ED%A0%80".to_owned() + &"%80".repeat(600));
            if schema["type"] == "integer" || schema.get("pattern").is_some() {
                let numbers = [
                    "",
                    "x",
                    "-1",
                    "1.5",
                    "99999999999999999999999",
                    "1e3",
                    "%2B",
                ];
                values.extend(numbers.map(str::to_owned));
            }
            if schema.get("enum").is_some() {
                values.push("nonsense".to_owned());
            }
            let required = if required.starts_with(name) {
                ""
            } else {
                required
            };
            let mut queries: Vec<String> = values
                .iter()
                .map(|value| format!("{required}{name}={value}"))
                .collect();
            queries.push(format!("{required}{name}=1&{name}=2"));
            for query in queries {
                let path = format!("{path}?{query}");
                let answer = server.call(&server.token, "GET", &path, &[], None).await;
                let (status, _, answer) = answer.expect("an answer");
                let case: String = format!("{path}: {status} {answer}")
                    .chars()
                    .take(300)
                    .collect();
                assert_eq!(status, 422, "{case}");
                assert_eq!(answer["field"], name, "{case}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let server = Server::start();
    let document = server.get("/openapi.json").await;
    let bodies = writes(&document);
    let long = "a".repeat(3_000);
    for (pattern, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if !pattern.contains('{') {
                continue;
            }
            for id in [
                "x",
                "%00",
                "%FF",
                "..%2f..%2f",
                "-1",
                &"0".repeat(32),
                &long,
            ] {
                let path: String = pattern
                    .split('/')
                    .map(|part| if part.starts_with('{') { id } else { part })
                    .collect::<Vec<_>>()
                    .join("/");
                let path = if pattern.ends_with("/preview") {
                    path + "?mode=Machine"
                } else {
                    path
                };
                let of = |write: &&Write| write.method == *method && write.path == *pattern;
                let body = bodies.iter().find(of);
                let body = body.map(|write| write.body.to_string().into_bytes());
                let answer = server.call(&server.token, method, &path, &[], body).await;
                let (status, _, answer) = answer.expect("an answer");
                assert!(
                    status == 404 || status == 400,
                    "{method} {path}: {status} {answer}"
                );
            }
        }
    }
}
