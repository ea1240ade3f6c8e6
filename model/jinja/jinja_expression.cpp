#include "model/jinja/jinja_expression.h"

#include <functional>
#include <optional>
#include <utility>

#include "model/base/format.h"
#include "model/jinja/jinja_operations.h"

namespace plelab {
namespace {

// Bounds the depth of what is parsed; the longest expression of a published template has about 100 tokens.
constexpr size_t kMostTokens = 400;

// A part of an expression, evaluated when its value is needed, so that `x is defined and x.y` does not look
// into an undefined x.
using Node = std::function<JinjaValue(const JinjaScope&)>;

class ExpressionParser {
 public:
  explicit ExpressionParser(std::span<const JinjaToken> tokens) : tokens_(tokens) {
    if (tokens.size() > kMostTokens) throw JinjaUnsupported("an expression of more than 400 parts");
  }

  Node Whole() {
    Node node = Condition();
    if (at_ < tokens_.size()) Refuse();
    return node;
  }

 private:
  struct Arguments {
    std::vector<std::pair<std::string, Node>> nodes;  // with their names, which may be empty

    JinjaList Evaluate(const JinjaScope& scope) const {
      JinjaList values;
      for (const auto& [name, node] : nodes) {
        if (!name.empty()) throw JinjaUnsupported(Format("the named argument '{}'", name));
        values.push_back(node(scope));
      }
      return values;
    }
  };

  [[noreturn]] void Refuse() const {
    throw JinjaUnsupported(at_ < tokens_.size()
                               ? Format("'{}' at this place of an expression", tokens_[at_].text)
                               : "an expression that is not complete");
  }

  bool IsNext(JinjaTokenKind kind, std::string_view text, size_t ahead = 0) const {
    const size_t at = at_ + ahead;
    return at < tokens_.size() && tokens_[at].kind == kind && tokens_[at].text == text;
  }
  bool Take(JinjaTokenKind kind, std::string_view text) {
    const bool is_next = IsNext(kind, text);
    if (is_next) ++at_;
    return is_next;
  }
  bool TakeWord(std::string_view word) { return Take(JinjaTokenKind::kName, word); }
  bool TakeSign(std::string_view sign) { return Take(JinjaTokenKind::kOperator, sign); }
  void Expect(std::string_view sign) {
    if (!TakeSign(sign)) Refuse();
  }
  std::string Name() {
    if (at_ >= tokens_.size() || tokens_[at_].kind != JinjaTokenKind::kName) Refuse();
    return tokens_[at_++].text;
  }
  // The sign or word that comes next, if it is one of `candidates`; else "".
  std::string TakeOneOf(std::initializer_list<std::string_view> candidates) {
    for (const std::string_view candidate : candidates) {
      if (TakeSign(candidate) || TakeWord(candidate)) return std::string(candidate);
    }
    return "";
  }

  Node Condition() {
    Node value = Or();
    while (TakeWord("if")) {
      const Node test = Or();
      const Node other = TakeWord("else") ? Condition() : [](const JinjaScope&) { return JinjaValue(); };
      value = [value, test, other](const JinjaScope& s) { return IsTrue(test(s)) ? value(s) : other(s); };
    }
    return value;
  }

  Node Or() {
    Node left = And();
    while (TakeWord("or")) {
      left = [left, right = And()](const JinjaScope& s) {
        JinjaValue value = left(s);
        return IsTrue(value) ? value : right(s);
      };
    }
    return left;
  }

  Node And() {
    Node left = Not();
    while (TakeWord("and")) {
      left = [left, right = Not()](const JinjaScope& s) {
        JinjaValue value = left(s);
        return IsTrue(value) ? right(s) : value;
      };
    }
    return left;
  }

  Node Not() {
    if (!TakeWord("not")) return Comparison();
    return [node = Not()](const JinjaScope& s) { return JinjaValue{!IsTrue(node(s))}; };
  }

