#include "model/tokens/media_prompt.h"

#include <span>
#include <string_view>

#include "model/base/error.h"
#include "model/jinja/jinja_value.h"

namespace plelab {
namespace {

constexpr char kBlankLine[] = "\n\n";
using Marks = std::span<const std::string_view>;

// The text up to the next mark, the mark (empty at the end), and the text after it.
struct Cut {
  std::string_view before, mark, after;
  bool is_image = false;
};

// Looks only for marks of the kinds that `media` has.
Cut CutAtMark(std::string_view text, MediaCount media) {
  Cut cut{text, {}, {}};
  const auto look_for = [&](Marks marks, bool is_image) {
    for (const std::string_view mark : marks) {
      const size_t at = text.find(mark);
      if (at < cut.before.size()) cut = {text.substr(0, at), mark, text.substr(at + mark.size()), is_image};
    }
  };
  if (media.images > 0) look_for(kImageMarks, true);
  if (media.clips > 0) look_for(kAudioMarks, false);
  return cut;
}

// The text with its marks written in our way, and trimmed around them if `trim`.
std::string WithOurMarks(std::string_view text, MediaCount media, bool trim) {
  std::string written;
  for (Cut cut = CutAtMark(text, media); true; cut = CutAtMark(cut.after, media)) {
    written += trim ? Stripped(cut.before) : cut.before;
    if (cut.mark.empty()) return written;
    written += cut.is_image ? kImageMarks[0] : kAudioMarks[0];
  }
}

MediaCount CountMarks(std::string_view text, MediaCount media) {
  MediaCount count;
  for (Cut cut = CutAtMark(text, media); !cut.mark.empty(); cut = CutAtMark(cut.after, media)) {
    ++(cut.is_image ? count.images : count.clips);
  }
  return count;
}

void RequireCount(int64_t found, int64_t files, Marks marks, std::string_view option) {
  if (found == files) return;
  throw UserError("prompt: {} marks {} found, {} expected: one for each {} FILE", found, Join(marks, " or "),
                  files, option);
}

void RequireCounts(std::string_view text, MediaCount media) {
  const MediaCount found = CountMarks(text, media);
  RequireCount(found.images, media.images, kImageMarks, "--image");
  RequireCount(found.clips, media.clips, kAudioMarks, "--audio");
}

std::string Repeated(std::string_view text, int64_t count) {
  std::string repeated;
  for (int64_t i = 0; i < count; ++i) repeated += text;
  return repeated;
}

std::vector<int64_t> Framed(int64_t begin, int64_t soft, int64_t count, int64_t end) {
  std::vector<int64_t> ids{begin};
  ids.insert(ids.end(), static_cast<size_t>(count), soft);
  ids.push_back(end);
  return ids;
}

void Extend(std::vector<int64_t>& ids, const std::vector<int64_t>& more) {
  ids.insert(ids.end(), more.begin(), more.end());
}

}  // namespace

std::string PlaceMedia(const std::string& prompt, MediaCount media, bool trim) {
  const MediaCount found = CountMarks(prompt, media);
  std::string text;
  if (found.images == 0) text += Repeated(kImageMarks[0], media.images);
  if (found.clips == 0) text += Repeated(kAudioMarks[0], media.clips);
  text += prompt;
  RequireCounts(text, media);
  return WithOurMarks(text, media, trim);
}

std::vector<int64_t> ImageIds(const Gemma3nConfig& config) {
  if (!config.vision) throw UserError("images: this checkpoint has no vision tower (a text-only model)");
  const SpecialTokens& s = config.special;
  return Framed(s.boi, s.image, s.vision_soft_tokens_per_image, s.eoi);
}

std::vector<int64_t> ClipIds(const Gemma3nConfig& config) {
  if (!config.audio) throw UserError("audio: this checkpoint has no audio tower (a text-only model)");
  const SpecialTokens& s = config.special;
  return Framed(s.boa, s.audio, s.audio_soft_tokens_per_image, s.eoa);
}

std::vector<int64_t> EncodeWithMedia(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                     const std::string& text, MediaCount media) {
  RequireCounts(text, media);
  std::vector<int64_t> ids;
  std::string pending;  // text since the last media; blank lines are encoded with the text beside them
  for (Cut cut = CutAtMark(text, media); true; cut = CutAtMark(cut.after, media)) {
    pending += cut.before;
    if (cut.mark.empty()) break;
    Extend(ids, tokenizer.Encode(pending + kBlankLine));
    Extend(ids, cut.is_image ? ImageIds(config) : ClipIds(config));
    pending = kBlankLine;
  }
  Extend(ids, tokenizer.Encode(pending));
  return ids;
}

std::string MarksWithoutFiles(std::string_view prompt, MediaCount media, const Gemma3nConfig& config,
                              SpecialText special_text) {
  const auto has = [&](std::string_view mark) { return prompt.find(mark) != prompt.npos; };
  std::string notice;
  const auto look_at = [&](Marks marks, bool without_files, std::string_view option) {
    if (!without_files) return;
    if (has(marks[1]) && special_text == SpecialText::kTokens) {
      throw UserError("prompt: {} found, but no file for it; give {} FILE", marks[1], option);
    }
    if (has(marks[0])) {
      notice += Format("{}note: {} is text here; with {} FILE it would mark where the file goes",
                       notice.empty() ? "" : "\n", marks[0], option);
    }
  };
  look_at(kImageMarks, config.vision.has_value() && media.images == 0, "--image");
  look_at(kAudioMarks, config.audio.has_value() && media.clips == 0, "--audio");
  return notice;
}

}  // namespace plelab
