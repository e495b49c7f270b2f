#include "cli/audit_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/testkit/temp_dir.h"

namespace secretfs {
namespace {

namespace files = std::filesystem;

class AuditReaderTest : public testing::Test {
 protected:
  void Append(const std::string& text, const std::string& suffix = "") const {
    std::ofstream(path_ + suffix, std::ios::app) << text;
  }
  /// What the daemon does when the file is full.
  void Rotate(unsigned keep = 3) const {
    for (unsigned n = keep; n > 0; --n) {
      const std::string from = n == 1 ? path_ : path_ + "." + std::to_string(n - 1);
      if (files::exists(from)) files::rename(from, path_ + "." + std::to_string(n));
    }
    Append("");
  }
  static std::vector<std::string> All(AuditReader& reader) {
    std::vector<std::string> lines;
    while (const auto line = reader.Next().value()) lines.push_back(*line);
    return lines;
  }
  using Lines = std::vector<std::string>;
  testkit::TempDir folder_;
  std::string path_ = folder_.path() + "/audit";
};

TEST_F(AuditReaderTest, ReadsWhatWasPutAsideFirst) {
  Append("1\n", ".2");
  Append("2\n3\n", ".1");
  Append("4\n");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), (Lines{"1", "2", "3", "4"}));
  EXPECT_EQ(All(reader), Lines{});
  EXPECT_EQ(reader.damaged(), 0U);
}

TEST_F(AuditReaderTest, GoesOnOverRotations) {
  Append("1\n");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), Lines{"1"});
  Append("2\n");
  Rotate();
  Append("3\n");
  Rotate();
  Append("4\n");
  EXPECT_EQ(All(reader), (Lines{"2", "3", "4"}));
  Append("5\n");
  EXPECT_EQ(All(reader), Lines{"5"});
}

TEST_F(AuditReaderTest, GoesOnWithTheOldestWhenItsOwnFileIsGone) {
  Append("1\n");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), Lines{"1"});
  for (const char* line : {"2\n", "3\n", "4\n"}) {
    Rotate(2);
    Append(line);
  }
  EXPECT_EQ(All(reader), (Lines{"2", "3", "4"}));
}

TEST_F(AuditReaderTest, WaitsForTheRestOfALine) {
  Append("ab");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), Lines{});
  Append("cd\n");
  EXPECT_EQ(All(reader), Lines{"abcd"});
}

TEST_F(AuditReaderTest, WhatWasEmptiedBeginsAnew) {
  Append("1\n2\n");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), (Lines{"1", "2"}));
  files::resize_file(path_, 0);
  Append("3\n");
  EXPECT_EQ(All(reader), Lines{"3"});
}

TEST_F(AuditReaderTest, LinesThatAreCutOrTooLongAreCounted) {
  Append("1\nhalf", ".1");
  Append(std::string(300'000, 'x') + "\n\n2\n");
  auto reader = AuditReader::Open(path_).value();
  EXPECT_EQ(All(reader), (Lines{"1", "2"}));
  EXPECT_EQ(reader.damaged(), 2U);
}

TEST_F(AuditReaderTest, AFileThatIsNotThereIsAnError) {
  const auto reader = AuditReader::Open(path_);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace secretfs
