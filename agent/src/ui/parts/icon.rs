//! Icons: lines on a grid of 16, in the colour of the text.

use maud::{Markup, html};

use crate::ui::frame::Theme;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "pages come one by one, and each has its icon here")]
pub(in crate::ui) enum Icon {
    Brand,
    Overview,
    Signals,
    Events,
    Services,
    Endpoints,
    Actors,
    Users,
    Rules,
    Protection,
    Settings,
    Alert,
    Check,
    Search,
    Sun,
    Moon,
    System,
    Menu,
}

impl Icon {
    /// Lines, as SVG writes them.
    const fn path(self) -> &'static str {
        match self {
            Self::Brand => "M3 14V5l2-2.5L7 5v9M9 14V5l2-2.5L13 5v9M1.5 8h13M1.5 11h13",
            Self::Overview => "M2 2.5h5v6H2zM9 2.5h5v3.5H9zM9 8.500h5v5H9zM2 11h5v2.500H2z",
            Self::Signals => "M8 2 14.500 13.500h-13zM8 6.500v3.500M8 11.800v.2",
            Self::Events => "M2 4h12M2 8h12M2 12h7",
            Self::Services => "M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.800h.1M4.500 11.300h.1",
            Self::Endpoints => "M4 3v10M4 5h4a3 3 0 0 1 3 3v4M9 10.500l2 2 2-2",
            Self::Actors => {
                "M8 14s5-4.500 5-8A5 5 0 0 0 3 6c0 3.500 5 8 5 8zM8 7.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3z"
            }
            Self::Users => "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.500 14c.5-3 2.500-4 5.500-4s5 1 5.500 4",
            Self::Rules => "M3 2h7l3 3v9H3zM6 7h4M6 10h4",
            Self::Protection => {
                "M8 1.500 13.500 4v4c0 3.500-2.500 5.500-5.500 6.500C5 13.500 2.500 11.500 2.500 8V4zM6 8l1.500 1.500L10.500 6.500"
            }
            Self::Settings => "M2 4.500h7M12 4.500h2M2 11.500h2M7 11.500h7M10.500 3v3M5.500 10v3",
            Self::Alert => "M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM8 5v4M8 11v.2",
            Self::Check => "M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM5 8.200l2.200 2.300L11 6",
            Self::Search => "M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2zM10.500 10.500 14 14",
            Self::Sun => {
                "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1"
            }
            Self::Moon => "M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z",
            Self::System => "M2 3h12v8H2zM6 14h4M8 11v3",
            Self::Menu => "M2 4h12M2 8h12M2 12h12",
        }
    }

    pub const fn of_theme(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Sun,
            Theme::Dark => Self::Moon,
        }
    }

    pub fn show(self) -> Markup {
        html! {
            svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" { path d=(self.path()) {} }
        }
    }
}
