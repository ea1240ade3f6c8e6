// Cuts a Jinja template into text, {{ expressions }} and {% statements %}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plelab {

enum class JinjaTokenKind { kName, kText, kInteger, kOperator };

struct JinjaToken {
  JinjaTokenKind kind = JinjaTokenKind::kOperator;
  std::string text;  // of a text: what stands between its quotes, escapes resolved

  bool operator==(const JinjaToken&) const = default;
};

enum class JinjaBlockKind { kText, kOutput, kStatement };

struct JinjaBlock {
  JinjaBlockKind kind = JinjaBlockKind::kText;
  std::string text;                // of kText
  std::vector<JinjaToken> tokens;  // of the others; a statement has one and more, the first is a name
};

// White space is treated as the reference's environment does (trim_blocks, lstrip_blocks, one newline at the
// end dropped, and the signs of {%- -%} and {%+ +%}); comments are gone.  Follows jinja2/lexer.py.  Throws
// JinjaUnsupported for what is not closed, for {% raw %}, for floats, and for escapes other than
// \n \t \r \\ \' \".
std::vector<JinjaBlock> SplitJinja(std::string_view source);

}  // namespace plelab
