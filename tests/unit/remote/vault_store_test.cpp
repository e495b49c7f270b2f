#include "remote/vault_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/file.h"
#include "tests/testkit/fake_call.h"
#include "tests/testkit/fake_clock.h"
#include "tests/testkit/temp_dir.h"

namespace secretfs::remote {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A Vault of one path with the field "f", and what it was asked.
class FakeVault final : public Http {
 public:
  struct State {
    std::vector<std::string> asked;  // "GET /v1/... TOKEN", bodies instead of tokens at logins
    std::string token = "t1";        // that is good
    int lease = 0;                   // seconds
    bool renewable = false;
    bool forbidden = false;  // the path, to any token
    bool old = false;        // does not tell bad tokens from policies
    int login_status = 200;
    int status = 200;  // of everything
    std::string space;
  };
  explicit FakeVault(State& state) : state_(state) {}

  Result<HttpAnswer> Send(const HttpRequest& request, Call& call) override {
    TRY(call.Spend(1));
    std::string token;
    for (const HttpHeader& header : request.headers) {
      if (header.name == "X-Vault-Token") token = AsText(header.value);
      if (header.name == "X-Vault-Namespace") state_.space = AsText(header.value);
    }
    const bool login = request.path.ends_with("/login");
    state_.asked.push_back(request.method + " " + request.path + " " +
                           (login ? std::string(AsText(request.body)) : token));
    if (state_.status != 200) return Answer(state_.status, R"({"errors": ["Vault is sealed"]})");
    if (login) return LogIn();
    if (token != state_.token) return Forbidden(!state_.old);
    if (request.path == "/v1/auth/token/lookup-self") return Answer(200, "{\"data\": " + Terms());
    if (request.path == "/v1/auth/token/renew-self") {
      if (!state_.renewable) return Answer(400, R"({"errors": ["lease is not renewable"]})");
      return Answer(200, "{\"auth\": " + Terms());
    }
    if (state_.forbidden) return Forbidden(false);
    return Answer(200, R"({"data": {"data": {"f": "value"}, "metadata": {}}})");
  }

 private:
  Result<HttpAnswer> LogIn() {
    if (state_.login_status != 200)
      return Answer(state_.login_status, R"({"errors": ["invalid role or secret ID"]})");
    state_.token = "login" + std::to_string(++logins_);
    return Answer(200,
                  R"({"auth": {"client_token": ")" + state_.token + "\", " + Terms().substr(1));
  }
  [[nodiscard]] std::string Terms() const {
    return "{\"lease_duration\": " + std::to_string(state_.lease) +
           ", \"ttl\": " + std::to_string(state_.lease) +
           ", \"renewable\": " + (state_.renewable ? "true" : "false") + "}}";
  }
  static Result<HttpAnswer> Forbidden(bool bad_token) {
    return Answer(403, bad_token ? R"({"errors": ["* permission denied\n* invalid token"]})"
                                 : R"({"errors": ["* permission denied"]})");
  }
  static Result<HttpAnswer> Answer(int status, const std::string& body) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = TRY(SecretBytes::CopyOf(AsBytes(body)));
    return answer;
  }

  State& state_;
  int logins_ = 0;
};

class VaultStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("token", "t1\n");
    Write("secret", "sid");
    options_.address = "https://vault:8200";
    options_.clock = clock_;
  }
  void Write(const std::string& name, const std::string& content) {
    ASSERT_TRUE(ReplaceFile(folder_.path() + "/" + name, AsBytes(content), 0600));
  }
  void UseToken() { Make({.token_file = folder_.path() + "/token"}); }
  void UseRole() { Make({.role_id = "role", .secret_id_file = folder_.path() + "/secret"}); }
  void Make(VaultLogin login) {
    options_.login = std::move(login);
    auto store = MakeVaultStore(options_, std::make_unique<FakeVault>(vault_));
    ASSERT_TRUE(store) << store.error().Text();
    store_ = *store;
  }
  /// The value, or the words of the error; what was asked for it is in `asked()`.
  std::string Fetch() {
    vault_.asked.clear();
    testkit::FakeCall call;
    const auto given = store_->Fetch({"p", {"p#f"}, ""}, call);
    code_ = given ? Code::kInvalid : given.error().code;
    if (!given) return given.error().what;
    return std::string(AsText(given->secrets.at(0).value->Expose()));
  }
  [[nodiscard]] const std::vector<std::string>& asked() const { return vault_.asked; }
  void Advance(int by) { clock_->Advance(seconds(by)); }

  static constexpr const char* kGet = "GET /v1/secret/data/p ";
  static constexpr const char* kLook = "GET /v1/auth/token/lookup-self ";
  static constexpr const char* kRenew = "POST /v1/auth/token/renew-self ";
  static constexpr const char* kLogin =
      R"(POST /v1/auth/approle/login {"role_id":"role","secret_id":"sid"})";
  static std::string With(const char* request, const char* token) {
    return std::string(request) + token;
  }

  testkit::TempDir folder_;
  const std::shared_ptr<testkit::FakeClock> clock_ = std::make_shared<testkit::FakeClock>();
  FakeVault::State vault_;
  VaultOptions options_;
  RemoteStorePtr store_;
  Code code_ = Code::kInvalid;
};

TEST_F(VaultStoreTest, AsksWithTheTokenOfAFile) {
  UseToken();
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kLook, "t1"), With(kGet, "t1")));
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1")));
  EXPECT_THAT(store_->Files(), ElementsAre(folder_.path() + "/token"));
}

TEST_F(VaultStoreTest, RenewsATokenWhenTwoThirdsAreOver) {
  vault_.lease = 30;
  vault_.renewable = true;
  UseToken();
  EXPECT_EQ(Fetch(), "value");
  Advance(19);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1")));
  Advance(1);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kRenew, "t1"), With(kGet, "t1")));
  Advance(19);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1")));
}

TEST_F(VaultStoreTest, TriesOnceToRenewWhatCannotBe) {
  vault_.lease = 30;
  vault_.renewable = true;
  UseToken();
  EXPECT_EQ(Fetch(), "value");
  vault_.renewable = false;
  Advance(20);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kRenew, "t1"), With(kGet, "t1")));
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1")));
}

TEST_F(VaultStoreTest, ARefusedTokenHealsWithItsFile) {
  UseToken();
  EXPECT_EQ(Fetch(), "value");
  vault_.token = "t2";
  EXPECT_THAT(Fetch(), HasSubstr("the token is refused"));
  EXPECT_EQ(code_, Code::kRefused);
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1")));
  Write("token", "t2");
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kLook, "t2"), With(kGet, "t2")));
}

TEST_F(VaultStoreTest, AMissingTokenIsARefusalWithoutARequest) {
  Make({.token_file = folder_.path() + "/later"});
  EXPECT_EQ(Fetch(), "there is no token");
  EXPECT_EQ(code_, Code::kRefused);
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(VaultStoreTest, TellsAForbiddenPathFromARefusedToken) {
  vault_.forbidden = true;
  UseToken();
  EXPECT_THAT(Fetch(), HasSubstr("permission denied"));
  EXPECT_EQ(code_, Code::kPermission);
  EXPECT_THAT(asked(), ElementsAre(With(kLook, "t1"), With(kGet, "t1"), With(kLook, "t1")));
  vault_.old = true;
  vault_.token = "t2";
  EXPECT_THAT(Fetch(), HasSubstr("the token is refused"));
  EXPECT_EQ(code_, Code::kRefused);
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "t1"), With(kLook, "t1")));
}

TEST_F(VaultStoreTest, LogsInByAppRoleOnce) {
  vault_.lease = 30;
  UseRole();
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(kLogin, With(kGet, "login1")));
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "login1")));
  Advance(20);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(kLogin, With(kGet, "login2")));
}

