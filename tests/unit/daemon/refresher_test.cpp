#include "daemon/refresher.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <string>

#include "tests/testkit/entries.h"

namespace secretfs {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testkit::MakeTestValue;
using testkit::TextEntry;

class RefresherTest : public testing::Test {
 protected:
  ~RefresherTest() override { refresher_.Stop(); }

  static EntryPtr Document(const std::string& name, milliseconds refresh = hours(1)) {
    return testkit::RemoteDocument(name, "work", {}, refresh);
  }
  /// Waits for the next that is made; if it does not come, the test hangs.
  std::string NextMade() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !made_.empty(); });
    const std::string name = made_.front();
    made_.erase(made_.begin());
    return name;
  }
  void Succeed(const EntryPtr& entry) {
    entry->Publish(MakeTestValue("v"), clock_.Steady(), {});
    refresher_.Tried(entry);
  }

  const SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> made_;
  Refresher refresher_{{clock_, [] { return 0.0; },
                        [this](const EntryPtr& entry) {
                          const std::lock_guard lock(mutex_);
                          made_.push_back(entry->name());
                          changed_.notify_all();
                        }}};
};

TEST_F(RefresherTest, FetchesWhatIsDeclaredAndAgain) {
  const auto document = Document("item", milliseconds(1));
  refresher_.Declare({document});
  refresher_.Run();
  EXPECT_EQ(NextMade(), "item");
  Succeed(document);
  EXPECT_EQ(NextMade(), "item");
}

TEST_F(RefresherTest, FetchesWhatAReloadDeclares) {
  refresher_.Run();
  refresher_.Declare({Document("new")});
  EXPECT_EQ(NextMade(), "new");
}

TEST_F(RefresherTest, TriesAtOnceWhenTheNetworkChanges) {
  const auto document = Document("item");
  refresher_.Declare({document});
  refresher_.Run();
  EXPECT_EQ(NextMade(), "item");
  Error silent{Code::kUnavailable, "does not answer", "", ""};
  silent.retry_after = hours(1);
  document->Fail(silent, clock_.Steady());
  refresher_.Tried(document);
  refresher_.NetworkChanged();
  EXPECT_EQ(NextMade(), "item");
}

TEST_F(RefresherTest, ByHandTheDocumentComesFirstAndThenTheSecret) {
  const auto document = Document("item");
  Succeed(document);
  refresher_.Declare({document});
  const auto secret = testkit::SecretOf(document, "secret");
  refresher_.RefreshNow(secret);
  EXPECT_EQ(refresher_.refreshes().asked, 1U);
  EXPECT_EQ(refresher_.refreshes().answered, 0U);
  refresher_.Run();
  EXPECT_EQ(NextMade(), "item");
  Succeed(document);
  EXPECT_EQ(NextMade(), "secret");
  EXPECT_EQ(refresher_.refreshes().answered, 0U);
  Succeed(secret);
  EXPECT_EQ(refresher_.refreshes().answered, 1U);
}

TEST_F(RefresherTest, ByHandALocalOneToo) {
  const auto secret = TextEntry("local");
  refresher_.RefreshNow(secret);
  refresher_.Run();
  EXPECT_EQ(NextMade(), "local");
  Succeed(secret);
  EXPECT_EQ(refresher_.refreshes().answered, 1U);
}

TEST_F(RefresherTest, AllAreTheRemoteOnesAndThoseThatWereWanted) {
  const auto document = Document("item");
  const auto wanted = TextEntry("wanted");
  (void)wanted->LockMaking();
  refresher_.RefreshAll({testkit::SecretOf(document, "one"), testkit::SecretOf(document, "two"),
                         TextEntry("never wanted"), wanted});
  refresher_.Run();
  EXPECT_EQ(NextMade(), "wanted");
  EXPECT_EQ(NextMade(), "item");
  Succeed(wanted);
  EXPECT_EQ(refresher_.refreshes().answered, 0U);
  Succeed(document);
  EXPECT_EQ(refresher_.refreshes().answered, 1U);
}

TEST_F(RefresherTest, AnsweredInTheirOrder) {
  const auto slow = TextEntry("slow");
  const auto quick = TextEntry("quick");
  refresher_.RefreshNow(slow);
  refresher_.RefreshNow(quick);
  Succeed(quick);
  EXPECT_EQ(refresher_.refreshes().answered, 0U);
  Succeed(slow);
  EXPECT_EQ(refresher_.refreshes().answered, 2U);
}

TEST_F(RefresherTest, ToRefreshNothingIsDoneAtOnce) {
  refresher_.RefreshAll({});
  EXPECT_EQ(refresher_.refreshes().asked, 1U);
  EXPECT_EQ(refresher_.refreshes().answered, 1U);
}

}  // namespace
}  // namespace secretfs
