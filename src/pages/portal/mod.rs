//! Pages for the users of tablets.

mod app;
mod apps;
mod clock;
mod device;
mod install;
mod outlook;
mod requests;
mod sign_in;
mod steps;

pub use app::AppPage;
pub use apps::{AppRow, AppsPage, Tablet};
pub use clock::{Clock, ClockTime};
pub use device::DevicePage;
pub use install::{InstallPage, status};
pub use outlook::{OfferWords, OutlookWords, request_state};
pub use requests::{RequestRow, RequestsPage};
pub use sign_in::{LinkPage, SignInPage, UnusableLinkPage};
pub use steps::{StepRow, steps};
