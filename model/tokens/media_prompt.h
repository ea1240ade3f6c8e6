// Where images and audio clips go in a prompt.  Reference: Gemma3nProcessor and the published chat template.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokens/tokenizer.h"

namespace plelab {

// Where an image or a clip goes in a prompt, written in our way, as Gemma 3n's processor and as Gemma 3's do.
inline constexpr std::array<std::string_view, 3> kImageMarks = {"<image>", "<image_soft_token>",
                                                                "<start_of_image>"};
inline constexpr std::array<std::string_view, 3> kAudioMarks = {"<audio>", "<audio_soft_token>",
                                                                "<start_of_audio>"};

struct MediaCount {
  int64_t images = 0;
  int64_t clips = 0;
};

// Returns the prompt with one mark for each image and clip, `<image>` or `<audio>`, however it was written. A
// kind of media without any mark in the prompt gets its marks before the text, images before clips.  With
// `trim`, the text around the marks loses its leading and trailing white space, as in chat turns.  What looks
// like a mark is text where there is no file of its kind.  Throws UserError when the prompt has marks of a
// kind, but not as many as there are files.
std::string PlaceMedia(const std::string& prompt, MediaCount media, bool trim);

// The ids of one image (boi, soft tokens, eoi) and of one clip, without the blank lines around them.  Throws
// UserError when the config lacks that modality.
std::vector<int64_t> ImageIds(const Gemma3nConfig& config);
std::vector<int64_t> ClipIds(const Gemma3nConfig& config);

// Like Tokenizer::Encode, but each mark of a kind that `media` has becomes a blank line, the ids of the
// media, and a blank line, whichever way the mark is written.  Throws UserError when the text has more or
// fewer marks than `media` says.
std::vector<int64_t> EncodeWithMedia(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                     const std::string& text, MediaCount media);

// What to tell about `<image>` and `<audio>` in a prompt that are text because no file of their kind came
// with them, though the model has a tower for it: a line, or "".  Throws UserError for <image_soft_token> and
// <audio_soft_token> there, as the reference's processor does, unless special tokens are read as text.
std::string MarksWithoutFiles(std::string_view prompt, MediaCount media, const Gemma3nConfig& config,
                              SpecialText special_text = SpecialText::kTokens);

}  // namespace plelab
