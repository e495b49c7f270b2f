#include "remote/connect_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "remote/connect_api.h"
#include "tests/testkit/fake_call.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/fake_http.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Paths = std::vector<std::string>;

const std::string kVaults = "/v1/vaults";
const std::string kVault = "/v1/vaults/vault1";
const std::string kItems = "/v1/vaults/vault1/items";
const std::string kItem = "/v1/vaults/vault1/items/item1";

std::string VaultJson(int version) {
  return R"({"id":"vault1","name":"Servers","contentVersion":)" + std::to_string(version) + "}";
}
std::string Summary(const std::string& id, const std::string& title, int version,
                    const std::string& more = "") {
  return R"({"id":")" + id + R"(","title":")" + title + R"(","version":)" +
         std::to_string(version) + more + "}";
}
std::string ItemJson(const std::string& id, int version, const std::string& password) {
  return R"({"id":")" + id + R"(","version":)" + std::to_string(version) +
         R"(,"fields":[{"id":"username","type":"STRING","label":"username","value":"joe"},)"
         R"({"id":"password","type":"CONCEALED","label":"password","value":")" +
         password +
         R"("},{"id":"otp","type":"OTP","label":"otp",)"
         R"("value":"otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}],)"
         R"("files":[{"id":"file1","name":"key.pem","size":3},{"id":"file2","name":"b","size":1}]})";
}

class ConnectStore : public testing::Test {
 protected:
  ConnectStore() {
    SetToken("token-1");
    SetVersions(1, 1);
    server_.Put(kItem, ItemJson("item1", 1, "hush"));
    server_.Put(kItem + "/files/file1/content", {200, std::string("a\0b", 3), "application/x"});
  }

  void SetToken(const std::string& token) {
    EXPECT_TRUE(ReplaceFile(token_file_, AsBytes(token), 0600));
  }
  void SetVersions(int vault, int item) {
    server_.Put(kVaults, "[" + VaultJson(vault) + "]");
    server_.Put(kVault, VaultJson(vault));
    server_.Put(kItems, "[" + Summary("item1", "Database", item) + "," +
                            Summary("item2", "Other", 1) + "]");
  }
  Result<Given> Fetch(const std::string& document, const Paths& fields,
                      const std::string& version = "") {
    Wanted wanted{document, {}, version};
    for (const auto& field : fields) wanted.refs.push_back("op://" + document + "/" + field);
    return store_->Fetch(wanted, call_);
  }
  static std::string Text(const Result<Given>& given, size_t at = 0) {
    if (!given) return "error: " + given.error().Text();
    const auto& value = given->secrets.at(at).value;
    return value ? std::string(AsText(value->Expose())) : "error: " + value.error().Text();
  }

  const testkit::TempDir folder_;
  const std::string token_file_ = folder_.path() + "/token";
  const std::shared_ptr<testkit::FakeClock> clock_ = std::make_shared<testkit::FakeClock>();
  testkit::FakeServer server_;
  const ConnectOptions options_{.url = "http://connect", .token_file = token_file_};
  const RemoteStorePtr store_ =
      MakeConnectStore(options_, clock_, std::make_unique<testkit::FakeHttp>(server_));
  testkit::FakeCall call_;
};

TEST_F(ConnectStore, AsksOnceForAllFieldsOfAnItem) {
  const auto given =
      Fetch("Servers/Database", {"username", "password", "PASSWORD", "nope", "otp?attribute=otp"});
  ASSERT_TRUE(given) << given.error().Text();
  EXPECT_FALSE(given->unchanged);
  EXPECT_EQ(given->version, "1");
  EXPECT_EQ(Text(given, 0), "joe");
  EXPECT_EQ(Text(given, 1), "hush");
  EXPECT_EQ(Text(given, 2), "hush");
  EXPECT_EQ(Text(given, 3),
            "error: op://Servers/Database/nope: the item has no field or file 'nope'");
  EXPECT_EQ(Text(given, 4).substr(0, 10), "otpauth://");
  EXPECT_THAT(server_.Asked(), ElementsAre(kVaults, kItems, kItem));
  EXPECT_EQ(call_.spent, 3U);
  EXPECT_EQ(server_.authorization(), "Bearer token-1");
}

