//! `GET /console/audit/verify`: what a look at the log came to.

use crate::app::AppError;
use crate::app::audit;
use crate::http::pages::{Page, Visitor};
use modegate_pages::console::audit::verify::{Check, VerifyPage};

/// `GET /console/audit/verify`.
pub(in crate::http::pages) async fn show(visitor: Visitor) -> Page {
    visitor
        .read(move |visitor| async move {
            let app = visitor.app();
            let check = match audit::newest(app).await {
                Ok(newest) => {
                    let found = audit::verify(app).await?;
                    Some(Check {
                        good: found.good,
                        origin: found.origin,
                        size: found.size,
                        root: found.root,
                        at: newest.at,
                        note: newest.note,
                        unsealed: found.unsealed,
                        from: found.from,
                        checkpoints: found.checkpoints,
                        faults: found.faults,
                    })
                }
                Err(AppError::Missing(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let shell = visitor.shell("Verification of the log");
            Ok(VerifyPage {
                shell: shell.below("/console/audit", "Audit log"),
                check,
            })
        })
        .await
}
