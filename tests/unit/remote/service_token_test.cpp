#include "remote/service_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testkit/service_token.h"

namespace secretfs::remote {
namespace {

using testing::HasSubstr;
using testing::Not;
using testkit::ServiceTokenJson;
using testkit::ServiceTokenOf;

constexpr std::string_view kSecretPart = "A3-SECRET";

Result<ServiceToken> Check(const std::string& token) {
  return CheckServiceToken(AsBytes(token), "token");
}

void ExpectRefused(const std::string& token, const std::string& words) {
  const auto checked = Check(token);
  ASSERT_FALSE(checked) << token;
  EXPECT_EQ(checked.error().code, Code::kRefused);
  EXPECT_THAT(checked.error().what, HasSubstr(words));
  EXPECT_EQ(checked.error().where, "token");
  EXPECT_FALSE(checked.error().hint.empty());
  EXPECT_THAT(checked.error().Text(), Not(HasSubstr(kSecretPart)));
}

TEST(ServiceToken, TellsWhatMayBeShown) {
  const auto token = Check(ServiceTokenOf(ServiceTokenJson()));
  ASSERT_TRUE(token) << token.error().Text();
  EXPECT_EQ(token->email, "abc@1passwordserviceaccounts.com");
  EXPECT_EQ(token->address, "my.1password.com");
}

TEST(ServiceToken, TakesPartsThatItDoesNotKnow) {
  auto json = ServiceTokenJson();
  json["throttleSecret"] = {{"seed", "00"}, {"uuid", "x"}};
  json["of tomorrow"] = 1;
  EXPECT_TRUE(Check(ServiceTokenOf(json)));
}

TEST(ServiceToken, RefusesOneOfAnotherKind) {
  ExpectRefused("", "does not begin with 'ops_'");
  ExpectRefused("OPS_abc", "does not begin with 'ops_'");
  ExpectRefused("eyJhbGciOi.eyJ.x", "does not begin with 'ops_'");
  EXPECT_THAT(Check("eyJhbGciOi.eyJ.x").error().hint, HasSubstr("Connect"));
}

TEST(ServiceToken, RefusesOneThatIsCutOffOrDamaged) {
  const std::string whole = ServiceTokenOf(ServiceTokenJson());
  for (size_t size = 4; size < whole.size(); ++size) {
    ExpectRefused(whole.substr(0, size), "cut off or damaged");
  }
  ExpectRefused(whole + "=", "cut off or damaged");
  ExpectRefused(whole + "\n", "cut off or damaged");
  ExpectRefused("ops_+/+/", "cut off or damaged");
  ExpectRefused(ServiceTokenOf(nlohmann::json::parse("[1]")), "cut off or damaged");
}

TEST(ServiceToken, RefusesOneWithoutAPartOfIt) {
  for (const std::string part :
       {"signInAddress", "email", "deviceUuid", "userAuth", "srpX", "muk", "secretKey"}) {
    auto json = ServiceTokenJson();
    json.erase(part);
    ExpectRefused(ServiceTokenOf(json), "no valid '" + part + "'");
  }
  for (const auto& [part, value] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"srpX", "xyz"}, {"srpX", ""}, {"muk", "text"}, {"secretKey", "B3-x"}, {"email", 1}}) {
    auto json = ServiceTokenJson();
    json[part] = value;
    ExpectRefused(ServiceTokenOf(json), "no valid '" + part + "'");
  }
  for (const std::string part : {"method", "alg", "iterations", "salt"}) {
    auto json = ServiceTokenJson();
    json["userAuth"].erase(part);
    ExpectRefused(ServiceTokenOf(json), "no valid 'userAuth'");
  }
}

TEST(ServiceToken, IsForNoServerButThoseOf1Password) {
  for (const std::string address :
       {"evil.example.com", "1password.com.evil.example", "evil1password.com", ".1password.com",
        "evil.example/x.1password.com", "a@b.1password.com", "my.1password.com:8443"}) {
    auto json = ServiceTokenJson();
    json["signInAddress"] = address;
    ExpectRefused(ServiceTokenOf(json), "not 1Password's");
  }
  for (const std::string address :
       {"https://team.1password.eu", "team.1password.ca", "https://a.b.1password.com/"}) {
    auto json = ServiceTokenJson();
    json["signInAddress"] = address;
    EXPECT_TRUE(Check(ServiceTokenOf(json))) << address;
  }
}

}  // namespace
}  // namespace secretfs::remote
