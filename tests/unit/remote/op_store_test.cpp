#include "remote/op_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/testkit/fake_call.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/secret_text.h"
#include "tests/testkit/service_token.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testkit::FakeCall;
using testkit::TempDir;
using testkit::TextOf;

const std::string kVault = "vvvvvvvvvvvvvvvvvvvvvvvvv1";
const std::string kItem = "iiiiiiiiiiiiiiiiiiiiiiiii1";
const std::string kOther = "iiiiiiiiiiiiiiiiiiiiiiiii2";

/// Over tests/peers/fake_op, which has one vault, "infra", with the items "db" and "web".
class OpStore : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(TEST_DATA "/../peers/fake_op", dir_ / "op");
    ASSERT_EQ(::chmod((dir_ / "op").c_str(), 0700), 0);
    token_ = testkit::ServiceTokenOf(testkit::ServiceTokenJson());
    Put("token", token_);
    (void)dir_.Write("token", token_ + "\n");
    Put("vaults.json", json::array({{{"id", kVault}, {"name", "infra"}}}).dump());
    Put(kVault + "/items.json",
        json::array({{{"id", kItem}, {"title", "db"}}, {{"id", kOther}, {"title", "web"}}}).dump());
    PutItem(kItem, 3, {{"password", "hush"}, {"user", "admin"}});
    PutItem(kOther, 1, {{"key", "shh"}});
    Make(false);
  }
  void Make(bool batch) {
    auto store = MakeOpStore({dir_ / "op", dir_ / "token", dir_ / "config", batch, clock_});
    ASSERT_TRUE(store);
    store_ = *store;
  }
  void Put(const std::string& name, const std::string& text) {
    const std::string file = "op.d/" + name;
    std::filesystem::create_directories(std::filesystem::path(dir_ / file).parent_path());
    (void)dir_.Write(file, text);
  }
  void PutItem(const std::string& id, int version, const std::map<std::string, std::string>& fields,
               const json& files = json::array()) {
    json item{{"id", id}, {"title", id}, {"version", version}, {"files", files}};
    item["fields"] = json::array();
    for (const auto& [name, value] : fields) {
      item["fields"].push_back(
          {{"id", name + "_id"}, {"type", "CONCEALED"}, {"label", name}, {"value", value}});
      Put(kVault + "/" + id + ".d/" + name, value);
    }
    Put(kVault + "/" + id + ".json", item.dump());
  }
  void Fault(const std::string& fault) { Put("fault", fault); }
  void Heal() { std::filesystem::remove(dir_ / "op.d/fault"); }

  Result<Given> Fetch(const std::vector<std::string>& refs, const std::string& version = "") {
    return store_->Fetch({store_->DocumentOf(refs.front()), refs, version}, call_);
  }
  std::vector<std::string> Texts(const std::vector<std::string>& refs) {
    const auto given = Fetch(refs);
    if (!given) return {"failed: " + given.error().Text()};
    std::vector<std::string> texts;
    for (const FetchedSecret& secret : given->secrets) texts.push_back(TextOf(secret.value));
    return texts;
  }
  Error Failure(const std::vector<std::string>& refs) {
    const auto given = Fetch(refs);
    EXPECT_FALSE(given);
    return given ? Error{} : given.error();
  }
  /// What op was run for since this was last asked.
  std::vector<std::string> Calls() {
    std::vector<std::string> calls;
    std::ifstream file(dir_ / "op.d/calls");
    for (std::string line; std::getline(file, line);) {
      calls.push_back(line.substr(0, line.find(' ', line.find(' ') + 1)));
    }
    std::filesystem::remove(dir_ / "op.d/calls");
    return calls;
  }

  TempDir dir_;
  std::shared_ptr<testkit::FakeClock> clock_ = std::make_shared<testkit::FakeClock>();
  std::string token_;
  RemoteStorePtr store_;
  FakeCall call_;
};