  std::string ComparisonSign() {
    if (IsNext(JinjaTokenKind::kName, "not") && IsNext(JinjaTokenKind::kName, "in", 1)) {
      at_ += 2;
      return "not in";
    }
    return TakeOneOf({"==", "!=", "<=", ">=", "<", ">", "in"});
  }

  Node Comparison() {
    Node left = Sums();
    const std::string sign = ComparisonSign();
    if (sign.empty()) return left;
    Node right = Sums();
    if (!ComparisonSign().empty()) throw JinjaUnsupported("a chain of comparisons");
    return [=](const JinjaScope& s) { return JinjaValue{JinjaCompare(sign, left(s), right(s))}; };
  }

  Node Sums() {
    Node left = Concatenation();
    while (true) {
      const std::string sign = TakeOneOf({"+", "-"});
      if (sign.empty()) return left;
      left = [left, right = Concatenation(), minus = sign == "-"](const JinjaScope& s) {
        if (minus) return JinjaDifference(left(s), right(s));
        return JinjaSum(left(s), right(s));
      };
    }
  }

  Node Concatenation() {
    Node left = Products();
    while (TakeSign("~")) {
      left = [left, right = Products()](const JinjaScope& s) {
        return JinjaValue{Joined(TextOf(left(s)), TextOf(right(s)))};
      };
    }
    return left;
  }

  Node Products() {
    Node left = Unary();
    while (true) {
      const std::string sign = TakeOneOf({"*", "//", "%"});
      if (sign.empty()) return left;
      left = [=, right = Unary()](const JinjaScope& s) { return JinjaProduct(sign, left(s), right(s)); };
    }
  }

  Node Unary() {
    if (TakeSign("-")) {
      return [node = Unary()](const JinjaScope& s) { return JinjaDifference({int64_t{0}}, node(s)); };
    }
    return WithFilters(WithPostfix(Primary()));
  }

  Node Primary() {
    if (at_ >= tokens_.size()) Refuse();
    const JinjaToken& token = tokens_[at_];
    if (token.kind == JinjaTokenKind::kText) return Text();
    if (token.kind == JinjaTokenKind::kInteger) {
      ++at_;
      return [number = std::stoll(token.text)](const JinjaScope&) { return JinjaValue{int64_t{number}}; };
    }
    if (token.kind == JinjaTokenKind::kName) return NameOrCall();
    if (TakeSign("[")) return List();
    Expect("(");
    Node node = Condition();
    Expect(")");
    return node;
  }

  Node Text() {
    std::string text;  // adjacent texts are one text
    while (at_ < tokens_.size() && tokens_[at_].kind == JinjaTokenKind::kText) text += tokens_[at_++].text;
    return [text](const JinjaScope&) { return JinjaValue{text}; };
  }

  Node List() {
    std::vector<Node> items;
    while (!TakeSign("]")) {
      items.push_back(Condition());
      if (!IsNext(JinjaTokenKind::kOperator, "]")) Expect(",");
    }
    return [items](const JinjaScope& s) {
      JinjaList list;
      for (const Node& item : items) {
        JinjaValue value = item(s);
        if (value.As<JinjaList>()) throw JinjaUnsupported("a list of lists that the template makes");
        list.push_back(Flat(std::move(value)));
      }
      return JinjaValue{list};
    };
  }

  Node NameOrCall() {
    const std::string name = Name();
    for (const std::string_view word : {"if", "else", "or", "and", "not", "in", "is"}) {
      if (name == word) throw JinjaUnsupported(Format("'{}' at this place of an expression", name));
    }
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      return [truth = name == "true" || name == "True"](const JinjaScope&) { return JinjaValue{truth}; };
    }
    if (name == "none" || name == "None") return [](const JinjaScope&) { return JinjaValue{JinjaNone{}}; };
    if (!TakeSign("(")) return [name](const JinjaScope& s) { return s.Get(name); };
    const Arguments arguments = CallArguments();
    if (name == "namespace") return Namespace(arguments);
    if (name != "raise_exception") throw JinjaUnsupported(Format("the function '{}'", name));
    return [arguments](const JinjaScope& s) -> JinjaValue {
      const JinjaList values = arguments.Evaluate(s);
      if (values.size() != 1) throw JinjaUnsupported("raise_exception() without one message");
      throw JinjaRaised(TextOf(values[0]));
    };
  }

