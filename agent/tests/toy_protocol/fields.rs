//! `toy`: what a service of the toy protocol has in the configuration.

use super::{
    super::{
        fields::Fields,
        group::Group,
        kind::Kind::Text,
        table::{Absent::Default, fields},
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

pub(super) fn read(fields: &mut Fields, group: &Group) -> Option<Toy> {
    let name = group.row.name;
    Some(Toy { pulse: fields.get(TOY.pulse.of(name))?, book: fields.get(TOY.book.of(name))? })
}

impl Traits for Toy {
    fn health_path(&self) -> &ApiPath {
        &self.pulse
    }

    fn removal_by_hand(&self, entry: &Entry<'_>) -> String {
        format!("toy remove {:?}", entry.id)
    }
}