TEST_F(ConnectStore, AsksOnceForEachItemOnceItKnowsTheVault) {
  std::string list;
  for (int i = 0; i < 10; ++i) {
    const std::string id = "item" + std::to_string(i);
    list += (i == 0 ? "[" : ",") + Summary(id, "Title " + std::to_string(i), 1);
    server_.Put(kItems + "/" + id, ItemJson(id, 1, "p" + std::to_string(i)));
  }
  server_.Put(kItems, list + "]");
  for (int i = 0; i < 10; ++i) {
    const auto given = Fetch("servers/title " + std::to_string(i), {"password"});
    EXPECT_EQ(Text(given), "p" + std::to_string(i));
  }
  EXPECT_EQ(server_.Asked().size(), 12U);
}

TEST_F(ConnectStore, FindsByIdByNameAndByNameButForTheCase) {
  for (const char* document : {"Servers/Database", "vault1/item1", "SERVERS/database"}) {
    EXPECT_EQ(Text(Fetch(document, {"password"})), "hush");
  }
}

TEST_F(ConnectStore, TakesAnIdBeforeANameThatLooksLikeOne) {
  const std::string id = "abcdefghijklmnopqrstuvwxyz";
  server_.Put(kItems, "[" + Summary("item1", id, 1) + "," + Summary(id, "Other", 1) + "]");
  server_.Put(kItems + "/" + id, ItemJson(id, 1, "by id"));
  EXPECT_EQ(Text(Fetch("Servers/" + id, {"password"})), "by id");
  server_.Put(kItems, "[" + Summary("item1", id, 1) + "]");
  clock_->Advance(seconds(60));
  server_.Put(kVault, VaultJson(2));
  EXPECT_EQ(Text(Fetch("Servers/" + id, {"password"})), "hush");
}

TEST_F(ConnectStore, ListsTheIdsOfSeveralAndSkipsTheArchive) {
  server_.Put(kItems, "[" + Summary("item1", "Twice", 1) + "," + Summary("item2", "Twice", 1) +
                          "," + Summary("item3", "Gone", 1, R"(,"state":"ARCHIVED")") + "]");
  server_.Put(kItems + "/item3", ItemJson("item3", 1, "archived"));
  const auto twice = Fetch("Servers/Twice", {"password"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::kInvalid);
  EXPECT_EQ(twice.error().hint, "use an id: item1, item2");
  EXPECT_EQ(Fetch("Servers/Gone", {"password"}).error().code, Code::kNotFound);
  EXPECT_EQ(Fetch("Servers/item3", {"password"}).error().code, Code::kNotFound);
}

TEST_F(ConnectStore, NamesWhatIsNotThere) {
  const auto vault = Fetch("Server/Database", {"password"});
  ASSERT_FALSE(vault);
  EXPECT_EQ(vault.error().code, Code::kNotFound);
  EXPECT_EQ(vault.error().Text(), "http://connect: none of the vaults is 'Server'");
  EXPECT_EQ(vault.error().hint, "did you mean 'Servers'?");
  EXPECT_EQ(Fetch("Servers/Nope", {"x"}).error().what, "none of the items is 'Nope'");
}

TEST_F(ConnectStore, AsksTheVaultOnceInATickForAllItsItems) {
  server_.Put(kItems + "/item2", ItemJson("item2", 1, "other"));
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  ASSERT_TRUE(Fetch("Servers/Other", {"password"}));
  server_.Asked();
  for (int tick = 0; tick < 3; ++tick) {
    clock_->Advance(seconds(60));
    const auto given = Fetch("Servers/Database", {"password"}, "1");
    ASSERT_TRUE(given);
    EXPECT_TRUE(given->unchanged);
    EXPECT_EQ(given->version, "1");
    clock_->Advance(seconds(5));
    EXPECT_TRUE(Fetch("Servers/Other", {"password"}, "1")->unchanged);
    EXPECT_THAT(server_.Asked(), ElementsAre(kVault));
  }
}

TEST_F(ConnectStore, FetchesOnlyTheItemThatChanged) {
  server_.Put(kItems + "/item2", ItemJson("item2", 1, "other"));
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  ASSERT_TRUE(Fetch("Servers/Other", {"password"}));
  server_.Asked();
  SetVersions(2, 2);
  server_.Put(kItem, ItemJson("item1", 2, "newer"));
  clock_->Advance(seconds(60));
  EXPECT_TRUE(Fetch("Servers/Other", {"password"}, "1")->unchanged);
  const auto given = Fetch("Servers/Database", {"password"}, "1");
  EXPECT_EQ(Text(given), "newer");
  EXPECT_EQ(given->version, "2");
  EXPECT_THAT(server_.Asked(), ElementsAre(kVault, kItems, kItem));
}

TEST_F(ConnectStore, AsksAnewWhenTheSameItemIsWantedAgainSoon) {
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  SetVersions(2, 2);
  server_.Put(kItem, ItemJson("item1", 2, "newer"));
  clock_->Advance(seconds(1));
  EXPECT_EQ(Text(Fetch("Servers/Database", {"password"}, "1")), "newer");
}

TEST_F(ConnectStore, AsksAnewForWhatItDidNotFind) {
  EXPECT_FALSE(Fetch("Servers/New", {"password"}));
  server_.Put(kItems, "[" + Summary("item1", "New", 1) + "]");
  clock_->Advance(seconds(60));
  EXPECT_EQ(Text(Fetch("Servers/New", {"password"})), "hush");
  EXPECT_FALSE(Fetch("Later/New", {"password"}));
  server_.Put(kVaults, R"([{"id":"vault1","name":"Later"}])");
  clock_->Advance(seconds(60));
  EXPECT_EQ(Text(Fetch("Later/New", {"password"})), "hush");
}

TEST_F(ConnectStore, ForgetsIdsThatAreNotThereAnyMoreOnce) {
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  server_.Asked();
  server_.Remove(kItem);
  server_.Put(kItems, "[" + Summary("item9", "Database", 1) + "]");
  server_.Put(kItems + "/item9", ItemJson("item9", 1, "moved"));
  EXPECT_EQ(Text(Fetch("Servers/Database", {"password"})), "moved");
  server_.Remove(kItems + "/item9");
  server_.Asked();
  const auto gone = Fetch("Servers/Database", {"password"});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::kNotFound);
  EXPECT_LE(server_.Asked().size(), 5U);
}