TEST_F(OpStore, FetchesAllFieldsOfAnItemWithOneRequest) {
  EXPECT_THAT(Texts({"op://infra/db/password", "op://infra/db/user"}),
              ElementsAre("hush", "admin"));
  EXPECT_THAT(Calls(), ElementsAre("vault list", "item list", "item get"));
  EXPECT_EQ(call_.spent, 4U);
  EXPECT_THAT(Texts({"op://infra/web/key"}), ElementsAre("shh"));
  EXPECT_THAT(Calls(), ElementsAre("item get"));
  EXPECT_EQ(store_->DocumentOf("op://infra/db/password"), store_->DocumentOf("op://infra/db/user"));
}

TEST_F(OpStore, NeedsNoListsForIds) {
  EXPECT_THAT(Texts({"op://" + kVault + "/" + kItem + "/user"}), ElementsAre("admin"));
  EXPECT_THAT(Calls(), ElementsAre("item get"));
  EXPECT_EQ(call_.spent, 1U);
}

TEST_F(OpStore, GivesOpAnEnvironmentOfItsOwn) {
  ASSERT_EQ(::setenv("OP_CONNECT_HOST", "http://x", 1), 0);
  ASSERT_EQ(::setenv("OP_CONNECT_TOKEN", "x", 1), 0);
  EXPECT_THAT(Texts({"op://" + kVault + "/" + kItem + "/user"}), ElementsAre("admin"));
  ::unsetenv("OP_CONNECT_HOST");
  ::unsetenv("OP_CONNECT_TOKEN");
  EXPECT_EQ(TempDir::Read(dir_ / "op.d/environment"),
            "HOME LC_ALL OP_CACHE OP_CONFIG_DIR OP_FORMAT OP_SERVICE_ACCOUNT_TOKEN \n");
}

TEST_F(OpStore, TellsAnItemThatIsTheSameByItsVersion) {
  const auto first = Fetch({"op://infra/db/user"});
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->version.empty());
  const auto again = Fetch({"op://infra/db/user"}, first->version);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->unchanged);
  PutItem(kItem, 4, {{"user", "root"}});
  const auto changed = Fetch({"op://infra/db/user"}, first->version);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->unchanged);
  EXPECT_EQ(TextOf(changed->secrets.at(0).value), "root");
}

TEST_F(OpStore, OneMissingFieldIsNoOtherOnes) {
  const auto texts = Texts({"op://infra/db/absent", "op://infra/db/user"});
  EXPECT_THAT(texts.at(0), HasSubstr("no field or file"));
  EXPECT_EQ(texts.at(1), "admin");
}

TEST_F(OpStore, ReadsFiles) {
  PutItem(kItem, 3, {}, json::array({{{"id", "fileid"}, {"name", "key.pem"}, {"size", 4}}}));
  Put(kVault + "/" + kItem + ".d/fileid", std::string("\0\n\xff\n", 4));
  EXPECT_THAT(Texts({"op://infra/db/key.pem"}), ElementsAre(std::string("\0\n\xff\n", 4)));
  EXPECT_THAT(Calls(), ElementsAre("vault list", "item list", "item get", "read --no-newline"));
}

TEST_F(OpStore, AFileThatCouldNotBeReadIsAskedForAgainThoughTheItemIsTheSame) {
  PutItem(kItem, 3, {}, json::array({{{"id", "fileid"}, {"name", "key.pem"}, {"size", 4}}}));
  Put("fault.read", "say dial tcp: timeout");
  const auto given = Fetch({"op://infra/db/key.pem"});
  ASSERT_TRUE(given);
  EXPECT_FALSE(given->secrets.at(0).value);
  EXPECT_EQ(given->version, "");
}