TEST_F(VaultStoreTest, RenewsTheLeaseOfALogin) {
  vault_.lease = 30;
  vault_.renewable = true;
  UseRole();
  EXPECT_EQ(Fetch(), "value");
  Advance(20);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kRenew, "login1"), With(kGet, "login1")));
  vault_.renewable = false;
  Advance(20);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kRenew, "login1"), kLogin, With(kGet, "login2")));
  Advance(31);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(kLogin, With(kGet, "login3")));
}

TEST_F(VaultStoreTest, LogsInAgainWhenItsTokenIsRevoked) {
  UseRole();
  EXPECT_EQ(Fetch(), "value");
  vault_.token = "another";
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "login1"), kLogin, With(kGet, "login2")));
}

TEST_F(VaultStoreTest, DoesNotLogInAgainForAForbiddenPath) {
  UseRole();
  EXPECT_EQ(Fetch(), "value");
  vault_.forbidden = true;
  EXPECT_THAT(Fetch(), HasSubstr("permission denied"));
  EXPECT_EQ(code_, Code::kPermission);
  EXPECT_THAT(asked(), ElementsAre(With(kGet, "login1"), With(kLook, "login1")));
}

TEST_F(VaultStoreTest, ARefusedLoginIsARefusal) {
  vault_.login_status = 400;
  UseRole();
  EXPECT_EQ(Fetch(), "the login is refused: the server answers 400: invalid role or secret ID");
  EXPECT_EQ(code_, Code::kRefused);
  EXPECT_THAT(asked(), ElementsAre(kLogin));
}

TEST_F(VaultStoreTest, KeepsItsTokenWhileItCannotBeRenewed) {
  vault_.lease = 30;
  UseRole();
  EXPECT_EQ(Fetch(), "value");
  vault_.login_status = 503;
  Advance(20);
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(kLogin, With(kGet, "login1")));
}

TEST_F(VaultStoreTest, WhatIsSealedDoesNotAnswer) {
  UseToken();
  vault_.status = 503;
  EXPECT_EQ(Fetch(), "the server answers 503: Vault is sealed");
  EXPECT_EQ(code_, Code::kUnavailable);
  vault_.status = 200;
  EXPECT_EQ(Fetch(), "value");
}

TEST_F(VaultStoreTest, SpeaksOfItsNamespaceAndMount) {
  options_.mount = "kv/team";
  Make({.token_file = folder_.path() + "/token", .vault_namespace = "org/a"});
  EXPECT_EQ(Fetch(), "value");
  EXPECT_THAT(asked(), ElementsAre(With(kLook, "t1"), "GET /v1/kv/team/data/p t1"));
  EXPECT_EQ(vault_.space, "org/a");
}

TEST_F(VaultStoreTest, TellsWhatCannotBeRight) {
  const auto complaint = [&](VaultLogin login, const std::string& mount = "") {
    options_.login = std::move(login);
    options_.mount = mount;
    const auto store = MakeVaultStore(options_, std::make_unique<FakeVault>(vault_));
    return store ? "made" : store.error().what;
  };
  EXPECT_EQ(complaint({}), "there is neither a token nor a role to log in with");
  EXPECT_EQ(complaint({.token_file = "/t", .role_id = "r"}),
            "there is a token, and a role to log in with as well");
  EXPECT_EQ(complaint({.role_id = "r", .role_id_file = "/r"}),
            "role_id and role_id_file are both given");
  EXPECT_THAT(complaint({.token_file = "/t"}, "a/"), HasSubstr("mount 'a/' has an empty part"));
  EXPECT_EQ(complaint({.role_id = "r"}), "made");
}

TEST_F(VaultStoreTest, HasADocumentForEachPath) {
  UseToken();
  EXPECT_EQ(store_->DocumentOf("a/b#c"), "a/b");
  EXPECT_EQ(store_->DocumentOf("a/b"), "a/b");
  EXPECT_TRUE(store_->CheckRef("a/b#c"));
  EXPECT_FALSE(store_->CheckRef("a//b#c"));
}

}  // namespace
}  // namespace secretfs::remote
