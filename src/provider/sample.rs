//! Samples of headers: what a reviewer sees in place of the picture, video or document that each message brings
//! (cloud-api.md 2, gupshup-zenvia.md 1.9).

use crate::domain::template::draft::DraftHeader;

/// Largest pictures, videos and documents that WhatsApp takes, in bytes (cloud-api.md 2).
const LARGEST: [(&str, usize); 3] = [("image", 5 << 20), ("video", 16 << 20), ("document", 100 << 20)];

/// A file that a template is reviewed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Sample {
    /// Its media type, told by how it begins; `None`: WhatsApp takes no such file.
    pub fn media_type(&self) -> Option<&'static str> {
        let starts = |magic: &[u8]| self.bytes.starts_with(magic);
        let is_mp4 = self.bytes.get(4..8) == Some(b"ftyp");
        if starts(&[0xff, 0xd8, 0xff]) {
            Some("image/jpeg")
        } else if starts(b"\x89PNG\r\n\x1a\n") {
            Some("image/png")
        } else if is_mp4 && self.bytes.get(8..11) == Some(b"3gp") {
            Some("video/3gpp")
        } else if is_mp4 {
            Some("video/mp4")
        } else if starts(b"%PDF-") {
            Some("application/pdf")
        } else {
            None
        }
    }

    /// The word of the header it is for; `None`: it is for none, or it is too large.
    pub fn kind(&self) -> Option<&'static str> {
        let kind = match self.media_type()?.split('/').next()? {
            "image" => "image",
            "video" => "video",
            _ => "document",
        };
        let largest = LARGEST.iter().find(|(word, _)| *word == kind).map_or(0, |(_, bytes)| *bytes);
        (self.bytes.len() <= largest).then_some(kind)
    }

    /// The header that it makes under the name the provider gave it.
    pub fn header(&self, handle: &str) -> Option<DraftHeader> {
        let sample = handle.to_owned();
        Some(match self.kind()? {
            "image" => DraftHeader::Image { sample },
            "video" => DraftHeader::Video { sample },
            _ => DraftHeader::Document { sample },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_how_it_begins() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n....", Some("image/png")),
            (b"\0\0\0\x18ftypmp42", Some("video/mp4")),
            (b"\0\0\0\x18ftyp3gp5", Some("video/3gpp")),
            (b"%PDF-1.7", Some("application/pdf")),
            (b"GIF89a", None),
            (b"", None),
        ] {
            let sample = Sample { name: "x".to_owned(), bytes: bytes.to_vec() };
            assert_eq!(sample.media_type(), expected);
        }
        let mut large = Sample { name: "x".to_owned(), bytes: vec![0; (5 << 20) + 1] };
        large.bytes[..3].copy_from_slice(&[0xff, 0xd8, 0xff]);
        assert_eq!(large.kind(), None, "larger than WhatsApp takes");
    }
}
