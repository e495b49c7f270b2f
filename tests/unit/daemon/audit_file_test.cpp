#include "daemon/audit_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace files = std::filesystem;

class AuditFileTest : public testing::Test {
 protected:
  std::unique_ptr<AuditFile> Open(uint64_t most_bytes = 1U << 20U, unsigned keep = 3) const {
    return AuditFile::Open({.file = path_, .most_bytes = most_bytes, .keep = keep}).value();
  }
  static std::string Text(const std::string& path) {
    return std::string(AsText(ReadFile(path, 1U << 24U).value()));
  }
  /// Writes one line.
  static void Write(AuditFile& file, const std::string& line) {
    file.Add(line + "\n");
    EXPECT_TRUE(file.Flush());
  }
  testkit::TempDir folder_;
  std::string path_ = folder_.path() + "/audit.jsonl";
};

TEST_F(AuditFileTest, IsPutAsideWhenTheNextLineWouldMakeItTooLarge) {
  const auto file = Open(10, 2);
  for (const char* line : {"1111", "2222", "3333", "4444", "5555", "6666", "7777"}) {
    Write(*file, line);
  }
  EXPECT_EQ(Text(path_), "7777\n");
  EXPECT_EQ(Text(path_ + ".1"), "5555\n6666\n");
  EXPECT_EQ(Text(path_ + ".2"), "3333\n4444\n");
  EXPECT_FALSE(files::exists(path_ + ".3"));
}

TEST_F(AuditFileTest, ManyLinesAtOnceFillSeveralFiles) {
  const auto file = Open(10, 5);
  for (const char* line : {"1111\n", "2222\n", "3333\n", "4444\n", "5555\n"}) file->Add(line);
  ASSERT_TRUE(file->Flush());
  EXPECT_EQ(Text(path_ + ".2") + Text(path_ + ".1") + Text(path_),
            "1111\n2222\n3333\n4444\n5555\n");
  EXPECT_EQ(Text(path_), "5555\n");
}

