#include "fs/connection.h"

#include <gtest/gtest.h>

#include "tests/testkit/temp_dir.h"

namespace secretfs::fs {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    std::filesystem::create_directory(folder_ / "57");
    (void)folder_.Write("57/waiting", "3\n");
    (void)folder_.Write("57/abort", "");
  }
  const testkit::TempDir folder_;
};

TEST_F(ConnectionTest, TellsWhoWaitsAndCanBeAborted) {
  const auto connection = Connection::Open("0:57", folder_.path());
  ASSERT_TRUE(connection) << connection.error().Text();
  EXPECT_EQ(*connection->Waiting(), 3U);
  (void)folder_.Write("57/waiting", "12\n");
  EXPECT_EQ(*connection->Waiting(), 12U);
  ASSERT_TRUE(connection->Abort());
  EXPECT_EQ(testkit::TempDir::Read(folder_ / "57/abort"), "1");
}

TEST_F(ConnectionTest, IsGoneWhenNothingIsToldAnyMore) {
  const auto connection = Connection::Open("0:57", folder_.path());
  ASSERT_TRUE(connection);
  (void)folder_.Write("57/waiting", "");
  EXPECT_EQ(connection->Waiting().error().code, Code::kNotFound);
  EXPECT_EQ(Connection::Open("0:58", folder_.path()).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace secretfs::fs
