#include "model/vocabulary/added_tokens.h"

#include <algorithm>

namespace plelab {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // ▁, sentencepiece's space

std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t next = std::min(text.find(from, at), text.size());
    out += text.substr(at, next - at);
    if (next < text.size()) out += to;
    at = next + from.size();
  }
  return out;
}

// The length of the white space (Unicode's White_Space) at the beginning of `text`: 0 or one character.
size_t SpaceLength(std::string_view text) {
  static constexpr std::string_view kSpaces[] = {
      "\t",           "\n",           "\v",           "\f",           "\r",           " ",
      "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82",
      "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88",
      "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F",
      "\xE3\x80\x80"};
  for (const std::string_view space : kSpaces) {
    if (text.starts_with(space)) return space.size();
  }
  return 0;
}

size_t SpaceAtBeginning(std::string_view text) {
  size_t length = 0;
  while (const size_t more = SpaceLength(text.substr(length))) length += more;
  return length;
}

size_t SpaceAtEnd(std::string_view text) {
  size_t length = 0;
  while (length < text.size()) {
    size_t more = 0;
    for (size_t size = 1; size <= 3 && length + size <= text.size() && more == 0; ++size) {
      if (SpaceLength(text.substr(text.size() - length - size)) == size) more = size;
    }
    if (more == 0) break;
    length += more;
  }
  return length;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  for (const AddedToken& token : tokens_) {
    if (token.normalized) {
      normalized_.Add(WithSpaceMarks(token.content), &token);
    } else {
      raw_.Add(token.content, &token);
    }
  }
  raw_.Sort();
  normalized_.Sort();
}

void AddedTokens::Table::Add(std::string spelling, const AddedToken* token) {
  sorted.emplace_back(std::move(spelling), token);
}

void AddedTokens::Table::Sort() {
  std::ranges::sort(sorted, {}, [](const auto& entry) -> const std::string& { return entry.first; });
  for (uint32_t i = 0; i < sorted.size(); ++i) {
    auto& [begin, end] = first[static_cast<uint8_t>(sorted[i].first.front())];
    if (end == 0) begin = i;
    end = i + 1;
  }
}

const std::pair<std::string, const AddedToken*>* AddedTokens::Table::Longest(std::string_view text) const {
  auto [low, high] = first[static_cast<uint8_t>(text.front())];
  const std::pair<std::string, const AddedToken*>* longest = nullptr;
  // [low, high) are the spellings that begin as the text does, up to `length`; the shortest of them is first.
  for (size_t length = 1; low < high; ++length) {
    if (sorted[low].first.size() == length) longest = &sorted[low++];
    if (length == text.size()) break;
    const auto next = static_cast<uint8_t>(text[length]);
    const auto range = std::ranges::equal_range(
        sorted.begin() + low, sorted.begin() + high, next, {},
        [&](const auto& entry) { return static_cast<uint8_t>(entry.first[length]); });
    low = static_cast<uint32_t>(range.begin() - sorted.begin());
    high = static_cast<uint32_t>(range.end() - sorted.begin());
  }
  return longest;
}

const AddedToken* AddedTokens::Find(std::string_view content) const {
  const auto found = std::ranges::find(tokens_, content, &AddedToken::content);
  return found == tokens_.end() ? nullptr : &*found;
}

// As tokenizers' find_matches, whose search goes on behind the spelling and not behind what rstrip took.
void AddedTokens::SplitBy(const Table& table, std::string_view text, bool specials_are_text,
                          const Plain& plain, const Found& token) {
  if (table.sorted.empty()) {
    if (!text.empty()) plain(text);
    return;
  }
  std::string pending;  // text that is not a token, without the marks
  size_t taken = 0;     // everything before is in `pending` or was given to a callback
  for (size_t at = 0; at < text.size();) {
    const auto* match = table.Longest(text.substr(at));
    if (match == nullptr) {
      ++at;
      continue;
    }
    const AddedToken& found = *match->second;
    size_t begin = at, end = at + match->first.size();
    at = end;
    if (found.special && specials_are_text) continue;
    if (found.special && begin >= taken + kTextMark.size() &&
        text.substr(begin - kTextMark.size(), kTextMark.size()) == kTextMark) {
      pending += text.substr(taken, begin - kTextMark.size() - taken);
      taken = begin;
      continue;
    }
    if (found.lstrip) begin = std::max(begin - SpaceAtEnd(text.substr(0, begin)), taken);
    if (found.rstrip) end += SpaceAtBeginning(text.substr(end));
    if (begin > taken) pending += text.substr(taken, begin - taken);
    if (!pending.empty()) plain(pending);
    pending.clear();
    token(found);
    taken = end;
  }
  if (taken < text.size()) pending += text.substr(taken);
  if (!pending.empty()) plain(pending);
}

void AddedTokens::Split(std::string_view text, bool specials_are_text, const Plain& plain,
                        const Found& token) const {
  if (normalized_.sorted.empty()) return SplitBy(raw_, text, specials_are_text, plain, token);
  const auto normalized = [&](std::string_view rest) {
    SplitBy(normalized_, WithSpaceMarks(rest), specials_are_text, plain, token);
  };
  SplitBy(raw_, text, specials_are_text, normalized, token);
}

std::string AddedTokens::AsText(std::string_view text) const {
  std::string marked;
  for (size_t at = 0; at < text.size();) {
    size_t length = 1;
    for (const Table* table : {&raw_, &normalized_}) {
      const auto* match = table->Longest(text.substr(at));
      if (match == nullptr) continue;
      length = match->first.size();
      if (match->second->special) marked += kTextMark;
      break;
    }
    marked += text.substr(at, length);
    at += length;
  }
  return marked;
}

std::string WithSpaceMarks(std::string_view text) { return Replaced(text, " ", kSpaceMark); }
std::string WithSpaces(std::string_view text) { return Replaced(text, kSpaceMark, " "); }

}  // namespace plelab
