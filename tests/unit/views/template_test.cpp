#include "views/template.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/unit/views/view_testing.h"

namespace secretfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using view_testing::Secret;

Result<std::unique_ptr<const View>> Make(const std::string& content) {
  ViewConfig config;
  config.format = "template";
  config.parameters.values["content"] = content;
  config.place = {"config.yaml", 12, 5};
  return MakeView(config);
}

Result<Value> RenderValue(const std::string& content,
                          const std::map<std::string, std::string>& secrets) {
  const auto view = TRY(Make(content));
  std::vector<Value> values(secrets.size());
  std::vector<ViewInput> inputs;
  size_t i = 0;
  for (const auto& [name, text] : secrets) {
    values[i].bytes = Secret(text);
    values[i].modified = WallTime(std::chrono::seconds(text.size()));
    inputs.push_back({name, values[i++]});
  }
  return view->Render(inputs);
}

std::string Render(const std::string& content, const std::map<std::string, std::string>& secrets) {
  const auto value = RenderValue(content, secrets);
  return value ? std::string(AsText(value->bytes.Expose())) : "error: " + value.error().what;
}

std::string FailureOf(const std::string& content) {
  const auto view = Make(content);
  if (view) return "none";
  EXPECT_EQ(view.error().code, Code::kInvalid);
  EXPECT_EQ(view.error().where, "config.yaml:12:5");
  return view.error().what;
}

TEST(Template, PutsSecretsIntoText) {
  EXPECT_EQ(Render("KEY={{ openai-api-key }}\nDB={{db/password|urlencode}}\n",
                   {{"openai-api-key", "sk-1"}, {"db/password", "p w"}}),
            "KEY=sk-1\nDB=p%20w\n");
  EXPECT_EQ(Render("", {}), "");
  EXPECT_EQ(Render("{{a}}{{a}}", {{"a", ""}}), "");
}

TEST(Template, KeepsEveryByteOfASecret) {
  std::string every;
  for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
  EXPECT_EQ(Render("<{{ a }}>", {{"a", every}}), "<" + every + ">");
}

TEST(Template, NeverScansWhatItPutIn) {
  EXPECT_EQ(Render("{{ a }}{{ '{{ b }}' }}", {{"a", "{{ b }}"}, {"b", "leak"}}), "{{ b }}{{ b }}");
}

TEST(Template, ChainsFilters) {
  EXPECT_EQ(Render("{{ a | trim | base64 | json }}", {{"a", " hi\n"}}), "\"aGk=\"");
  EXPECT_EQ(Render("{{ a | shell }}", {{"a", "it's"}}), "'it'\\''s'");
  EXPECT_EQ(Render("{{ '\"' | json }}", {}), "\"\\\"\"");
}

TEST(Template, TakesAnyNameInDoubleQuotes) {
  EXPECT_EQ(Render(R"({{ "a | b }} \"c\" \\" | trim }})", {{"a | b }} \"c\" \\", "v"}}), "v");
  EXPECT_EQ(Render(R"({{ "trim" }})", {{"trim", "v"}}), "v");
}

TEST(Template, WritesBracesInSingleQuotes) {
  EXPECT_EQ(Render("{{ '{{' }} }} } { {{ '}}' }}{{ '\\'\\\\' }}", {}), "{{ }} } { }}'\\");
}

TEST(Template, AllowsLineBreaksBetweenWords) {
  EXPECT_EQ(Render("{{\n  a\n  | trim\n}}", {{"a", " v "}}), "v");
}

TEST(Template, EndsAtTheFirstClosingBraces) { EXPECT_EQ(Render("{{a}}}", {{"a", "v"}}), "v}"); }

TEST(Template, NeedsEachSecretOnceInOrder) {
  const auto view = Make("{{ b }}{{ a | json }}{{ b }}{{ 'x' }}{{ \"c d\" }}");
  ASSERT_TRUE(view);
  EXPECT_THAT((*view)->Needs(), ElementsAre("b", "a", "c d"));
}

TEST(Template, SuggestsAFilter) {
  const auto view = Make("x\n\xc3\xa9{{ a | bas64 }}");
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().what, "line 2, column 9 of the content: unknown filter 'bas64'");
  EXPECT_EQ(view.error().hint,
            "did you mean 'base64'? known: trim, json, base64, urlencode, shell");
}

TEST(Template, RefusesWhatIsNeverClosed) {
  EXPECT_EQ(FailureOf("a\nb {{ x"), "line 2, column 3 of the content: '{{' is never closed");
  for (const char* text : {"{{", "{{ ", "{{ a }", "{{ a |", "{{ a | trim", "{{ a {{ b }}", "{{ 'a",
                           "{{ \"a }}", "{{ a\n{{ b }}", "{{ a }{{ b }}"}) {
    EXPECT_NE(FailureOf(text), "none") << text;
  }
}

TEST(Template, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(FailureOf("{{ }}"), HasSubstr("line 1, column 4 of the content: no name"));
  EXPECT_THAT(FailureOf("{{ \"\" }}"), HasSubstr("no name of a secret"));
  EXPECT_THAT(FailureOf("{{ | trim }}"), HasSubstr("no name of a secret"));
  EXPECT_THAT(FailureOf("{{ a | }}"), HasSubstr("no name of a filter"));
  EXPECT_THAT(FailureOf("{{ a | trim json }}"),
              HasSubstr("column 13 of the content: expected '|'"));
  EXPECT_THAT(FailureOf("{{ 'a' b }}"), HasSubstr("expected '|' or '}}'"));
  EXPECT_THAT(FailureOf("{{ \"a\\n\" }}"), HasSubstr("expected \\ or \" after \\"));
  EXPECT_THAT(FailureOf("{{ a\nb }}"), HasSubstr("line 2, column 1 of the content: expected"));
}

TEST(Template, BoundsTheFilters) {
  std::string content = "{{ a";
  for (int i = 0; i < 9; ++i) content += " | json";
  EXPECT_THAT(FailureOf(content + " }}"), HasSubstr("more than 8 filters"));
}

TEST(Template, FailsWhereAFilterCannotExpressTheSecret) {
  const auto json = RenderValue("{{ a | json }}", {{"a", "\xff"}});
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, Code::kInvalid);
  EXPECT_EQ(json.error().what, "'a' is not UTF-8, and JSON can hold nothing else");
  EXPECT_THAT(json.error().hint, HasSubstr("base64"));
  EXPECT_EQ(Render("{{ a | shell }}", {{"a", std::string("x\0y", 3)}}),
            "error: 'a' has a NUL, which no word of a shell can hold");
}

TEST(Template, FailsWithoutAnInput) {
  const auto value = RenderValue("{{ a }}", {{"b", "x"}});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kNotFound);
}

TEST(Template, BoundsWhatFiltersMake) {
  const auto value = RenderValue("{{ a | urlencode }}", {{"a", std::string(6 << 20, '/')}});
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Code::kTooLarge);
}

TEST(Template, IsAsOldAsItsNewestInput) {
  const auto value = RenderValue("{{ a }}{{ b }}", {{"a", "12345"}, {"b", "1"}});
  ASSERT_TRUE(value);
  EXPECT_EQ(value->modified, WallTime(std::chrono::seconds(5)));
  EXPECT_THAT(value->notes, IsEmpty());
  EXPECT_EQ(RenderValue("x", {})->modified, WallTime{});
}

}  // namespace
}  // namespace secretfs
