// The part of YAML that a device profile is written in: lines `key: value`, comments, nothing nested.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// plestore links no yaml-cpp, so that a static program on a phone can read a profile.  Every file that is
// accepted here means the same to any YAML reader.
class FlatYaml {
 public:
  // origin: what errors call the text, as a rule its path.  Throws UserError `origin:line:column: …` for
  // what is not such a line, a repeated key, or a key that is not in `known`.
  FlatYaml(std::string_view text, std::string origin, std::span<const std::string_view> known);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // Throws UserError for a missing key.
  std::string Text(std::string_view key) const;
  // A finite number above 0.  Throws UserError for a missing key or another value.
  double Positive(std::string_view key) const;
  double NotNegative(std::string_view key) const;  // the same, or 0
  // A whole number above 0.
  int64_t PositiveInteger(std::string_view key) const;
  // Throws UserError that blames the value of `key`, which must be there.
  [[noreturn]] void Refuse(std::string_view key, std::string_view why) const;

 private:
  struct Entry {
    std::string key, value;
    int64_t line = 0, column = 0;  // of the value, from 1
  };
  void ReadLine(std::string_view line, int64_t number, std::span<const std::string_view> known);
  void CheckKey(std::string_view key, int64_t line, int64_t column,
                std::span<const std::string_view> known) const;
  double Number(std::string_view key) const;
  const Entry* Find(std::string_view key) const;
  const Entry& Need(std::string_view key) const;

  std::string origin_;
  std::vector<Entry> entries_;
};

}  // namespace plelab
