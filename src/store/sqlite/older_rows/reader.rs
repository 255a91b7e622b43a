//! Reads packed bytes in which some structs have fewer fields than now.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::super::error::failed;
use super::Length;
use crate::StoreError;

/// Reads a value whose structs have these numbers of fields; a struct that is not named has
/// all of its fields. What is missing takes its default.
pub(super) fn unpack<T: DeserializeOwned>(
    bytes: &[u8],
    lengths: &[Length],
) -> Result<T, StoreError> {
    let inner = &mut postcard::Deserializer::from_bytes(bytes);
    T::deserialize(Older { inner, lengths }).map_err(failed)
}

/// Any part of such a reading. What serde hands on in between is wrapped again, so that a
/// struct is found at every depth.
struct Older<'l, T> {
    inner: T,
    lengths: &'l [Length],
}

/// Methods that only hand on their visitor.
macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let visitor = Older { inner: visitor, lengths: self.lengths };
            self.inner.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Older<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let length = self.lengths.iter().find(|(grown, _)| *grown == name);
        let length = length.map_or(fields.len(), |(_, length)| *length);
        let there = fields
            .get(..length)
            .ok_or_else(|| D::Error::custom(format!("{name} has fewer than {length} fields")))?;
        let visitor = Older {
            inner: visitor,
            lengths: self.lengths,
        };
        self.inner.deserialize_struct(name, there, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Values without parts are handed on as they are.
macro_rules! values {
    ($($method:ident: $type:ty;)*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Older<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(formatter)
    }

    values! {
        visit_bool: bool;
        visit_i8: i8;
        visit_i16: i16;
        visit_i32: i32;
        visit_i64: i64;
        visit_i128: i128;
        visit_u8: u8;
        visit_u16: u16;
        visit_u32: u32;
        visit_u64: u64;
        visit_u128: u128;
        visit_f32: f32;
        visit_f64: f64;
        visit_char: char;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let lengths = self.lengths;
        self.inner.visit_some(Older { inner, lengths })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let lengths = self.lengths;
        self.inner.visit_newtype_struct(Older { inner, lengths })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.visit_seq(Older { inner, lengths })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.visit_map(Older { inner, lengths })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.visit_enum(Older { inner, lengths })
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Older<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let lengths = self.lengths;
        self.inner.deserialize(Older { inner, lengths })
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Older<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let lengths = self.lengths;
        self.inner.next_element_seed(Older { inner, lengths })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Older<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let lengths = self.lengths;
        self.inner.next_key_seed(Older { inner, lengths })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, inner: S) -> Result<S::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.next_value_seed(Older { inner, lengths })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, 'l, A: EnumAccess<'de>> EnumAccess<'de> for Older<'l, A> {
    type Error = A::Error;
    type Variant = Older<'l, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let lengths = self.lengths;
        let (value, inner) = self.inner.variant_seed(Older { inner, lengths })?;
        Ok((value, Older { inner, lengths }))
    }
}

/// The fields of a variant cannot grow: a variant that needs more holds a struct.
impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Older<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, inner: S) -> Result<S::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.newtype_variant_seed(Older { inner, lengths })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, inner: V) -> Result<V::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.tuple_variant(len, Older { inner, lengths })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        inner: V,
    ) -> Result<V::Value, A::Error> {
        let lengths = self.lengths;
        self.inner.struct_variant(fields, Older { inner, lengths })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    /// The same types before and after they grew.
    mod before {
        use super::*;

        #[derive(Serialize)]
        pub(super) struct Inner {
            pub a: u32,
        }

        #[derive(Serialize)]
        pub(super) enum Choice {
            None,
            One(Inner),
            Two(u8, Inner),
            Named { x: Inner },
        }

        #[derive(Serialize)]
        pub(super) struct Outer {
            pub first: Inner,
            pub list: Vec<Inner>,
            pub maybe: Option<Inner>,
            pub map: BTreeMap<u8, Inner>,
            pub choices: [Choice; 4],
            pub id: uuid::Uuid,
            pub wide: i128,
            pub(super) text: String,
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: u32,
        #[serde(default)]
        grown: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Choice {
        None,
        One(Inner),
        Two(u8, Inner),
        Named { x: Inner },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        first: Inner,
        list: Vec<Inner>,
        maybe: Option<Inner>,
        map: BTreeMap<u8, Inner>,
        choices: [Choice; 4],
        id: uuid::Uuid,
        wide: i128,
        text: String,
        #[serde(default)]
        more: Vec<u64>,
        #[serde(default)]
        count: u8,
    }

    #[test]
    fn what_a_struct_lacks_is_its_default_at_every_depth() {
        let old = |a| before::Inner { a };
        let id = uuid::Uuid::from_u128(7);
        let bytes = postcard::to_stdvec(&before::Outer {
            first: old(1),
            list: vec![old(2), old(300)],
            maybe: Some(old(4)),
            map: BTreeMap::from([(9, old(5))]),
            choices: [
                before::Choice::None,
                before::Choice::One(old(6)),
                before::Choice::Two(7, old(8)),
                before::Choice::Named { x: old(9) },
            ],
            id,
            wide: -5,
            text: "end".to_owned(),
        })
        .unwrap();
        let new = |a| Inner { a, grown: None };
        let lengths: &[Length] = &[("Inner", 1), ("Outer", 8)];
        assert_eq!(
            unpack::<Outer>(&bytes, lengths).unwrap(),
            Outer {
                first: new(1),
                list: vec![new(2), new(300)],
                maybe: Some(new(4)),
                map: BTreeMap::from([(9, new(5))]),
                choices: [
                    Choice::None,
                    Choice::One(new(6)),
                    Choice::Two(7, new(8)),
                    Choice::Named { x: new(9) },
                ],
                id,
                wide: -5,
                text: "end".to_owned(),
                more: Vec::new(),
                count: 0,
            }
        );
        assert!(unpack::<Outer>(&bytes, &[("Inner", 3), ("Outer", 8)]).is_err());
    }
}
