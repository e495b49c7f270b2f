#include "base/heir.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "base/unique_fd.h"

namespace secretfs {
namespace {

int ExitCodeOf(pid_t id) {
  int status = 0;
  EXPECT_EQ(::waitpid(id, &status, 0), id);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

HeirOptions Shell(const std::string& script, std::vector<int> descriptors = {}) {
  return {"/bin/sh", {"-c", script}, std::move(descriptors), ""};
}

TEST(Heir, GetsDescriptorsAtTheirNumbersAndNoOthers) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::pipe2(pair.data(), O_CLOEXEC), 0);
  const UniqueFd reading(pair[0]);
  UniqueFd writing(pair[1]);
  const UniqueFd other(::open("/dev/null", O_RDONLY));
  const auto child =
      StartHeir(Shell("echo at 4 >&4; for fd in /proc/self/fd/*; do echo ${fd##*/} >&4; done",
                      {-1, writing.get()}));
  ASSERT_TRUE(child) << child.error().Text();
  writing.reset();
  const auto said = ReadAll(reading.get(), 1000, "pipe");
  EXPECT_EQ(ExitCodeOf(*child), 0);
  ASSERT_TRUE(said);
  EXPECT_TRUE(AsText(*said).starts_with("at 4\n0\n1\n2\n")) << AsText(*said);
  EXPECT_EQ(AsText(*said).find("\n" + std::to_string(other.get()) + "\n"), std::string::npos);
}

TEST(Heir, PutsDescriptorsThatStandInEachOthersPlace) {
  std::array<int, 2> first{};
  std::array<int, 2> second{};
  ASSERT_EQ(::pipe2(first.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(second.data(), O_CLOEXEC), 0);
  const UniqueFd from_first(first[0]);
  const UniqueFd from_second(second[0]);
  UniqueFd a(first[1]);
  UniqueFd b(second[1]);
  const auto child = StartHeir(Shell("echo a >&3; echo b >&4", {a.get(), b.get()}));
  ASSERT_TRUE(child) << child.error().Text();
  a.reset();
  b.reset();
  EXPECT_EQ(AsText(*ReadAll(from_first.get(), 10, "")), "a\n");
  EXPECT_EQ(AsText(*ReadAll(from_second.get(), 10, "")), "b\n");
  EXPECT_EQ(ExitCodeOf(*child), 0);
}

TEST(Heir, IsNotEndedByAHangupThatItDoesNotKnowOfYet) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::pipe2(pair.data(), O_CLOEXEC), 0);
  const UniqueFd reading(pair[0]);
  UniqueFd writing(pair[1]);
  const auto child = StartHeir(Shell("kill -HUP $$; echo lives >&3", {writing.get()}));
  ASSERT_TRUE(child) << child.error().Text();
  writing.reset();
  EXPECT_EQ(AsText(*ReadAll(reading.get(), 100, "pipe")), "lives\n");
  EXPECT_EQ(ExitCodeOf(*child), 0);
}

TEST(Heir, TellsWhatCannotBeRun) {
  const auto child = StartHeir({"/nonexistent/program", {}, {}, ""});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kNotFound);
  EXPECT_EQ(BecomeHeir("/nonexistent/program", {}, {}).code, Code::kNotFound);
}

}  // namespace
}  // namespace secretfs
