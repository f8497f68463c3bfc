//! What directives beside rules say.

use super::{LowerError, Lowering, error};
use crate::{
    limits,
    rules::seclang::ast::{self, Place},
};

impl Lowering {
    pub(super) fn setting(&mut self, place: &Place, name: &str, values: &[String]) -> Result<(), LowerError> {
        let value = values.first().map_or("", String::as_str);
        let on = || match () {
            () if value.eq_ignore_ascii_case("on") => Ok(true),
            () if value.eq_ignore_ascii_case("off") => Ok(false),
            () => Err(error(place, format!("{name} {value}: expected On or Off"))),
        };
        match name {
            "SecRuleEngine" => {
                self.settings.engine = match value.to_ascii_lowercase().as_str() {
                    "on" => ast::Engine::On,
                    "off" => ast::Engine::Off,
                    "detectiononly" => ast::Engine::DetectionOnly,
                    _ => {
                        let problem = format!("SecRuleEngine {value}: expected On, Off or DetectionOnly");
                        return Err(error(place, problem));
                    }
                };
            }
            "SecRequestBodyAccess" => self.settings.request_body = on()?,
            "SecResponseBodyAccess" => self.settings.response_body = on()?,
            "SecArgumentSeparator" => match value.as_bytes() {
                [separator] => self.settings.separator = *separator,
                _ => {
                    return Err(error(
                        place,
                        format!("SecArgumentSeparator {value:?}: expected one character"),
                    ));
                }
            },
            "SecResponseBodyMimeType" => {
                self.settings.response_types = values.iter().map(|v| v.to_ascii_lowercase()).collect();
            }
            "SecRequestBodyJsonDepthLimit" => {
                self.settings.json_depth =
                    value.parse().unwrap_or(limits::BODY_DEPTH).min(limits::BODY_DEPTH);
            }
            "SecUploadFileLimit" => {
                self.settings.files = value.parse().unwrap_or(limits::BODY_FILES);
            }
            "SecCollectionTimeout" => {
                self.settings.collection_timeout = match value.parse() {
                    Ok(seconds) if seconds > 0 => seconds,
                    _ => return Err(error(place, format!("{name} {value}: expected seconds, at least 1"))),
                };
            }
            "SecWebAppId" => value.clone_into(&mut self.settings.web_app_id),
            "SecUnicodeCodePage" => self.code_page = Some(number(place, name, value)?),
            "SecUnicodeMapFile" => {
                let code_page = values.get(1).map(|page| number(place, name, page)).transpose()?;
                let code_page = code_page.or(self.code_page).ok_or_else(|| {
                    error(place, format!("{name} {value}: expected a code page behind it, for example 20127"))
                })?;
                self.settings.unicode_map = Some((place.clone(), value.to_owned(), code_page));
            }
            "SecResponseBodyMimeTypesClear" => self.settings.response_types.clear(),
            _ => {}
        }
        Ok(())
    }
}

fn number(place: &Place, name: &str, value: &str) -> Result<u32, LowerError> {
    value
        .parse()
        .map_err(|_| error(place, format!("{name}: found {value:?}: expected the number of a code page")))
}
