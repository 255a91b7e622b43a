//! Values of properties that are secrets, struck out of a device's answers before they
//! are kept: nobody reads them back, not even who asked for them.

use crate::classify::classify;
use crate::command::NodeResult;
use crate::inventory::{Address, known, names};
use crate::kind::Kind;
use crate::secret::Secret;
use modegate_wire::message::Verb;

/// Puts `***` in place of every value that the catalogue calls a secret.
pub(super) fn strike_out(results: &mut [NodeResult]) {
    for result in results.iter_mut().filter(|result| holds_secret(result)) {
        if let Some(data) = result
            .data
            .as_mut()
            .filter(|data| !data.reveal().is_empty())
        {
            *data = Secret::new("***");
        }
    }
}

/// Whether it is the value of a secret. What is said of the push channel is judged by
/// [`super::channel_report`]; a list of names is no value.
fn holds_secret(result: &NodeResult) -> bool {
    let address = Address::from_loc_uri(&result.loc_uri);
    address.is_some_and(|address| !known::may_be_kept(&address))
        && !names::is_list(result.format.as_deref())
        && classify(Verb::Get, &result.loc_uri).kind != Kind::ChannelRead
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_values_of_secret_properties_are_struck_out() {
        let at = |rest: &str| format!("./cimv2/{rest}");
        for (loc_uri, format, kept) in [
            (
                at("MDM_RemoteAppUserCookie/MDM_RemoteAppUserCookie.FeedUrl=%22f%22/CookieHash"),
                "chr",
                false,
            ),
            (
                at("mdm_remoteappusercookie/mdm_remoteappusercookie.feedurl=%22f%22/cookie"),
                "chr",
                false,
            ),
            (
                at("MDM_RemoteAppUserCookie/MDM_RemoteAppUserCookie.FeedUrl=%22f%22/FeedUrl"),
                "chr",
                true,
            ),
            (at("MDM_RemoteAppUserCookie"), "node", true),
            (
                at("MDM_WirelessProfile/MDM_WirelessProfile.Name=%22w%22/SharedKeyMaterial"),
                "chr",
                false,
            ),
            (
                at("MDM_WirelessProfile/MDM_WirelessProfile.Name=%22w%22/SSID"),
                "chr",
                true,
            ),
            (
                at(
                    "SoftwareLicensingService/SoftwareLicensingService.Version=%221%22/OA3xOriginalProductKey",
                ),
                "chr",
                false,
            ),
            (
                at(
                    "MSFT_VpnConnection/MSFT_VpnConnection.Name=%22v%22,AllUserConnection=%22true%22/Profile",
                ),
                "chr",
                false,
            ),
            (
                at("Win32_Unheard/Win32_Unheard.Key=%221%22/CookieHash"),
                "chr",
                false,
            ),
            ("./DevDetail/SwV".to_owned(), "chr", true),
            (
                "./Vendor/MSFT/WiFi/Profile/Contoso/WlanXml".to_owned(),
                "chr",
                false,
            ),
            (
                "./User/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/a/PFXCertPassword"
                    .to_owned(),
                "chr",
                false,
            ),
            (
                "./Vendor/MSFT/Policy/Result/DeviceLock/AllowSimpleDevicePassword".to_owned(),
                "int",
                true,
            ),
        ] {
            let mut results = [NodeResult {
                loc_uri: loc_uri.as_str().into(),
                status: 200,
                format: Some(format.to_owned()),
                data: Some(Secret::new("distinct")),
                original_error: None,
                source: None,
            }];
            strike_out(&mut results);
            let data = results[0]
                .data
                .as_ref()
                .map(|data| data.reveal().to_owned());
            let expected = if kept { "distinct" } else { "***" };
            assert_eq!(data.as_deref(), Some(expected), "{loc_uri}");
        }
    }
}
