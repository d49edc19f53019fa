//! Where fields are, each with the type of what it holds: a lookup that misspells a field, or takes it for something else, does
//! not compile. Must not say which fields there are: that is the table's.

use super::value::ServiceName;
use std::{fmt, marker::PhantomData};

/// Where a field is; shown as a JSON path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    service: Service,
    /// What its object is called, with a dot behind it.
    object: &'static str,
    pub(crate) name: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Service {
    None,
    Any,
    Named(ServiceName),
}

impl Place {
    /// The field of this service, where it is one that any service has.
    pub(crate) const fn of(self, service: ServiceName) -> Self {
        match self.service {
            Service::Any => Self { service: Service::Named(service), ..self },
            _ => self,
        }
    }

    /// The fields of these services, where it is one that any service has.
    pub(crate) fn of_each(self, services: &[ServiceName]) -> Vec<Self> {
        match self.service {
            Service::Any => services.iter().map(|service| self.of(*service)).collect(),
            _ => vec![self],
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service {
            Service::None => write!(out, "$.{}{}", self.object, self.name),
            Service::Any => write!(out, "$.services.*.{}{}", self.object, self.name),
            Service::Named(service) => write!(out, "$.services.{service}.{}{}", self.object, self.name),
        }
    }
}

/// Where a field that holds a `T` is.
#[derive(Debug)]
pub(crate) struct Key<T> {
    pub(crate) place: Place,
    holds: PhantomData<fn() -> T>,
}

impl<T> Copy for Key<T> {}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Key<T> {
    const fn at(place: Place) -> Self {
        Self { place, holds: PhantomData }
    }

    pub(crate) const fn whole(object: &'static str, name: &'static str) -> Self {
        Self::at(Place { service: Service::None, object, name })
    }

    pub(crate) const fn any_service(object: &'static str, name: &'static str) -> Self {
        Self::at(Place { service: Service::Any, object, name })
    }

    /// That of this service.
    pub(crate) const fn of(self, service: ServiceName) -> Self {
        Self::at(self.place.of(service))
    }
}

impl<T> fmt::Display for Key<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(out)
    }
}
