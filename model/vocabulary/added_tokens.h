// Tokens that are found in a text before it is tokenized: the AddedVocabulary of the tokenizers library,
// whose rules these are.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plelab {

struct AddedToken {
  std::string content;  // its spelling, never empty
  int64_t id = -1;
  bool special = false;     // a control token: read as text where specials are text
  bool normalized = false;  // looked for after spaces have become ▁, in what the other tokens left
  bool lstrip = false;      // takes the white space before it along
  bool rstrip = false;      // takes the white space after it along
};

// Put in front of the spelling of a special token, it makes the spelling text, and vanishes.  Unicode keeps
// this character (U+FDD0) out of texts, for uses inside a program such as this one.
inline constexpr std::string_view kTextMark = "\xEF\xB7\x90";

class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);
  // The sorted tables point into tokens_.
  AddedTokens(const AddedTokens&) = delete;
  AddedTokens& operator=(const AddedTokens&) = delete;
  AddedTokens(AddedTokens&&) noexcept = default;
  AddedTokens& operator=(AddedTokens&&) noexcept = default;

  // nullptr for a spelling that is none of the tokens.
  const AddedToken* Find(std::string_view content) const;

  // Calls plain(text) for the text between tokens (never empty) and token(found) in order.  At each place the
  // longest token wins.  Takes time in proportion to the text, whatever the number of tokens.
  using Plain = std::function<void(std::string_view)>;
  using Found = std::function<void(const AddedToken&)>;
  void Split(std::string_view text, bool specials_are_text, const Plain& plain, const Found& token) const;

  // `text` with kTextMark in front of every special token.
  std::string AsText(std::string_view text) const;

 private:
  // Spellings in order; tokens with the same first byte are neighbours.
  struct Table {
    std::vector<std::pair<std::string, const AddedToken*>> sorted;
    std::array<std::pair<uint32_t, uint32_t>, 256> first = {};  // [begin, end) by first byte

    void Add(std::string spelling, const AddedToken* token);
    void Sort();
    // The longest spelling at the beginning of `text`, or nullptr.
    const std::pair<std::string, const AddedToken*>* Longest(std::string_view text) const;
  };
  static void SplitBy(const Table& table, std::string_view text, bool specials_are_text, const Plain& plain,
                      const Found& token);

  std::vector<AddedToken> tokens_;
  Table raw_, normalized_;
};

// ' ' becomes ▁, as in the normaliser of Gemma's tokenizer; and back.
std::string WithSpaceMarks(std::string_view text);
std::string WithSpaces(std::string_view text);

}  // namespace plelab
