#include "daemon/assemble.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "daemon/config_files.h"
#include "daemon/dependents.h"
#include "daemon/worker_loader.h"
#include "tests/testkit/entries.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

class AssembleTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const std::string path = folder_.path() + "/" + name;
    EXPECT_TRUE(ReplaceFile(path, AsBytes(text), 0600));
    return path;
  }
  Result<Assembly> AssembleText(std::string_view yaml) {
    const auto config = ReadConfig(Write("config.yaml", yaml), {});
    if (!config) return config.error();
    auto assembly = Assemble(*config, log_);
    if (assembly) assembly->UseIdentities();
    return assembly;
  }
  /// The text of entry `name`, or the error's.
  std::string Get(const Assembly& assembly, std::string_view name) {
    for (const File& file : assembly.files) {
      if (file.entry->name() != name) continue;
      const auto value = MakeNow(file.entry, clock_, log_, {});
      return value ? testkit::TextOf(*value) : "error: " + value.error().Text();
    }
    return "no such entry";
  }
  testkit::TempDir folder_;
  testkit::FakeClock clock_;
  testkit::RecordingLog log_;
};

TEST_F(AssembleTest, JoinsFilesTokensAndViews) {
  Write("plain", "p&w\n");
  Write("tokens.json", R"({"github.com": "ghp_123"})");
  const auto assembly = AssembleText(R"(
sources: {gitops: {tokens: tokens.json}}
secrets:
  plain: {file: plain}
  token: {source: gitops, key: github.com}
views:
  second: {format: template, content: "[{{ first }}]"}
  first: {format: template, content: "{{ plain | trim | urlencode }} {{ token }}"}
  git: {format: git-credentials, source: gitops}
)");
  ASSERT_TRUE(assembly) << assembly.error().Text();
  EXPECT_EQ(Get(*assembly, "token"), "ghp_123");
  EXPECT_EQ(Get(*assembly, "first"), "p%26w ghp_123");
  EXPECT_EQ(Get(*assembly, "second"), "[p%26w ghp_123]") << "a view may use a view declared later";
  EXPECT_NE(Get(*assembly, "git").find(":ghp_123@github.com"), std::string::npos);
}

TEST_F(AssembleTest, AViewOfWhatIsNotDeclaredIsAnErrorWithItsPlace) {
  const auto assembly = AssembleText(
      "secrets:\n  password: {file: x}\nviews:\n  v: {format: template, content: \"{{ pasword "
      "}}\"}\n");
  ASSERT_FALSE(assembly);
  EXPECT_EQ(assembly.error().what, "view 'v' needs 'pasword', which is not declared");
  EXPECT_TRUE(assembly.error().where.ends_with("config.yaml:4:3")) << assembly.error().where;
  EXPECT_EQ(assembly.error().hint, "did you mean 'password'? secrets and views: password, v");
}

TEST_F(AssembleTest, AViewThatNeedsItselfIsAnError) {
  const auto assembly = AssembleText(
      "views:\n  a: {format: template, content: \"{{ b }}\"}\n  b: {format: template, content: "
      "\"{{ a }}\"}\n");
  ASSERT_FALSE(assembly);
  EXPECT_NE(assembly.error().what.find("needs itself"), std::string::npos);
}

