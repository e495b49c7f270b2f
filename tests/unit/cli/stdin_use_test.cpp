#include "cli/stdin_use.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/identity_options.h"
#include "cli/recipient_options.h"

namespace secretfs {
namespace {

template <class Options>
StdinUse UsesOf(const std::string& arguments) {
  CLI::App app;
  Options options;
  options.AddTo(app);
  app.parse(arguments);
  StdinUse use;
  options.AddStdinUses(use);
  return use;
}

TEST(StdinUse, AllowsOneReader) {
  StdinUse use;
  EXPECT_TRUE(use.Check());
  use.AddFile("-", "the plaintext");
  use.AddFile("./-", "another file");
  EXPECT_TRUE(use.Check());
}

TEST(StdinUse, NamesAllReadersWhenThereAreSeveral) {
  StdinUse use;
  use.AddFiles(std::vector<std::string>{"key", "-", "/dev/stdin"}, "-i");
  use.Add("--passphrase-fd 0");
  const auto several = use.Check();
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, Code::kInvalid);
  EXPECT_EQ(several.error().what,
            "standard input is used for more than one thing: -i - and -i /dev/stdin and "
            "--passphrase-fd 0");
  EXPECT_NE(several.error().hint, "");
}

TEST(StdinUse, KnowsWhatOptionsRead) {
  EXPECT_TRUE(UsesOf<IdentityOptions>("-i - -i key --passphrase-fd 3").Check());
  EXPECT_FALSE(UsesOf<IdentityOptions>("-i - --passphrase-fd 0").Check());
  EXPECT_FALSE(UsesOf<IdentityOptions>("--passphrase-fd 0 --passphrase-fd 0").Check());
  EXPECT_TRUE(UsesOf<RecipientOptions>("-R - -r - -i key").Check());
  EXPECT_FALSE(UsesOf<RecipientOptions>("-R - -i -").Check());
  EXPECT_FALSE(UsesOf<RecipientOptions>("-R - --passphrase-fd 0").Check());
}

}  // namespace
}  // namespace secretfs
