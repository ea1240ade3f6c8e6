// Expected texts are Jinja2's: of the reference for the published templates, else of jinja2 3.1.6 with
// trim_blocks and lstrip_blocks, noted by hand.
#include "model/jinja/jinja_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/temporary_folder.h"

namespace plelab {
namespace jinja_template_test {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

JinjaValue ValueOf(const json& from) {
  if (from.is_string()) return {from.get<std::string>()};
  if (from.is_boolean()) return {from.get<bool>()};
  if (from.is_number_integer()) return {from.get<int64_t>()};
  if (from.is_null()) return {JinjaNone{}};
  if (from.is_array()) {
    JinjaList list;
    for (const json& item : from) list.push_back(ValueOf(item));
    return {list};
  }
  JinjaMap map;
  for (const auto& [key, item] : from.items()) map[key] = ValueOf(item);
  return {map};
}

JinjaMap VariablesOf(const json& from) {
  JinjaMap map;
  for (const auto& [key, item] : from.items()) map[key] = ValueOf(item);
  return map;
}

std::string Rendered(const std::string& source, const json& variables = json::object()) {
  return RenderJinja(source, VariablesOf(variables));
}

std::string RefusalOf(const std::string& source, const json& variables = json::object()) {
  try {
    Rendered(source, variables);
  } catch (const JinjaUnsupported& error) {
    return error.what();
  }
  return "not refused";
}

const json& Goldens() {
  static const json goldens =
      json::parse(testing::ReadText(PLELAB_SOURCE_DIR "/tests/data/chat_templates/golden.json"));
  return goldens;
}

// What the template makes of the conversation, in the form of the goldens; null where it uses more of Jinja
// than is known here.
json ByUs(const std::string& source, const json& messages) {
  const json variables = {{"messages", messages}, {"add_generation_prompt", true}, {"tools", nullptr},
                          {"documents", nullptr}, {"bos_token", "<bos>"},          {"eos_token", "<eos>"},
                          {"unk_token", "<unk>"}, {"pad_token", "<pad>"}};
  try {
    return {{"text", Rendered(source, variables)}};
  } catch (const JinjaRaised& raised) {
    return {{"raises", raised.what()}};
  } catch (const JinjaUnsupported&) {
    return nullptr;
  }
}

TEST(JinjaTemplate, RendersPublishedTemplatesAsTheReferenceOrNotAtAll) {
  std::set<std::string> rendered;
  for (const auto& [name, entry] : Goldens()["templates"].items()) {
    for (const auto& [conversation, messages] : Goldens()["conversations"].items()) {
      const json ours = ByUs(entry["text"], messages);
      if (ours.is_null()) continue;
      rendered.insert(name);
      EXPECT_EQ(ours, entry["rendered"][conversation]) << name << ", " << conversation;
    }
  }
  EXPECT_THAT(rendered, IsSupersetOf({"gemma2", "gemma2_training", "gemma3", "gemma3_training", "gemma3n",
                                      "chatml", "llama3", "phi3", "qwen2_5", "zephyr"}));
}

TEST(JinjaTemplate, TreatsWhiteSpaceAsTheReferencesEnvironment) {
  const json one = {{"x", "1"}};
  const std::pair<const char*, const char*> cases[] = {
      {"a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc"},  // trim_blocks; one newline at the end goes
      {"a\n  {% if true %}  b\n  {% endif %}c", "a\n  b\nc"},
      {"a {% if true %} b", "a  b"},  // lstrip_blocks leaves what does not begin a line
      {"  {{ x }}  \n", "  1  "},
      {"a \n {{- x -}} \n b", "a1b"},
      {"a \n {%- if true -%} \n b {% endif %}", "ab "},
      {"a\n  {%+ if true %}b{% endif +%}\nc", "a\n  b\nc"},
      {"a\n {# note #}\nb {#- note -#} c", "a\nbc"},
      {"a\r\nb\rc", "a\nb\nc"},
      {"\n\n", "\n"},
  };
  for (const auto& [source, expected] : cases) {
    std::string closed = source;
    if (closed.find("{% endif") == std::string::npos && closed.find("if true") != std::string::npos) {
      closed += "{% endif %}";
    }
    EXPECT_EQ(Rendered(closed, one), expected) << source;
  }
}

TEST(JinjaTemplate, EvaluatesByJinjasPrecedence) {
  const json variables = {
      {"m", {{"role", "user"}, {"content", "  Hi "}}}, {"l", {1, 2, 3}}, {"n", nullptr}, {"i", 7}};
  const std::pair<const char*, const char*> cases[] = {
      {"'<' + m['content'] | trim + '>'", "<Hi>"},
      {"(m.role == 'user') != (i % 2 == 0)", "True"},
      {"not m.role == 'model' and i > 6 or false", "True"},
      {"'a' if i == 8 else 'b' if n is none else 'c'", "b"},
      {"x is defined and x.y", "False"},
      {"x | default('d') ~ i ~ n", "d7None"},
      {"l[1:] | length + l[-1]", "5"},
      {"'us' in m.role and 4 not in l and 'role' in m", "True"},
      {"m.content is string and l is iterable and m is mapping and x is not defined", "True"},
      {"m.get('x', 'd') + m.content.strip() + 'a' \"b\"", "dHiab"},
      {"1 + 2 * 3 - 8 // 3", "5"},
      {"i or 'x'", "7"},
      {"n or 'x'", "x"},
      {"'\\n\\t\\\\\\''", "\n\t\\'"},
      {"x", ""},
      {"m.missing", ""},
  };
  for (const auto& [expression, expected] : cases) {
    EXPECT_EQ(Rendered("{{ " + std::string(expression) + " }}", variables), expected) << expression;
  }
}

TEST(JinjaTemplate, RunsLoopsAndKeepsScopesAsJinja) {
  EXPECT_EQ(Rendered("{% for x in l %}{{ loop.index0 }}{{ x }}{{ ',' if not loop.last }}{% endfor %}",
                     {{"l", {"a", "b"}}}),
            "0a,1b");
  EXPECT_EQ(Rendered("{% set a = 1 %}{% for x in l %}{% set a = 2 %}{% endfor %}{{ a }}", {{"l", {0}}}), "1");
  EXPECT_EQ(Rendered("{% if true %}{% set a = 2 %}{% endif %}{{ a }}"), "2");
  EXPECT_EQ(Rendered("{% set n = namespace(a=1) %}{% for x in l %}{% set n.a = x %}{% endfor %}{{ n.a }}",
                     {{"l", {5, 6}}}),
            "6");
  EXPECT_EQ(Rendered("{% if false %}{{ strange(1) }}{% elif x %}x{% else %}e{% endif %}"), "e");
  EXPECT_EQ(Rendered("{% macro m(a) %}{{ a | strange }}{% endmacro %}t"), "t");
}

TEST(JinjaTemplate, SaysWhatTheTemplateRaised) {
  try {
    Rendered("{{ raise_exception('no ' + 'system') }}");
    FAIL();
  } catch (const JinjaRaised& raised) {
    EXPECT_STREQ(raised.what(), "no system");
  }
}

TEST(JinjaTemplate, RefusesWhatItDoesNotKnow) {
  const std::pair<const char*, const char*> cases[] = {
      {"{{ strftime_now('%Y') }}", "the function 'strftime_now'"},
      {"{{ x | tojson }}", "the filter 'tojson'"},
      {"{{ 'x'.split('y') }}", "the method 'split'"},
      {"{% for a, b in x %}{% endfor %}", "a 'for' other than"},
      {"{% for a in l if a %}{% endfor %}", "a 'for' other than"},
      {"{% include 'x' %}", "the statement 'include'"},
      {"{% raw %}{{ x }}{% endraw %}", "raw"},
      {"{{ x.y.z }}", "an item of an undefined value"},
      {"{{ 'a' + 1 }}", "not a text"},
      {"{% if x %}", "without its {% endif %}"},
      {"{{ x", "not closed"},
      {"{# x", "not closed"},
      {"{{ 'x }}", "not closed"},
      {"{{ }}", "an empty tag"},
      {"{{ 1.5 }}", "not a small integer"},
      {"{{ 1 < 2 < 3 }}", "a chain of comparisons"},
      {"{{ (1 }}", "not closed"},
      {"{{ 1 2 }}", "'2' at this place"},
  };
  for (const auto& [source, expected] : cases) {
    EXPECT_THAT(RefusalOf(source, {{"l", {1}}}), HasSubstr(expected)) << source;
  }
}

// Python's integers have no end; those here have 64 bits, and 2^62 is the largest product.
TEST(JinjaTemplate, RefusesSumsAndDifferencesBeyond64Bits) {
  const std::string half = "2147483648 * 2147483648", least = "(-(" + half + ") - " + half + ")";
  EXPECT_EQ(Rendered("{{ " + half + " + (" + half + " - 1) }}"), "9223372036854775807");
  EXPECT_EQ(Rendered("{{ " + least + " }}"), "-9223372036854775808");
  EXPECT_THAT(RefusalOf("{{ " + half + " + " + half + " }}"), HasSubstr("a sum beyond 64 bits"));
  EXPECT_THAT(RefusalOf("{{ " + least + " + -1 }}"), HasSubstr("a sum beyond 64 bits"));
  EXPECT_THAT(RefusalOf("{{ " + least + " - 1 }}"), HasSubstr("a difference beyond 64 bits"));
  EXPECT_THAT(RefusalOf("{{ -" + least + " }}"), HasSubstr("a difference beyond 64 bits"));
}

// A template is a stranger's program: it must not exhaust this one.
TEST(JinjaTemplate, BoundsWhatATemplateCosts) {
  const auto repeated = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const json list = {{"l", std::vector<int>(400, 1)}};
  EXPECT_THAT(RefusalOf("{{ " + repeated("(", 100'000) + " }}"), HasSubstr("not closed"));
  EXPECT_THAT(RefusalOf("{{ " + repeated("(", 100'000) + "1" + repeated(")", 100'000) + " }}"),
              HasSubstr("more than 400 parts"));
  EXPECT_THAT(RefusalOf("{{ 1" + repeated(" + 1", 100'000) + " }}"), HasSubstr("more than 400 parts"));
  EXPECT_THAT(RefusalOf(repeated("{% if true %}", 10'000) + repeated("{% endif %}", 10'000)),
              HasSubstr("nested more than 50 deep"));
  const std::string nested =
      "{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}";
  EXPECT_THAT(RefusalOf(nested, list), HasSubstr("more than"));
  EXPECT_THAT(
      RefusalOf("{% set n = namespace(s='x') %}{% for a in l %}{% set n.s = n.s + n.s %}{% endfor %}", list),
      HasSubstr("more than 64 KiB"));
  EXPECT_THAT(
      RefusalOf("{% set n = namespace(s=[]) %}{% for a in l %}{% set n.s = [n.s, n.s] %}{% endfor %}", list),
      HasSubstr("a list of lists"));
  EXPECT_THAT(RefusalOf("{% set n = namespace() %}{% set n.n = n %}"),
              HasSubstr("a map or a list within another"));
}

TEST(JinjaTemplate, ComparesAndTestsValuesOfEachKind) {
  const json variables = {{"m", {{"role", "user"}}},
                          {"k", {{"role", "model"}}},
                          {"e", json::object()},
                          {"l", {1, 2, 3}},
                          {"n", nullptr},
                          {"i", 7}};
  const char* const right[] = {"1 < 2",
                               "1 <= 1",
                               "2 >= 2",
                               "3 > 2",
                               "1 == 1",
                               "1 != 2",
                               "1 != '1'",
                               "'a' != 'b'",
                               "true == true",
                               "true != false",
                               "true == 1",
                               "0 == false",
                               "true in l",
                               "2 != true",
                               "none == none",
                               "l == [1, 2, 3]",
                               "l != [1, 2, 4]",
                               "[1] != [1, 2]",
                               "m == m",
                               "m != k",
                               "m != e",
                               "2 in l",
                               "9 not in l",
                               "'x' not in 'abc'",
                               "'bc' in 'abc'",
                               "'z' not in m",
                               "'a' is string",
                               "'a' is iterable",
                               "l is sequence",
                               "m is iterable",
                               "n is none",
                               "i is not none",
                               "true is boolean",
                               "1 is not boolean",
                               "true is true",
                               "false is false",
                               "true is not false",
                               "1 is not true",
                               "x is undefined",
                               "i is not undefined",
                               "1 is not string",
                               "'a' is not mapping",
                               "1 is not iterable"};
  const char* const wrong[] = {"1 < 1",         "2 <= 1",     "1 >= 2",      "2 > 2",    "1 == 2",
                               "1 == '1'",      "2 < 1",      "1 > 3",       "m == k",   "[1] == [1, 2]",
                               "true == false", "'a' == 'b'", "9 in l",      "'z' in m", "false is true",
                               "true is false", "i is none",  "x is defined"};
  const auto shown = [&](const char* text) { return Rendered("{{ " + std::string(text) + " }}", variables); };
  for (const char* text : right) EXPECT_EQ(shown(text), "True") << text;
  for (const char* text : wrong) EXPECT_EQ(shown(text), "False") << text;
  for (const char* text : {"1", "'a'", "[0]", "m", "true"}) {
    EXPECT_EQ(Rendered("{{ 'y' if " + std::string(text) + " else 'n' }}", variables), "y") << text;
  }
  for (const char* text : {"0", "''", "[]", "e", "false", "n", "x"}) {
    EXPECT_EQ(Rendered("{{ 'y' if " + std::string(text) + " else 'n' }}", variables), "n") << text;
  }
}

TEST(JinjaTemplate, KnowsTheEdgesOfItemsSlicesFiltersAndMethods) {
  const json variables = {{"m", {{"role", "user"}, {"x", 1}}}, {"l", {4, 5, 6}}, {"_a1", 7}, {"s", ""}};
  const std::pair<const char*, const char*> cases[] = {
      {"l[0] ~ l[2] ~ l[3] ~ '.' ~ l[-3] ~ l[-4] ~ l['x']", "46.4"},
      {"l[:2] | length ~ l[:][2] ~ l[1:2][0]", "265"},
      {"l[:-1] | length ~ l[-2:][0] ~ l[5:] | length", "250"},
      {"l[:9] | length ~ l[-9:] | length ~ l[2:1] | length", "330"},
      {"m | length ~ 'né' | length ~ l | count", "223"},
      {"'Ab' | upper ~ 'Ab' | lower", "ABab"},
      {"s | default('d', true) ~ s | default('e', false) ~ s | default('f') ~ x | default", "d"},
      {"_a1 | default('d', true) ~ x | default('e', false)", "7e"},
      {"' a '.lstrip() ~ '|' ~ ' b '.rstrip() ~ '|' ~ ' c '.strip()", "a | b|c"},
      {"'ab'.startswith('a') ~ 'ab'.startswith('b') ~ 'ab'.endswith('b') ~ 'ab'.endswith('a')",
       "TrueFalseTrueFalse"},
      {"m.get('role') ~ m.get('y') ~ m.get('y', 2) ~ m.get('x', 2)", "userNone21"},
      {"7 // 2 ~ 7 % 4 ~ 0 * 5 ~ 5 * 0 ~ 0 // 3", "33000"},
      {"1 - 2 - 3", "-4"},
      {"2 * 3 // 4", "1"},
      {"-3 + 5", "2"},
      {"2147483648 * 1", "2147483648"},
      {"123456789012345678", "123456789012345678"},
      {"1 if true", "1"},
      {"1 if false", ""},
      {"[1, 2,] | length", "2"},
      {"True ~ False ~ None ~ none", "TrueFalseNoneNone"},
      {"'}}' ~ \"%}\"", "}}%}"},
      {"'\\r' ~ \"\\\"\"", "\r\""},
  };
  for (const auto& [expression, expected] : cases) {
    EXPECT_EQ(Rendered("{{ " + std::string(expression) + " }}", variables), expected) << expression;
  }
}

TEST(JinjaTemplate, KeepsTextBetweenTagsToTheByte) {
  const std::pair<const char*, const char*> cases[] = {
      {"a { b {", "a { b {"},
      {"a {#-#} b", "a b"},
      {"{# x #}\n\nb", "\nb"},
      {"{{+ 1 }}", "1"},
      {"a\r", "a"},
      {"a\r\n\r\n", "a\n"},
      {"  {% if true %}x{% endif %}", "x"},
      {"{% if true %}\n  {% if true %}x{% endif %}{% endif %}", "x"},
      {"{% if true %}  {% if true %}x{% endif %}{% endif %}", "  x"},
      {"{{ 1 }}\n  {% if true %}x{% endif %}", "1\nx"},
      {"{{ 1 }}  {% if true %}x{% endif %}", "1  x"},
      {"{{ 1 }}  {#+ note +#}\nb", "1  \nb"},
      {"{{ '(' }}x{{ ']' }}", "(x]"},  // brackets in a string open and close nothing
  };
  for (const auto& [source, expected] : cases) EXPECT_EQ(Rendered(source), expected) << source;
}

TEST(JinjaTemplate, ChoosesOneBranchAndSkipsWhatIsNested) {
  const std::string chain = "{% if a %}1{% elif b %}2{% elif c %}3{% else %}4{% endif %}";
  EXPECT_EQ(Rendered(chain, {{"a", true}, {"b", true}}), "1");
  EXPECT_EQ(Rendered(chain, {{"b", true}, {"c", true}}), "2");
  EXPECT_EQ(Rendered(chain, {{"c", true}}), "3");
  EXPECT_EQ(Rendered(chain), "4");
  for (const char* inner : {"{% if true %}x{% else %}y{% endif %}", "{% for a in l %}{% else %}{% endfor %}",
                            "{% set y = 1 %}", "{% set y %}q{% endset %}",
                            "{% filter upper %}q{% endfilter %}", "{% generation %}q{% endgeneration %}"}) {
    EXPECT_EQ(Rendered("{% if false %}" + std::string(inner) + "{% else %}z{% endif %}"), "z") << inner;
  }
  EXPECT_EQ(Rendered("{% generation %}q{% endgeneration %}"), "q");
  const json list = {{"l", {"a", "b"}}};
  EXPECT_EQ(
      Rendered("{% for x in l %}{{ loop.index ~ loop.length ~ loop.first ~ loop.last }};{% endfor %}", list),
      "12TrueFalse;22FalseTrue;");
  EXPECT_EQ(Rendered("{% for x in l %}{% for y in l %}{{ x ~ y ~ loop.index }},{% endfor %}{{ loop.index }};"
                     "{% endfor %}",
                     list),
            "aa1,ab2,1;ba1,bb2,2;");
}

}  // namespace jinja_template_test
}  // namespace plelab
