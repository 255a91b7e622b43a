//! The canonical form, read strictly.
//!
//! What this reader takes is written again as the same bytes, so that nobody need write it to
//! see that. It takes the fields of a record in their order only, numbers and text in their
//! one spelling, and nothing that might have to be left out: `null`, `false` and empty lists.
//! It gives up on whatever it is not certain of (among that, text with escapes and statements
//! about the log); then the reader of any JSON decides.

use std::fmt;

use serde::de::value::{U32Deserializer, U64Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

/// Reads a value of which this surely is the canonical form.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let (at, newtype) = (0, "");
    let mut reader = Reader { text, at, newtype };
    let value = T::deserialize(&mut reader).ok()?;
    (reader.at == text.len()).then_some(value)
}

/// It may be canonical or not.
#[derive(Debug)]
struct Uncertain;

impl fmt::Display for Uncertain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not certainly canonical")
    }
}

impl std::error::Error for Uncertain {}

impl serde::de::Error for Uncertain {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Uncertain
    }
}

struct Reader<'de> {
    text: &'de str,
    /// As far as it was read.
    at: usize,
    /// The type of which the text is all that there is.
    newtype: &'static str,
}

impl<'de> Reader<'de> {
    #[inline]
    fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let next = self.rest().first().copied();
        self.at += 1;
        next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Uncertain> {
        match self.next() {
            Some(found) if found == byte => Ok(()),
            _ => Err(Uncertain),
        }
    }

    /// Text without escapes, behind its first quotation mark.
    fn text(&mut self) -> Result<&'de str, Uncertain> {
        self.expect(b'"')?;
        let length = plain_length(self.rest());
        let text = self.text.get(self.at..self.at + length);
        self.at += length;
        self.expect(b'"')?;
        text.ok_or(Uncertain)
    }

    fn digits(&mut self) -> Result<u64, Uncertain> {
        let (rest, mut number) = (self.rest(), 0_u64);
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = &rest[..length];
        if length == 0 || (digits[0] == b'0' && length > 1) {
            return Err(Uncertain);
        }
        for digit in digits {
            let more = number.checked_mul(10);
            let more = more.and_then(|more| more.checked_add((digit - b'0').into()));
            number = more.ok_or(Uncertain)?;
        }
        self.at += length;
        Ok(number)
    }

    fn integer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Uncertain> {
        if self.rest().first() != Some(&b'-') {
            return visitor.visit_u64(self.digits()?);
        }
        self.at += 1;
        let below = self.digits()?;
        let number = 0_i64.checked_sub_unsigned(below);
        visitor.visit_i64(number.filter(|&number| number != 0).ok_or(Uncertain)?)
    }

    /// Whether one more stands in a list or record, up to its end.
    fn one_more(&mut self, part: &mut Part, end: u8) -> Result<bool, Uncertain> {
        match (&part, self.rest().first()) {
            (Part::Begun, _) => *part = Part::Within,
            (Part::Within, Some(b',')) => self.at += 1,
            (Part::Within, Some(&found)) if found == end => {
                self.at += 1;
                *part = Part::Ended;
            }
            _ => return Err(Uncertain),
        }
        Ok(!matches!(part, Part::Ended))
    }
}

/// How many bytes there are before a quotation mark, a backslash or a control character.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const EACH: u64 = u64::MAX / 0xFF;
    const HIGH: u64 = EACH << 7;
    let (words, _) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of the first byte that is below `end`, and of none before it.
        let below = |word: u64, end: u8| word.wrapping_sub(EACH * u64::from(end)) & !word & HIGH;
        let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
        let ends = is(b'"') | is(b'\\') | below(word, b' ');
        if ends != 0 {
            return number * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
    let rest = &bytes[words.len() * 8..];
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

macro_rules! integers {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
            self.integer(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Uncertain;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Uncertain> {
        Err(Uncertain)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
        if !self.rest().starts_with(b"true") {
            return Err(Uncertain);
        }
        self.at += b"true".len();
        visitor.visit_bool(true)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
        // No type takes `null` here, so that it is refused where it stands.
        visitor.visit_some(self)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
        visitor.visit_borrowed_str(self.text()?)
    }

    /// Only of types that are known to have one spelling: others ask for text that they read
    /// themselves.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
        let text = self.text()?;
        let is_known = match self.newtype {
            "DeviceId" => {
                let of_one = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
                text.len() == 36 && text.bytes().all(of_one)
            }
            "LeafText" => true,
            _ => false,
        };
        match is_known {
            true => visitor.visit_borrowed_str(text),
            false => Err(Uncertain),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Uncertain> {
        self.newtype = name;
        let value = visitor.visit_newtype_struct(&mut *self);
        self.newtype = "";
        value
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Uncertain> {
        self.expect(b'[')?;
        let mut list = List(self, Part::Begun);
        let value = visitor.visit_seq(&mut list)?;
        match list.1 {
            Part::Ended => Ok(value),
            _ => Err(Uncertain),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Uncertain> {
        self.expect(b'{')?;
        let (part, next) = (Part::Begun, 0);
        let mut record = Record {
            reader: self,
            part,
            fields,
            next,
        };
        let value = visitor.visit_map(&mut record)?;
        match record.part {
            Part::Ended => Ok(value),
            _ => Err(Uncertain),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Uncertain> {
        let name = self.text()?;
        let number = variants.iter().position(|&variant| variant == name);
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number: U32Deserializer<Uncertain> = number.ok_or(Uncertain)?.into_deserializer();
        visitor.visit_enum(number)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map
        identifier ignored_any
    }
}

/// How far a list or a record was read.
enum Part {
    Begun,
    Within,
    Ended,
}

struct List<'a, 'de>(&'a mut Reader<'de>, Part);

impl<'de> SeqAccess<'de> for List<'_, 'de> {
    type Error = Uncertain;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Uncertain> {
        let List(reader, part) = self;
        match reader.one_more(part, b']')? {
            true => seed.deserialize(&mut **reader).map(Some),
            false => Ok(None),
        }
    }
}

struct Record<'a, 'de> {
    reader: &'a mut Reader<'de>,
    part: Part,
    fields: &'static [&'static str],
    /// The first of the fields that may come.
    next: usize,
}

impl Record<'_, '_> {
    /// The number of the field whose name comes.
    fn field(&mut self) -> Result<usize, Uncertain> {
        self.reader.expect(b'"')?;
        let rest = self.reader.rest();
        let comes = |name: &&str| {
            rest.get(name.len()..)
                .is_some_and(|behind| behind.starts_with(b"\":"))
                && rest.starts_with(name.as_bytes())
        };
        let left = self.fields.get(self.next..).unwrap_or_default();
        let skipped = left.iter().position(comes).ok_or(Uncertain)?;
        self.reader.at += left[skipped].len() + b"\":".len();
        let number = self.next + skipped;
        self.next = number + 1;
        Ok(number)
    }
}

impl<'de> MapAccess<'de> for Record<'_, 'de> {
    type Error = Uncertain;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Uncertain> {
        if !self.reader.one_more(&mut self.part, b'}')? {
            return Ok(None);
        }
        // A type that is derived knows its fields by their numbers.
        let number: U64Deserializer<Uncertain> = (self.field()? as u64).into_deserializer();
        seed.deserialize(number).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Uncertain> {
        seed.deserialize(&mut *self.reader)
    }
}
