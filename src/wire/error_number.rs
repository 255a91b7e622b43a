//! Numbers of errors as devices write them.

/// A number of 32 bits in decimal or, behind `0x`, in hexadecimal digits; an HRESULT in
/// decimal may come signed.
pub fn read(text: &str) -> Option<u32> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok().or_else(|| {
            let signed: i32 = text.parse().ok()?;
            Some(signed.cast_unsigned())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_forms_of_a_number() {
        for (text, number) in [
            (" 1603 ", Some(1603)),
            ("0x80070005", Some(0x8007_0005)),
            ("0X643", Some(1603)),
            ("-2147024891", Some(0x8007_0005)),
            ("2147942405", Some(0x8007_0005)),
            ("0", Some(0)),
            ("0x", None),
            ("0x+5", None),
            ("0x123456789", None),
            ("-2147483649", None),
            ("done", None),
            ("", None),
        ] {
            assert_eq!(read(text), number, "{text}");
        }
    }
}
