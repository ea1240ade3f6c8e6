// Evaluates the expressions of a Jinja template.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/jinja/jinja_blocks.h"
#include "model/jinja/jinja_value.h"

namespace plelab {

// Variables by name, the innermost frame first.
class JinjaScope {
 public:
  explicit JinjaScope(JinjaMap variables) { frames_.push_back(std::move(variables)); }

  JinjaValue Get(const std::string& name) const;  // undefined where there is none
  void Set(const std::string& name, JinjaValue value) { frames_.back()[name] = std::move(value); }
  // Sets an item of a namespace().  Throws JinjaUnsupported where there is none of this name.
  void SetItem(const std::string& name, const std::string& item, JinjaValue value);
  void Push(JinjaMap variables) { frames_.push_back(std::move(variables)); }
  void Pop() { frames_.pop_back(); }

 private:
  std::vector<JinjaMap> frames_;
};

// Evaluates `tokens` as one expression, by the precedence of jinja2/parser.py: a if b else c; or; and; not;
// comparisons and in; + and -; ~; *, / and %; a filter or a test.  It knows
//   the filters   trim, length, count, default, lower, upper
//   the tests     defined, undefined, none, string, mapping, iterable, sequence, boolean, true, false
//   the methods   strip, lstrip, rstrip, startswith, endswith, get
//   the functions raise_exception, namespace
// Throws JinjaRaised where the template raises, and JinjaUnsupported for everything else.
JinjaValue EvaluateJinja(std::span<const JinjaToken> tokens, const JinjaScope& scope);

}  // namespace plelab