  static Node Namespace(const Arguments& arguments) {
    return [arguments](const JinjaScope& s) {
      JinjaMap map;
      for (const auto& [name, node] : arguments.nodes) {
        if (name.empty()) throw JinjaUnsupported("namespace() of something without a name");
        map[name] = Flat(node(s));
      }
      return JinjaValue{map};
    };
  }

  Arguments CallArguments() {
    Arguments arguments;
    while (!TakeSign(")")) {
      std::string name;
      if (IsNext(JinjaTokenKind::kOperator, "=", 1)) {
        name = Name();
        Expect("=");
      }
      arguments.nodes.emplace_back(name, Condition());
      if (!IsNext(JinjaTokenKind::kOperator, ")")) Expect(",");
    }
    return arguments;
  }

  Node WithPostfix(Node node) {
    while (true) {
      if (TakeSign(".")) {
        const std::string name = Name();
        if (TakeSign("(")) {
          node = [node, name, arguments = CallArguments()](const JinjaScope& s) {
            return JinjaMethod(name, node(s), arguments.Evaluate(s));
          };
        } else {
          node = [node, name](const JinjaScope& s) { return ItemOf(node(s), {name}); };
        }
      } else if (TakeSign("[")) {
        node = Subscript(node);
      } else {
        return node;
      }
    }
  }

  Node Subscript(const Node& node) {
    Node from, to;
    bool slice = false;
    if (!IsNext(JinjaTokenKind::kOperator, ":")) from = Condition();
    if (TakeSign(":")) {
      slice = true;
      if (!IsNext(JinjaTokenKind::kOperator, "]")) to = Condition();
    }
    Expect("]");
    if (!slice) return [node, from](const JinjaScope& s) { return ItemOf(node(s), from(s)); };
    return [node, from, to](const JinjaScope& s) {
      const auto bound = [&](const Node& end) {
        return end ? std::optional<int64_t>(AsInteger(end(s))) : std::nullopt;
      };
      return JinjaSlice(node(s), bound(from), bound(to));
    };
  }

  Node WithFilters(Node node) {
    while (true) {
      if (TakeSign("|")) {
        const std::string name = Name();
        const Arguments arguments = TakeSign("(") ? CallArguments() : Arguments();
        node = [node, name, arguments](const JinjaScope& s) {
          return JinjaFilter(name, node(s), arguments.Evaluate(s));
        };
      } else if (TakeWord("is")) {
        const bool negated = TakeWord("not");
        const std::string name = Name();
        node = [node, name, negated](const JinjaScope& s) {
          return JinjaValue{JinjaTest(name, node(s)) != negated};
        };
      } else {
        return node;
      }
    }
  }

  std::span<const JinjaToken> tokens_;
  size_t at_ = 0;
};

}  // namespace

JinjaValue JinjaScope::Get(const std::string& name) const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (const auto found = frame->find(name); found != frame->end()) return found->second;
  }
  return {};
}

void JinjaScope::SetItem(const std::string& name, const std::string& item, JinjaValue value) {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    const auto found = frame->find(name);
    if (found == frame->end()) continue;
    if (JinjaMap* map = std::get_if<JinjaMap>(&found->second.data)) {
      (*map)[item] = Flat(std::move(value));
      return;
    }
    break;  // it hides those in the frames around it
  }
  throw JinjaUnsupported(Format("an item that is set in '{}', which is no namespace", name));
}

JinjaValue EvaluateJinja(std::span<const JinjaToken> tokens, const JinjaScope& scope) {
  return ExpressionParser(tokens).Whole()(scope);
}

}  // namespace plelab
