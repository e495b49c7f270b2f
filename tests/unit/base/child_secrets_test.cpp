#include "base/child_secrets.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>

#include "base/unique_fd.h"

namespace secretfs {
namespace {

SecretVariable Variable(const std::string& name, std::string_view value) {
  return {name, std::make_shared<SecretBytes>(SecretBytes::CopyOf(AsBytes(value)).value())};
}

TEST(ChildSecrets, AreStringsForAnEnvironment) {
  const std::array variables{Variable("ONE", "1"), Variable("TWO", "")};
  const auto secrets = ChildSecrets::Make(variables);
  ASSERT_TRUE(secrets);
  ASSERT_EQ(secrets->strings().size(), 2U);
  EXPECT_STREQ(secrets->strings()[0], "ONE=1");
  EXPECT_STREQ(secrets->strings()[1], "TWO=");
  EXPECT_TRUE(ChildSecrets::Make({})->strings().empty());
}

TEST(ChildSecrets, AreWipedForThoseWhoWereForkedMeanwhileToo) {
  int pair[2];
  ASSERT_EQ(::pipe(pair), 0);
  const UniqueFd reading(pair[0]);
  UniqueFd writing(pair[1]);
  const std::array variables{Variable("TOKEN", "secret")};
  std::optional<ChildSecrets> secrets = ChildSecrets::Make(variables).value();
  const char* const string = secrets->strings()[0];
  const pid_t copy = ::fork();
  if (copy == 0) {
    writing.reset();
    char c = 0;
    (void)!::read(reading.get(), &c, 1);  // until the parent has wiped it
    constexpr std::array<char, 13> kNothing{};
    ::_exit(std::memcmp(string, kNothing.data(), kNothing.size()) == 0 ? 0 : 1);
  }
  secrets.reset();
  writing.reset();
  int status = -1;
  ASSERT_EQ(::waitpid(copy, &status, 0), copy);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace secretfs
