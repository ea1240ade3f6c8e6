// How values of options are written.  Each form parses text into a value (Parse), writes it back (Write) and
// lists the words that it accepts (Words, empty when there is no such list).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/ple/capacity.h"

namespace plelab {

// Throws UserError: "unknown value 'x' for 'policy'; known: lru".
[[noreturn]] void RefuseWord(std::string_view full_key, std::string_view text,
                             const std::vector<std::string_view>& known);

// One of a few words, each of which stands for a value.
template <class T>
struct OneWordOf {
  std::vector<std::pair<std::string_view, T>> names;

  std::vector<std::string_view> Words() const {
    std::vector<std::string_view> words;
    for (const auto& [name, value] : names) words.push_back(name);
    return words;
  }
  T Parse(std::string_view full_key, std::string_view text) const {
    const auto found = std::ranges::find(names, text, &std::pair<std::string_view, T>::first);
    if (found == names.end()) RefuseWord(full_key, text, Words());
    return found->second;
  }
  std::string Write(T value) const {
    const auto found = std::ranges::find(names, value, &std::pair<std::string_view, T>::second);
    if (found == names.end()) throw RunError("an option's value without a name");
    return std::string(found->first);
  }
};

struct TrueOrFalse : OneWordOf<bool> {
  TrueOrFalse() : OneWordOf{{{"true", true}, {"false", false}}} {}
};

// An integer from `least` to `most`.
struct WholeNumber {
  int64_t least, most;
  std::vector<std::string_view> Words() const { return {}; }
  int64_t Parse(std::string_view full_key, std::string_view text) const;
  std::string Write(int64_t value) const;
};

// A set of layers of the model: 5, 0-3 or 0-3+7.
struct LayerSet {
  std::vector<std::string_view> Words() const { return {}; }
  std::vector<int64_t> Parse(std::string_view full_key, std::string_view text) const;
  std::string Write(const std::vector<int64_t>& layers) const;
};

// The path of a file; empty when none was given, and then not written.
struct FilePath {
  std::vector<std::string_view> Words() const { return {}; }
  std::string Parse(std::string_view full_key, std::string_view text) const;
  std::string Write(const std::string& path) const { return path; }
};

// An amount of memory: 64MiB, or 5% (of the table).
struct AmountOfMemory {
  std::vector<std::string_view> Words() const { return {}; }
  Capacity Parse(std::string_view full_key, std::string_view text) const;
  std::string Write(const Capacity& capacity) const;
};

}  // namespace plelab