TEST_F(AssembleTest, ViewsAreNestedToALimit) {
  const auto chain = [](size_t length, bool downwards) {
    std::string yaml = "views:\n";
    for (size_t i = 0; i < length; ++i) {
      const size_t self = downwards ? i : length - 1 - i;
      const std::string content =
          self + 1 < length ? "{{ v" + std::to_string(self + 1) + " }}" : "x";
      yaml += "  v" + std::to_string(self) + ": {format: template, content: \"" + content + "\"}\n";
    }
    return yaml;
  };
  for (const bool downwards : {true, false}) {
    const auto most = AssembleText(chain(32, downwards));
    ASSERT_TRUE(most) << most.error().Text();
    EXPECT_EQ(Get(*most, "v0"), "x");
    for (const size_t length : {size_t{33}, size_t{20'000}}) {
      const auto over = AssembleText(chain(length, downwards));
      ASSERT_FALSE(over);
      EXPECT_NE(over.error().what.find("nested more than 32 deep"), std::string::npos);
    }
  }
}

TEST_F(AssembleTest, ATokenFileIsReadOnceForAllItsSecrets) {
  const std::string file = Write("tokens.json", R"({"a.example": "1", "b.example": "2"})");
  const auto assembly = AssembleText(
      "sources: {t: {tokens: tokens.json}}\n"
      "secrets: {a: {source: t, key: a.example}, b: {source: t, key: b.example}, c: {source: t, "
      "key: x}}\n");
  ASSERT_TRUE(assembly);
  EXPECT_EQ(Get(*assembly, "a"), "1");
  ASSERT_EQ(unlink(file.c_str()), 0);
  EXPECT_EQ(Get(*assembly, "b"), "2");
  EXPECT_EQ(Get(*assembly, "c"), "error: " + file + ": no token for 'x'");
}

TEST_F(AssembleTest, AReloadKeepsTheEntriesOfWhichItSaysTheSame) {
  const std::string_view source = "sources: {t: {tokens: tokens.json}}\n";
  const std::string_view same =
      "  same: {file: a, mode: \"0440\"}\n  token: {source: t, key: host}\n"
      "views:\n  kept: {format: template, content: \"{{ same }}{{ token }}\"}\n";
  const auto before =
      AssembleText(std::string(source) + "secrets:\n  other: {file: b}\n  gone: {file: c}\n" +
                   std::string(same) +
                   "  over: {format: template, content: \"{{ other }}\"}\n"
                   "  text: {format: template, content: \"1{{ same }}\"}\n");
  ASSERT_TRUE(before) << before.error().Text();
  const auto config =
      ReadConfig(Write("config.yaml", std::string(source) + "secrets:\n  other: {file: x}\n" +
                                          std::string(same) +
                                          "  over: {format: template, content: \"{{ other }}\"}\n"
                                          "  text: {format: template, content: \"2{{ same }}\"}\n"),
                 {});
  ASSERT_TRUE(config) << config.error().Text();
  const auto after = Assemble(*config, log_, &*before);
  ASSERT_TRUE(after) << after.error().Text();
  const auto entry = [](const Assembly& assembly, std::string_view name) -> EntryPtr {
    for (const File& file : assembly.files) {
      if (file.entry->name() == name) return file.entry;
    }
    return nullptr;
  };
  for (const char* name : {"same", "token", "kept"}) {
    EXPECT_EQ(entry(*before, name), entry(*after, name)) << name;
  }
  for (const char* name : {"other", "over", "text"}) {
    EXPECT_NE(entry(*before, name), entry(*after, name)) << name;
  }
  EXPECT_EQ(entry(*after, "gone"), nullptr);
  EXPECT_EQ(before->documents, after->documents);
  EXPECT_EQ(before->identities, after->identities);
}

TEST_F(AssembleTest, KnowsFromWhichFilesEntriesAreMade) {
  const auto assembly = AssembleText(
      "sources: {t: {tokens: tokens.json}}\n"
      "secrets: {a: {file: x}, b: {age: x}, c: {source: t, key: h}}\n"
      "views: {v: {format: template, content: \"{{ a }}\"}}\n");
  ASSERT_TRUE(assembly) << assembly.error().Text();
  const Dependents dependents(*assembly);
  EXPECT_EQ(dependents.OfFile(folder_.path() + "/x").size(), 2U);
  EXPECT_EQ(dependents.OfFile(folder_.path() + "/tokens.json"), assembly->documents);
  EXPECT_TRUE(dependents.OfFile("/elsewhere").empty());
  EXPECT_EQ(dependents.Files().size(), 2U);
  const EntryPtr& a = assembly->files[0].entry;
  ASSERT_EQ(dependents.OfEntry(a).size(), 1U);
  EXPECT_EQ(dependents.OfEntry(a)[0]->name(), "v");
  EXPECT_EQ(dependents.OfEntry(assembly->documents[0])[0]->name(), "c");
}

TEST_F(AssembleTest, AMissingSourceFileFailsItsSecretAlone) {
  Write("there", "ok");
  const auto assembly = AssembleText("secrets:\n  gone: {file: gone}\n  there: {file: there}\n");
  ASSERT_TRUE(assembly);
  EXPECT_EQ(Get(*assembly, "gone"),
            "error: " + folder_.path() + "/gone: cannot open: no such file or directory");
  EXPECT_EQ(Get(*assembly, "there"), "ok");
}

TEST_F(AssembleTest, FilesOfConfigDJoinInNameOrder) {
  ASSERT_EQ(mkdir((folder_.path() + "/config.d").c_str(), 0755), 0);
  Write("plain", "x");
  Write("config.d/20-b.yaml", "secrets: {b: {file: ../plain}}\n");
  Write("config.d/10-a.yaml", "secrets: {a: {file: ../plain}}\n");
  Write("config.d/README", "not yaml: [");
  const auto assembly = AssembleText("secrets: {c: {file: plain}}\n");
  ASSERT_TRUE(assembly) << assembly.error().Text();
  ASSERT_EQ(assembly->files.size(), 3U);
  EXPECT_EQ(assembly->files[0].entry->name(), "c");
  EXPECT_EQ(assembly->files[1].entry->name(), "a");
  EXPECT_EQ(Get(*assembly, "b"), "x") << "paths are relative to the file that names them";
}

TEST_F(AssembleTest, AMissingConfigurationSaysWhereToBegin) {
  const auto config = ReadConfig(folder_.path() + "/none.yaml", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::kNotFound);
  EXPECT_FALSE(config.error().hint.empty());
}

}  // namespace
}  // namespace secretfs
