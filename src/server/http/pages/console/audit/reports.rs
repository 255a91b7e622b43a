//! `GET /console/audit/reports`: how the reports of a period are made.

use actix_web::web;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::statement::{PeriodQuery, report_command};
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use modegate_pages::console::audit::reports::ReportsPage;

/// The forms of a report, with their options.
const FORMS: [(&str, &str); 4] = [
    ("A page to print", "--html report.html"),
    ("Tables for spreadsheets", "--csv report-csv"),
    ("Every value as JSON", "--json report.json"),
    ("OSCAL assessment results", "--oscal report-oscal"),
];

/// `GET /console/audit/reports?from=&to=`.
pub(in crate::http::pages) async fn show(visitor: Visitor, query: web::Query<PeriodQuery>) -> Page {
    let (period, query) = (query.period()?, query.into_inner());
    let [from, to] =
        [&query.from, &query.to].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
    let statement = format!("/console/audit/statement?from={from}&to={to}");
    let forms = FORMS.map(|(form, option)| (form, report_command(&period, option)));
    page(&ReportsPage {
        shell: visitor
            .shell("Reports")
            .below("/console/audit", "Audit log"),
        statement,
        forms: forms.into(),
        from: query.from,
        to: query.to,
    })
}
