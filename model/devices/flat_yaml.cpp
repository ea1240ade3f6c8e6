#include "model/devices/flat_yaml.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "model/base/error.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace {

constexpr std::string_view kBlank = " \r";

std::string_view WithoutBlanksBehind(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlank);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

// A plain value ends where a comment begins: at a '#' behind a blank.
std::string_view WithoutComment(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ')) return text.substr(0, i);
  }
  return text;
}

// What would make a YAML reader see more than plain words.
bool IsPlain(std::string_view value) {
  constexpr std::string_view kSpecialFirst = "[]{}&*!|>'%@`,\"";
  return kSpecialFirst.find(value.front()) == std::string_view::npos && !value.starts_with("- ") &&
         !value.starts_with("? ") && value.find(": ") == std::string_view::npos && value.back() != ':';
}

bool IsKey(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// The text between double quotes, or nothing where it is not all of `value` or has an escape.
bool Unquote(std::string_view value, std::string& text) {
  const size_t end = value.find('"', 1);
  if (end == std::string_view::npos || value.substr(0, end).find('\\') != std::string_view::npos)
    return false;
  text = value.substr(1, end - 1);
  return WithoutBlanksBehind(WithoutComment(value.substr(end + 1))).empty();
}

template <class Number>
bool ParseWhole(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end;
}

}  // namespace

FlatYaml::FlatYaml(std::string_view text, std::string origin, std::span<const std::string_view> known)
    : origin_(std::move(origin)) {
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    ReadLine(text.substr(0, end), number, known);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

void FlatYaml::ReadLine(std::string_view line, int64_t number, std::span<const std::string_view> known) {
  line = WithoutBlanksBehind(line);
  const size_t first = line.find_first_not_of(' ');
  if (first == std::string_view::npos || line[first] == '#') return;
  const size_t colon = line.find(':');
  const std::string_view key = line.substr(0, colon);
  if (first > 0 || colon == std::string_view::npos || !IsKey(key)) {
    throw UserError("{}:{}:{}: expected 'key: value' from the first column on, without lists or nesting",
                    origin_, number, first + 1);
  }
  CheckKey(key, number, 1, known);
  const size_t begin = line.find_first_not_of(' ', colon + 1);
  Entry entry{std::string(key), "", number,
              static_cast<int64_t>(begin == std::string_view::npos ? colon : begin) + 1};
  const std::string_view value = begin == std::string_view::npos ? "" : line.substr(begin);
  if (value.empty() || begin == colon + 1 || value.front() == '#') {
    throw UserError("{}:{}:{}: expected a value of '{}' behind a blank", origin_, number, entry.column, key);
  }
  const bool quoted = value.front() == '"';
  if (!quoted) entry.value = WithoutBlanksBehind(WithoutComment(value));
  if (quoted ? !Unquote(value, entry.value) : !IsPlain(entry.value)) {
    throw UserError("{}:{}:{}: expected a plain value of '{}', or one in double quotes without escapes",
                    origin_, number, entry.column, key);
  }
  entries_.push_back(std::move(entry));
}

void FlatYaml::CheckKey(std::string_view key, int64_t line, int64_t column,
                        std::span<const std::string_view> known) const {
  if (std::ranges::find(known, key) == known.end()) {
    throw UserError("{}:{}:{}: unknown key '{}'{}; known: {}", origin_, line, column, key,
                    DidYouMean(key, known), Join(known, ", "));
  }
  if (const Entry* before = Find(key)) {
    throw UserError("{}:{}:{}: repeated key '{}', first in line {}", origin_, line, column, key,
                    before->line);
  }
}

const FlatYaml::Entry* FlatYaml::Find(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  return found == entries_.end() ? nullptr : &*found;
}

const FlatYaml::Entry& FlatYaml::Need(std::string_view key) const {
  const Entry* entry = Find(key);
  if (entry == nullptr) throw UserError("{}:1:1: the key '{}' is missing", origin_, key);
  return *entry;
}

std::string FlatYaml::Text(std::string_view key) const { return Need(key).value; }

double FlatYaml::Number(std::string_view key) const {
  double number = 0;
  if (!ParseWhole(Need(key).value, number) || !std::isfinite(number)) Refuse(key, "expected a number");
  return number;
}

double FlatYaml::Positive(std::string_view key) const {
  const double number = Number(key);
  if (number <= 0) Refuse(key, "expected a number above 0");
  return number;
}

double FlatYaml::NotNegative(std::string_view key) const {
  const double number = Number(key);
  if (number < 0) Refuse(key, "expected a number from 0 on");
  return number;
}

int64_t FlatYaml::PositiveInteger(std::string_view key) const {
  int64_t number = 0;
  if (!ParseWhole(Need(key).value, number) || number <= 0) Refuse(key, "expected a whole number above 0");
  return number;
}

void FlatYaml::Refuse(std::string_view key, std::string_view why) const {
  const Entry& entry = Need(key);
  throw UserError("{}:{}:{}: '{}: {}': {}", origin_, entry.line, entry.column, key, entry.value, why);
}

}  // namespace plelab
