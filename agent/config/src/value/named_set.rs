//! A closed set of words: how each is written, shown, read and serialised.

/// Declares one; the order of the words is the order in which they are documented.
macro_rules! named_set {
    ($(#[$about:meta])* $set:ident { $($(#[$what:meta])* $one:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $($(#[$what])* $one,)+ }

        impl $set {
            /// All, in the order in which they are documented.
            pub const ALL: &[Self] = &[$(Self::$one,)+];
            /// The words, in words.
            pub(crate) const IN_WORDS: &str = $crate::value::listed!(", ", " or " $($word)+);
            /// The same as a pattern (ECMA 262).
            pub(crate) const PATTERN: &str = concat!("^(", $crate::value::listed!("|", "|" $($word)+), ")$");

            /// The word that the config has for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$one => $word,)+ }
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $set {
            type Err = $crate::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().copied().find(|one| one.as_str() == text);
                known.ok_or_else(|| {
                    $crate::ValueError::new(concat!("write one of these exactly: ", $crate::value::listed!(", ", ", " $($word)+)))
                })
            }
        }
    };
}

/// Words with something between them, and something before the last.
macro_rules! listed {
    ($between:literal, $last:literal $word:literal) => { $word };
    ($between:literal, $last:literal $word:literal $end:literal) => { concat!($word, $last, $end) };
    ($between:literal, $last:literal $word:literal $($more:literal)+) => {
        concat!($word, $between, $crate::value::listed!($between, $last $($more)+))
    };
}

pub(crate) use {listed, named_set};
