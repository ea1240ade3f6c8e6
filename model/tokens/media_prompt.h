// Where images and audio clips go in a prompt.  Reference: Gemma3nProcessor and the published chat template.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/tokens/tokenizer.h"

namespace plelab {

inline constexpr char kImageMark[] = "<image>";
inline constexpr char kAudioMark[] = "<audio>";

struct MediaCount {
  int64_t images = 0;
  int64_t clips = 0;
};

// Returns the prompt with one mark for each image and clip.  A kind of media without any mark in the prompt
// gets its marks before the text, images before clips.  With `trim`, the text around the marks loses its
// leading and trailing blanks, as in chat turns.  Throws UserError when the prompt has marks of a kind, but
// not as many as there are files.
std::string PlaceMedia(const std::string& prompt, MediaCount media, bool trim);

// The ids of one image (boi, soft tokens, eoi) and of one clip, without the blank lines around them.  Throws
// UserError when the config lacks that modality.
std::vector<int64_t> ImageIds(const Gemma3nConfig& config);
std::vector<int64_t> ClipIds(const Gemma3nConfig& config);

// Like Tokenizer::Encode, but each mark becomes a blank line, the ids of the media, and a blank line.  When
// there are no media, marks are ordinary text.  Throws UserError when the text has more or fewer marks than
// `media` says.
std::vector<int64_t> EncodeWithMedia(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                     const std::string& text, MediaCount media);

}  // namespace plelab
