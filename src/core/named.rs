//! Enumerations whose values have names.

/// Declares an enumeration with the name of each value, and with them `ALL` (in
/// the order of declaration), `name` and, where `by` says how names are compared,
/// `from_name`. Behind `serialized`, the names are serde's too; behind `documented`, `about`
/// says what stands above each value here as well.
macro_rules! named {
    (documented $(#[$meta:meta])* $vis:vis enum $type:ident {
        $($(#[doc = $about:literal])+ $value:ident = $name:literal,)+
    }) => {
        $crate::named::named! {
            serialized $(#[$meta])* $vis enum $type {
                $($(#[doc = $about])+ $value = $name,)+
            }
        }

        impl $type {
            /// What it is, in words.
            pub fn about(self) -> &'static str {
                match self {
                    $($type::$value => concat!($($about),+),)+
                }
            }
        }
    };
    (serialized $(#[$meta:meta])* $vis:vis enum $type:ident $(by $equal:ident)? {
        $($(#[$about:meta])* $value:ident = $name:literal,)+
    }) => {
        $crate::named::named! {
            $(#[$meta])* $vis enum $type $(by $equal)? {
                $($(#[$about])* #[serde(rename = $name)] $value = $name,)+
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $type:ident $(by $equal:ident)? {
        $($(#[$about:meta])* $value:ident = $name:literal,)+
    }) => {
        $(#[$meta])*
        $vis enum $type {
            $($(#[$about])* $value,)+
        }

        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: [$type; [$($name),+].len()] = [$($type::$value),+];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $($type::$value => $name,)+
                }
            }

            $(
                /// The value of that name.
                pub fn from_name(name: &str) -> Option<$type> {
                    $type::ALL.into_iter().find(|value| value.name().$equal(name))
                }
            )?
        }
    };
}

pub(crate) use named;