TEST_F(AuditFileTest, ALineThatIsTooLargeByItselfIsWrittenNevertheless) {
  const auto file = Open(10, 1);
  Write(*file, std::string(200'000, 'x'));
  Write(*file, "short");
  EXPECT_EQ(Text(path_ + ".1").size(), 200'001U);
  EXPECT_EQ(Text(path_), "short\n");
}

TEST_F(AuditFileTest, OneThatWasThereCountsWithItsSize) {
  Write(*Open(10, 1), "11111111");
  Write(*Open(10, 1), "2");
  EXPECT_EQ(Text(path_ + ".1"), "11111111\n");
}

TEST_F(AuditFileTest, WhereNoneAreKeptTheFullOneGoes) {
  const auto file = Open(10, 0);
  for (const char* line : {"1111", "2222", "3333"}) Write(*file, line);
  EXPECT_EQ(Text(path_), "3333\n");
  EXPECT_FALSE(files::exists(path_ + ".1"));
}

TEST_F(AuditFileTest, ANewOneHasTheModeOfTheOldOne) {
  const auto file = Open(10, 1);
  Write(*file, "1111");
  struct stat st {};
  ASSERT_EQ(stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  Write(*file, "222222");
  ASSERT_EQ(stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0640U);
  EXPECT_EQ(Text(path_), "222222\n");
}

TEST_F(AuditFileTest, WhenItCannotBePutAsideItGrowsAndSaysSoOnce) {
  const auto file = Open(10, 1);
  files::create_directories(path_ + ".1/full");
  for (const char* line : {"1111", "2222", "3333", "4444"}) Write(*file, line);
  EXPECT_EQ(Text(path_), "1111\n2222\n3333\n4444\n");
  const auto error = file->TakeRotationError();
  ASSERT_TRUE(error);
  EXPECT_NE(error->Text().find("cannot put the audit file aside"), std::string::npos);
  EXPECT_FALSE(file->TakeRotationError());
}

TEST_F(AuditFileTest, IsMadeAnewWhenSomebodyElseMovedOrRemovedIt) {
  const auto file = Open();
  Write(*file, "1111");
  files::rename(path_, path_ + ".old");
  Write(*file, "2222");
  EXPECT_EQ(Text(path_ + ".old"), "1111\n");
  EXPECT_EQ(Text(path_), "2222\n");
  files::remove(path_);
  Write(*file, "3333");
  EXPECT_EQ(Text(path_), "3333\n");
}

TEST_F(AuditFileTest, WhatSomebodyElseEmptiedBeginsAnew) {
  const auto file = Open(10, 1);
  Write(*file, "11111111");
  files::resize_file(path_, 0);
  Write(*file, "2222");
  EXPECT_EQ(Text(path_), "2222\n");
  EXPECT_FALSE(files::exists(path_ + ".1"));
}

TEST_F(AuditFileTest, WhileItsFolderIsGoneLinesAreKeptAndThenWritten) {
  const std::string folder = folder_.path() + "/log";
  files::create_directory(folder);
  path_ = folder + "/audit";
  const auto file = Open();
  files::remove_all(folder);
  file->Add("1111\n");
  EXPECT_FALSE(file->Flush());
  EXPECT_EQ(file->waiting(), 1U);
  files::create_directory(folder);
  EXPECT_TRUE(file->Flush());
  EXPECT_EQ(Text(path_), "1111\n");
  EXPECT_EQ(file->waiting(), 0U);
  EXPECT_EQ(file->lost(), 0U);
}

TEST_F(AuditFileTest, AFullDiskKeepsSomeMiBAndCountsTheRest) {
  path_ = "/dev/full";
  const auto file = Open();
  const std::string line(64 * 1024, 'x');
  constexpr unsigned kLines = 80;  // 64 of them are 4 MiB
  for (unsigned i = 0; i < kLines; ++i) {
    file->Add(line);
    EXPECT_FALSE(file->Flush());
  }
  EXPECT_EQ(file->waiting(), 64U);
  EXPECT_EQ(file->lost(), 16U);
}

TEST_F(AuditFileTest, RefusalsDoNotPushOutWhatWasGranted) {
  path_ = "/dev/full";
  const auto full = Open();
  full->Add("granted first\n", true);
  for (unsigned i = 0; i < 200; ++i) full->Add(std::string(64 * 1024, 'x') + "\n", false);
  full->Add("granted last\n", true);
  EXPECT_FALSE(full->Flush());
  EXPECT_EQ(full->waiting(), 65U);
  EXPECT_EQ(full->lost(), 137U);
  path_ = folder_.path() + "/next";
  const auto next = Open(64U << 20U);
  next->Add("newest\n");
  next->TakeFrom(*full);
  EXPECT_EQ(full->waiting(), 0U);
  EXPECT_TRUE(next->Flush());
  const std::string text = Text(path_);
  EXPECT_TRUE(text.starts_with("granted first\nxxx"));
  EXPECT_TRUE(text.ends_with("xxx\ngranted last\nnewest\n"));
}

TEST_F(AuditFileTest, ALineThatWasCutShortIsWrittenAgainAndStandsAlone) {
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  const auto file = Open();
  const rlimit cut{7, old.rlim_max};  // as a disk that is full after a line and a half
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &cut), 0);
  file->Add("1111\n");
  file->Add("2222\n");
  EXPECT_FALSE(file->Flush());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_TRUE(file->Flush());
  EXPECT_EQ(Text(path_), "1111\n22\n2222\n");
  EXPECT_EQ(file->lost(), 0U);
}

TEST_F(AuditFileTest, WhatIsNoRegularFileIsNeverPutAside) {
  path_ = "/dev/null";
  const auto file = Open(1, 1);
  for (int i = 0; i < 3; ++i) Write(*file, "11111");
  EXPECT_FALSE(file->TakeRotationError());
}

TEST_F(AuditFileTest, AFolderThatIsNotThereIsAnErrorWithAdvice) {
  path_ = folder_.path() + "/no/such";
  const auto file = AuditFile::Open({.file = path_});
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().Text().find("cannot open the audit file"), std::string::npos);
  EXPECT_NE(file.error().hint.find("mkdir"), std::string::npos);
}

}  // namespace
}  // namespace secretfs
