#include "model/jinja/jinja_template.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <vector>

#include "model/base/format.h"
#include "model/jinja/jinja_blocks.h"
#include "model/jinja/jinja_expression.h"
#include "model/jinja/jinja_operations.h"

namespace plelab {
namespace {

constexpr int64_t kMostStatements = 100'000;
constexpr int64_t kDeepest = 50;

constexpr std::array<std::string_view, 10> kOpeners = {"if",    "for",        "macro", "call",  "filter",
                                                       "block", "generation", "with",  "trans", "autoescape"};

bool IsSign(const JinjaToken& token, std::string_view sign) {
  return token.kind == JinjaTokenKind::kOperator && token.text == sign;
}

class Renderer {
 public:
  Renderer(std::string_view source, const JinjaMap& variables)
      : blocks_(SplitJinja(source)), scope_(variables) {}

  std::string Render() {
    Run(0, blocks_.size(), 0);
    return std::move(text_);
  }

 private:
  using Tokens = std::span<const JinjaToken>;

  // The tokens after the statement's name.
  Tokens Rest(size_t at, size_t skip = 1) const {
    const Tokens tokens = blocks_[at].tokens;
    return tokens.subspan(std::min(skip, tokens.size()));
  }

  // A {% set %} without "=" is closed by {% endset %}.
  bool Opens(size_t at) const {
    const std::string& word = blocks_[at].tokens.front().text;
    if (word == "set") {
      return std::ranges::none_of(blocks_[at].tokens, [](const auto& token) { return IsSign(token, "="); });
    }
    return std::ranges::find(kOpeners, word) != kOpeners.end();
  }

  // The next of these statements from block `at` on that belongs to a statement opened before `at`.
  size_t Find(size_t at, std::initializer_list<std::string_view> words) const {
    int64_t open = 0;
    for (; at < blocks_.size(); ++at) {
      if (blocks_[at].kind != JinjaBlockKind::kStatement) continue;
      const std::string& word = blocks_[at].tokens.front().text;
      if (open == 0 && std::ranges::find(words, word) != words.end()) return at;
      if (Opens(at)) ++open;
      if (word.starts_with("end")) --open;
    }
    throw JinjaUnsupported(Format("a statement without its {{% {} %}}", *(words.end() - 1)));
  }

  // Runs the blocks [begin, end).
  void Run(size_t begin, size_t end, int64_t depth) {
    if (depth > kDeepest) throw JinjaUnsupported("statements nested more than 50 deep");
    for (size_t at = begin; at < end; ++at) {
      if (++statements_ > kMostStatements) throw JinjaUnsupported("more than 100,000 statements");
      const JinjaBlock& block = blocks_[at];
      if (block.kind == JinjaBlockKind::kText) {
        Show(block.text);
      } else if (block.kind == JinjaBlockKind::kOutput) {
        Show(TextOf(EvaluateJinja(block.tokens, scope_)));
      } else {
        at = RunStatement(at, depth);
      }
    }
  }

  void Show(const std::string& text) { text_ = Joined(std::move(text_), text); }

  // Returns the last block of the statement.
  size_t RunStatement(size_t at, int64_t depth) {
    const std::string& word = blocks_[at].tokens.front().text;
    if (word == "if") return RunIf(at, depth);
    if (word == "for") return RunFor(at, depth);
    if (word == "macro") return Find(at + 1, {"endmacro"});
    if (word == "set" && !Opens(at)) {
      RunSet(Rest(at));
    } else if (word != "generation" && word != "endgeneration") {
      throw JinjaUnsupported(Format("the statement '{}'", word));
    }
    return at;
  }

  size_t RunIf(size_t at, int64_t depth) {
    bool decided = false;
    while (true) {
      const size_t next = Find(at + 1, {"elif", "else", "endif"});
      const bool otherwise = blocks_[at].tokens.front().text == "else";
      if (!decided && (otherwise || IsTrue(EvaluateJinja(Rest(at), scope_)))) {
        decided = true;
        Run(at + 1, next, depth + 1);
      }
      if (blocks_[next].tokens.front().text == "endif") return next;
      at = next;
    }
  }

  size_t RunFor(size_t at, int64_t depth) {
    const size_t end = Find(at + 1, {"else", "endfor"});
    const Tokens tokens = blocks_[at].tokens;
    const bool filtered = std::ranges::find(tokens, JinjaToken{JinjaTokenKind::kName, "if"}) != tokens.end();
    const bool simple = !filtered && tokens.size() > 3 && tokens[1].kind == JinjaTokenKind::kName &&
                        tokens[2] == JinjaToken{JinjaTokenKind::kName, "in"};
    if (!simple || blocks_[end].tokens.front().text == "else") {
      throw JinjaUnsupported("a 'for' other than {% for x in list %}");
    }
    const JinjaValue value = EvaluateJinja(Rest(at, 3), scope_);
    const JinjaList* list = value.As<JinjaList>();
    if (!list) throw JinjaUnsupported("a 'for' over what is not a list");
    const int64_t count = std::ssize(*list);
    for (int64_t i = 0; i < count; ++i) {
      const JinjaMap loop = {{"index0", {i}},
                             {"index", {i + 1}},
                             {"first", {i == 0}},
                             {"last", {i + 1 == count}},
                             {"length", {count}}};
      scope_.Push({{tokens[1].text, (*list)[static_cast<size_t>(i)]}, {"loop", {loop}}});
      Run(at + 1, end, depth + 1);
      scope_.Pop();
    }
    return end;
  }

  // name = expression, or name.item = expression.
  void RunSet(Tokens tokens) {
    const bool named = tokens.size() > 2 && tokens[0].kind == JinjaTokenKind::kName;
    if (named && IsSign(tokens[1], "=")) {
      scope_.Set(tokens[0].text, EvaluateJinja(tokens.subspan(2), scope_));
    } else if (named && tokens.size() > 4 && IsSign(tokens[1], ".") && IsSign(tokens[3], "=")) {
      scope_.SetItem(tokens[0].text, tokens[2].text, EvaluateJinja(tokens.subspan(4), scope_));
    } else {
      throw JinjaUnsupported("a 'set' other than {% set name = value %}");
    }
  }

  std::vector<JinjaBlock> blocks_;
  JinjaScope scope_;
  std::string text_;
  int64_t statements_ = 0;
};

}  // namespace

std::string RenderJinja(std::string_view source, const JinjaMap& variables) {
  return Renderer(source, variables).Render();
}

}  // namespace plelab
