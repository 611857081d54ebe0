//! Attachments: where they stand, what their bytes are, how large they may be.

use serde::{Deserialize, Serialize};

use super::event::MediaKind;

/// Where an attachment stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum MediaState {
    /// It is to be fetched from the provider.
    Waiting,
    /// Its bytes are here.
    Here,
    /// The provider has it no more.
    Gone,
    /// It was not taken, for a reason.
    Refused,
}

/// Why an attachment was not taken. The words stand in the store and in the API.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MediaRefusal {
    /// Larger than its kind may be.
    TooLarge,
    /// It lies at an address that Recado does not fetch from: not https, or not public.
    Address,
    /// Its address sends elsewhere, to another host.
    Redirect,
}

impl MediaRefusal {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Address => "address",
            Self::Redirect => "redirect",
        }
    }
}

const MB: u64 = 1 << 20;

impl MediaKind {
    /// Most bytes taken of what a person sends. WhatsApp itself passes on nothing above 100 MB (cloud-api.md 2).
    pub const fn most_taken(self) -> u64 {
        match self {
            Self::Sticker => 2 * MB,
            Self::Image | Self::Audio | Self::Voice => 25 * MB,
            Self::Video | Self::Document => 100 * MB,
        }
    }

    /// The word in the store and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// What a browser may take bytes for that came from anybody, when nothing better is known.
pub const OPAQUE: &str = "application/octet-stream";

/// Bytes of a file's beginning that tell what it is.
pub const HEAD: usize = 64;

/// The type of a file by its first bytes; `told` decides only between types that begin alike. What is not one of the
/// kinds that WhatsApp shows is opaque: a browser must never take it for a page or a program.
pub fn type_of(head: &[u8], told: &str) -> &'static str {
    let told = told.trim().to_ascii_lowercase();
    let at = |from: usize, bytes: &[u8]| head.get(from..from + bytes.len()) == Some(bytes);
    match head {
        _ if at(0, b"\xFF\xD8\xFF") => "image/jpeg",
        _ if at(0, b"\x89PNG\r\n\x1A\n") => "image/png",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"#!AMR") => "audio/amr",
        _ if at(0, b"ID3") => "audio/mpeg",
        _ if at(0, b"%PDF-") => "application/pdf",
        _ if at(4, b"ftyp") => by_brand(head, &told),
        // Frames without a header: ADTS has layer 0, MPEG audio has not.
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => "audio/aac",
        [0xFF, second, ..] if second & 0xE0 == 0xE0 && second & 0x06 != 0 => "audio/mpeg",
        _ => OPAQUE,
    }
}

/// What an ISO file is: the brand tells 3GPP and audio, the provider the rest.
fn by_brand(head: &[u8], told: &str) -> &'static str {
    match head.get(8..11) {
        Some(b"3gp" | b"3g2") => "video/3gpp",
        Some(b"M4A" | b"M4B") => "audio/mp4",
        _ if told.starts_with("audio/") => "audio/mp4",
        _ => "video/mp4",
    }
}

/// Whether a browser may show bytes of this type in the page: pictures, sounds and films.
pub fn is_shown(mime_type: &str) -> bool {
    ["image/", "audio/", "video/"].iter().any(|start| mime_type.starts_with(start))
}

/// Whether a browser has a reader of its own for such documents, which keeps what they hold apart from every page.
pub fn is_read(mime_type: &str) -> bool {
    mime_type == "application/pdf"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say_whatever_it_is_called() {
        for (head, told, is) in [
            (&b"\xFF\xD8\xFF\xE0\0\x10JFIF"[..], "text/html", "image/jpeg"),
            (b"\x89PNG\r\n\x1A\n\0\0", "", "image/png"),
            (b"GIF89a", "", "image/gif"),
            (b"RIFF\x10\0\0\0WEBPVP8L", "", "image/webp"),
            (b"RIFF\x10\0\0\0WAVEfmt ", "audio/wav", OPAQUE),
            (b"OggS\0\x02", "audio/ogg; codecs=opus", "audio/ogg"),
            (b"#!AMR\n", "", "audio/amr"),
            (b"ID3\x04", "", "audio/mpeg"),
            (b"\xFF\xFB\x90\x64", "", "audio/mpeg"),
            (b"\xFF\xF1\x50\x80", "", "audio/aac"),
            (b"%PDF-1.7", "", "application/pdf"),
            (b"\0\0\0\x18ftypmp42", "video/mp4", "video/mp4"),
            (b"\0\0\0\x18ftypisom", "audio/mp4", "audio/mp4"),
            (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
            (b"\0\0\0\x18ftyp3gp5", "", "video/3gpp"),
            (b"<!doctype html><script>", "image/png", OPAQUE),
            (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml", OPAQUE),
            (b"PK\x03\x04", "application/vnd.openxmlformats", OPAQUE),
            (b"", "", OPAQUE),
        ] {
            assert_eq!(type_of(head, told), is, "{head:?}");
        }
    }

    #[test]
    fn only_pictures_sounds_and_films_are_shown_in_a_page() {
        for (mime, shown) in [("image/png", true), ("video/3gpp", true), ("application/pdf", false), (OPAQUE, false)] {
            assert_eq!(is_shown(mime), shown, "{mime}");
            assert_eq!(is_read(mime), mime == "application/pdf", "{mime}");
        }
    }
}
