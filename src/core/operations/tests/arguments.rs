//! Arguments that are not as they should be.

use serde_json::json;

use super::read;

#[test]
fn a_wrong_argument_is_reported_by_its_name() {
    for (request, field) in [
        (json!({}), "type"),
        (json!({"type": "nothing"}), "type"),
        (json!({"type": 1}), "type"),
        (
            json!({"type": "inventory", "presets": ["nothing"]}),
            "presets[0]",
        ),
        (
            json!({"type": "inventory", "presets": ["apps", "os"]}),
            "presets",
        ),
        (json!({"type": "inventory", "classes": []}), "classes"),
        (
            json!({"type": "inventory", "classes": ["a b"]}),
            "classes[0]",
        ),
        (json!({"type": "inventory", "walk": "yes"}), "walk"),
        (
            json!({"type": "reset_user_password", "user": "a"}),
            "password",
        ),
        (
            json!({"type": "reset_user_password", "user": "a;b", "password": "p"}),
            "user",
        ),
        (
            json!({"type": "reset_user_password", "user": "a", "password": "p\"q"}),
            "password",
        ),
        (
            json!({"type": "reset_user_password", "user": "a", "password": "\u{e000}"}),
            "password",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MinPasswordLength": 17}}),
            "settings.MinPasswordLength",
        ),
        (
            json!({"type": "eas_policy", "settings": {"MaxPasswordFailedAttempts": 3}}),
            "settings.MaxPasswordFailedAttempts",
        ),
        (json!({"type": "eas_policy", "settings": {}}), "settings"),
        (
            json!({"type": "eas_policy", "settings": {"Other": 1}}),
            "settings.Other",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": "false"}}),
            "settings.DataRoamingEnabled",
        ),
        (
            json!({"type": "restrictions", "settings": {"DataRoamingEnabled": null}}),
            "settings.DataRoamingEnabled",
        ),
        (
            json!({"type": "updates", "settings": {"AutoUpdatePolicy": "all"}}),
            "settings.AutoUpdatePolicy",
        ),
        (
            json!({"type": "security_settings", "settings": {"MaintenanceScheduleStartHour": 24}}),
            "settings.MaintenanceScheduleStartHour",
        ),
        (
            json!({"type": "application_setting", "package_family_name": "p", "name": "n", "value": "x", "value_type": "bool"}),
            "value",
        ),
        (
            json!({"type": "certificate_install", "certificate": "AAAA"}),
            "certificate",
        ),
        (json!({"type": "certificate_remove"}), "thumbprint"),
        (
            json!({"type": "certificate_remove", "thumbprint": "12"}),
            "thumbprint",
        ),
        (
            json!({"type": "scep_enroll", "request_id": "r", "enhanced_key_usages": ["1"], "issuers": ["i"], "configuration": "<a"}),
            "configuration",
        ),
        (
            json!({"type": "wifi_profile", "name": "w", "profile": "<!DOCTYPE a><a/>"}),
            "profile",
        ),
        (
            json!({"type": "wifi", "name": "w", "settings": {"SecurityAuthentication": "4"}}),
            "settings.SecurityAuthentication",
        ),
        (
            json!({"type": "vpn_profile", "name": "v", "settings": {"a/b": 1}}),
            "settings",
        ),
        (json!({"type": "sideload_key", "key": "12345"}), "key"),
        (json!({"type": "app_install"}), "job_data"),
        (
            json!({"type": "app_uninstall", "package_full_name": "p"}),
            "job_data",
        ),
        (
            json!({"type": "raw", "verb": "Copy", "loc_uri": "./a"}),
            "verb",
        ),
        (
            json!({"type": "raw", "verb": "Get", "loc_uri": "a"}),
            "loc_uri",
        ),
        (json!({"type": "atomic", "commands": []}), "commands"),
        (
            json!({"type": "atomic", "commands": [{"type": "lock_workstation"}, {"type": "updates"}]}),
            "commands[1].settings",
        ),
        (
            json!({"type": "unenroll", "expires_at": "1960-01-01T00:00:00Z"}),
            "expires_at",
        ),
        (
            json!({"type": "unenroll", "expires_at": "2000-01-01T00:00:00Z", "not_before": "2001-01-01T00:00:00Z"}),
            "not_before",
        ),
        (json!({"type": "unenroll", "after": ["x"]}), "after[0]"),
        (json!({"type": "unenroll", "retries": 11}), "retries"),
    ] {
        let error = read(&request).expect_err(&request.to_string());
        assert_eq!(error.field, field, "{request}: {error}");
        assert!(!error.to_string().contains("p\"q"), "{error}");
    }
}
