#include "daemon/health.h"

#include <gtest/gtest.h>

#include "daemon/own_file.h"
#include "tests/unit/fs/takeover.h"

namespace secretfs {
namespace {

using fs::Becomes;
using fs::Server;
using fs::Texts;

TEST(HealthFile, HasItsValueFromTheBeginning) {
  const testkit::FakeClock clock;
  const auto file = HealthFile(clock);
  ASSERT_TRUE(file) << file.error().Text();
  const ValuePtr value = file->entry->value();
  ASSERT_TRUE(value);
  EXPECT_EQ(AsText(value->bytes.Expose()), HealthText());
  EXPECT_FALSE(file->entry->spec().recorded);
}

class HealthTest : public fs::TakeoverTest {
 protected:
  void CopyMount() {
    if (!mount_.device) return;
    auto copy = fs::WritableCopy(mount_);
    ASSERT_TRUE(copy) << copy.error().Text();
    mount_.root = *std::move(copy);
  }
  std::atomic<int> well_ = 0;
};

TEST_F(HealthTest, OpensTheFileAnewEachTime) {
  ASSERT_NO_FATAL_FAILURE(CopyMount());
  const Server server(mount_, state_.get(), Texts{{kHealthFile, HealthText()}});
  Health health(mount_, [this] { ++well_; });
  const EntryUsage& usage = server.entries.at(kHealthFile)->usage();
  EXPECT_TRUE(Becomes([&] { return usage.opens >= 2; }));
  EXPECT_GE(well_, 2);
  EXPECT_TRUE(health.Stop());
}

TEST_F(HealthTest, IsToldThoughTheWayToTheFileIsBarred) {
  ASSERT_NO_FATAL_FAILURE(CopyMount());
  Server server(mount_, state_.get(), Texts{{kHealthFile, std::nullopt}});  // nobody answers
  {
    Health health(mount_, [this] { ++well_; });
    EXPECT_TRUE(Becomes([&] { return well_ >= 4; }));
    Abort();  // lets the one go who is on that way
    EXPECT_TRUE(health.Stop());
  }
}

TEST_F(HealthTest, KeepsNothingOpenInAMountWithoutACopy) {
  const Server server(mount_, state_.get(), Texts{{kHealthFile, HealthText()}});
  Health health(mount_, [this] { ++well_; });
  EXPECT_TRUE(Becomes([&] { return well_ >= 3; }));
  EXPECT_TRUE(Becomes([&] { return ::umount2(mount_.path.c_str(), 0) == 0; }));
  EXPECT_TRUE(health.Stop());
}

TEST_F(HealthTest, IsNotToldWhileNobodyServes) {
  ASSERT_NO_FATAL_FAILURE(CopyMount());
  { const Server server(mount_, state_.get(), Texts{}); }
  Health health(mount_, [this] { ++well_; });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(well_, 0);
  Abort();
  EXPECT_TRUE(health.Stop());
  EXPECT_EQ(well_, 0);
}

}  // namespace
}  // namespace secretfs
