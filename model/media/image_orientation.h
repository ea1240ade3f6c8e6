// Which way up a picture is, by what its file says of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plelab {

// What the files of both kinds carry, each empty if there is none.
struct ImageMetadata {
  std::string exif = {};  // a TIFF header and its directories, with or without "Exif\0\0" before it
  std::string xmp = {};   // XML
};

// EXIF's orientation, 1 … 8, 1 = upright; 1 when there is none or it is malformed.  The rule of PIL's
// Image.getexif, which exif_transpose follows: a number in the first directory of EXIF; without that entry,
// the first `tiff:Orientation="N` or `tiff:Orientation>N` in the text of XMP.  No library of metadata finds
// the same: exiv2 reads XMP of other spellings, and misses EXIF in two segments, behind a second prefix, or
// without one, and XMP that is no valid XML; libexif reads no XMP.
int ImageOrientation(const ImageMetadata& metadata);

// Collects them from a PNG's chunks, wherever they stand: eXIf, or else the text `Raw profile type exif`
// (hexadecimal, as ImageMagick writes it); the text `XML:com.adobe.xmp`.  Texts that expand to more than 1
// MiB, PIL's limit, are not read, nor are checksums.
ImageMetadata PngMetadata(std::span<const std::byte> file);

}  // namespace plelab