TEST_F(ConnectStore, FindsAVaultThatWasMadeAnew) {
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  server_.Remove(kVault);
  server_.Put(kVaults, R"([{"id":"vault2","name":"Servers","contentVersion":1}])");
  server_.Put("/v1/vaults/vault2/items", "[" + Summary("item1", "Database", 1) + "]");
  server_.Put("/v1/vaults/vault2/items/item1", ItemJson("item1", 7, "anew"));
  clock_->Advance(seconds(60));
  EXPECT_EQ(Text(Fetch("Servers/Database", {"password"}, "3")), "anew");
}

TEST_F(ConnectStore, GetsEachFileByItsContent) {
  const auto given = Fetch("Servers/Database", {"key.pem", "password"});
  EXPECT_EQ(Text(given, 0), std::string("a\0b", 3));
  EXPECT_EQ(Text(given, 1), "hush");
  EXPECT_THAT(server_.Asked(), ElementsAre(kVaults, kItems, kItem, kItem + "/files/file1/content"));
}

TEST_F(ConnectStore, HasNoVersionWhenAFileFailedThatMayCome) {
  server_.Put(kItem + "/files/file1/content", {502, "<html>", "text/html"});
  const auto given = Fetch("Servers/Database", {"key.pem", "password"});
  ASSERT_TRUE(given);
  EXPECT_EQ(given->secrets.at(0).value.error().code, Code::kUnavailable);
  EXPECT_EQ(Text(given, 1), "hush");
  EXPECT_EQ(given->version, "");
  EXPECT_EQ(Fetch("Servers/Database", {"nope"})->version, "1");
}

TEST_F(ConnectStore, TakesNoPageForAFile) {
  server_.Put(kItem + "/files/file1/content", {200, "<html>login</html>", "text/html"});
  EXPECT_NE(Text(Fetch("Servers/Database", {"key.pem"})).find("HTML page"), std::string::npos);
  server_.Put(kItem + "/files/file1/content", {200, "<p>", "text/html"});
  EXPECT_EQ(Text(Fetch("Servers/Database", {"key.pem"})), "<p>");
}

TEST_F(ConnectStore, FailsAsAWholeWhenTheSourceDoes) {
  server_.Put(kItem + "/files/file1/content", {401, R"({"message":"Invalid token signature"})"});
  const auto given = Fetch("Servers/Database", {"password", "key.pem"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kRefused);
}

TEST_F(ConnectStore, ClassesTheServersErrors) {
  const std::pair<int, Code> rows[] = {{401, Code::kRefused},     {403, Code::kPermission},
                                       {429, Code::kLimited},     {500, Code::kUnavailable},
                                       {408, Code::kUnavailable}, {503, Code::kUnavailable}};
  for (const auto& [status, code] : rows) {
    server_.Put(kVaults, {status, R"({"message":"not ready"})"});
    const auto given = Fetch("Servers/Database", {"password"});
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().code, code) << status;
    EXPECT_NE(given.error().what.find("not ready"), std::string::npos);
  }
  server_.Fail(Error{Code::kTimeout, "late", "", ""});
  EXPECT_EQ(Fetch("Servers/Database", {"password"}).error().code, Code::kTimeout);
}