TEST_F(OpStore, ComputesOneTimePasswords) {
  const std::string ref = "op://infra/db/one-time?attribute=otp";
  EXPECT_TRUE(store_->IsComputed(ref));
  EXPECT_FALSE(store_->IsComputed("op://infra/db/one-time"));
  PutItem(kItem, 3, {{"one-time", "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}});
  const auto given = Fetch({ref});
  ASSERT_TRUE(given);
  ASSERT_TRUE(given->secrets.at(0).value) << given->secrets.at(0).value.error().Text();
  const ByteView fetched = given->secrets.at(0).value->Expose();
  EXPECT_EQ(TextOf(store_->Compute(ref, fetched, WallTime(std::chrono::seconds(59)))), "287082");
}

TEST_F(OpStore, ListsAreNotAskedForAgainWhileTheyAreNew) {
  EXPECT_EQ(Failure({"op://infra/absent/x"}).code, Code::kNotFound);
  EXPECT_EQ(Failure({"op://infra/absent/x"}).code, Code::kNotFound);
  EXPECT_THAT(Calls(), ElementsAre("vault list", "item list"));
  Put(kVault + "/items.json", json::array({{{"id", kItem}, {"title", "absent"}}}).dump());
  clock_->Advance(std::chrono::minutes(16));
  EXPECT_THAT(Texts({"op://infra/absent/user"}), ElementsAre("admin"));
  EXPECT_THAT(Calls(), ElementsAre("item list", "item get"));
}

TEST_F(OpStore, FindsAnItemThatWasMadeAnewUnderItsName) {
  EXPECT_THAT(Texts({"op://infra/db/user"}), ElementsAre("admin"));
  std::filesystem::remove(dir_ / ("op.d/" + kVault + "/" + kItem + ".json"));
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kNotFound);
  Put(kVault + "/items.json", json::array({{{"id", kOther}, {"title", "db"}}}).dump());
  clock_->Advance(std::chrono::minutes(16));
  EXPECT_THAT(Texts({"op://infra/db/key"}), ElementsAre("shh"));
}

TEST_F(OpStore, SeveralItemsOfOneNameAreAnErrorWithTheirIds) {
  Put(kVault + "/items.json",
      json::array({{{"id", kItem}, {"title", "db"}}, {{"id", kOther}, {"title", "db"}}}).dump());
  const Error error = Failure({"op://infra/db/user"});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.hint, HasSubstr(kItem));
  EXPECT_THAT(error.hint, HasSubstr(kOther));
}

// --- The token -----------------------------------------------------------------------------------

TEST_F(OpStore, ATokenThatCannotBeOneIsNotTriedAtAll) {
  (void)dir_.Write("token", token_.substr(0, 50));
  const Error error = Failure({"op://infra/db/user"});
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_THAT(error.what, HasSubstr("cut off"));
  EXPECT_THAT(Calls(), ElementsAre());
  EXPECT_EQ(call_.spent, 0U);
  (void)dir_.Write("token", token_);
  EXPECT_THAT(Texts({"op://infra/db/user"}), ElementsAre("admin"));
  EXPECT_THAT(store_->Files(), ElementsAre(dir_ / "token"));
}

TEST_F(OpStore, AMissingAndARefusedTokenAreToldAsSuch) {
  Put("token", "another");
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kRefused);
  std::filesystem::remove(dir_ / "token");
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kRefused);
}

// --- What can go wrong with op -------------------------------------------------------------------

TEST_F(OpStore, TellsWhatOpSaid) {
  for (const auto& [words, code] : std::vector<std::pair<std::string, Code>>{
           {"(429) Too Many Requests: Please retry in 58 minutes", Code::kLimited},
           {"(401) Unauthorized", Code::kRefused},
           {"(403) Forbidden", Code::kPermission},
           {"dial tcp: no such host", Code::kUnavailable},
           {"More than one item matches", Code::kInvalid}}) {
    Fault("say " + words);
    const Error error = Failure({"op://infra/db/user"});
    EXPECT_EQ(error.code, code) << words;
    EXPECT_EQ(error.what, "op: " + words);
  }
  Fault("mute");
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kUnavailable);
}

TEST_F(OpStore, EndsAnOpThatHangsWithAllItStarted) {
  Fault("hang");
  FakeCall call(std::chrono::milliseconds(1500));
  const auto given = store_->Fetch({"infra/db", {"op://infra/db/user"}, ""}, call);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kTimeout);
  std::ifstream children(dir_ / "op.d/children");
  for (std::string id; std::getline(children, id);) {
    const auto is_gone = [&id] {
      const std::string stat = TempDir::Read("/proc/" + id + "/stat");
      return stat.empty() || stat.find(") Z") != std::string::npos;
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!is_gone() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(is_gone());
  }
}

