#include "model/jinja/jinja_blocks.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "model/base/format.h"
#include "model/jinja/jinja_value.h"

namespace plelab {
namespace {

constexpr std::array<std::string_view, 6> kLongOperators = {"==", "!=", "<=", ">=", "//", "**"};
constexpr std::string_view kOperators = "+-*/%~|.,:()[]{}=<>";

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

// Every line break becomes \n, and the last one is dropped.
std::string WithOneKindOfNewline(std::string_view source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    text += source[i] == '\r' ? '\n' : source[i];
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class Splitter {
 public:
  explicit Splitter(std::string_view source) : source_(source) {}

  std::vector<JinjaBlock> Split() {
    while (at_ < source_.size()) {
      const size_t tag = NextTag();
      const char kind = tag < source_.size() ? source_[tag + 1] : '\0';  // %, {, # or none
      AddText(tag, kind);
      if (kind == '\0') break;
      if (kind == '#') {
        SkipComment();
      } else {
        AddTag(kind);
      }
    }
    return std::move(blocks_);
  }

 private:
  size_t NextTag() const {
    for (size_t at = source_.find('{', at_); at != source_.npos; at = source_.find('{', at + 1)) {
      if (at + 1 < source_.size() && std::string_view("%{#").find(source_[at + 1]) != std::string_view::npos)
        return at;
    }
    return source_.size();
  }

  // Adds the text before the tag and moves past the tag's beginning.
  void AddText(size_t tag, char kind) {
    std::string_view text = source_.substr(at_, tag - at_);
    at_ = std::min(tag + 2, source_.size());
    const char sign = kind != '\0' && at_ < source_.size() ? source_[at_] : '\0';
    if (sign == '-' || sign == '+') ++at_;
    if (kind != '\0' && sign == '-') {
      text = Stripped(text, /*left=*/false, /*right=*/true);
    } else if ((kind == '%' || kind == '#') && sign != '+') {
      // lstrip_blocks: a tag takes away the blanks before it, where nothing else is in front of it.
      const size_t newline = text.rfind('\n');
      const size_t line = newline == text.npos ? 0 : newline + 1;
      const bool at_line_start = newline != text.npos || line_starting_;
      if (at_line_start && Stripped(text.substr(line)).empty()) text = text.substr(0, line);
    }
    if (!text.empty()) blocks_.push_back({JinjaBlockKind::kText, std::string(text), {}});
  }

  // Moves past the end of a tag, which stands at at_, and past the white space that it takes away.
  void TakeEnd(std::string_view end) {
    const char sign = source_[at_];
    const size_t from = at_;
    at_ += end.size() + (sign == '-' || sign == '+' ? 1 : 0);
    if (sign == '-') {
      at_ = source_.size() - Stripped(source_.substr(at_), /*left=*/true, /*right=*/false).size();
    } else if (sign != '+' && end != "}}" && source_.substr(at_).starts_with('\n')) {
      ++at_;  // trim_blocks
    }
    line_starting_ = at_ > from && source_[at_ - 1] == '\n';
  }

  bool IsAtEnd(std::string_view end) const {
    const std::string_view rest = source_.substr(at_);
    if (rest.starts_with(end)) return true;
    const bool signed_end = rest.starts_with('-') || (end != "}}" && rest.starts_with('+'));
    return signed_end && rest.substr(1).starts_with(end);
  }

  void SkipComment() {
    const size_t end = source_.find("#}", at_);
    if (end == source_.npos) throw JinjaUnsupported("a comment that is not closed");
    const bool is_signed = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+');
    at_ = is_signed ? end - 1 : end;
    TakeEnd("#}");
  }

  void AddTag(char kind) {
    const std::string_view end = kind == '%' ? "%}" : "}}";
    JinjaBlock block{kind == '%' ? JinjaBlockKind::kStatement : JinjaBlockKind::kOutput, "", {}};
    int64_t open = 0;  // brackets
    while (true) {
      while (at_ < source_.size() && std::isspace(static_cast<unsigned char>(source_[at_]))) ++at_;
      if (at_ >= source_.size()) throw JinjaUnsupported("a tag that is not closed");
      if (open == 0 && IsAtEnd(end)) break;
      block.tokens.push_back(NextToken());
      const JinjaToken& token = block.tokens.back();
      if (token.kind != JinjaTokenKind::kOperator) continue;
      if (token.text == "(" || token.text == "[" || token.text == "{") ++open;
      if (token.text == ")" || token.text == "]" || token.text == "}") --open;
    }
    TakeEnd(end);
    const bool named = !block.tokens.empty() && block.tokens.front().kind == JinjaTokenKind::kName;
    if (block.tokens.empty() || (kind == '%' && !named)) throw JinjaUnsupported("an empty tag");
    if (kind == '%' && block.tokens.front().text == "raw") throw JinjaUnsupported("{% raw %}");
    blocks_.push_back(std::move(block));
  }

  JinjaToken NextToken() {
    const char c = source_[at_];
    if (c == '\'' || c == '"') return {JinjaTokenKind::kText, QuotedText(c)};
    if (IsNameStart(c)) return {JinjaTokenKind::kName, Run(IsNamePart)};
    if (IsDigit(c)) {
      std::string digits = Run(IsDigit);
      const bool real = at_ + 1 < source_.size() && source_[at_] == '.' && IsDigit(source_[at_ + 1]);
      if (real || digits.size() > 18) throw JinjaUnsupported("a number that is not a small integer");
      return {JinjaTokenKind::kInteger, digits};
    }
    const std::string_view rest = source_.substr(at_);
    const auto found =
        std::ranges::find_if(kLongOperators, [&](auto text) { return rest.starts_with(text); });
    const size_t length = found == kLongOperators.end() ? 1 : 2;
    if (length == 1 && kOperators.find(c) == kOperators.npos)
      throw JinjaUnsupported(Format("the character '{}' in a tag", c));
    at_ += length;
    return {JinjaTokenKind::kOperator, std::string(rest.substr(0, length))};
  }

  template <class Belongs>
  std::string Run(Belongs belongs) {
    const size_t from = at_;
    while (at_ < source_.size() && belongs(source_[at_])) ++at_;
    return std::string(source_.substr(from, at_ - from));
  }

  std::string QuotedText(char quote) {
    constexpr std::string_view kEscapes = "ntr\\'\"", kMeanings = "\n\t\r\\'\"";
    std::string text;
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_) {
      if (source_[at_] != '\\') {
        text += source_[at_];
        continue;
      }
      const size_t escape = ++at_ < source_.size() ? kEscapes.find(source_[at_]) : kEscapes.npos;
      if (escape == kEscapes.npos) throw JinjaUnsupported("an escape other than \\n \\t \\r \\\\ \\' \\\"");
      text += kMeanings[escape];
    }
    if (at_ >= source_.size()) throw JinjaUnsupported("a text that is not closed");
    ++at_;
    return text;
  }

  std::string_view source_;
  size_t at_ = 0;
  bool line_starting_ = true;  // the last tag ended with a newline
  std::vector<JinjaBlock> blocks_;
};

}  // namespace

std::vector<JinjaBlock> SplitJinja(std::string_view source) {
  return Splitter(WithOneKindOfNewline(source)).Split();
}

}  // namespace plelab