TEST_F(ConnectStore, TakesNoAnswerThatIsNoneOfWhatWasAsked) {
  for (const char* body : {"", "{}", "[1]", "[{}]", "[{\"id\":\"\"}]", "<html>", "[{\"id\":1}]"}) {
    server_.Put(kVaults, body);
    const auto given = Fetch("Servers/Database", {"password"});
    ASSERT_FALSE(given) << body;
    EXPECT_EQ(given.error().code, Code::kIo) << body;
  }
  SetVersions(1, 1);
  for (const std::string body : {"[]", "{}", "null", "{\"id\":\"item2\"}"}) {
    server_.Put(kItem, body);
    EXPECT_EQ(Fetch("Servers/Database", {"password"}).error().code, Code::kIo) << body;
  }
}

TEST_F(ConnectStore, ReadsTheTokenAnewForEachRequest) {
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  SetToken("token-2\n");
  ASSERT_TRUE(Fetch("Servers/Database", {"password"}));
  EXPECT_EQ(server_.authorization(), "Bearer token-2");
  SetToken("");
  const auto given = Fetch("Servers/Database", {"password"});
  EXPECT_EQ(given.error().code, Code::kRefused);
  EXPECT_THAT(store_->Files(), ElementsAre(token_file_));
}

TEST_F(ConnectStore, TellsATokenOfAServiceAccount) {
  SetToken("ops_hushhush");
  const auto given = Fetch("Servers/Database", {"password"});
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, Code::kRefused);
  EXPECT_EQ(given.error().Text().find("hush"), std::string::npos);
  EXPECT_THAT(server_.Asked(), IsEmpty());
}

TEST_F(ConnectStore, TellsWhenARefusedTokenSaysThatItExpired) {
  // {"alg":"none"} . {"exp":1700000000,"iat":1} . signature
  SetToken("eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDAsImlhdCI6MX0.c2ln");
  server_.Put(kVaults, {401, R"({"message":"Invalid bearer token"})"});
  const auto given = Fetch("Servers/Database", {"password"});
  EXPECT_EQ(given.error().what,
            "the server answers 401: Invalid bearer token; the token says that it expires on "
            "2023-11-14");
  EXPECT_EQ(given.error().hint, "put a valid token into " + token_file_);
  for (const char* token : {"a.b.c", "a.eyJ.c", "a", "a.b", "...", "a.e30.c"}) {
    EXPECT_EQ(ExpiryOfToken(AsBytes(token)), "") << token;
  }
}

TEST_F(ConnectStore, StopsBeforeWhatItMayNotSpend) {
  call_.left = 2;
  EXPECT_EQ(Fetch("Servers/Database", {"password"}).error().code, Code::kLimited);
  EXPECT_EQ(call_.spent, 2U);
}

TEST_F(ConnectStore, KnowsReferencesWithoutAskingAnybody) {
  EXPECT_TRUE(store_->CheckRef("op://v/i/f"));
  EXPECT_EQ(store_->CheckRef("op://v/i").error().code, Code::kInvalid);
  EXPECT_EQ(store_->DocumentOf("op://v/i/s/f?attribute=otp"), "v/i");
  EXPECT_TRUE(store_->IsComputed("op://v/i/f?attribute=totp"));
  EXPECT_FALSE(store_->IsComputed("op://v/i/f"));
  const auto now = WallTime(seconds(59));
  const auto code =
      store_->Compute("op://v/i/f?attribute=otp", AsBytes("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), now);
  EXPECT_EQ(AsText(code->Expose()), "287082");
  EXPECT_THAT(server_.Asked(), IsEmpty());
}

TEST_F(ConnectStore, ServesSeveralAtATime) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      testkit::FakeCall call;
      for (int round = 0; round < 20; ++round) {
        const auto given =
            store_->Fetch({"Servers/Database", {"op://Servers/Database/password"}, ""}, call);
        EXPECT_EQ(Text(given), "hush");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(MakeConnectStore, TakesOnlyUrls) {
  const auto clock = std::make_shared<testkit::FakeClock>();
  EXPECT_TRUE(MakeConnectStore({.url = "https://connect:8080", .token_file = "/t"}, clock));
  const auto store = MakeConnectStore({.url = "connect:8080", .token_file = "/t"}, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::remote