TEST_F(OpStore, IsNotHeldUpByWhatOpLeavesBehind) {
  Fault("fork");
  EXPECT_THAT(Texts({"op://infra/db/user"}), ElementsAre("admin"));
}

TEST_F(OpStore, TakesNoFlood) {
  Fault("flood");
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kTooLarge);
}

TEST_F(OpStore, WithoutOpTheSourceIsUnavailable) {
  std::filesystem::remove(dir_ / "op");
  const Error error = Failure({"op://infra/db/user"});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.where, dir_ / "op");
}

TEST_F(OpStore, RunsNothingThatTheBudgetDoesNotCover) {
  call_.left = 0;
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kLimited);
  EXPECT_THAT(Calls(), ElementsAre());
}

TEST_F(OpStore, StopEndsWhoWaits) {
  Fault("hang");
  const std::jthread stopper([this] {
    while (TempDir::Read(dir_ / "op.d/children").empty()) std::this_thread::yield();
    store_->Stop();
  });
  EXPECT_EQ(Failure({"op://infra/db/user"}).code, Code::kInterrupted);
}

// --- Batches -------------------------------------------------------------------------------------

TEST_F(OpStore, ABatchIsOneRunForAll) {
  Make(true);
  const std::vector<std::string> refs{"op://infra/db/password", "op://infra/web/key",
                                      "op://infra/db/user"};
  EXPECT_EQ(store_->DocumentOf(refs[0]), store_->DocumentOf(refs[1]));
  EXPECT_THAT(Texts(refs), ElementsAre("hush", "shh", "admin"));
  EXPECT_THAT(Calls(), ElementsAre("vault list", "item list", "inject"));
  EXPECT_THAT(Texts(refs), ElementsAre("hush", "shh", "admin"));
  EXPECT_THAT(Calls(), ElementsAre("inject"));
  EXPECT_NE(store_->DocumentOf("op://infra/db/x?attribute=otp"), store_->DocumentOf(refs[0]));
}

TEST_F(OpStore, OneThatSpoilsABatchFailsAlone) {
  Make(true);
  const std::vector<std::string> refs{"op://infra/db/absent", "op://infra/web/key",
                                      "op://infra/gone/key"};
  for (int i = 0; i < 2; ++i) {
    const auto texts = Texts(refs);
    ASSERT_EQ(texts.size(), 3U) << texts.front();
    EXPECT_THAT(texts[0] + texts[1] + texts[2], HasSubstr("shh"));
  }
  (void)Calls();
  (void)Fetch(refs);  // it is known to fail as a whole
  EXPECT_THAT(Calls(), ElementsAre("item get", "item get"));
}

TEST_F(OpStore, ABatchThatIsRefusedIsNotTriedOneByOne) {
  Make(true);
  for (const std::string words : {"(429) Too Many Requests", "(401) Unauthorized"}) {
    Put("fault.inject", "say " + words);
    (void)Calls();
    EXPECT_FALSE(Fetch({"op://" + kVault + "/" + kItem + "/user"}));
    EXPECT_THAT(Calls(), ElementsAre("inject"));
  }
}

TEST_F(OpStore, ABatchOfADeadStoreAsksOnceMoreAtMost) {
  Make(true);
  Fault("say dial tcp: no such host");
  const std::string prefix = "op://" + kVault + "/";
  EXPECT_EQ(Failure({prefix + kItem + "/user", prefix + kOther + "/key"}).code, Code::kUnavailable);
  EXPECT_THAT(Calls(), ElementsAre("inject", "item get"));
}

TEST(OpOptions, AreChecked) {
  const auto clock = std::make_shared<testkit::FakeClock>();
  EXPECT_FALSE(MakeOpStore({"op", "/token", "/folder", false, clock}));
  EXPECT_FALSE(MakeOpStore({"", "", "/folder", false, clock}));
  EXPECT_TRUE(MakeOpStore({"", "/token", "/folder", false, clock}));
}

}  // namespace
}  // namespace secretfs::remote
