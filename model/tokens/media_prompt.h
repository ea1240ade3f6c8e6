// Where images and audio clips stand in a prompt.  Reference: Gemma3nProcessor and the published chat
// template.
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

// The prompt with a mark for every image and clip: as it is where it has them all, else images and then clips
// before it. With `trim`, the text around marks loses its blanks, as in chat turns.  Throws UserError when
// the prompt has some marks of a kind, but not as many as there are files.
std::string PlaceMedia(const std::string& prompt, MediaCount media, bool trim);

// Ids of one image ("…" boi, soft tokens, eoi) and of one clip, without the blank lines around them.  Throws
// UserError when the config has no such modality.
std::vector<int64_t> ImageIds(const Gemma3nConfig& config);
std::vector<int64_t> ClipIds(const Gemma3nConfig& config);

// As Tokenizer::Encode, each mark becoming a blank line, its ids and a blank line.  Without media, marks are
// text.  Throws UserError when the text has more or fewer marks than `media` says.
std::vector<int64_t> EncodeWithMedia(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                     const std::string& text, MediaCount media);

}  // namespace plelab
