#include "model/tokens/media_prompt.h"

#include <algorithm>
#include <string_view>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr char kBlankLine[] = "\n\n";
constexpr char kBlanks[] = " \t\n\r\f\v";

int64_t CountMarks(std::string_view text, std::string_view mark) {
  int64_t count = 0;
  for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size())) ++count;
  return count;
}

// The text up to the next mark, the mark (empty at the end), and the text after it.
struct Cut {
  std::string_view before, mark, after;
};

Cut CutAtMark(std::string_view text) {
  const size_t image = text.find(kImageMark), clip = text.find(kAudioMark);
  if (image == text.npos && clip == text.npos) return {text, {}, {}};
  const std::string_view mark = image < clip ? kImageMark : kAudioMark;
  const size_t at = std::min(image, clip);
  return {text.substr(0, at), mark, text.substr(at + mark.size())};
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string TrimmedAroundMarks(std::string_view text) {
  std::string trimmed;
  for (Cut cut = CutAtMark(text); true; cut = CutAtMark(cut.after)) {
    trimmed += Trimmed(cut.before);
    trimmed += cut.mark;
    if (cut.mark.empty()) return trimmed;
  }
}

void RequireCount(std::string_view text, std::string_view mark, int64_t files, std::string_view option) {
  const int64_t marks = CountMarks(text, mark);
  if (marks == files) return;
  throw UserError("prompt: {} marks {} found, {} expected: one for each {} FILE", marks, mark, files, option);
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
  std::string text;
  if (CountMarks(prompt, kImageMark) == 0) text += Repeated(kImageMark, media.images);
  if (CountMarks(prompt, kAudioMark) == 0) text += Repeated(kAudioMark, media.clips);
  text += prompt;
  RequireCount(text, kImageMark, media.images, "--image");
  RequireCount(text, kAudioMark, media.clips, "--audio");
  return trim ? TrimmedAroundMarks(text) : text;
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
  if (media.images == 0 && media.clips == 0) return tokenizer.Encode(text);
  RequireCount(text, kImageMark, media.images, "--image");
  RequireCount(text, kAudioMark, media.clips, "--audio");
  std::vector<int64_t> ids;
  std::string pending;  // text since the last media; blank lines are encoded with the text beside them
  for (Cut cut = CutAtMark(text); true; cut = CutAtMark(cut.after)) {
    pending += cut.before;
    if (cut.mark.empty()) break;
    Extend(ids, tokenizer.Encode(pending + kBlankLine));
    Extend(ids, cut.mark == kImageMark ? ImageIds(config) : ClipIds(config));
    pending = kBlankLine;
  }
  Extend(ids, tokenizer.Encode(pending));
  return ids;
}

}  // namespace plelab
