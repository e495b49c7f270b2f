#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <thread>

#include "base/unique_fd.h"
#include "tests/testkit/recording_log.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

using testing::ElementsAre;

/// The one line that `fields` make.
std::string LineOf(std::initializer_list<Field> fields) {
  testkit::RecordingLog log;
  log.Info("tried", fields);
  EXPECT_EQ(log.lines().size(), 1U);
  return log.lines().front();
}

TEST(Log, IsOneLineOfLevelEventAndFields) {
  testkit::RecordingLog log;
  log.Debug("a", {});
  log.Info("b", {{"source", "work"}});
  log.Warning("refresh_failed", {{"source", "work"}, {"retry_s", 30}});
  log.Error("c", {{"code", std::string("unavailable")}});
  EXPECT_THAT(log.lines(), ElementsAre("debug event=a", "info event=b source=work",
                                       "warning event=refresh_failed source=work retry_s=30",
                                       "error event=c code=unavailable"));
}

TEST(Log, WritesNumbersWhole) {
  EXPECT_EQ(LineOf({{"n", -1}, {"u", std::numeric_limits<uint64_t>::max()}, {"b", true}}),
            "info event=tried n=-1 u=18446744073709551615 b=1");
}

TEST(Log, QuotesWhatWouldReadAsMoreThanOneValue) {
  EXPECT_EQ(LineOf({{"a", ""}, {"b", "x"}}), "info event=tried b=x") << "nothing to say";
  EXPECT_EQ(LineOf({{"a", "two words"}}), "info event=tried a=\"two words\"");
  EXPECT_EQ(LineOf({{"a", "x=y"}}), "info event=tried a=\"x=y\"");
  EXPECT_EQ(LineOf({{"a", "say \"hi\""}}), "info event=tried a=\"say \\\"hi\\\"\"");
  EXPECT_EQ(LineOf({{"a", "end\\ \""}}), "info event=tried a=\"end\\\\ \\\"\"");
  EXPECT_EQ(LineOf({{"a", "no-quotes/needed:1"}}), "info event=tried a=no-quotes/needed:1");
}

TEST(Log, AValueCannotForgeAFieldOrALine) {
  for (const char* evil : {"x\nerror event=forged", "x\rerror event=forged", "x error event=forged",
                           "x\xe2\x80\xa8"
                           "error event=forged",
                           "x\" event=forged", "x\\\" event=forged",
                           "\xc2\x85"
                           "event=forged",
                           "x\x1b[2Kevent=forged", "x\tevent=forged"}) {
    const std::string line = LineOf({{"path", evil}});
    EXPECT_EQ(line.find_first_of("\n\r\t\x1b"), std::string::npos) << line;
    // All of it stays inside one pair of quotes.
    ASSERT_TRUE(line.starts_with("info event=tried path=\"")) << line;
    ASSERT_EQ(line.back(), '"');
    const std::string inside = line.substr(23, line.size() - 24);
    for (size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] == '\\') {
        ++i;
      } else {
        EXPECT_NE(inside[i], '"') << line;
      }
    }
  }
}

TEST(Log, ANulByteDoesNotCutTheLine) {
  EXPECT_EQ(LineOf({{"a", std::string_view("x\0y", 3)}, {"b", 1}}),
            "info event=tried a=x\\x00y b=1");
}

TEST(RecordingLog, CountsLines) {
  testkit::RecordingLog log;
  log.Info("a", {});
  log.Info("ab", {});
  EXPECT_EQ(log.Count("event=a"), 2U);
  EXPECT_EQ(log.Count("event=ab"), 1U);
}

// --- Standard error ---------------------------------------------------------------------------

/// Standard error goes into a file while this lives.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    const UniqueFd file(::open(path().c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600));
    ::dup2(file.get(), STDERR_FILENO);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  ~CapturedStderr() { ::dup2(saved_.get(), STDERR_FILENO); }
  [[nodiscard]] std::string path() const { return dir_ / "stderr"; }
  [[nodiscard]] std::string Text() const { return testkit::TempDir::Read(path()); }
  /// What systemd would tell us if this file were the journal's socket.
  [[nodiscard]] std::string JournalStream() const {
    struct stat st {};
    ::stat(path().c_str(), &st);
    return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
  }

 private:
  testkit::TempDir dir_;
  UniqueFd saved_;
};

class StderrLogTest : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv("JOURNAL_STREAM"); }
};

TEST_F(StderrLogTest, WritesLinesAtOrAboveItsLevelAtOnce) {
  ::unsetenv("JOURNAL_STREAM");
  const CapturedStderr captured;
  const auto log = StderrLog(Level::kWarning);
  log->Debug("no", {});
  log->Info("no", {});
  log->Warning("yes", {{"n", 1}});
  log->Error("yes", {{"n", 2}});
  EXPECT_EQ(captured.Text(), "warning event=yes n=1\nerror event=yes n=2\n");
}

TEST_F(StderrLogTest, BracesInValuesAreOnlyBraces) {
  ::unsetenv("JOURNAL_STREAM");
  const CapturedStderr captured;
  StderrLog(Level::kDebug)->Debug("x", {{"path", "{}%s%v{0}"}});
  EXPECT_EQ(captured.Text(), "debug event=x path={}%s%v{0}\n");
}

TEST_F(StderrLogTest, SpeaksTheJournalsPrefixesToTheJournal) {
  const CapturedStderr captured;
  ::setenv("JOURNAL_STREAM", captured.JournalStream().c_str(), 1);
  const auto log = StderrLog(Level::kDebug);
  log->Debug("x", {});
  log->Info("x", {});
  log->Warning("x", {});
  log->Error("x", {});
  EXPECT_EQ(captured.Text(), "<7>event=x\n<6>event=x\n<4>event=x\n<3>event=x\n");
}

TEST_F(StderrLogTest, InheritedJournalStreamOfAnotherStreamIsNotTheJournal) {
  const CapturedStderr captured;
  for (const char* other : {"1:2", "", "garbage", ":"}) {
    ::setenv("JOURNAL_STREAM", other, 1);
    StderrLog(Level::kInfo)->Info("x", {});
  }
  EXPECT_EQ(captured.Text(), "info event=x\ninfo event=x\ninfo event=x\ninfo event=x\n");
}

TEST_F(StderrLogTest, LinesOfThreadsDoNotMix) {
  ::unsetenv("JOURNAL_STREAM");
  const CapturedStderr captured;
  const auto log = StderrLog(Level::kInfo);
  {
    std::vector<std::jthread> threads;
    for (const char c : {'a', 'b', 'c', 'd'}) {
      threads.emplace_back([&log, c] {
        for (int i = 0; i < 100; ++i) log->Info("x", {{"v", std::string(200, c)}});
      });
    }
  }
  std::istringstream lines(captured.Text());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_EQ(line, "info event=x v=" + std::string(200, line.back()));
  }
  EXPECT_EQ(count, 400);
}

}  // namespace
}  // namespace secretfs
