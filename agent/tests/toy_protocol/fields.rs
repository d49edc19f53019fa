//! `toy`: what a service of the toy protocol has in the configuration.

use super::{
    super::{
        fields::{Fields, Row},
        kind::{Absent::Default, Kind::Text, fields},
        text_kinds::API_PATH,
        value::ApiPath,
    },
    Entry, Traits,
};

fields! {
    OWN, TOY: ToyKeys, any_service ""
    pulse: ApiPath = Text(&API_PATH), Default("\"/health\""), "`GET`: 200 when healthy.";
    book: ApiPath = Text(&API_PATH), Default("\"/admin/cluster/members\""), "`GET`: who is in.";
}

/// What only a toy has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toy {
    pulse: ApiPath,
    /// `GET`: who is in.
    pub book: ApiPath,
}

pub(super) fn read(fields: &mut Fields, row: Row) -> Option<Toy> {
    Some(Toy { pulse: fields.get(TOY.pulse.of(row.name))?, book: fields.get(TOY.book.of(row.name))? })
}

impl Traits for Toy {
    fn health_path(&self) -> &ApiPath {
        &self.pulse
    }

    fn removal_by_hand(&self, entry: &Entry<'_>) -> String {
        format!("toy remove {:?}", entry.id)
    }
}
