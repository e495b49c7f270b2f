#include "crypto/lock.h"

#include <atomic>
#include <thread>

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

/// Counts what it is asked and what it opens; "right" is the right passphrase.
struct Scene {
  std::vector<SecretPtr> answer;
  std::optional<Error> no_answer;
  std::optional<Error> fault;  // of opening
  std::function<void()> on_ask;
  std::atomic<int> asked = 0;
  std::atomic<int> opened = 0;
  Lock lock{"id.age",
            [this](const std::string& of) -> Result<std::vector<SecretPtr>> {
              EXPECT_EQ(of, "id.age");
              ++asked;
              if (on_ask) on_ask();
              if (no_answer) return *no_answer;
              return answer;
            },
            [this](const SecretPtr& passphrase) -> Result<std::vector<IdentityPtr>> {
              ++opened;
              if (fault) return *fault;
              if (ToText(*passphrase) != "right") {
                return Error{Code::kNoMatch, "wrong passphrase", "", ""};
              }
              return std::vector<IdentityPtr>{std::make_shared<FakeIdentity>("key")};
            }};
  void Answer(std::initializer_list<std::string_view> texts) {
    answer.clear();
    for (const auto text : texts)
      answer.push_back(std::make_shared<const SecretBytes>(Secret(text)));
  }
};

TEST(Lock, OpensOnce) {
  Scene scene;
  scene.Answer({"right"});
  EXPECT_TRUE(scene.lock.Unlocked().empty());
  ASSERT_TRUE(scene.lock.Unlock());
  EXPECT_EQ(scene.lock.Unlock().value().size(), 1U);
  EXPECT_EQ(scene.lock.Unlocked().size(), 1U);
  EXPECT_EQ(scene.asked, 1);
  EXPECT_EQ(scene.opened, 1);
}

TEST(Lock, TriesAllPassphrases) {
  Scene scene;
  scene.Answer({"", "wrong", "right"});
  EXPECT_TRUE(scene.lock.Unlock());
  EXPECT_EQ(scene.opened, 2);
}

TEST(Lock, AsksAgainAfterAFailureAndTriesOnlyWhatIsNew) {
  Scene scene;
  scene.Answer({"wrong"});
  for (int i = 0; i < 3; ++i) {
    const auto failure = scene.lock.Unlock();
    ASSERT_EQ(FailureOf(failure), Code::kNoMatch);
    EXPECT_EQ(failure.error().what, "wrong passphrase");
    scene.Answer({"wrong"});  // another copy
  }
  EXPECT_EQ(scene.asked, 3);
  EXPECT_EQ(scene.opened, 1);
  scene.Answer({"wrong", "right"});
  EXPECT_TRUE(scene.lock.Unlock());
  EXPECT_EQ(scene.opened, 2);
}

TEST(Lock, MakesEveryFailureAReasonNotToMatch) {
  Scene scene;
  scene.no_answer = Error{Code::kNotFound, "there is no credential", "", "add it"};
  auto failure = scene.lock.Unlock();
  ASSERT_EQ(FailureOf(failure), Code::kNoMatch);
  EXPECT_EQ(failure.error().what, "no passphrase: there is no credential");
  EXPECT_EQ(failure.error().hint, "add it");
  scene.no_answer.reset();
  scene.Answer({""});
  EXPECT_EQ(scene.lock.Unlock().error().what, "the passphrase is empty");
  scene.Answer({"right"});
  scene.fault = Error{Code::kPayload, "cut short", "id.age", ""};
  failure = scene.lock.Unlock();
  ASSERT_EQ(FailureOf(failure), Code::kNoMatch);
  EXPECT_EQ(failure.error().what, "cut short");
  EXPECT_EQ(failure.error().where, "id.age");
}

TEST(Lock, TriesAgainAfterALackOfMemory) {
  Scene scene;
  scene.Answer({"right"});
  scene.fault = Error{Code::kResource, "no memory", "", ""};
  EXPECT_EQ(FailureOf(scene.lock.Unlock()), Code::kNoMatch);
  scene.fault.reset();
  EXPECT_TRUE(scene.lock.Unlock());
}

TEST(Lock, SaysHowToGiveAPassphraseWhenThereIsNobodyToAsk) {
  const Lock lock("id.age", {}, {});
  const auto failure = lock.Unlock();
  ASSERT_EQ(FailureOf(failure), Code::kNoMatch);
  EXPECT_EQ(failure.error().what, "no passphrase was given");
  EXPECT_NE(failure.error().hint.find("--passphrase-fd"), std::string::npos);
}

TEST(Lock, ManyThreadsAskAndOpenOnce) {
  constexpr int kThreads = 8;
  Scene scene;
  scene.Answer({"right"});
  std::atomic<int> started = 0;
  scene.on_ask = [&] {  // gives the others time to come in
    while (started < kThreads) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++started;
      EXPECT_TRUE(scene.lock.Unlock());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(scene.asked, 1);
  EXPECT_EQ(scene.opened, 1);
}

}  // namespace
}  // namespace secretfs::age
